"""Run as a process of its own on a clinic's folder: one intake with two files, killed before each of its steps in turn.

Steps are calls that make something lasting: os.fsync, os.replace or os.rename or os.link, os.mkdir, and the database's commits. Each is
tried in a forked child that dies by SIGKILL right before it; then the very same form is sent again. Prints JSON.
"""
from __future__ import annotations

import hashlib
import json
import os
import signal
import sys

import django

CALLS = ("fsync", "replace", "rename", "link", "mkdir", "commit")


def main() -> None:
    django.setup()
    from django.conf import settings
    from django.db import connections

    settings.ALLOWED_HOSTS.append("testserver")
    counts = counted()
    told = []
    for name, times in counts.items():
        for nth in range(1, times + 1):
            sender = Sender(f"{name}:{nth}")
            connections.close_all()
            child = os.fork()
            if child == 0:
                dying_before(name, nth)
                sender.send()
                os._exit(0)
            _pid, status = os.waitpid(child, 0)
            killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            first = sender.there()
            again = sender.send()
            told.append(
                {"step": sender.words, "killed": killed, "left": first, "status": again, "after": sender.there(), "shas": sender.shas}
            )
            connections.close_all()
    json.dump({"counts": counts, "told": told}, sys.stdout)


class Sender:
    """A browser with the form filled in, ready to be sent as often as one likes."""

    def __init__(self, words: str) -> None:
        from django.test import Client

        from tests.faults.clients import HIDDEN, PHOTO, PURPOSE, WRITE

        self.words, self.where = words, WRITE
        network = hashlib.sha256(words.encode()).digest()  # everybody from a place of their own
        self.client = Client(raise_request_exception=False, REMOTE_ADDR=f"198.51.{network[0]}.{network[1]}")
        page = self.client.get(WRITE).content.decode()
        self.fields = dict(HIDDEN.findall(page)) | {name: "on" for name in PURPOSE.findall(page)}
        self.fields |= {"narrative": words, "contact": "someone@example.org", "send": "1"}
        self.files = {f"{n}.jpg": PHOTO + hashlib.sha256(f"{words}{n}".encode()).digest() * 2000 for n in (1, 2)}
        self.shas = sorted(hashlib.sha256(data).hexdigest() for data in self.files.values())

    def send(self) -> int:
        from django.core.files.uploadedfile import SimpleUploadedFile

        photos = [SimpleUploadedFile(name, data, "image/jpeg") for name, data in self.files.items()]
        return self.client.post(self.where, self.fields | {"files": photos}).status_code

    def there(self) -> list[list[str]]:
        """For each case with these words: the digests of its files, opened."""
        from suyuan.cases.models import Case
        from suyuan.evidence.selectors.items import items_of
        from suyuan.platform.files import file_open

        return [
            sorted(hashlib.sha256(b"".join(file_open(row.stored))).hexdigest() for row in items_of(case.stream, [""]))
            for case in Case.objects.filter(narrative__body=self.words)
        ]


def places():
    from django.db.backends.base.base import BaseDatabaseWrapper

    return {name: (BaseDatabaseWrapper, "_commit") if name == "commit" else (os, name) for name in CALLS}


def counted() -> dict[str, int]:
    """How often one undisturbed intake makes each call; found out in a child, so that nothing here remembers it."""
    from django.db import connections

    sender = Sender("undisturbed")
    connections.close_all()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        seen = dict.fromkeys(CALLS, 0)
        for name, (place, attribute) in places().items():
            setattr(place, attribute, counting(getattr(place, attribute), name, seen))
        status = sender.send()
        os.write(write, json.dumps({"status": status, **seen}).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    seen = json.loads(os.read(read, 10_000))
    assert seen.pop("status") == 200
    return seen


def counting(original, name: str, seen: dict[str, int]):
    def call(*args, **kwargs):
        seen[name] += 1
        return original(*args, **kwargs)

    return call


def dying_before(name: str, nth: int) -> None:
    place, attribute = places()[name]
    original, left = getattr(place, attribute), nth

    def call(*args, **kwargs):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    setattr(place, attribute, call)


if __name__ == "__main__":
    main()
