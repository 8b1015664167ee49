"""Where sealed bytes lie: a folder of this machine, or a bucket (`bucket.py`); the names are random and say nothing.

In the folder the order is the promise: write, fsync the file, make its folder and fsync that folder's parent, rename, fsync the
folder; only then may a row be committed that names it. A crash in between leaves a file nobody names, which the
collector removes a day later, and never a row without its bytes.
"""
from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings

from suyuan.platform.files.errors import StorageFailed, StorageFull

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
TOKEN_BYTES = 16


class Arriving(Protocol):
    """A file on its way in: written once, looked at, kept or gone."""

    token: str

    def write(self, data: bytes) -> None: ...
    def reader(self) -> BinaryIO: ...
    def keep(self) -> None: ...


class Storage(Protocol):
    """What every place for sealed bytes promises. tests/platform/test_files_storages.py holds each of them to it."""

    def incoming(self) -> AbstractContextManager[Arriving]: ...
    def open(self, token: str) -> BinaryIO: ...
    def remove(self, token: str) -> None: ...
    def older_than(self, timestamp: float) -> Iterator[str]: ...
    def sweep_incoming(self, timestamp: float) -> int: ...
    def where(self) -> str: ...
    def room(self) -> int | None: ...


class LocalFolder:
    """root/incoming/<token> while it grows, root/<first two letters>/<token> once it is whole."""

    # Folders whose own entry in their parent is known to be on disk, by this process. Another process may have made a
    # folder and died before its fsync, so that being there is not enough.
    _durable: set[Path] = set()

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def incoming(self) -> Iterator[Incoming]:
        """A new file to be written. It vanishes unless `keep()` was called."""
        with disk():
            self._make(self.root / "incoming")
            incoming = Incoming(self, secrets.token_hex(TOKEN_BYTES))
        try:
            yield incoming
        finally:
            incoming.close()

    def open(self, token: str) -> BinaryIO:
        """The sealed bytes. Raises FileNotFoundError."""
        return self.path(token).open("rb")

    def remove(self, token: str) -> None:
        path = self.path(token)
        with disk():
            try:
                os.unlink(path)
            except FileNotFoundError:
                return
            _fsync_folder(path.parent)

    def older_than(self, timestamp: float) -> Iterator[str]:
        """Tokens of whole files last written before then."""
        for folder in self.root.glob("[0-9a-f][0-9a-f]"):
            for entry in os.scandir(folder):
                if entry.stat().st_mtime < timestamp:
                    yield entry.name

    def sweep_incoming(self, timestamp: float) -> int:
        """Remove what was being written before then by processes that did not live to finish it."""
        removed = 0
        with suppress(FileNotFoundError):
            for entry in os.scandir(self.root / "incoming"):
                if entry.stat().st_mtime < timestamp:
                    os.unlink(entry.path)
                    removed += 1
        return removed

    def where(self) -> str:
        """For who keeps the system."""
        return str(self.root)

    def room(self) -> int | None:
        """Bytes that still fit; None where nobody can tell."""
        folder = self.root if self.root.exists() else self.root.parent
        return shutil.disk_usage(folder).free

    def path(self, token: str) -> Path:
        token_check(token)
        return self.root / token[:2] / token

    def _make(self, folder: Path) -> None:
        """Make a folder and those above it, each one's entry on disk before the next is made."""
        missing = []
        while folder not in self._durable:
            missing.append(folder)
            if folder == self.root:
                break
            folder = folder.parent
        for path in reversed(missing):
            with suppress(FileExistsError):
                os.mkdir(path, 0o700)
            _fsync_folder(path.parent)
            self._durable.add(path)


class Incoming:
    """One file on its way in."""

    def __init__(self, folder: LocalFolder, token: str) -> None:
        self.token = token
        self._folder = folder
        self._path = folder.root / "incoming" / token
        self._handle: int | None = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._kept = False

    def write(self, data: bytes) -> None:
        left = memoryview(data)
        with disk():
            while left:
                left = left[os.write(self._handle, left) :]

    def reader(self) -> BinaryIO:
        """What was written so far, to look at before it is kept."""
        return self._path.open("rb")

    def keep(self) -> None:
        """Make it whole and durable. After this only a row is missing."""
        final = self._folder.path(self.token)
        with disk():
            os.fsync(self._handle)
            self._folder._make(final.parent)
            os.rename(self._path, final)
            self._kept = True
            _fsync_folder(final.parent)

    def close(self) -> None:
        if self._handle is None:
            return
        os.close(self._handle)
        self._handle = None
        if not self._kept:
            with suppress(FileNotFoundError):
                os.unlink(self._path)


@contextmanager
def disk() -> Iterator[None]:
    """Say what the disk says as a refusal; never around reading from the sender, whose errors are not ours."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise StorageFull from error
        raise StorageFailed(errno=error.errno) from error


def storage() -> Storage:
    """Where files lie: a folder of this machine, or the bucket that the setting names."""
    if settings.FILES_STORE:
        from suyuan.platform.files.bucket import bucket_at

        return bucket_at(settings.FILES_STORE)
    return LocalFolder(settings.FILES_DIR)


def token_check(token: str) -> None:
    """A token comes from a row; a path must not be able to."""
    if len(token) != TOKEN_BYTES * 2 or not token.isalnum() or not token.isascii():
        raise ValueError("not a token of this storage")


def _fsync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
