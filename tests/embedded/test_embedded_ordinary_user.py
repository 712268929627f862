"""The same as an ordinary user, who has no other account to lend."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import spreekbuis.embedded

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="every other test here already ran as an ordinary user"
)

WALK = """
import os, sys
from pathlib import Path
import psutil, psycopg
from spreekbuis.embedded import FolderNotOurs, EmbeddedPostgres, start_services
data = Path(sys.argv[1])
for _ in range(2):
    services = start_services(data, None, None, fsync=False)
    with psycopg.connect(services.admin_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    for server in (services._postgres, services._valkey):
        assert psutil.Process(server.pid).uids().real == os.getuid() != 0
        assert server.folder.is_relative_to(data.resolve())
    services.stop()
try:
    EmbeddedPostgres(data.parent / "of-root").start()
except FolderNotOurs as error:
    print(error)
"""


def readable_python() -> list[str] | None:
    """A command for this interpreter, or one of the same version, that an ordinary user can run."""
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        command = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", python]
        try:
            if (
                subprocess.run([*command, "-c", "0"], cwd="/", check=False, capture_output=True).returncode
                == 0
            ):
                return command
        except OSError:
            return None
    return None


def test_an_ordinary_user_runs_everything_alone(folder: Path):
    command = readable_python()
    if command is None or not shutil.which("setpriv"):
        pytest.skip("no Python that an ordinary user of this machine can run")
    (folder / "data").mkdir()
    os.chown(folder / "data", 1000, 1000)
    (folder / "of-root").mkdir()
    paths = [*spreekbuis.embedded.__path__[:1], *sys.path]
    paths[0] = str(Path(paths[0]).parents[1])
    walked = subprocess.run(
        [*command, "-c", WALK, str(folder / "data")],
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": ":".join(paths), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert walked.returncode == 0, walked.stderr
    assert "cannot be used by this user" in walked.stdout
