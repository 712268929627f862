"""Real servers in folders of their own. Every test ends what it started; a last look proves it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from spreekbuis.embedded import EmbeddedPostgres


def _open_folder() -> Path:
    """A folder that every account may pass through; the one of pytest is closed to all but root."""
    made = Path(tempfile.mkdtemp(prefix="spreekbuis-test-", dir="/var/tmp"))
    made.chmod(0o755)
    return made


@pytest.fixture
def folder() -> Iterator[Path]:
    made = _open_folder()
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """One server for all tests that only look or that leave it running."""
    made = _open_folder()
    server = EmbeddedPostgres(made / "postgres", fsync=False)
    server.start()
    yield server
    server.discard()
    shutil.rmtree(made)


@pytest.fixture
def fresh_postgres(folder: Path) -> Iterator[EmbeddedPostgres]:
    """A server of the test's own, not started."""
    server = EmbeddedPostgres(folder / "postgres", fsync=False)
    yield server
    server.discard()


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with us. It must survive."""
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    yield process
    assert process.poll() is None, "a foreign process was ended"
    process.kill()
    process.wait()


Script = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def script() -> Iterator[Script]:
    """Run Python code in a process group of its own; its output is a pipe of lines."""
    started: list[subprocess.Popen[str]] = []

    def run(code: str, *arguments: object, **env: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", code, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
            env={**os.environ, **env},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    def wait(condition: Callable[[], object], seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.02)

    return wait


@pytest.fixture
def runs() -> Callable[[int], bool]:
    """Whether a process runs; a zombie does not."""

    def look(pid: int) -> bool:
        try:
            return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    return look
