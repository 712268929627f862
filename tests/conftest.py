"""One PostgreSQL and one Valkey for the whole run, one database per worker, cleaned before each test that uses it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from spreekbuis.app import create_app
from spreekbuis.cases import numbers
from spreekbuis.db.bootstrap import migrate, prepare
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.security import mapped_tables
from spreekbuis.db.session import transaction
from spreekbuis.embedded.postgres import EmbeddedPostgres
from spreekbuis.embedded.valkey import EmbeddedValkey
from spreekbuis.identity import passwords
from spreekbuis.intake.chat import live
from spreekbuis.settings import Environment, Settings
from tests.world import World

SEEDED = {
    "policy_area",
    "organisation",
    "organisation_period",
    "policy_area_period",
    "policy_area_succession",
    "actor_kind",
    "actor",
    "procedure_version",
    "published_figure",
    "scope_rule",
    "questionnaire",
    "questionnaire_category",
    "questionnaire_version",
    "script",
}
SECRET = "a-secret-for-tests-only-and-long-enough-000"
REAL_WORK = passwords.WORK
"""What a try of a password costs in the product; programs that tests start pay it."""
passwords.WORK = passwords.Work(passes=1, memory=8, lanes=1)
"""Here many people sign in, and the strength of a password is asked in one test."""
numbers.UNUSED = 0.0
"""Here numbers run on, so that a test can say them; tests/cases/test_numbers.py asks for the gaps."""
REAL_LOOKS = live.LOOKS
live.LOOKS = 1
"""Nobody waits here for what is new; tests/intake/test_chat_live.py says what a page that waits is told."""
_servers: list[EmbeddedPostgres | EmbeddedValkey] = []


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or config.option.collectonly or "SPREEKBUIS_TEST_DATA" in os.environ:
        return
    data = Path(tempfile.mkdtemp(prefix="spreekbuis-tests-", dir="/var/tmp"))
    data.chmod(0o755)
    os.environ["SPREEKBUIS_TEST_DATA"] = str(data)
    postgres, valkey = EmbeddedPostgres(data / "postgres", fsync=False), EmbeddedValkey(data / "valkey")
    try:
        for server in (postgres, valkey):
            server.start()
            _servers.append(server)
        os.environ["SPREEKBUIS_TEST_ADMIN_URL"] = postgres.admin_url
        os.environ["SPREEKBUIS_TEST_REDIS_URL"] = valkey.url
        _make_template(postgres.admin_url, data)
    except BaseException:
        pytest_unconfigure(config)
        raise


def pytest_unconfigure(config: pytest.Config) -> None:
    for server in reversed(_servers):
        server.stop()
    if _servers:
        shutil.rmtree(os.environ["SPREEKBUIS_TEST_DATA"], ignore_errors=True)
        _servers.clear()


def _make_template(admin_url: str, data: Path) -> None:
    """The schema with the register, from which every worker's database is copied."""
    addresses = prepare(admin_url, "spreekbuis_template", data / "passwords")
    migrate(addresses.owner)
    app = create_app(_settings(addresses.app, addresses.figures, data), pool_size=1)
    with app.app_context():
        from spreekbuis.app import load_shared_data

        with transaction(PLATFORM):
            load_shared_data()
        from spreekbuis.db.session import db

        for engine in db.engines.values():
            engine.dispose()


def _settings(app_url: str, figures_url: str, data: Path) -> Settings:
    return Settings.from_environment(
        {
            "SPREEKBUIS_ENV": Environment.TEST, "SECRET_KEY": SECRET, "DATABASE_URL": app_url,
            "DATABASE_FIGURES_URL": figures_url, "REDIS_URL": os.environ["SPREEKBUIS_TEST_REDIS_URL"],
            "SPREEKBUIS_DATA": str(data), "BASE_URL": "http://localhost",
        }
    )  # fmt: skip


@pytest.fixture(scope="session")
def database(worker_id: str = "") -> dict[str, str]:
    """Addresses of this worker's own database, per role."""
    name = f"spreekbuis_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    data = Path(os.environ["SPREEKBUIS_TEST_DATA"])
    admin = make_url(os.environ["SPREEKBUIS_TEST_ADMIN_URL"]).set(drivername="postgresql+psycopg")
    engine = create_engine(admin, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT pg_advisory_lock(1)")
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql(
            f"CREATE DATABASE {name} TEMPLATE spreekbuis_template OWNER spreekbuis_owner"
        )
        # two transactions that wait for each other fail, and never hang
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET lock_timeout = '15s'")
        connection.exec_driver_sql("SELECT pg_advisory_unlock(1)")
    engine.dispose()

    def url(role: str) -> str:
        password = (data / "passwords" / role).read_text()
        return admin.set(username=role, password=password, database=name).render_as_string(
            hide_password=False
        )

    return {role: url(f"spreekbuis_{role}") for role in ("owner", "app", "figures", "backup")}


@pytest.fixture(scope="session")
def application(database: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The whole application on this worker's database."""
    return create_app(_settings(database["app"], database["figures"], tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="session")
def _cleaner(database: dict[str, str]) -> Iterator[object]:
    engine = create_engine(database["owner"], isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture
def app(application: Flask, _cleaner) -> Iterator[Flask]:
    """The application in an app context on a database that holds the register and nothing else."""
    names = ", ".join(f'"{t}"' for t in mapped_tables() if t not in SEEDED)
    with _cleaner.connect() as connection:
        connection.execute(text(f"TRUNCATE {names}"))
    with application.app_context():
        yield application


@pytest.fixture
def world(app: Flask) -> World:
    """Builders of entities, people and browsers."""
    return World(app)
