"""A file that takes over the process that cleans it: what it still reaches, with all that this kernel has or with less.

Each attack runs in the real process, in the place of a cleaner. `WAYS` are switched off one by one, so that the tests
say what each is worth, and what is left where a kernel has none of them.
"""

import ctypes
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from spreekbuis.vault import cleaning, confined
from spreekbuis.vault.cleaning import Cleaned, clean
from spreekbuis.vault.confined import in_force
from spreekbuis.vault.kinds import TYPES
from spreekbuis.vault.spool import spool
from tests.vault import made

WAYS = ("namespaces", "landlock", "seccomp")
SECRET = "het-geheim-van-de-server"
TAKEN_OVER = """
import ctypes, fcntl, json, os, resource, signal, socket, struct, sys
from spreekbuis.vault import confined
from spreekbuis.vault.hidden import __main__ as process
from spreekbuis.vault.hidden.traces import CannotClean

without, told = json.loads(sys.argv.pop())
if "landlock" in without:
    confined._landlock = lambda *_: False
if "seccomp" in without:
    confined._seccomp = lambda: False
if "namespaces" in without:
    class Libc:
        def unshare(self, _):
            return -1
        def __getattr__(self, name, libc=confined._LIBC):
            return getattr(libc, name)
    confined._LIBC = Libc()

def connect(family, address):
    with socket.socket(family) as connection:
        connection.connect(address)

def memory():
    class Piece(ctypes.Structure):
        _fields_ = [("at", ctypes.c_void_p), ("size", ctypes.c_size_t)]
    here = ctypes.create_string_buffer(8)
    mine, theirs = Piece(ctypes.addressof(here), 8), Piece(told["place"], 8)
    libc = ctypes.CDLL(None, use_errno=True)
    call = libc.process_vm_readv
    call.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
    if call(told["server"], ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0) != 8:
        raise OSError(ctypes.get_errno())

def fork():
    if not (child := os.fork()):
        os._exit(0)
    os.waitpid(child, 0)

def signals_of_a_file():
    end, _ = os.pipe()
    fcntl.fcntl(end, fcntl.F_SETOWN, told["server"])

def signals_of_a_file_again():
    end, _ = os.pipe()
    fcntl.fcntl(end, 15, struct.pack("ii", 1, told["server"]))  # F_SETOWN_EX, F_OWNER_PID

def which_signal():
    end, _ = os.pipe()
    fcntl.fcntl(end, 10, signal.SIGTERM)  # F_SETSIG

def call(name, *given):
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.syscall(name, *given) if isinstance(name, int) else getattr(libc, name)(*given)
    if found == -1:
        raise OSError(ctypes.get_errno())

BATCH = struct.pack("=IIQiIQQQ", 48, os.SCHED_BATCH, 0, 19, 0, 0, 0, 0)
IOPRIO_SET, SCHED_SETATTR = {"x86_64": (251, 314), "aarch64": (30, 274)}[os.uname().machine]

ATTACKS = {
    "machine": lambda: connect(socket.AF_INET, tuple(told["machine"])),
    "database": lambda: connect(socket.AF_UNIX, told["database"]),
    "environment": lambda: open("/proc/%d/environ" % told["server"]).read(),
    "memory": memory,
    "storage": lambda: open(told["storage"]).read(),
    "write": lambda: open(told["storage"] + ".new", "w").close(),
    "signal": lambda: os.kill(told["server"], 0),
    "fork": fork,
    "limits": lambda: resource.prlimit(told["server"], resource.RLIMIT_CPU, (900, 900)),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, told["server"], 19),
    "scheduler": lambda: os.sched_setscheduler(told["server"], os.SCHED_BATCH, os.sched_param(0)),
    "scheduler's number": lambda: os.sched_setparam(told["server"], os.sched_param(0)),
    "scheduler's attributes": lambda: call(SCHED_SETATTR, told["server"], BATCH, 0),
    "processors": lambda: os.sched_setaffinity(told["server"], os.sched_getaffinity(0)),
    "turn at the disk": lambda: call(IOPRIO_SET, 1, told["server"], 3 << 13),
    "owner of a file": signals_of_a_file,
    "owner of a file, again": signals_of_a_file_again,
    "signal of a file": which_signal,
    "shared memory": lambda: call("shmget", told["shared"], 0, 0),
    "semaphores": lambda: call("semget", told["shared"], 0, 0),
    "queue": lambda: call("msgget", told["shared"], 0),
}

def attack(plain, cleaned):
    reached = []
    for name, attempt in ATTACKS.items():
        try:
            attempt()
            reached.append(name)
        except OSError:
            pass
    print(json.dumps(reached))
    raise CannotClean

process._cleaner = lambda kind: attack
process.main()
"""
SERVER = """
import ctypes, sys
from spreekbuis.vault.confined import close_memory
close_memory()
place = ctypes.create_string_buffer(b"a secret")
print(ctypes.addressof(place), flush=True)
sys.stdin.read()
"""
SHARED = {"shared memory", "semaphores", "queue"}
HOW_OTHERS_RUN = {
    "limits", "priority", "scheduler", "scheduler's number", "scheduler's attributes", "processors",
    "turn at the disk", "owner of a file", "owner of a file, again", "signal of a file",
}  # fmt: skip
EVERYTHING = {"machine", "database", "environment", "memory", "storage", "write", "signal", "fork"}
EVERYTHING |= SHARED | HOW_OTHERS_RUN


@dataclass
class Surroundings:
    """What the attacks want to reach."""

    machine: tuple[str, int]
    database: str
    server: int
    place: int
    storage: str
    shared: int
    """The key of a memory, semaphores and a queue of System V."""


@pytest.fixture
def shared() -> Iterator[int]:
    """Three things of System V that processes of this user share."""
    libc, key, create = ctypes.CDLL(None, use_errno=True), secrets.randbelow(1 << 30) + 1, 0o1600
    made = libc.shmget(key, 4096, create), libc.semget(key, 1, create), libc.msgget(key, create)
    assert -1 not in made
    yield key
    libc.shmctl(made[0], 0, None)
    libc.semctl(made[1], 0, 0)
    libc.msgctl(made[2], 0, None)


@pytest.fixture
def surroundings(tmp_path, shared) -> Iterator[Surroundings]:
    stored, address = tmp_path / "stored", tempfile.mktemp(prefix="spreekbuis-", dir="/tmp")
    stored.write_text("ciphertext")
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], env={"SECRET_KEY": SECRET}, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with server, socket.create_server(("127.0.0.1", 0)) as machine, socket.socket(socket.AF_UNIX) as database:
        database.bind(address)
        database.listen()
        yield Surroundings(
            machine.getsockname(), address, server.pid, int(server.stdout.readline()), str(stored), shared
        )
        Path(address).unlink()
        server.stdin.close()


def reached(surroundings: Surroundings, *without: str) -> set[str]:
    """What a file that took over the process reaches, where the kernel lacks these ways."""
    with spool() as source, spool() as target, tempfile.TemporaryDirectory() as folder:
        fds = (source.file.fileno(), target.file.fileno())
        ended = subprocess.run(
            [sys.executable, "-I", "-c", TAKEN_OVER, "attack", *map(str, fds), folder,
             json.dumps([without, vars(surroundings)])],
            input=source.key + target.key, pass_fds=fds, env={}, capture_output=True, timeout=30, check=True,
        )  # fmt: skip
    assert ended.stdout.splitlines()[1:] == [b"null"]
    return set(json.loads(ended.stdout.splitlines()[0]))


def landlock() -> int:
    """The version of Landlock in this kernel, 0 when there is none."""
    return max(0, confined._call(confined._LANDLOCK_CREATE, None, 0, 1)) if confined._LIBC else 0


def stopped_by(ways: set[str]) -> set[str]:
    """What these ways stop, as each promises; the rest stays within reach."""
    root, stopped = os.geteuid() == 0, set()
    if not root:
        stopped |= {"environment", "memory", "fork"}  # the server closed its memory; RLIMIT_NPROC
    if "namespaces" in ways:
        stopped |= {"machine", "environment", "memory"} | SHARED
    if "landlock" in ways:
        stopped |= {"storage", "write", "environment", "memory"}
        stopped |= {"machine"} if landlock() >= 4 else set()
        stopped |= {"signal"} if landlock() >= 6 else set()
    if "seccomp" in ways:
        stopped |= {"machine", "database", "memory", "signal", "fork"} | SHARED | HOW_OTHERS_RUN
    return stopped


def test_a_hostile_file_reaches_nothing_but_what_this_kernel_cannot_keep_from_it(surroundings):
    ways = set(in_force())
    assert {"memory", "no new privileges"} <= ways, "these every supported Linux has"
    assert reached(surroundings) == EVERYTHING - stopped_by(ways)
    if set(WAYS) <= ways and landlock() >= 1:
        assert stopped_by(ways) == EVERYTHING, "on a kernel that has them all nothing is left"


@pytest.mark.parametrize("way", WAYS)
def test_each_way_alone_stops_what_it_promises(surroundings, way):
    others = [other for other in WAYS if other != way]
    assert reached(surroundings, *others) == EVERYTHING - stopped_by({way} & set(in_force()))


def test_without_any_way_only_the_user_and_the_bounds_are_between(surroundings):
    assert reached(surroundings, *WAYS) == EVERYTHING - stopped_by(set())


def test_a_kernel_without_any_of_it_still_cleans(monkeypatch):
    code = (
        "from spreekbuis.vault import confined; confined._LIBC = None;"
        "from spreekbuis.vault.hidden import __main__ as process; process.main()"
    )
    run = subprocess.run

    def without(argv, **more):
        return run([*argv[:2], "-c", code, *argv[4:]], **more)

    monkeypatch.setattr(cleaning.subprocess, "run", without)
    sent = spool()
    sent.write(made.docx())
    assert clean(sent, TYPES["docx"]).cleaned is Cleaned.CLEANED


def test_what_is_in_force_is_told_by_name():
    assert set(in_force()) <= {"memory", "no new privileges", *WAYS}
    code = "from spreekbuis.vault import confined; confined._LIBC = None; print(confined.confine([], []))"
    assert subprocess.check_output([sys.executable, "-c", code]) == b"[]\n"


def test_an_architecture_that_is_not_known_goes_without_its_filter():
    code = (
        "import os; from spreekbuis.vault import confined; confined._ARCHITECTURES.clear();"
        "print('seccomp' in confined.confine([], [])); os.fork() or os._exit(0); os.wait()"
    )
    assert subprocess.check_output([sys.executable, "-c", code]) == b"False\n"


def test_a_server_that_closes_its_memory_closes_that_of_what_it_forks_too():
    code = (
        "import ctypes, os; from spreekbuis.vault.confined import close_memory;"
        "print(close_memory(), flush=True); os.fork() and os.wait(); print(ctypes.CDLL(None).prctl(3), flush=True)"
    )
    assert subprocess.check_output([sys.executable, "-c", code]).split() == [b"True", b"0", b"0"]


def test_with_its_memory_closed_a_process_of_an_ordinary_user_shows_its_environment_to_root_alone():
    """Root becomes an ordinary user here; setting the user closes the memory as well, so it is opened first."""
    code = """
import ctypes, os
from spreekbuis.vault.confined import close_memory
os.geteuid() or os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1)
before = os.stat("/proc/self/environ").st_uid == os.geteuid()
close_memory()
try:
    open("/proc/self/environ")
except PermissionError:
    print(before)
"""
    assert subprocess.check_output([sys.executable, "-c", code]) == b"True\n"


def test_a_cleaner_finds_its_modules_its_own_folder_and_nothing_of_it_is_left(monkeypatch, tmp_path):
    """A document in a document is put aside while it is cleaned."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sent = spool()
    sent.write(made.docx(**{"word/embeddings/sheet.xlsx": made.xlsx()}))
    assert clean(sent, TYPES["docx"]).cleaned is Cleaned.CLEANED
    assert list(tmp_path.iterdir()) == []
