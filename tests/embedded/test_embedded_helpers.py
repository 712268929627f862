"""A child without which the run goes on."""

import json
import os
import signal
import socket

from spreekbuis.embedded import EmbeddedValkey, Services
from spreekbuis.embedded.ports import is_free

# `web` is essential, `worker` not; both tell in a file that they began. Pauses are short so that nothing waits.
SUPERVISED = """
import sys
from pathlib import Path
from spreekbuis.embedded import supervisor
from spreekbuis.embedded import Child, Supervisor
supervisor._LONGEST_PAUSE_OF_A_HELPER_SECONDS = 0.5
data, helper, essential = sys.argv[1:]
began = 'echo x >> "$0"/%s; '
children = [Child("worker", ["sh", "-c", began % "worker" + helper, data], essential=False),
            Child("web", ["sh", "-c", began % "web" + essential, data])]
with Supervisor(Path(data), grace_seconds=5, restarts_per_minute=2) as running:
    sys.exit(running.run(children))
"""


def begins(folder, name: str) -> int:
    try:
        return len((folder / name).read_text().split())
    except FileNotFoundError:
        return 0


def test_a_worker_that_keeps_dying_is_tried_again_and_the_web_server_stays(folder, script, eventually):
    supervisor = script(SUPERVISED, folder, "exit 3", "exec sleep 600")
    eventually(lambda: begins(folder, "worker") >= 6)
    assert supervisor.poll() is None
    assert begins(folder, "web") == 1
    assert len(json.loads((folder / "run.json").read_text())["children"]) >= 1
    supervisor.terminate()
    assert supervisor.wait(10) == 0
    said = supervisor.stdout.read()
    assert said.count("worker ended 3 times in a minute: the rest goes on") == 1
    assert said.count("worker ended with code 3") == 3, "after that it is no news"


def test_a_web_server_that_keeps_dying_still_ends_the_run(folder, script):
    supervisor = script(SUPERVISED, folder, "exec sleep 600", "exit 3")
    assert supervisor.wait(15) == 1
    assert "web ended 3 times in a minute: everything stops." in supervisor.stdout.read()


def test_a_valkey_that_cannot_return_does_not_end_the_run_and_that_is_said_once(
    folder, eventually, runs, caplog
):
    valkey = EmbeddedValkey(folder / "valkey")
    valkey.start()
    port = valkey.port
    services = Services(None, valkey.url, None, valkey)
    try:
        os.kill(valkey.pid, signal.SIGKILL)
        eventually(lambda: valkey.pid is None and is_free(port))
        with socket.create_server(("127.0.0.1", port)):
            services.revive()
            services.revive()
    finally:
        services.stop()
    assert [line.getMessage() for line in caplog.records if line.levelname == "ERROR"] == [
        f"Valkey cannot return on port {port}: another program took it."
        " Mails and other work wait until Spreekbuis is started again."
    ]
