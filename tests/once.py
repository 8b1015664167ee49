"""What takes seconds to make and is only ever copied: made once a run, by whichever worker asks first."""
from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

_RUN = "SUYUAN_TEST_RUN"


def run_folder() -> Path:
    """The folder of this run; workers of xdist share the one their parent made."""
    if _RUN not in os.environ:
        folder = tempfile.mkdtemp(prefix="suyuan-run-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ[_RUN] = folder
    return Path(os.environ[_RUN])


def once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder that `make` filled. Others wait until it is whole; what broke half-way is made again."""
    folder = run_folder() / name
    whole = run_folder() / f"{name}.whole"
    with open(run_folder() / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            whole.touch()
    return folder
