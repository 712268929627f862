"""Spreekbuis as a stranger runs it: `spreekbuis run` in a data folder of its own, commands beside it, its mailbox."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

import psutil

T = TypeVar("T")
SPREEKBUIS = [sys.executable, "-m", "spreekbuis.cli"]
PATIENCE = 90
"""Seconds after which something that has to happen does not happen."""


def until(look: Callable[[], T], what: str) -> T:
    """Look again and again until there is something to see; gives it."""
    give_up = time.monotonic() + PATIENCE
    while not (seen := look()):
        assert time.monotonic() < give_up, f"waited {PATIENCE} seconds for {what}"
        time.sleep(0.05)
    return seen


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_a_terminal_starts_it() -> None:
    """With Ctrl-C in force: a shell that runs the tests in the background hands it down as ignored, and a run obeys."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Installation:
    """One data folder and one port. `start` waits until it is ready to serve."""

    def __init__(self) -> None:
        # Not pytest's own folder: PostgreSQL runs as an unprivileged account and has to get in.
        self.data = Path(tempfile.mkdtemp(prefix="spreekbuis-browser-", dir="/var/tmp"))
        self.data.chmod(0o755)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = self.data / "run.log"
        self.process: subprocess.Popen[bytes] | None = None

    def _env(self) -> dict[str, str]:
        own = (
            "SPREEKBUIS",
            "DATABASE",
            "REDIS",
            "SECRET",
            "BASE_URL",
            "SMTP",
            "STORAGE",
            "CLAMD",
            "MAX_",
            "PORT",
        )
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(own)}
        return {**inherited, "SPREEKBUIS_DATA": str(self.data), "PORT": str(self.port)}

    def start(self, *, demo: bool = False) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*SPREEKBUIS, "run", "--demo" if demo else "--empty"],
                env=self._env(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=_as_a_terminal_starts_it,
            )  # fmt: skip
        until(self._is_ready_or_ended, "the server to be ready")
        assert self.process.poll() is None, f"it ended by itself:\n{self.log.read_text()}"

    def _is_ready_or_ended(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            return True
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def run_again(self, port: int | None = None) -> subprocess.CompletedProcess[str]:
        """`spreekbuis run` once more on the same data, or on another port; for what has to be refused."""
        env = {**self._env(), "PORT": str(port or self.port)}
        return subprocess.run(
            [*SPREEKBUIS, "run", "--empty"],
            env=env,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def command(self, *words: str) -> str:
        """A command of the administrator in another terminal; what it says."""
        done = subprocess.run(
            [*SPREEKBUIS, *words],
            env=self._env(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"spreekbuis {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def mail(self, to: str, subject: str) -> str:
        """The text of the mail that this address gets, once it has come."""

        def arrived() -> str:
            for file in sorted((self.data / "mailbox").glob("*.eml")):
                mail = message_from_bytes(file.read_bytes(), policy=policy.default)
                assert isinstance(mail, EmailMessage)
                if mail["To"] == to and subject in mail["Subject"]:
                    return str(mail.get_content())
            return ""

        return until(arrived, f"the mail '{subject}' to {to}")

    def processes(self) -> list[psutil.Process]:
        """Everything that runs on this data folder: ours, the database's, Redis's. Ours close their memory, and with it
        their environment, to other processes of an ordinary user: those are found by their parents."""
        found, ours = [], set[int]()
        if self.process is not None:
            try:
                run = psutil.Process(self.process.pid)
                ours = {run.pid, *(child.pid for child in run.children(recursive=True))}
            except psutil.Error:
                ours = set()
        for each in psutil.process_iter():
            try:
                words = " ".join(each.cmdline())
                inside = (
                    each.pid in ours
                    or str(self.data) in words
                    or each.environ().get("SPREEKBUIS_DATA") == str(self.data)
                )
                if inside and each.status() != psutil.STATUS_ZOMBIE:
                    found.append(each)
            except psutil.Error:
                continue
        return found

    def kill_everything(self) -> list[str]:
        """What a power cut does. Gives the names of what ran."""
        killed = self.processes()
        names = [" ".join(each.cmdline()) for each in killed]
        for each in killed:
            each.kill()
        if self.process is not None:
            self.process.wait(PATIENCE)
        psutil.wait_procs(killed, timeout=PATIENCE)
        return names

    def stop(self) -> None:
        """Ctrl-C, as the terminal sends it: everything ends well, and nothing stays behind."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        try:
            ended = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            still = [" ".join(each.cmdline()) for each in self.processes()]
            raise AssertionError(
                f"does not end; running: {still}; log: {self.log.read_text()[-3000:]}"
            ) from None
        assert ended in (0, 130)
        left = [" ".join(each.cmdline()) for each in self.processes()]
        assert not left, f"still running after Ctrl-C: {left}"

    def discard(self) -> None:
        """Remove the folder; whatever a failed test left running is ended first, by its own number."""
        self.kill_everything()
        shutil.rmtree(self.data, ignore_errors=True)
