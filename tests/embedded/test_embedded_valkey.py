"""The embedded Valkey, as a real server."""

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from spreekbuis.embedded import EmbeddedValkey, start_services
from spreekbuis.embedded.processes import working_in

PARENT = """
import sys, time
from pathlib import Path
from spreekbuis.embedded import EmbeddedValkey
server = EmbeddedValkey(Path(sys.argv[1]))
server.start()
print(server.pid)
time.sleep(600)
"""


@pytest.fixture
def valkey(folder: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(folder / "a folder with spaces")
    yield server
    server.discard()


def test_it_keeps_its_data_over_a_restart_and_a_kill(valkey, eventually):
    valkey.start()
    with redis.Redis.from_url(valkey.url) as client:
        client.set("queue", "kept")
    valkey.stop()
    assert working_in(valkey.folder, "valkey-server") == []
    valkey.start()
    with redis.Redis.from_url(valkey.url) as client:
        assert client.get("queue") == b"kept"
    os.kill(valkey.pid, signal.SIGKILL)
    eventually(lambda: valkey.pid is None)
    valkey.revive()
    with redis.Redis.from_url(valkey.url) as client:
        assert client.get("queue") == b"kept"


def test_it_wants_its_password_and_listens_on_loopback_only(valkey):
    valkey.start()
    for wrong in (None, "guessed"):
        at_once = Retry(NoBackoff(), 0)
        client = redis.Redis(port=valkey.port, password=wrong, retry=at_once)
        with client, pytest.raises(redis.AuthenticationError):
            client.ping()
    listening = [c.laddr for c in psutil.Process(valkey.pid).net_connections("inet") if c.status == "LISTEN"]
    assert listening == [("127.0.0.1", valkey.port)]
    assert valkey.password not in " ".join(psutil.Process(valkey.pid).cmdline())
    for name in ("password", "valkey.conf"):
        assert stat.S_IMODE((valkey.data / name).stat().st_mode) == 0o600


def test_an_orphan_is_adopted_and_then_ended(valkey, script, runs):
    parent = script(PARENT, valkey.data)
    orphan = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert runs(orphan)
    valkey.start()
    assert valkey.pid == orphan
    valkey.stop()
    assert not runs(orphan)


def test_an_unreadable_queue_file_is_set_aside(valkey):
    valkey.start()
    with redis.Redis.from_url(valkey.url) as client:
        client.set("queue", "kept")
    valkey.stop()
    for file in (valkey.folder / "appendonlydir").glob("*.incr.aof"):
        file.write_bytes(b"*3\r\n$3\r\nSET\r\nnonsense\r\n" + file.read_bytes())
    valkey.start()
    with redis.Redis.from_url(valkey.url) as client:
        assert client.get("queue") is None
    assert list(valkey.folder.glob("appendonlydir.broken-*"))


def test_only_missing_services_are_started(folder):
    given = start_services(folder, "postgresql://elsewhere/db", "redis://elsewhere")
    assert (given.admin_url, given.redis_url) == (None, "redis://elsewhere")
    given.stop()
    assert list(folder.iterdir()) == []
    services = start_services(folder, None, None, fsync=False)
    try:
        assert services.admin_url is not None
        assert services.admin_url.startswith("postgresql://postgres:")
        with redis.Redis.from_url(services.redis_url) as client:
            assert client.ping()
    finally:
        services.stop()
    assert working_in(folder / "postgres" / "cluster", "postgres") == []
    assert working_in(folder / "valkey", "valkey-server") == []
