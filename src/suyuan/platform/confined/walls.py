"""What a confined process may not even ask the kernel for: a network, another process, anything on disk but reading.

A filter of system calls (seccomp), set by the process itself once its modules are loaded. What is refused fails as if it were
forbidden (EPERM), so that a library that only tries goes on. Threads are let be. Reading is left to the program itself, its
libraries and the interpreter (Landlock): neither keys nor data nor anybody's home. Linux on x86-64 and arm64; elsewhere, and
where the kernel has neither, limits of memory, time and file size are what is left (docs/security.md).
"""
from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct
import sys
from collections.abc import Callable

PR_SET_DUMPABLE, PR_SET_SECCOMP, MODE_FILTER = 4, 22, 2
ALLOW, REFUSE, MISSING, KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS, 0x80000000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENT = 0, 4, 16
THREAD = 0x00010000  # CLONE_THREAD
WRITES = 0o3 | 0o100 | 0o1000 | 0o20000000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_TMPFILE

# By name: number on x86-64, number on arm64 (None: there is none).
CALLS: dict[str, tuple[int | None, int | None]] = {
    # a network
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "accept": (43, 202), "accept4": (288, 242), "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269),
    "recvfrom": (45, 207), "recvmsg": (47, 212), "recvmmsg": (299, 243),
    # other processes
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272), "kill": (62, 129), "tkill": (200, 130),
    "tgkill": (234, 131), "setpriority": (141, 140), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122), "sched_setattr": (314, 274), "ioprio_set": (251, 30), "migrate_pages": (256, 238),
    "move_pages": (279, 239), "process_madvise": (440, 440), "process_mrelease": (448, 448), "shmget": (29, 194),
    "shmat": (30, 196), "shmctl": (31, 195), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "unshare": (272, 97), "setns": (308, 268),
    # what lies on disk
    "creat": (85, None), "truncate": (76, 45), "rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276),
    "mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None), "unlink": (87, None), "unlinkat": (263, 35),
    "link": (86, None), "linkat": (265, 37), "symlink": (88, None), "symlinkat": (266, 36), "mknod": (133, None),
    "mknodat": (259, 33), "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "setxattr": (188, 5),
    "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "setxattrat": (463, 463), "removexattrat": (466, 466), "file_setattr": (469, 469), "utime": (132, None),
    "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # ways round all this, and what only attacks need
    "io_uring_setup": (425, 425), "bpf": (321, 280), "userfaultfd": (323, 282), "perf_event_open": (298, 241),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "init_module": (175, 105), "finit_module": (313, 273),
}  # fmt: skip
# As if the kernel were older: libraries then ask the old way, which is looked into below.
OLDER = {"clone3": (435, 435), "openat2": (437, 437)}
# name: numbers, which argument, and the bits of it that must not (writing) or must (threads) be set.
OPENS = {"open": ((2, None), 1), "openat": ((257, 56), 2)}
CLONE = (56, 220)
LIMITS = (302, 261)  # prlimit64: of itself, which the C library asks for, and of nobody else
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446  # the same on both machines
LANDLOCK_VERSION, PATH_BENEATH = 1, 1
EVERYTHING, READING = (1 << 13) - 1, 1 << 2 | 1 << 3  # rights of the first version; of files, and of folders
READABLE = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom")


def raise_walls() -> bool:
    """Whether the filter stands now. Needs no right but PR_SET_NO_NEW_PRIVS; nothing takes it down again."""
    if not _known():
        return False
    _read_only_ours()
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    code = program(platform.machine())
    held = ctypes.create_string_buffer(code, len(code))
    filters = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(held))
    return prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.c_char_p(filters), 0, 0) == 0


def standing(data: bytes) -> list[bool]:
    """Asked from inside: whether calls are refused, and reading too."""
    tries = (lambda: socket.socket().close(), lambda: os.listdir("/etc"))
    return [_forbidden(each) for each in tries]


def _forbidden(act: Callable[[], object]) -> bool:
    try:
        act()
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _known() -> bool:
    return sys.platform.startswith("linux") and platform.machine() in MACHINES and sys.maxsize > 1 << 32


def reading_bounded() -> bool:
    """Whether this kernel can keep a process from reading what is not its own."""
    return _known() and ctypes.CDLL(None).syscall(LANDLOCK_CREATE, None, 0, LANDLOCK_VERSION) >= 1


def _read_only_ours() -> None:
    if not reading_bounded():
        return
    call = ctypes.CDLL(None, use_errno=True).syscall
    rules = call(LANDLOCK_CREATE, ctypes.c_char_p(struct.pack("Q", EVERYTHING)), 8, 0)
    for path in {*READABLE, *sys.path, sys.prefix, sys.base_prefix}:
        try:
            held = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        right = READING if os.path.isdir(path) else READING & ~(1 << 3)
        call(LANDLOCK_ADD, rules, PATH_BENEATH, ctypes.c_char_p(struct.pack("=Qi", right, held)), 0)
        os.close(held)
    call(LANDLOCK_RESTRICT, rules, 0)
    os.close(rules)


def program(machine: str) -> bytes:
    """The filter, in the kernel's own steps of eight bytes: code, two jumps, a value."""
    here, name = MACHINES[machine]
    steps = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, name), (RETURN, 0, 0, KILL), (LOAD, 0, 0, NUMBER)]
    if here == 0:
        steps += [(AT_LEAST, 0, 1, 0x40000000), (RETURN, 0, 0, REFUSE)]  # the calls of x32 have other numbers
    for calls, answer in ((CALLS, REFUSE), (OLDER, MISSING)):
        numbers = (both[here] for both in calls.values())
        steps += [step for number in numbers if number is not None for step in _if(number, [(RETURN, 0, 0, answer)])]
    for numbers, argument in OPENS.values():
        if numbers[here] is not None:
            steps += _if(numbers[here], [_argument(argument), (ANY_BIT, 0, 1, WRITES), (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)])
    steps += _if(CLONE[here], [_argument(0), (ANY_BIT, 1, 0, THREAD), (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)])
    steps += _if(LIMITS[here], [_argument(0), (EQUAL, 1, 0, 0), (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)])
    return b"".join(struct.pack("HBBI", *step) for step in [*steps, (RETURN, 0, 0, ALLOW)])


def _if(number: int, then: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    return [(EQUAL, 0, len(then), number), *then]


def _argument(place: int) -> tuple[int, int, int, int]:
    """The lower half of it, which holds all flags."""
    return (LOAD, 0, 0, ARGUMENT + 8 * place)
