"""The chain of the audit trail: whoever changes a row, adds one or takes one away is seen."""

import os

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from spreekbuis.audit.commands import commands
from spreekbuis.audit.trail import Audited, first_break, record


@pytest.fixture
def trail(world):
    """An entity with three audited events."""
    entity = world.entity()
    for year in (2024, 2025, 2026):
        with world.inside(entity):
            record(Audited.CONTRIBUTION_SET, entity.id, {"year": year})
    return entity


@pytest.fixture
def superuser(database):
    """Somebody whom no policy binds."""
    url = make_url(os.environ["SPREEKBUIS_TEST_ADMIN_URL"])
    engine = create_engine(
        url.set(drivername="postgresql+psycopg", database=make_url(database["app"]).database)
    )
    yield engine
    engine.dispose()


def test_a_trail_that_nobody_touched_is_whole(world, trail):
    with world.inside(trail):
        assert first_break() is None


@pytest.mark.parametrize(
    ("touch", "place"),
    [
        ("UPDATE audit_event SET data = '{\"year\": 1999}' WHERE sequence = 2", 2),
        ("UPDATE audit_event SET actor = 'job' WHERE sequence = 1", 1),
        ("DELETE FROM audit_event WHERE sequence = 2", 2),
        ("DELETE FROM audit_event WHERE sequence = 3", 3),
        ("UPDATE audit_head SET sequence = 4", 4),
    ],
)
def test_a_touched_trail_is_seen_and_where(world, trail, superuser, touch, place):
    with superuser.begin() as connection:
        connection.execute(text(touch))
    with world.inside(trail):
        assert first_break() == place


def test_the_command_follows_every_trail(app, trail, superuser):
    answer = CliRunner().invoke(commands, ["verify"], obj=lambda: app)
    assert answer.exit_code == 0, answer.output
    assert "2 trails are whole" in answer.output
    with superuser.begin() as connection:
        connection.execute(text("UPDATE audit_event SET kind = 'case.read' WHERE sequence = 3"))
    answer = CliRunner().invoke(commands, ["verify"], obj=lambda: app)
    assert answer.exit_code == 1
    assert f"{trail.ovo}: broken at 3" in answer.output
