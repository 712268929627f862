"""What the embedded PostgreSQL and Valkey have in common: one server, one folder, one port on loopback."""

import abc
import contextlib
import logging
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import ClassVar

from spreekbuis.embedded.account import Account
from spreekbuis.embedded.errors import EmbeddedError, ServerUnavailable
from spreekbuis.embedded.folder import FolderLock, make_folder, password_in, read_or_none, write_private
from spreekbuis.embedded.ports import any_free_port, is_free
from spreekbuis.embedded.processes import (
    Mark,
    is_alive,
    mark,
    send,
    server_environment,
    wait_gone,
    working_in,
)

log = logging.getLogger(__name__)

_LOG_BYTES_KEPT = 5_000_000


class EmbeddedServer(abc.ABC):
    """A server that belongs to a data folder.

    It outlives a killed parent, so the next start looks for it by working folder and command line, never by a
    remembered process number. Found healthy and as we would start it: adopted. Otherwise: ended and started
    again. While another process of ours owns it, `start` borrows it: the URL works, `stop` leaves it running.
    """

    title: ClassVar[str]
    program: ClassVar[str]  # as the kernel names the process
    stop_signals: ClassVar[tuple[tuple[signal.Signals, float], ...]]  # each with the seconds to wait for it
    start_seconds: ClassVar[float] = 120.0

    def __init__(self, data: Path) -> None:
        self.data = data
        self._account = Account()
        self._lock: FolderLock | None = None
        self._process: Mark | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._borrowed = False

    # What each server tells about itself

    @property
    @abc.abstractmethod
    def folder(self) -> Path:
        """Working folder of the server's processes, and part of its command line."""

    @abc.abstractmethod
    def _prepare(self) -> None:
        """Make ready for `_argv`: choose account and programs, make password and folder on first use."""

    @abc.abstractmethod
    def _argv(self) -> list[str]: ...

    @abc.abstractmethod
    def _answers(self) -> bool:
        """Whether the server on our port accepts our password and works."""

    @abc.abstractmethod
    def _configure(self) -> None:
        """Called right before a launch, when the port is chosen and nothing of this server runs."""

    def _is_current(self, process: Mark) -> bool:
        """Whether a running server has the settings that a launch would give it."""
        return list(process.cmdline) == self._argv()

    def _repair(self) -> bool:
        """Called when the server refused to start; True when something was mended: then it is tried again."""
        return False

    # The life of a server

    @property
    def port(self) -> int:
        """The remembered port; 0 when none was chosen yet."""
        kept = read_or_none(self.data / "port") or ""
        return int(kept) if kept.isdecimal() and int(kept) < 65536 else 0

    @property
    def password(self) -> str:
        return password_in(self.data / "password")

    @property
    def log_file(self) -> Path:
        return self.data / "server.log"

    @property
    def pid(self) -> int | None:
        """Process number of the server that we own; None when it does not run or is borrowed."""
        return self._process.pid if self._process is not None and self._lives() else None

    def start(self) -> None:
        """Return when the server answers. Raises ServerUnavailable or FolderNotOurs."""
        if self._borrowed or self._lives():
            return
        make_folder(self.data)
        if self._lock is None and not self._own_or_borrow():
            return
        try:
            self._prepare()
            if not self._adopt():
                self._launch()
        except BaseException:
            with contextlib.suppress(EmbeddedError):  # the first error says more
                self.stop()
            raise

    def stop(self) -> None:
        """End the server that we own, and nothing else. May be called twice."""
        self._borrowed = False
        if self._lock is None:
            return
        try:
            if self._process is not None:
                self._end(self._process)
                self._process = None
            self._end_leftovers()
        finally:
            self._lock.release()
            self._lock = None

    def revive(self) -> None:
        """Start the server again when it died. Raises ServerUnavailable when it cannot return on its port."""
        if self._lock is None or self._borrowed or self._lives():
            return
        log.warning("%s stopped by itself: it is started again.", self.title)
        port = self.port
        self.start()
        if self.port != port:
            raise ServerUnavailable(f"{self.title} cannot return on port {port}: another program took it.")

    def discard(self) -> None:
        """Stop, and remove the data folder with all that is in it."""
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def _lives(self) -> bool:
        self._reap()
        return self._process is not None and is_alive(self._process)

    def _reap(self) -> None:
        if self._child is not None:
            self._child.poll()

    def _own_or_borrow(self) -> bool:
        """True when the folder is ours now; False when a server of another process answers."""
        deadline = time.monotonic() + self.start_seconds
        while time.monotonic() < deadline:
            self._lock = FolderLock.take_or_none(self.data / "lock")
            if self._lock is not None:
                return True
            if self.port and self._answers():
                self._borrowed = True
                return False
            time.sleep(0.1)
        raise ServerUnavailable(
            f"{self.title} of {self.data} is held by another process but does not answer. Stop that process."
        )

    def _running(self) -> tuple[Mark | None, list[Mark]]:
        """The server's main process, and whatever else of it is left in its folder."""
        if not self.folder.is_dir():
            return None, []
        found = working_in(self.folder, self.program)
        named = str(self.folder.resolve())
        main = next((each for each in found if any(named in word for word in each.cmdline[1:])), None)
        return main, [each for each in found if each != main]

    def _adopt(self) -> bool:
        main, _ = self._running()
        if main is None:
            return False
        program = Path(main.cmdline[0])
        unchanged = program.is_file() and program.stat().st_ctime <= main.created
        if unchanged and self._is_current(main) and self._answers():
            log.info("%s of an earlier run still works: it is used again.", self.title)
            self._process = main
            return True
        self._end(main)
        return False

    def _launch(self) -> None:
        self._end_leftovers()
        for _ in range(4):
            if not (self.port and is_free(self.port)):
                write_private(self.data / "port", str(any_free_port()))
            self._configure()
            if self._try_launch():
                return
            # Another program may have taken the port between our look and the server's start.
            if is_free(self.port) and not self._repair():
                break
        raise ServerUnavailable(
            f"{self.title} did not start. The end of {self.log_file}:\n{self._log_tail()}"
        )

    def _try_launch(self) -> bool:
        self._shorten_log()
        with self.log_file.open("ab") as output:
            self.log_file.chmod(0o600)
            self._child = subprocess.Popen(  # noqa: S603 - our own command line
                self._argv(),
                cwd=self.folder,
                env=server_environment(),
                user=self._account.uid,
                group=self._account.gid,
                extra_groups=self._account.extra_groups,
                umask=0o077,
                # Its own session: the terminal's Ctrl-C reaches us only, and we stop it in order.
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._process = mark(self._child.pid)
        deadline = time.monotonic() + self.start_seconds
        while time.monotonic() < deadline:
            if self._child.poll() is not None:
                self._process = None
                return False
            if self._answers():
                # Marked again: only now its command line is surely its own.
                self._process = mark(self._child.pid)
                return True
            time.sleep(0.03)
        if self._process is not None:
            self._end(self._process)
        return False

    def _end(self, process: Mark) -> None:
        for number, seconds in self.stop_signals:
            send(process, number)
            if not wait_gone([process], seconds, self._reap):
                break
        else:
            raise ServerUnavailable(f"{self.title} (process {process.pid}) cannot be ended.")

    def _end_leftovers(self) -> None:
        """A killed main process leaves helpers for a moment. No new server may start beside them."""
        main, others = self._running()
        if main is not None:
            self._end(main)
        for each in wait_gone(others, 3.0):
            send(each, signal.SIGKILL)
        if wait_gone(others, 5.0):
            raise ServerUnavailable(f"Processes of an earlier {self.title} cannot be ended.")

    def _shorten_log(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self.log_file.stat().st_size > _LOG_BYTES_KEPT:
                self.log_file.replace(self.log_file.with_suffix(".log.1"))

    def _log_tail(self) -> str:
        try:
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-12:])
        except OSError:
            return "(no log)"
