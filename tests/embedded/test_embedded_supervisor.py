"""The supervisor: it ends its own children, all of them, and nobody else."""

import json
import os
import signal
import socket
from pathlib import Path

import pytest

from spreekbuis.embedded import Child, FolderBusy, PortBusy, Supervisor, free_port_or_explain
from spreekbuis.embedded.ports import is_free
from spreekbuis.embedded.processes import mark

# Starts shell commands as children; each tells its number in a file of its name.
SUPERVISED = """
import sys
from pathlib import Path
from spreekbuis.embedded import Child, FolderBusy, Supervisor
data, grace, *commands = sys.argv[1:]
children = [Child(f"c{n}", ["sh", "-c", f'echo $$ >> "$0"/c{n}; {command}', data])
            for n, command in enumerate(commands)]
try:
    with Supervisor(Path(data), grace_seconds=float(grace), restarts_per_minute=2) as supervisor:
        sys.exit(supervisor.run(children))
except FolderBusy as error:
    sys.exit(str(error))
"""


def numbers(folder: Path, name: str) -> list[int]:
    try:
        return [int(word) for word in (folder / name).read_text().split()]
    except FileNotFoundError:
        return []


def test_ctrl_c_ends_every_child_in_reverse_order_and_nobody_else(
    folder, script, eventually, runs, bystander
):
    command = "trap 'echo $$ >> \"$0\"/ended; exit 0' TERM; while :; do sleep 0.02; done"
    supervisor = script(SUPERVISED, folder, 5, command, command)
    eventually(lambda: numbers(folder, "c0") and numbers(folder, "c1"))
    (first,), (second,) = numbers(folder, "c0"), numbers(folder, "c1")
    assert os.getpgid(first) not in (os.getpgid(second), os.getpgid(supervisor.pid))
    os.killpg(supervisor.pid, signal.SIGINT)  # what the terminal does
    assert supervisor.wait(10) == 0
    assert numbers(folder, "ended") == [second, first]
    assert not runs(first)
    assert not runs(second)
    assert not (folder / "run.json").exists()


def test_a_child_that_does_not_listen_is_ended_by_force_with_its_whole_family(
    folder, script, eventually, runs
):
    stubborn = "trap '' TERM; setsid sh -c 'echo $$ > \"$0\"/far; exec sleep 600' \"$0\" & sleep 600"
    supervisor = script(SUPERVISED, folder, 0.3, stubborn)
    eventually(lambda: numbers(folder, "c0") and numbers(folder, "far"))
    supervisor.terminate()
    assert supervisor.wait(10) == 0
    assert not runs(numbers(folder, "c0")[0])
    assert not runs(numbers(folder, "far")[0])


def test_a_child_that_died_is_started_again(folder, script, eventually, runs):
    supervisor = script(SUPERVISED, folder, 5, "exec sleep 600")
    eventually(lambda: numbers(folder, "c0"))
    os.kill(numbers(folder, "c0")[0], signal.SIGKILL)
    eventually(lambda: len(numbers(folder, "c0")) == 2)
    assert runs(numbers(folder, "c0")[1])
    supervisor.terminate()
    assert supervisor.wait(10) == 0
    assert "c0 was ended by signal 9; it starts again after 0.5 s." in supervisor.stdout.read()


def test_a_child_that_keeps_dying_ends_the_run_and_says_so(folder, script, runs):
    supervisor = script(SUPERVISED, folder, 5, "exec sleep 600", "exit 3")
    assert supervisor.wait(15) == 1
    assert "c1 ended 3 times in a minute: everything stops." in supervisor.stdout.read()
    assert not runs(numbers(folder, "c0")[0])


def test_a_program_that_does_not_exist_ends_the_run_and_says_so(folder, capfd):
    with Supervisor(folder, restarts_per_minute=1) as supervisor:
        assert supervisor.run([Child("ghost", ["/nonexistent/program"])]) == 1
    assert "ghost cannot be started: No such file or directory." in capfd.readouterr().err


def test_children_end_with_a_killed_supervisor_or_at_the_next_start(
    folder, script, eventually, runs, bystander
):
    polite, stubborn = "exec sleep 600", "trap '' TERM; while :; do sleep 0.05; done"
    supervisor = script(SUPERVISED, folder, 0.3, polite, stubborn)
    eventually(lambda: numbers(folder, "c0") and numbers(folder, "c1"))
    eventually(lambda: len(json.loads((folder / "run.json").read_text())["children"]) == 2)
    supervisor.kill()
    supervisor.wait()
    (first,), (second,) = numbers(folder, "c0"), numbers(folder, "c1")
    eventually(lambda: not runs(first))
    assert runs(second)
    with Supervisor(folder, grace_seconds=0.3):
        assert not runs(second)


def test_a_stale_file_with_the_number_of_another_process_harms_nobody(folder, bystander):
    now = mark(bystander.pid)
    assert now is not None
    for created, cmdline in ((now.created - 100, now.cmdline), (now.created, ("gunicorn", "spreekbuis"))):
        known = [{"pid": now.pid, "created": created, "cmdline": cmdline}]
        (folder / "run.json").write_text(json.dumps({"token": "of-a-run-long-ago", "children": known}))
        with Supervisor(folder):
            assert bystander.poll() is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"children": [1]}', '{"children": [{"pid": 1}]}'])
def test_a_damaged_file_is_no_obstacle(folder, content):
    (folder / "run.json").write_text(content)
    with Supervisor(folder):
        assert not (folder / "run.json").exists()


def test_two_runs_do_not_share_a_data_folder(folder, script):
    with Supervisor(folder):
        second = script(SUPERVISED, folder, 1)
        assert second.wait(10) == 1
        assert f"already runs with the data folder {folder} (process {os.getpid()})" in second.stdout.read()
        with pytest.raises(FolderBusy):
            Supervisor(folder).__enter__()
    with Supervisor(folder):
        pass


def test_a_busy_port_is_explained_with_a_free_one():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortBusy) as caught:
            free_port_or_explain(port)
        assert caught.value.port == port
        assert is_free(caught.value.suggestion)
        assert f"try PORT={caught.value.suggestion}" in str(caught.value)
    free_port_or_explain(port)
