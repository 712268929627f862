"""What the figures role may see: granted columns of facts and the totals. Nothing else."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from spreekbuis.db.security import mapped_tables
from spreekbuis.db.session import db
from spreekbuis.figures.models import Fact
from spreekbuis.figures.roll_up import roll_up_all
from tests.figures.samples import case, count

OPEN_TO_FIGURES = {
    "fact",
    "figure_delta",
    "figure_cell",
    "figure_total",
    "published_figure",
    "entity",
    "policy_area",
    "policy_area_period",
    "organisation_period",
    "office_contact",
}


def as_figures(statement: str):
    with db.engines["figures"].connect() as connection:
        result = connection.execute(text(statement))
        return result.all() if result.returns_rows else []


def test_the_figures_role_reads_the_granted_columns_of_all_facts(world):
    count(world, world.entity(), case())
    count(world, world.entity(), case())
    assert len(as_figures(f"SELECT {', '.join(Fact.figures_columns)} FROM fact")) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM fact", "SELECT * FROM fact", "SELECT xmin FROM fact", "SELECT ctid FROM fact",
        "DELETE FROM fact", "UPDATE fact SET year = 1", "INSERT INTO fact SELECT * FROM fact",
        "INSERT INTO figure_delta SELECT * FROM figure_delta", "UPDATE figure_delta SET n = 0",
        "SELECT kbo FROM organisation_period", "UPDATE policy_area_period SET name = ''",
        "SELECT created_at FROM entity", "SELECT service_until FROM entity", "UPDATE entity SET name = ''",
        "DELETE FROM published_figure", "SELECT topic FROM office_contact", "CREATE TABLE mine (a int)",
    ],
)  # fmt: skip
def test_the_figures_role_may_nothing_else_with_its_tables(world, statement):
    with pytest.raises(ProgrammingError, match="permission denied"):
        as_figures(statement)


def test_the_figures_role_can_open_no_other_table(world):
    for name in set(mapped_tables()) - OPEN_TO_FIGURES:
        with pytest.raises(ProgrammingError, match="permission denied"):
            as_figures(f'SELECT count(*) FROM "{name}"')


def test_an_entity_sees_its_own_cells_and_no_total_across_entities(world):
    mine, other = world.entity(), world.entity()
    count(world, mine, case())
    count(world, other, case())
    roll_up_all()
    count(world, other, case())
    with world.inside(mine) as session:
        for table in ("fact", "figure_cell", "figure_delta"):
            owners = {row.entity_id for row in session.execute(text(f"SELECT entity_id FROM {table}"))}
            assert owners <= {mine.id}
        session.rollback()
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(text("SELECT * FROM figure_total"))


@pytest.mark.parametrize("table", ["figure_cell", "figure_delta"])
@pytest.mark.parametrize("change", ["UPDATE {} SET n = 0", "DELETE FROM {}", "TRUNCATE {}"])
def test_an_entity_cannot_change_its_totals(world, table, change):
    mine = world.entity()
    with world.inside(mine) as session:
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(text(change.format(table)))
        session.rollback()


def test_an_entity_cannot_write_facts_of_another(world):
    mine, other = world.entity(), world.entity()
    with world.inside(mine) as session:
        for table, columns in {
            "figure_delta": "entity_id, id, year, dimension, value, n, total",
            "fact": "entity_id, id, year, subject, channel, month, score",
        }.items():
            row = text(f"INSERT INTO {table} ({columns}) VALUES (:e, :e, 2014, 'case', 'x', 1, 1)")
            with pytest.raises(ProgrammingError, match="row-level security"):
                session.execute(row, {"e": other.id})
            session.rollback()
