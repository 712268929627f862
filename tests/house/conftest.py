"""A database that the migrations made, unlike that of the other tests, which the models made."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import make_url

from spreekbuis.app import import_models
from spreekbuis.db.bootstrap import migrate, prepare


@pytest.fixture(scope="session")
def migrated() -> Iterator[Engine]:
    """As its owner."""
    import_models()
    admin = make_url(os.environ["SPREEKBUIS_TEST_ADMIN_URL"]).set(drivername="postgresql+psycopg")
    passwords = Path(os.environ["SPREEKBUIS_TEST_DATA"]) / "passwords"
    name = f"spreekbuis_migrated_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    lock = create_engine(admin, isolation_level="AUTOCOMMIT")
    with lock.connect() as connection:  # two workers must not alter the roles at once
        connection.exec_driver_sql("SELECT pg_advisory_lock(2)")
        addresses = prepare(os.environ["SPREEKBUIS_TEST_ADMIN_URL"], name, passwords)
        connection.exec_driver_sql("SELECT pg_advisory_unlock(2)")
    lock.dispose()
    migrate(addresses.owner)
    engine = create_engine(addresses.owner)
    yield engine
    engine.dispose()


@pytest.fixture
def catalogue(migrated: Engine) -> Iterator[Connection]:
    """A connection of the owner on which nothing stays."""
    with migrated.connect() as connection:
        yield connection
        connection.rollback()
