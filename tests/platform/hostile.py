"""What a parser may do when a file makes it: run by test_files_limited in a process of its own."""
from __future__ import annotations

import ctypes
import errno
import importlib
import os
import platform
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

from suyuan.platform.confined import walls


def back(data: bytes, times: int = 1) -> tuple:
    print("a library that talks")
    return {"size": len(data)}, data * times, b"second"


def bomb(data: bytes) -> dict:
    held = [bytearray(8 << 20) for _ in range(1000)]
    return {"held": len(held)}


def loop(data: bytes) -> None:
    while True:
        pass


def sleep(data: bytes) -> None:
    """Waits without using the processor."""
    time.sleep(600)


def crash(data: bytes) -> None:
    ctypes.string_at(0)


def attempt(data: bytes, folder: str, pid: int, port: int) -> dict:
    """Everything a hostile program would try, and what became of each: "done", or the name of the error."""
    here = os.path.join(folder, "here")

    def connect() -> None:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()

    def through_c() -> None:
        """Past Python: the C library, asked by hand."""
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0) < 0:
            raise OSError(ctypes.get_errno(), "socket")

    def by_number(name: str, *given: int) -> None:
        """Past the C library too."""
        number = walls.CALLS[name][list(walls.MACHINES).index(platform.machine())]
        if ctypes.CDLL(None, use_errno=True).syscall(number, *given) < 0:
            raise OSError(ctypes.get_errno(), name)

    def forked() -> None:
        if os.fork() == 0:
            os._exit(0)

    def empty_file() -> None:
        os.close(os.open(os.path.join(folder, "new"), os.O_CREAT | os.O_WRONLY))

    tries = {
        "connect": connect,
        "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
        "unix": lambda: socket.socketpair(),
        "through_c": through_c,
        "fork": forked,
        "execute": lambda: os.execv("/bin/true", ["true"]),
        "subprocess": lambda: subprocess.run(["/bin/true"], check=True),
        "kill": lambda: os.kill(pid, signal.SIGTERM),
        "kill_thread": lambda: by_number("tgkill", pid, pid, int(signal.SIGTERM)),
        "starve": lambda: resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1)),
        "slow_down": lambda: os.setpriority(os.PRIO_PROCESS, pid, 19),
        "shared_memory": lambda: by_number("shmget", 0, 4096, 0o1600),
        "touch": lambda: os.utime(here),
        "create": empty_file,
        "append": lambda: open(here, "ab").close(),
        "truncate": lambda: os.truncate(here, 0),
        "remove": lambda: os.remove(here),
        "rename": lambda: os.rename(here, here + "2"),
        "link": lambda: os.link(here, here + "3"),
        "symlink": lambda: os.symlink("/etc/passwd", here + "4"),
        "folder": lambda: os.mkdir(here + "5"),
        "mode": lambda: os.chmod(here, 0o777),
        "read": lambda: open(here, "rb").close(),
        "read_etc": lambda: open("/etc/passwd", "rb").close(),
        "list": lambda: os.listdir(folder),
        "many_open": lambda: [os.open(os.devnull, os.O_RDONLY) for _ in range(200)],
    }
    return {name: _outcome(act) for name, act in tries.items()}


def _outcome(act) -> str:
    try:
        act()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
    return "done"


def threads(data: bytes) -> dict:
    """What an honest parser does: threads, reading what lies beside it, importing late."""
    found: list[int] = []
    working = [threading.Thread(target=lambda: found.append(1)) for _ in range(4)]
    for one in working:
        one.start()
    for one in working:
        one.join()
    with open(__file__, "rb") as file:
        return {"threads": len(found), "read": len(file.read()) > 0, "late": importlib.import_module("colorsys").__name__}


def refuse(data: bytes) -> None:
    raise ValueError(data.decode())


def flood(data: bytes) -> bytes:
    return b"x" * (4 << 20)


def read(data: bytes, path: str) -> str:
    return _outcome(lambda: open(path, "rb").close())


def write(data: bytes, path: str) -> None:
    with open(path, "wb") as file:
        file.write(b"x" * 100)


def secrets(data: bytes) -> list:
    return [sorted(os.environ), "django" in sys.modules]
