"""Hostile files in the limited processes, whole and mutilated: how long, how much memory, and whether anything escaped (S6).

    python -m benchmarks.proof_pics [variants of each]
"""
from __future__ import annotations

import os
import random
import resource
import sys
import time

LIMIT_MB, LIMIT_SECONDS = 512, 10.0


def rows(variants: int = 5) -> list[tuple[str, str, str, float]]:
    from suyuan.evidence import looking, making
    from suyuan.platform.files.limited import Limited, run_limited
    from suyuan.platform.files.types import Look
    from tests.evidence import hostile, laden

    chance = random.Random(2026)
    kinds = {**hostile.KINDS, **{f"laden {name}": (f"a.{name}", build()) for name, build in laden.TWELVE.items()}}
    begun, slowest, files, opened, wrong = _spent(), 0.0, 0, 0, []
    for kind, (name, whole) in kinds.items():
        for number in range(variants):
            data = _mutilated(whole, chance) if number else whole
            function, args = _asked(data, name, Look, making)
            files += 1
            if function is None:
                continue
            opened += 1
            started = time.monotonic()
            try:
                run_limited(function, data, args=args, memory_bytes=looking.MEMORY, seconds=looking.SECONDS)
            except Limited:
                pass
            except Exception as error:
                wrong.append(f"{kind}: {type(error).__name__}")
            slowest = max(slowest, time.monotonic() - started)
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    wrong += [f"{megabytes} MB"] if megabytes >= LIMIT_MB else []
    wrong += [f"{slowest:.1f} s"] if slowest > LIMIT_SECONDS + 2 else []
    looked = f"{files} files of {len(kinds)} kinds, {opened} opened, at most {megabytes} MB and {slowest:.1f} s"
    return [("hostile files", looked, "holds" if not wrong else f"{len(wrong)} FAULTS: {wrong[:3]}", _spent() - begun)]


def _spent() -> float:
    """Processor seconds of the limited processes, which is where the work is done."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _asked(data: bytes, name: str, look, making) -> tuple[str | None, dict]:
    """What would look into it, by what it is found to be; None where it is refused at the door or never opened."""
    import io

    from suyuan.evidence import rules
    from suyuan.platform.files.errors import FileTypeRefused

    watch = look(name)
    watch.feed(data)
    try:
        found = watch.decide(lambda: io.BytesIO(data))
    except FileTypeRefused:
        return None, {}
    if found == rules.PDF:
        return "suyuan.evidence.confined.papers:derive", {}
    if found in rules.PICTURES:
        return "suyuan.evidence.confined.pictures:derive", {"content_type": found}
    if found in making.OFFICE:
        return "suyuan.evidence.confined.office:strip", {}
    if found in making.SOUNDS:
        return f"suyuan.evidence.confined.media:{making.SOUNDS[found]}", {}
    return None, {}


def _mutilated(data: bytes, chance: random.Random) -> bytes:
    """Cut off, or with some bytes turned; the first dozen stay, so that it is still taken for what it was."""
    if len(data) < 40:
        return data
    if chance.random() < 0.4:
        return data[: chance.randrange(20, len(data))]
    turned = bytearray(data)
    for _ in range(chance.randrange(1, 40)):
        turned[chance.randrange(12, len(turned))] = chance.randrange(256)
    return bytes(turned)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    for what, looked, result, cpu in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        print(f"{what}: {looked}: {result} ({cpu:.1f} CPU s)")
