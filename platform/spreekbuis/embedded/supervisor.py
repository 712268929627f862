"""Keep the processes of one run alive, and end them in order: the last started first."""

import contextlib
import ctypes
import json
import logging
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Self

from spreekbuis.embedded.errors import EmbeddedError
from spreekbuis.embedded.folder import FolderLock, make_folder, read_or_none, write_private
from spreekbuis.embedded.processes import Mark, carrying, is_alive, mark, send, wait_gone

log = logging.getLogger(__name__)

TOKEN_VARIABLE = "SPREEKBUIS_RUN_TOKEN"  # noqa: S105 - the name of a variable
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LIVED_LONG_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 10.0
_LONGEST_PAUSE_OF_A_HELPER_SECONDS = 30.0


@dataclass(frozen=True)
class Child:
    """A process to keep alive. `env` is its whole environment; None passes ours on.

    The run ends when an essential child keeps dying. Without one that is not essential it goes on.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    essential: bool = True

    @property
    def longest_pause(self) -> float:
        return _LONGEST_PAUSE_SECONDS if self.essential else _LONGEST_PAUSE_OF_A_HELPER_SECONDS


@dataclass
class _Running:
    child: Child
    process: subprocess.Popen[bytes] | None = None
    mark: Mark | None = None
    started: float = 0.0
    due: float = 0.0  # monotonic moment at which it is started (again)
    pause: float = 0.5
    ends: list[float] = field(default_factory=list)  # monotonic moments of unexpected ends in the last minute
    given_out: bool = False  # that it keeps dying was said; its ends are no news until it lived long


class Supervisor:
    """Holds one data folder, and the processes of one run in it.

        with Supervisor(data) as supervisor:
            services = start_services(...)
            try:
                code = supervisor.run(children, every_second=services.revive)
            finally:
                services.stop()

    Entering takes the folder (raises FolderBusy) and ends what a killed run left behind. Until `run`, SIGTERM
    and SIGHUP raise SystemExit as Ctrl-C raises KeyboardInterrupt; from `run` until leaving they are only
    noted, so that nothing interrupts the orderly end. Use it in the main thread.
    """

    def __init__(self, data: Path, *, grace_seconds: float = 10.0, restarts_per_minute: int = 5) -> None:
        self._data = data
        self._grace = grace_seconds
        self._restarts_per_minute = restarts_per_minute
        self._token = secrets.token_hex(16)
        self._lock: FolderLock | None = None
        self._children: list[_Running] = []
        self._asked_to_stop = 0
        self._old_handlers: dict[signal.Signals, Any] = {}

    @property
    def _runtime_file(self) -> Path:
        return self._data / "run.json"

    def __enter__(self) -> Self:
        make_folder(self._data)
        self._lock = FolderLock.take(self._data / "run.lock")
        try:
            self._end_orphans()
        except BaseException:
            self._lock.release()
            raise
        for number in _SIGNALS:
            current = signal.getsignal(number)
            if current is signal.SIG_IGN:
                continue  # nohup, or a shell that protects its background jobs
            self._old_handlers[number] = current
            if number is not signal.SIGINT:
                signal.signal(number, _leave)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)
        self._old_handlers.clear()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def run(self, children: Sequence[Child], *, every_second: Callable[[], None] | None = None) -> int:
        """Start the children and stay until a signal asks to stop (returns 0) or an essential one keeps dying (1).

        A child that ends by itself is started again after a pause of 0.5 to 10 seconds (30 when it is not
        essential), an essential one at most `restarts_per_minute` times a minute. `every_second` may mend what
        else the run needs; an EmbeddedError from it ends the run with 1. A second signal while stopping skips the
        grace period.
        """
        self._children = [_Running(child) for child in children]
        waker, wake = os.pipe()
        os.set_blocking(waker, False)
        os.set_blocking(wake, False)
        for number in self._old_handlers:
            signal.signal(number, self._note)
        old_child_handler = signal.signal(signal.SIGCHLD, _ignore)
        old_wakeup = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        try:
            return self._watch(waker, every_second)
        finally:
            try:
                self._stop_all()
            finally:
                signal.set_wakeup_fd(old_wakeup)
                signal.signal(signal.SIGCHLD, old_child_handler)
                os.close(waker)
                os.close(wake)

    def _watch(self, waker: int, every_second: Callable[[], None] | None) -> int:
        next_look = time.monotonic() + 1.0
        while not self._asked_to_stop:
            for each in self._children:
                if each.process is not None and each.process.poll() is not None:
                    self._note_end(each)
                elif each.process is None and time.monotonic() >= each.due and not self._asked_to_stop:
                    self._start(each)
                if len(each.ends) > self._restarts_per_minute and not each.given_out:
                    often = f"{each.child.name} ended {len(each.ends)} times in a minute"
                    if each.child.essential:
                        _say(f"{often}: everything stops.")
                        return 1
                    _say(
                        f"{often}: the rest goes on, and it is tried again every {each.child.longest_pause:g} s."
                    )
                    each.given_out = True
            if every_second is not None and time.monotonic() >= next_look:
                try:
                    every_second()
                except EmbeddedError as error:
                    _say(f"{error} Everything stops.")
                    return 1
                next_look = time.monotonic() + 1.0
            with contextlib.suppress(InterruptedError):
                if select.select([waker], [], [], self._seconds_to_wait())[0]:
                    os.read(waker, 4096)
        return 0

    def _seconds_to_wait(self) -> float:
        pauses = [each.due - time.monotonic() for each in self._children if each.process is None]
        return max(0.0, min([1.0, *pauses]))

    def _start(self, running: _Running) -> None:
        child = running.child
        env = {**(os.environ if child.env is None else child.env), TOKEN_VARIABLE: self._token}
        try:
            running.process = subprocess.Popen(  # noqa: S603 - the caller names its own programs
                list(child.argv),
                env=env,
                stdin=subprocess.DEVNULL,
                # Its own group: the terminal's Ctrl-C reaches us only, and we end the children in order.
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        except OSError as error:
            if not running.given_out:
                _say(f"{child.name} cannot be started: {error.strerror}.")
            self._note_end(running)
            return
        running.started = time.monotonic()
        running.mark = mark(running.process.pid)
        self._remember()

    def _note_end(self, running: _Running) -> None:
        now = time.monotonic()
        if running.process is not None:
            self._end_group_of(running)
            if now - running.started >= _LIVED_LONG_SECONDS:
                running.pause, running.given_out = 0.5, False
            how = _how(running.process.returncode)
            if not running.given_out:
                _say(f"{running.child.name} {how}; it starts again after {running.pause:g} s.")
        running.ends = [*(moment for moment in running.ends if now - moment < 60), now]
        running.due = now + running.pause
        running.pause = min(running.pause * 2, running.child.longest_pause)
        running.process = None
        running.mark = None
        self._remember()

    def _stop_all(self) -> None:
        for each in reversed(self._children):
            if each.process is None:
                continue
            if each.process.poll() is None:
                # Only to the leader: it knows how its own workers end well.
                each.process.terminate()
                self._wait_for(each)
            self._end_group_of(each)
            each.process.wait()
            each.process = None
        # Workers may have left their group (a job of RQ does); all of them carry our token.
        _kill(carrying(TOKEN_VARIABLE, self._token))
        self._runtime_file.unlink(missing_ok=True)

    def _wait_for(self, running: _Running) -> None:
        deadline = time.monotonic() + self._grace
        while running.process is not None and running.process.poll() is None:
            if time.monotonic() >= deadline or self._asked_to_stop > 1:
                _say(f"{running.child.name} does not end: it is ended by force.")
                return
            time.sleep(0.02)

    def _end_group_of(self, running: _Running) -> None:
        """Kill what is left of the child's group.

        While we have not yet waited for its leader, the number of the group cannot be anybody else's;
        afterwards only members that carry our token are touched.
        """
        if running.process is None:
            return
        if running.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.process.pid, signal.SIGKILL)
            return
        left = [each for each in carrying(TOKEN_VARIABLE, self._token) if _group(each) == running.process.pid]
        _kill(left)

    def _remember(self) -> None:
        known = [asdict(each.mark) for each in self._children if each.mark is not None]
        write_private(self._runtime_file, json.dumps({"token": self._token, "children": known}))

    def _end_orphans(self) -> None:
        """End what a killed run left: known by number, beginning and command line, or by that run's token."""
        try:
            kept = json.loads(read_or_none(self._runtime_file) or "{}")
            token = str(kept.get("token", ""))
            known = [
                Mark(each["pid"], each["created"], tuple(each["cmdline"]))
                for each in kept.get("children", [])
            ]
        except (ValueError, TypeError, KeyError, AttributeError):
            token, known = "", []
        orphans = {each.pid: each for each in (carrying(TOKEN_VARIABLE, token) if token else [])}
        for each in known:
            now = mark(each.pid)
            if now is not None and is_alive(each) and now.cmdline == each.cmdline:
                orphans[each.pid] = now
        if orphans:
            _say(f"{len(orphans)} process(es) of an earlier run that was killed are ended first.")
            for orphan in orphans.values():
                send(orphan, signal.SIGTERM)
            _kill(wait_gone(orphans.values(), self._grace))
            _kill(carrying(TOKEN_VARIABLE, token) if token else [])
        self._runtime_file.unlink(missing_ok=True)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._asked_to_stop += 1


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was ended by signal {-code}"
    return f"ended with code {code}"


def _kill(processes: Sequence[Mark]) -> None:
    for each in processes:
        send(each, signal.SIGKILL)
    wait_gone(processes, 5.0)


def _group(process: Mark) -> int:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return 0


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """SIGCHLD only has to wake the loop."""


_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """Runs in the child: when the supervisor is killed, the kernel asks the child to end."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
