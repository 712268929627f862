from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from spreekbuis.cases.models import Case
from spreekbuis.db.base import Base
from spreekbuis.db.session import db
from tests.intake.flow import Reporter
from tests.world import Tenant, World


@pytest.fixture
def entity(world: World) -> Tenant:
    return world.entity()


@pytest.fixture
def reporter(world: World, entity: Tenant) -> Reporter:
    return Reporter(world.browser(), entity)


@pytest.fixture
def count(world: World, entity: Tenant) -> Callable[..., int]:
    """How many rows the entity has: cases when nothing else is named."""

    def counted(table: type[Base] = Case) -> int:
        with world.inside(entity):
            return db.session.scalar(select(func.count()).select_from(table)) or 0

    return counted
