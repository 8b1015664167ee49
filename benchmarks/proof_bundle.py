"""Bundles at size: every bit (E1), 20,000 forgeries (E2), 1,000 cover-ups (E6), two verifiers over 2,000 (E7), a case of 500.

    python -m benchmarks.proof_bundle [share of the full sizes, 1 by default]
"""
from __future__ import annotations

import io
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks import house

SECONDS = 10
Row = tuple[str, str, str, float]


def rows(share: float = 1.0) -> Iterator[Row]:
    """For the table of `proof`. Only the last stands on the house's folder, in a database of its own."""
    yield _every_bit(share)
    yield _large(round(10_000 * share))
    yield _forged(round(20_000 * share))
    yield _covered_up(round(1_000 * share))
    yield _two_judges(round(1_000 * share))
    yield _a_case_of(500)


def _row(name: str, looked: str, missed: int, begun: float) -> Row:
    return name, looked, "all found" if not missed else f"{missed} MISSED", time.process_time() - begun


def _every_bit(share: float) -> Row:
    from tests.evidence.forge import STREAMS, pack, story
    from tests.evidence.judges import first

    world = story(events=4)
    good = pack(world.parts(STREAMS))
    begun, forged, bits = time.process_time(), bytearray(good), round(len(good) * 8 * share)
    missed = 0
    for at in range(bits):
        forged[at // 8] ^= 1 << at % 8
        missed += first(forged, world.pin)[0] not in (1, 2)
        forged[at // 8] ^= 1 << at % 8
    return _row("bundle: every bit", f"{bits:,} bits of {len(good):,} bytes", missed, begun)


def _large(flips: int) -> Row:
    from tests.evidence.forge import STREAMS, pack, story
    from tests.evidence.judges import first

    world = story(events=6, bulk=5 << 20)
    good = pack(world.parts(STREAMS))
    begun, forged, chance, missed = time.process_time(), bytearray(good), random.Random(5), 0
    for _ in range(flips):
        at = chance.randrange(len(good) * 8)
        forged[at // 8] ^= 1 << at % 8
        missed += first(forged, world.pin)[0] not in (1, 2)
        forged[at // 8] ^= 1 << at % 8
    return _row("bundle: random bits", f"{flips:,} flips in {len(good):,} bytes", missed, begun)


def _forged(count: int) -> Row:
    from tests.evidence.forge import STREAMS, pack, story
    from tests.evidence.judges import first
    from tests.evidence.mutations import MUTATIONS, mutated

    worlds = [story(seed, events=5 + seed) for seed in range(4)]
    whole = [world.parts(STREAMS) for world in worlds]
    good = {pack(parts) for parts in whole}
    begun, chance, missed, asked = time.process_time(), random.Random(2), 0, 0
    names = sorted(MUTATIONS)
    for number in range(count):
        which = number % 4
        forged = mutated(worlds[which], whole[which], names[number % len(names)], chance)
        if forged not in good:
            asked += 1
            missed += first(forged, worlds[which].pin)[0] == 0
    return _row("bundle: forgeries", f"{asked:,} of {len(names)} kinds, container repaired", missed, begun)


def _covered_up(count: int) -> Row:
    from tests.evidence.dishonest import cover_up
    from tests.evidence.forge import story
    from tests.evidence.judges import first

    worlds = [story(seed, events=8) for seed in range(4)]
    begun, chance, missed = time.process_time(), random.Random(6), 0
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder) / "receipt.txt"
        for number in range(count):
            world = worlds[number % 4]
            _, forged, receipt = cover_up(world, chance)
            held.write_bytes(receipt or b"")
            missed += first(forged, world.pin, str(held) if receipt else None)[0] != 1
    return _row("bundle: hidden events", f"{count:,} by the clinic itself, with its key", missed, begun)


def _two_judges(count: int) -> Row:
    from tests.evidence.forge import STREAMS, pack, story
    from tests.evidence.judges import first, second
    from tests.evidence.mutations import MUTATIONS, mutated

    begun, chance, asked = time.process_time(), random.Random(7), []
    worlds = [story(seed, events=5 + seed) for seed in range(4)]
    whole = [world.parts(STREAMS) for world in worlds]
    names = sorted(MUTATIONS)
    with tempfile.TemporaryDirectory() as folder:

        def ask(bundle: bytes, pin: str) -> None:
            path = Path(folder) / f"{len(asked)}.zip"
            path.write_bytes(bundle)
            asked.append((path, pin, ""))

        for number in range(count):
            world = worlds[number % 4]
            ask(mutated(world, whole[number % 4], names[number % len(names)], chance), world.pin)
        for number in range(count):
            world = worlds[number % 4]
            for event in world.events:
                hideable = [n for n in event.fields if n not in ("type", "stream_noun", "stream_uid", "reference")]
                event.open = set(event.fields) - set(chance.sample(hideable, chance.randint(0, len(hideable))))
            ask(pack(world.parts(STREAMS)), chance.choice(world.keys).fingerprint)
        ours = [first(path.read_bytes(), pin)[0] for path, pin, _ in asked]
        theirs = [code for code, _ in second(asked)]
    differ = sum(a != b for a, b in zip(ours, theirs, strict=True))
    wrong = sum(code != 0 for code in ours[count:]) + sum(code == 0 for code in ours[:count])
    result = "agree" if not differ and not wrong else f"{differ} DIFFER, {wrong} WRONG"
    return "bundle: two verifiers", f"{count:,} good and {count:,} bad bundles", result, time.process_time() - begun


def _a_case_of(events: int) -> Row:
    from django.conf import settings
    from django.db import connection

    from suyuan.cases.models import Case
    from suyuan.cases.services.bundles import case_bundle
    from suyuan.cases.services.common import tell
    from suyuan.evidence.services.bundles import bundle_write
    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform.checkpoints import checkpoint_make
    from suyuan.platform.models import FactRow
    from suyuan.platform.texts import text_write
    from suyuan.platform.units import unit

    path = house.path_of("bundle")
    connection.close()
    house._copy(Path(settings.DATA_DIR) / "suyuan.sqlite3", path)
    house.move_into(path)
    now = house.BEGAN + timedelta(days=900)
    with house._hurried():
        house._people()
        house._grow(50)
    case = Case.objects.select_related("branch").order_by("id").first()
    with house._hurried(), unit():
        for number in range(FactRow.objects.filter(stream=case.stream).count(), events):
            words = f"第 {number} 次聯絡，說明目前查到哪裡，以及接下來由誰處理。" * 3
            text = text_write(stream=case.stream, kind="note", body=words, branch_id=case.branch_id, now=now)
            told = {"who": f"王小明{number}", "number": f"0912-{number:06d}"}
            tell(case, "contact.logged", actor=SYSTEM, now=now, plain={"kind": "phone"}, private=told, texts={"words": text})
    checkpoint_make(now=now)
    begun, wall = time.process_time(), time.monotonic()
    export, plan = case_bundle(case=case, purpose="litigation", actor=SYSTEM, now=now + timedelta(hours=1))
    out = io.BytesIO()
    bundle_write(plan=plan, out=out)
    cpu, wall = time.process_time() - begun, time.monotonic() - wall
    connection.close()
    for file in house.CACHE.glob("bundle.sqlite3*"):
        file.unlink()
    looked = f"{export.events:,} events, {len(out.getvalue()):,} bytes, checked, {wall:.1f} s by the clock"
    return "bundle: a case", looked, "made" if cpu < SECONDS else f"SLOW: {cpu:.0f} s", cpu


def main() -> int:
    house.prepare()
    ended = 0
    for row in rows(float(sys.argv[1]) if sys.argv[1:] else 1.0):
        print(*row, sep=" | ", flush=True)
        ended |= row[2] not in ("all found", "agree", "made")
    return ended


if __name__ == "__main__":
    raise SystemExit(main())
