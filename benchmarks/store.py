"""Stored files measured in a process and a folder of their own; prints JSON.

    python -m benchmarks.store ingest BYTES     taking in, in one stream and in pieces, beside the bare loop; memory
    python -m benchmarks.store damage N         N files hurt in six ways, and what the weekly reading finds
    python -m benchmarks.store formats N        N files of every format, read back after all of it
    python -m benchmarks.store verify BYTES     the weekly reading over so many bytes
    python -m benchmarks.store bundle BYTES     a case with films of so many bytes handed out, and verify.py on it
"""
from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

PIECE = 16 << 20
READ = 1 << 16
BLOCK = random.Random(1).randbytes(1 << 20)
FILM = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"

# The program after it, and then its most memory: what the kernel says of a child begins with its parent's.
WATCHED = """
import atexit, runpy, sys
atexit.register(lambda: print(open("/proc/self/status").read()))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@contextmanager
def house() -> Iterator[None]:
    """The product on an empty folder beside the other houses, on the same disk; gone afterwards."""
    from benchmarks.house import CACHE

    CACHE.mkdir(parents=True, exist_ok=True)
    data = Path(tempfile.mkdtemp(prefix="store-", dir=CACHE))
    for name in ("DATABASE", "FILES", "SCANNER"):
        os.environ.pop(f"SUYUAN_{name}", None)
    os.environ |= {
        "SUYUAN_DATA": str(data),
        "SUYUAN_KEYS": str(data / "demo-master.key"),
        "SUYUAN_DEMO": "1",
        "DJANGO_SETTINGS_MODULE": "suyuan.config.settings",
    }
    try:
        from suyuan.platform.master import master_create

        master_create(data / "demo-master.key")
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        from suyuan.platform import clock, keys

        keys.ring_make(clock.now())
        yield
    finally:
        shutil.rmtree(data, ignore_errors=True)


# --- ingest --------------------------------------------------------------------------------------------------------


def ingest(size: int) -> dict[str, object]:
    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform import clock
    from suyuan.platform.files import (
        file_chunks,
        file_receive,
        file_store,
        file_verify,
        storage,
        upload_append,
        upload_finish,
        upload_open,
    )

    with Memory() as memory:
        now, most = clock.now(), 3 << 30
        bare, ours = [], []
        small = min(size, 256 << 20)
        for _ in range(3):  # in turn, so that a noisy minute falls on both
            bare.append(timed(lambda: bare_loop(Path(os.environ["SUYUAN_DATA"]) / "bare", small)))
            received, took = kept(lambda: file_receive(source=film(small), name="a.mp4", max_bytes=most))
            ours.append(took)
            storage().remove(received.path)
        told: dict[str, object] = {"bare": rate(small, bare), "ours": rate(small, ours)}
        told["of_bare"] = round(statistics.median(bare) / statistics.median(ours), 2)

        received, told["receive_s"] = kept(lambda: file_receive(source=film(size), name="a.mp4", max_bytes=most))
        stored = file_store(received=received, branch_id=1, actor=SYSTEM, now=now)
        held = upload_open(
            owner="x", name="a.mp4", expected=size, max_bytes=most, expires_at=now + timedelta(days=1), now=now
        )

        def pieces() -> None:
            nonlocal held
            for at in range(0, size, PIECE):
                held = upload_append(upload=held, offset=at, source=film(min(at + PIECE, size), at))

        told["pieces_s"] = timed(pieces)
        whole, told["finish_s"] = kept(lambda: upload_finish(upload=held, actor=SYSTEM, now=now))
        told["same"] = whole.file.sha256 == stored.sha256 == _sha(film(size))
        told["read_s"] = timed(lambda: sum(map(len, file_chunks(stored))))
        middle = size // 2
        told["stretch_s"] = timed(lambda: b"".join(file_chunks(stored, middle, middle + 1_000_000)))
        told["same"] = told["same"] and file_verify(whole.file) == ""
    return told | {"bytes": size, "memory_before_mb": memory.before, "memory_peak_mb": memory.peak}


def bare_loop(path: Path, size: int) -> None:
    """The least that hashing, sealing and keeping can cost: no database, no rename, no look at the content."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher, digest, file = AESGCM(bytes(32)), hashlib.sha256(), os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for n, data in enumerate(film(size)):
        digest.update(data)
        os.write(file, cipher.encrypt(n.to_bytes(12), data, b"place"))
    os.fsync(file)
    os.close(file)
    path.unlink()


def film(end: int, start: int = 0, tail: bytes = b"") -> Iterator[bytes]:
    at = start
    while at < end:
        length = min(READ, end - at, len(BLOCK) - at % len(BLOCK))
        data = BLOCK[at % len(BLOCK) :][:length]
        yield FILM + data[len(FILM) :] if at == 0 else data
        at += length
    if tail:
        yield tail


# --- damage, formats, verify ---------------------------------------------------------------------------------------


def damage(count: int) -> dict[str, object]:
    from suyuan.platform import clock
    from suyuan.platform.files.scrub import scrub_all
    from suyuan.platform.models import FileFault
    from tests.platform.damage import damage as hurt_them

    dice = random.Random(4)
    files = [_small(n, dice.choice((1, 500, 70_000, 200_000))) for n in range(count + count // 10)]
    dice.shuffle(files)
    hurt = hurt_them(files[:count], dice)
    run, took = kept(lambda: scrub_all(clock.now(), afresh=True))
    found = set(FileFault.objects.values_list("file_id", flat=True))
    return {"hurt": len(hurt), "files": run.files, "found": len(found), "exact": found == {f.pk for _, f in hurt}, "s": took}


def formats(count: int) -> dict[str, object]:
    """Every format the product takes, sizes from one byte past its head to some chunks, read back after a weekly reading."""
    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform import clock
    from suyuan.platform.files import STAFF_TYPES, file_chunks, file_receive, file_store
    from suyuan.platform.files.scrub import scrub_all
    from tests.platform.test_files_types import GOOD

    grows = {name: body for name, (body, _type) in GOOD.items() if not body.startswith(b"PK")}
    dice = random.Random(11)
    kept_files = []
    for n in range(count):
        name, body = list(grows.items())[n % len(grows)]
        text = name in ("utf-8", "utf-8 with mark", "big5", "gb18030", "ascii")
        body += b"." * dice.randrange(1, 4_000) if text else dice.randbytes(dice.choice((1, 900, 65_536, 300_000)))
        received = file_receive(source=[body], name="a", max_bytes=1 << 20, accept=STAFF_TYPES)
        kept_files.append((file_store(received=received, branch_id=1, actor=SYSTEM, now=clock.now()), _sha([body])))
    run = scrub_all(clock.now(), afresh=True)
    same = sum(_sha(file_chunks(stored)) == sha == stored.sha256 for stored, sha in kept_files)
    return {"files": count, "formats": len(grows), "same": same, "faults": len(run.faults)}


def verify(size: int) -> dict[str, object]:
    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform import clock
    from suyuan.platform.files import file_receive, file_store
    from suyuan.platform.files.scrub import scrub_all

    with Memory() as memory:
        each, left = 200_000_000, size
        while left > 0:
            received = file_receive(source=film(min(each, left)), name="a.mp4", max_bytes=1 << 30)
            file_store(received=received, branch_id=1, actor=SYSTEM, now=clock.now())
            left -= each
        cpu = time.process_time()
        run, took = kept(lambda: scrub_all(clock.now(), afresh=True))
        cpu = time.process_time() - cpu
        return {"bytes": run.bytes, "faults": len(run.faults), "s": took, "cpu_s": round(cpu, 1), "memory_peak_mb": memory.peak}


def bundle(size: int) -> dict[str, object]:
    """Through the services, as a lawyer would ask for it; verify.py in a process of its own, with the installation's pin."""
    import subprocess

    from django.conf import settings

    from suyuan.cases.services.bundles import case_bundle
    from suyuan.desk.services import file_keep
    from suyuan.evidence.services.bundles import bundle_write
    from suyuan.evidence.verifier import verify as verifier
    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform import clock
    from suyuan.platform.files import STAFF_TYPES, file_receive
    from suyuan.playbooks.services import packs_load
    from tests.cases.cast import case_made, cast_made

    cast, now = cast_made(), clock.now()
    packs_load(folder=settings.PACKS_DIR, actor=SYSTEM, now=now)
    case = case_made(cast, now=now)
    each, left = 2_000_000_000, size
    while left > 0:
        source = film(min(each, left), tail=f"{left}".encode())
        received = file_receive(source=source, name=f"{left}.mp4", max_bytes=3 << 30, accept=STAFF_TYPES)
        file_keep(case=case, received=received, note="", actor=cast.manager.actor, now=now)
        left -= each
    path = Path(os.environ["SUYUAN_DATA"]) / "out.zip"
    with Memory() as memory:
        export, plan = case_bundle(case=case, purpose="litigation", actor=cast.head.actor, now=now + timedelta(hours=1))
        with open(path, "w+b") as out:
            write_s = timed(lambda: bundle_write(plan=plan, out=out))
    command = [sys.executable, "-I", "-S", "-B", "-c", WATCHED, verifier.__file__, str(path), "--pin", export.checkpoint.fingerprint]
    done, verify_s = kept(lambda: subprocess.run(command, capture_output=True, text=True))
    most = int(done.stdout.rpartition("VmHWM:")[2].split()[0]) // 1000
    return {
        "bytes": path.stat().st_size, "write_s": write_s, "grew_mb": memory.peak - memory.before,
        "exit": done.returncode, "verify_s": verify_s, "verify_mb": most,
    }  # fmt: skip


def _small(n: int, size: int):
    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform import clock
    from suyuan.platform.files import file_receive, file_store

    body = b"\xff\xd8\xff" + n.to_bytes(4) + bytes(size)
    return file_store(
        received=file_receive(source=[body], name=f"{n}.jpg", max_bytes=1 << 20), branch_id=1, actor=SYSTEM, now=clock.now()
    )


def _sha(pieces) -> str:
    digest = hashlib.sha256()
    for data in pieces:
        digest.update(data)
    return digest.hexdigest()


# --- measuring -----------------------------------------------------------------------------------------------------


class Memory(threading.Thread):
    """Resident memory in MB: when it began, and at its highest."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._over = threading.Event()
        self.before = self.peak = 0

    def __enter__(self) -> Memory:
        self.before = self.peak = self.now()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while not self._over.wait(0.02):
            self.peak = max(self.peak, self.now())

    @staticmethod
    def now() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") // 1_000_000


def timed(act: Callable[[], object]) -> float:
    return kept(act)[1]


def kept(act: Callable[[], object]):
    begun = time.monotonic()
    result = act()
    return result, round(time.monotonic() - begun, 2)


def rate(size: int, times: list[float]) -> int:
    """MB a second, the median of the rounds."""
    return round(size / statistics.median(times) / 1e6)


if __name__ == "__main__":
    verbs = {"ingest": ingest, "damage": damage, "formats": formats, "verify": verify, "bundle": bundle}
    with house():
        told = verbs[sys.argv[1]](int(sys.argv[2]))
    json.dump(told, sys.stdout)
