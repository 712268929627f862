"""What an administrator got wrong is told in one sentence, with exit code 2; roles of others are left alone."""

import os
import shutil
import subprocess
import sys

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from spreekbuis.db.bootstrap import DatabaseNotReady, prepare

CLI = [sys.executable, "-m", "spreekbuis.cli"]
DEAD = "postgresql://a:geheim@127.0.0.1:1/b"


def refusal(folder, *words: str, **env: str) -> str:
    """What the command says while it refuses."""
    clean = {
        k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "SPREEKBUIS", "PORT", "REDIS"))
    }
    done = subprocess.run(
        [*CLI, *words], env={**clean, "SPREEKBUIS_DATA": str(folder / "data"), **env}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    told = done.stderr.strip()
    assert done.returncode == 2, told
    assert told.startswith("spreekbuis cannot start: ")
    assert "\n" not in told
    assert "geheim" not in told
    return told.removeprefix("spreekbuis cannot start: ")


@pytest.mark.parametrize("port", ["abc", "99999", "0", "-1", "٣"])
def test_a_port_that_is_none_is_told(folder, port):
    assert refusal(folder, "run", PORT=port) == "PORT must be a whole number from 1 to 65535."


def test_an_address_that_is_none_is_told_without_its_password(folder):
    other, broken = "mysql://a:geheim@b/c", "postgresql://a:geheim@b:poort/c"
    assert refusal(folder, "run", DATABASE_URL=other).startswith("DATABASE_URL must be a database address")
    assert refusal(folder, "run", DATABASE_URL=broken).startswith("DATABASE_URL is not a database address")


def test_a_database_that_cannot_be_reached_is_told(folder):
    told = refusal(folder, "run", DATABASE_URL=DEAD, REDIS_URL="redis://127.0.0.1:1")
    assert told.startswith("the database cannot be used: ")
    settings = {
        "SPREEKBUIS_ENV": "test", "SECRET_KEY": "x" * 40, "DATABASE_URL": DEAD, "DATABASE_FIGURES_URL": DEAD,
        "DATABASE_OWNER_URL": DEAD, "REDIS_URL": "redis://127.0.0.1:1",
    }  # fmt: skip
    for command in ("worker", "migrate"):
        assert refusal(folder, command, **settings).startswith("the database cannot be used: ")


def test_a_database_that_does_not_exist_is_told(folder, postgres):
    url = make_url(postgres.admin_url).set(database="bestaat_niet").render_as_string(hide_password=False)
    told = refusal(folder, "run", DATABASE_URL=url, REDIS_URL="redis://127.0.0.1:1")
    assert 'database "bestaat_niet" does not exist' in told


def test_a_second_data_folder_does_not_lock_out_the_first_installation(folder, fresh_postgres):
    fresh_postgres.start()
    first, second = folder / "first", folder / "second"
    made = prepare(fresh_postgres.admin_url, "spreekbuis", first)
    with pytest.raises(DatabaseNotReady, match="another installation uses the roles"):
        prepare(fresh_postgres.admin_url, "other", second)
    assert not second.exists(), "a refusal leaves no passwords with which the next attempt would pass"
    engine = create_engine(made.app)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    engine.dispose()

    again = prepare(fresh_postgres.admin_url, "spreekbuis", first)
    assert again == made
    beside = prepare(fresh_postgres.admin_url, "other", first)
    assert make_url(beside.app).database == "other"
    shutil.copytree(first, second)
    assert prepare(fresh_postgres.admin_url, "spreekbuis", second) == made
