"""What a process gives up before it reads a file from outside, as far as this kernel lets an ordinary user do so.

Four ways, each of which helps where another is missing:

- Landlock (Linux 5.13): no file but those named, no TCP (6.7), no signals to others (6.12), no other process's memory;
- seccomp (3.17): no new process or program, no socket, no look into another process, no say over how it runs, and no
  memory, queue or semaphore that processes share, on x86-64 and ARM64;
- namespaces, where users may make them: no network, and of a server that runs as root none of root's powers;
- no new privileges (3.5): no program gives back what was given up.

A kernel that lacks one is no reason to stop: `in_force` says which there are. Numbers from the kernel's uapi headers.
"""

import ctypes
import errno
import os
import stat
import struct
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Final

_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWNET = 0x0800_0000, 0x1000_0000, 0x4000_0000

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ: Final = 1 << 2 | 1 << 3
"""Files, and the names in folders."""
_READ_FILE: Final = 1 << 2
_WRITE: Final = _READ | 1 << 1 | 1 << 5 | 1 << 8 | 1 << 14
"""And write, remove, make and shorten files."""

_ARCHITECTURES: Final = {
    "x86_64": (0xC000_003E, 302, 72, (
        41, 42, 49, 50, 53,  # socket, connect, bind, listen, socketpair
        56, 57, 58, 59, 322, 435,  # clone, fork, vfork, execve, execveat, clone3
        62, 129, 200, 234, 297, 424,  # kill and its kin
        101, 310, 311, 434, 438,  # ptrace, process_vm_*, pidfd_open, pidfd_getfd
        165, 272, 308, 321, 298, 323, 248, 249, 250, 425,  # mount … io_uring_setup: doors into the kernel
        141, 142, 144, 203, 314, 251,  # setpriority, sched_set*, ioprio_set
        256, 279, 440, 448,  # migrate_pages, move_pages, process_madvise, process_mrelease
        29, 30, 31, 64, 65, 66, 220, 68, 69, 70, 71, 240, 241,  # shm*, sem*, msg*, mq_open, mq_unlink
    )),
    "aarch64": (0xC000_00B7, 261, 25, (
        198, 203, 200, 201, 199, 220, 221, 281, 435, 129, 138, 130, 131, 240, 424, 117, 270, 271, 434, 438,
        40, 97, 268, 280, 241, 282, 217, 218, 219, 425, 140, 118, 119, 122, 274, 30, 238, 239, 440, 448,
        194, 196, 195, 190, 193, 191, 192, 186, 189, 188, 187, 180, 181,
    )),
}  # fmt: skip
"""Of each: its number for audit, its `prlimit64` and `fcntl`, and the system calls that are always refused."""
_SIGNALS_OF_A_FILE: Final = (8, 10, 15)
"""F_SETOWN, F_SETSIG, F_SETOWN_EX: with these a file sends any signal to any process of its user."""

_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def close_memory() -> bool:
    """From here on no other process of this user reads this one's memory or environment, and none is written to disk
    when it dies; what it forks is closed too. Whether the kernel did so."""
    return _prctl(_PR_SET_DUMPABLE, 0)


def confine(readable: Iterable[str], writable: Iterable[str]) -> list[str]:
    """Give up everything but reading below `readable`, and writing below `writable` as well. Gives what is in force.

    What was opened before stays open. For a process with one thread.
    """
    ways = (
        ("memory", close_memory()),
        ("namespaces", _LIBC is not None and not _LIBC.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC)),
        ("no new privileges", _prctl(_PR_SET_NO_NEW_PRIVS, 1)),
        ("landlock", _landlock(readable, writable)),
        ("seccomp", _seccomp()),
    )  # fmt: skip
    return [name for name, done in ways if done]


def in_force() -> list[str]:
    """What `confine` can do on this machine, tried in a process of its own."""
    tried = subprocess.run(  # noqa: S603 (this module)
        [sys.executable, "-I", "-m", __name__], env={}, capture_output=True, check=False, timeout=20, text=True
    )  # fmt: skip
    return tried.stdout.splitlines()


def _prctl(option: int, value: int) -> bool:
    return _LIBC is not None and _LIBC.prctl(option, value, 0, 0, 0) == 0


def _landlock(readable: Iterable[str], writable: Iterable[str]) -> bool:
    if _LIBC is None or (abi := _call(_LANDLOCK_CREATE, None, 0, 1)) < 1:
        return False
    files = (1 << 13) - 1 | (abi >= 2) << 13 | (abi >= 3) << 14 | (abi >= 5) << 15
    wanted = struct.pack("=QQQ", files, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    rules = _call(_LANDLOCK_CREATE, wanted, len(wanted), 0)
    if rules < 0:
        return False
    try:
        for allowed, paths in ((_READ, readable), (_WRITE & files, writable)):
            for path in paths:
                _allow(rules, allowed, path)
        return _call(_LANDLOCK_RESTRICT, rules, 0) == 0
    finally:
        os.close(rules)


def _allow(rules: int, allowed: int, path: str) -> None:
    """What is not there needs no rule."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed &= -1 if stat.S_ISDIR(os.fstat(place).st_mode) else _READ_FILE
        _call(_LANDLOCK_ADD, rules, 1, struct.pack("=Qi", allowed, place), 0)
    finally:
        os.close(place)


def _seccomp() -> bool:
    known = _ARCHITECTURES.get(os.uname().machine)
    if known is None or sys.maxsize < 1 << 32:
        return False
    architecture, limits, control, refused = known
    load, equal, at_least, give, out = 0x20, 0x15, 0x35, 0x06, -1
    lines = [
        (load, 0, 0, 4), (equal, 0, out, architecture), (load, 0, 0, 0), (at_least, out, 0, 1 << 30),
        *((equal, out, 0, number) for number in refused),
        (equal, 0, 2, limits), (load, 0, 0, 16), (equal, 0, out, 0),  # the limits of itself, which is 0, and no others
        (equal, 0, 1 + len(_SIGNALS_OF_A_FILE), control), (load, 0, 0, 24),
        *((equal, out, 0, what) for what in _SIGNALS_OF_A_FILE),
        (give, 0, 0, 0x7FFF_0000), (give, 0, 0, 0x0005_0000 | errno.EPERM),
    ]  # fmt: skip
    last = len(lines) - 1
    resolved = [
        (does, *(last - place - 1 if jump == out else jump for jump in (yes, no)), value)
        for place, (does, yes, no, value) in enumerate(lines)
    ]
    code = b"".join(struct.pack("=HBBI", *line) for line in resolved)
    program = ctypes.create_string_buffer(code, len(code))
    told = struct.pack("@HP", len(lines), ctypes.addressof(program))
    return _LIBC is not None and _LIBC.prctl(_PR_SET_SECCOMP, 2, told, 0, 0) == 0


def _call(number: int, *given: int | bytes | None) -> int:
    """A system call that has no name in the library; below 0 when it was refused."""
    assert _LIBC is not None
    typed: Sequence[object] = [ctypes.c_long(one) if isinstance(one, int) else one for one in given]
    return int(_LIBC.syscall(ctypes.c_long(number), *typed))


if __name__ == "__main__":
    sys.stdout.write("\n".join(confine([], [])))
