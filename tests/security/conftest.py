"""What the security tests share: engines for each role, and a house with everybody in it, made once per module."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url

from spreekbuis.db.security import mapped_tables
from spreekbuis.intake import patience
from tests.conftest import SEEDED
from tests.security.house import House
from tests.security.rows import RowFactory, tenant_tables


@dataclass
class Engines:
    """Connections without the application: the superuser, the application's role, the figures role."""

    admin: Engine
    app: Engine
    figures: Engine


@pytest.fixture(scope="session")
def engines(database: dict[str, str]) -> Iterator[Engines]:
    admin = make_url(os.environ["SPREEKBUIS_TEST_ADMIN_URL"]).set(
        drivername="postgresql+psycopg", database=make_url(database["app"]).database
    )
    made = Engines(create_engine(admin), create_engine(database["app"]), create_engine(database["figures"]))
    yield made
    for engine in (made.admin, made.app, made.figures):
        engine.dispose()


def empty(connection: Connection) -> None:
    """Leave the register and nothing else."""
    names = ", ".join(f'"{name}"' for name in mapped_tables() if name not in SEEDED)
    connection.execute(text(f"TRUNCATE {names}"))


@dataclass
class TwoTenants:
    """Two entities with one row each in every tenant's table. `theirs` is the victim, `ours` the one who tries."""

    theirs: UUID
    ours: UUID
    rows: RowFactory


@pytest.fixture(scope="module")
def two(engines: Engines) -> Iterator[TwoTenants]:
    with engines.admin.begin() as connection:
        empty(connection)
        rows = RowFactory(connection)
        made = TwoTenants(rows.entity(), rows.entity(), rows)
        for table in tenant_tables():
            for entity_id in (made.theirs, made.ours):
                rows.row(table.__table__, entity_id)
    yield made
    with engines.admin.begin() as connection:
        empty(connection)


@pytest.fixture(scope="module")
def house(application: Flask, engines: Engines) -> Iterator[House]:
    """Two entities, everybody, and what they work on. A test that changes something uses `house.as_it_was()`."""
    with engines.admin.begin() as connection:
        empty(connection)
    made = House(application, engines.admin)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patience, "SLOWEST_ANSWER", 0.0)  # how slow it is, is asked elsewhere
        yield made
    made.leave()
    with engines.admin.begin() as connection:
        empty(connection)
