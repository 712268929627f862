"""Recognise processes beyond doubt before a signal is sent to them.

A process number alone proves nothing: after a crash or a reboot it may belong to anybody. So nobody here
signals a number; they signal a `Mark`, which also holds when the process began and what it runs.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

# The kernel counts from boot, and the moment of boot shifts when the clock is corrected.
CLOCK_SLACK_SECONDS = 2.0


@dataclass(frozen=True)
class Mark:
    """One process: number, beginning (seconds since the epoch) and command line."""

    pid: int
    created: float
    cmdline: tuple[str, ...]


def mark(pid: int) -> Mark | None:
    """The living process with this number; None when there is none, or only a zombie."""
    try:
        process: Any = psutil.Process(pid)
        with process.oneshot():
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return Mark(pid, float(process.create_time()), tuple(process.cmdline()))
    except psutil.Error:
        return None


def is_alive(known: Mark) -> bool:
    """Whether that same process still runs (its command line may have changed: many servers set a title)."""
    now = mark(known.pid)
    return now is not None and abs(now.created - known.created) <= CLOCK_SLACK_SECONDS


def send(known: Mark, number: signal.Signals) -> bool:
    """Signal that process and no other; False when it is gone."""
    if not is_alive(known):
        return False
    try:
        os.kill(known.pid, number)
    except ProcessLookupError:
        return False
    return True


def wait_gone(
    known: Iterable[Mark], seconds: float, reap: Callable[[], object] = lambda: None, interval: float = 0.02
) -> list[Mark]:
    """Wait until all are gone; return those that are not. `reap` collects our own children meanwhile."""
    rest = list(known)
    deadline = time.monotonic() + seconds
    while True:
        reap()
        rest = [each for each in rest if is_alive(each)]
        if not rest or time.monotonic() >= deadline:
            return rest
        time.sleep(interval)


def working_in(folder: Path, program: str) -> list[Mark]:
    """Every process named `program` whose working folder is `folder`, whoever started it."""
    wanted = str(folder.resolve())
    found = []
    for process in _all_processes():
        with contextlib.suppress(psutil.Error):
            if process.name() == program and process.cwd() == wanted:
                found.append(mark(process.pid))
    return [each for each in found if each is not None]


def carrying(name: str, value: str) -> list[Mark]:
    """Every process, except this one, that was started with `name=value` in its environment."""
    found = []
    for process in _all_processes():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get(name) == value:
                found.append(mark(process.pid))
    return [each for each in found if each is not None]


def server_environment() -> dict[str, str]:
    """Nothing of ours goes along: no secret of the application, no variable that changes a server."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def _all_processes() -> Iterator[Any]:
    yield from psutil.process_iter()
