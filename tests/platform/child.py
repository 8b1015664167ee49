"""What other processes do in the tests: they are started by `real.child` and mostly killed."""
from __future__ import annotations

import json
import os
import signal
import sys
import time
from datetime import timedelta
from itertools import islice
from pathlib import Path

import django
from django.conf import settings


def main(verb: str, *arguments: str) -> None:
    told = json.loads(os.environ["CHILD_SETTINGS"])
    settings.configure(
        DATABASES=told["DATABASES"],
        FILES_DIR=Path(told["FILES_DIR"]),
        KEYS_FILE=Path(told["KEYS_FILE"]),
        FILES_STORE="",
        SCANNER_URL="",
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "suyuan.platform"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()
    {"work": work, "receive": receive, "append": append, "large": large, "sign": sign}[verb](*arguments)


def say(word: str) -> None:
    print(word, flush=True)


def work(seconds: str, lease: str = "1.5") -> None:
    """A worker whose one handler says when it starts, sleeps, and says when it ends."""
    from suyuan.platform.jobs import Worker, job
    from suyuan.platform.jobs.lease import LeaseEngine

    @job("tests.slow")
    def slow(args, now):
        say(f"started {args['n']}")
        time.sleep(float(seconds))
        say(f"ended {args['n']}")

    engine = LeaseEngine(lease=timedelta(seconds=float(lease)))
    Worker(engine, poll=0.05, beat=float(lease) / 4).run()
    say("stopped")


def receive(step: str, size: str) -> None:
    """Take in one file and die by SIGKILL right before the named call."""
    from suyuan.platform.files import file_receive, file_store
    from tests.platform.stories import NOW, SOMEBODY

    die_before(step)
    received = file_receive(source=photo(int(size)), name="photo.jpg", max_bytes=100_000_000)
    file_store(received=received, branch_id=1, actor=SOMEBODY, now=NOW)
    say("acknowledged")


def append(uid: str, owner: str, step: str) -> None:
    """Append to an upload and die by SIGKILL right before the named call."""
    from uuid import UUID

    from suyuan.platform.files import upload_append, upload_for
    from tests.platform.stories import NOW

    upload = upload_for(owner, UUID(uid), NOW)
    die_before(step)
    upload_append(upload=upload, offset=upload.offset, source=[b"\xff\xd8\xff" + b"x" * 99_997])
    say("acknowledged")


def large(size: str) -> None:
    """Take in a large file by every way there is and read it back; says by how much the process grew, in MB."""
    import hashlib
    import resource

    from suyuan.platform.files import (
        file_receive,
        file_store,
        file_verify,
        upload_append,
        upload_finish,
        upload_open,
    )
    from tests.platform.stories import NOW, SOMEBODY

    def highest() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

    upload_open(owner="first", name="a.jpg", expected=9, max_bytes=9, expires_at=NOW + timedelta(days=1), now=NOW)
    file_receive(source=photo(200_000), name="a.jpg", max_bytes=1 << 30)  # what is loaded once
    before, whole = highest(), int(size)
    stored = file_store(
        received=file_receive(source=photo(whole), name="a.jpg", max_bytes=1 << 30), branch_id=1, actor=SOMEBODY, now=NOW
    )
    held = upload_open(
        owner="me", name="a.jpg", expected=whole, max_bytes=1 << 30, expires_at=NOW + timedelta(days=1), now=NOW
    )
    data = photo(whole)
    while held.offset < whole:
        held = upload_append(upload=held, offset=held.offset, source=islice(data, 100))
    held = upload_finish(upload=held, actor=SOMEBODY, now=NOW)
    same = file_verify(stored) == "" == file_verify(held.file) and held.file.sha256 == stored.sha256
    digest = hashlib.sha256()
    for piece in photo(whole):
        digest.update(piece)
    say(f"{highest() - before} {same and digest.hexdigest() == stored.sha256}")


def photo(size: int):
    yield b"\xff\xd8\xff\xe0"
    left = size - 4
    while left > 0:
        piece = min(left, 50_000)
        yield b"p" * piece
        left -= piece


def die_before(step: str) -> None:
    """`step` is os.<name>:<nth call>, or "commit"."""
    name, _, nth = step.partition(":")
    countdown = int(nth or 1)
    if name == "commit":
        from django.db.backends.base.base import BaseDatabaseWrapper

        place, attribute = BaseDatabaseWrapper, "_commit"
    else:
        place, attribute = os, name
    original = getattr(place, attribute)

    def dying(*args, **kwargs):
        nonlocal countdown
        countdown -= 1
        if countdown == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    setattr(place, attribute, dying)


def sign(stream: str) -> None:
    """A process that opened its keys before another one changed them: a receipt, a checkpoint, and what it says of both."""
    from suyuan.platform import keys
    from suyuan.platform.checkpoints import checkpoint_fault, checkpoint_make
    from suyuan.platform.log import checkpoint_latest
    from suyuan.platform.models import FactRow
    from suyuan.platform.proofs import proof_judge, proof_of_fact, proof_read
    from tests.platform.stories import NOW

    keys.sign(b"awake")
    say("ready")
    receipt = sys.stdin.readline().strip()  # signed meanwhile, with the new key
    say(str(checkpoint_fault(checkpoint_latest())))
    say(proof_judge(proof_read(receipt)))
    say(proof_of_fact(FactRow.objects.filter(stream=stream).first()).fingerprint)
    say(checkpoint_make(now=NOW).fingerprint)


if __name__ == "__main__":
    main(*sys.argv[1:])
