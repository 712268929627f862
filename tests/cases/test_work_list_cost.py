"""The work list costs the same for 100 and for 100,000 cases: measured in pages that the database reads."""

import json
from uuid import UUID

import pytest
from sqlalchemy import text

from spreekbuis.cases.numbers import CaseNumber
from spreekbuis.cases.procedures import State
from spreekbuis.cases.work_list import Asked, Cursor, View, counts, listed
from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CaseKind, DeskKind
from tests.statements import statements_sent

MANY = 20_000
SEED = text("""
INSERT INTO "case" (entity_id, id, year, number, kind, topic, category, channel, identity, reporter_class,
language, desk_id, handler_id, state, received_at, closed_at, next_step, next_due_on, last_activity_at,
unread_by_desk, fact_id, version, procedure, procedure_version, waited_days, term_changes, next_task_on)
SELECT :entity, gen_random_uuid(), 2020, n, CASE WHEN n % 500 = 0 THEN
'information_request' ELSE 'report' END, 'integrity', CASE WHEN n % 400 = 0 THEN 'leak' ELSE 'fraud' END,
'web', 'named', 'staff', 'nl', CAST(:desk AS uuid), CASE WHEN n % 300 = 0 THEN CAST(:me AS uuid) WHEN n % 7 =
0 THEN NULL ELSE gen_random_uuid() END, CASE WHEN n % 250 = 0 THEN 'waiting_for_reporter' ELSE 'in_progress'
END, now(), CASE WHEN n % 2 = 0 AND n % 250 <> 0 AND n % 300 <> 0 AND n % 500 <> 0 AND n % 400 <> 0 THEN now()
- n * interval '1 minute' END, 'feedback', CAST(:today AS date) + (n % 400) - 3, now(), false,
gen_random_uuid(), 1, 'integrity_report', 1, 0, '{}',
CAST(:today AS date) + (n % 200) - 50 FROM generate_series(1, :many) AS n
""")


@pytest.fixture
def crowd(world, _cleaner):
    """An entity whose integrity desk has 20,000 cases, half of them closed, among other desks and
    entities."""
    me = new_id()
    entities = [world.entity(), world.entity()]
    for entity in entities:
        with world.inside(entity) as session:
            session.execute(
                SEED,
                {
                    "entity": entity.id,
                    "desk": entity.desks[DeskKind.INTEGRITY],
                    "me": me,
                    "today": today(),
                    "many": MANY,
                },
            )
    with _cleaner.connect() as connection:
        connection.execute(text('VACUUM ANALYZE "case"'))
    return entities[0], me


def plans_of(work):
    """The plans, with pages read, of every query that `work` does."""
    with statements_sent() as statements:
        work()
    connection = db.session.connection()
    plans = []
    for statement, parameters, _role in statements:
        if statement.startswith(("SELECT", "(SELECT")):
            found = connection.exec_driver_sql(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters
            )
            plan = found.scalar_one()
            plans.append((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"])
    assert plans, "the work asked nothing"
    return plans


def nodes(plan):
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def pages_read(plan):
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


ASKED = [
    *(Asked(view) for view in View),
    Asked(category="leak"),
    Asked(kind=CaseKind.INFORMATION_REQUEST),
    Asked(state=State.WAITING_FOR_REPORTER),
    Asked(number=CaseNumber(2020, 4321)),
    Asked(number=CaseNumber(2020, 4321, DeskKind.INTEGRITY)),
    Asked(View.LATE, category="fraud"),
    Asked(View.CLOSED, category="fraud"),
    Asked(View.CLOSED, kind=CaseKind.REPORT),
]


@pytest.mark.parametrize("desks", [(DeskKind.INTEGRITY,), (DeskKind.INTEGRITY, DeskKind.WELLBEING)])
def test_every_view_and_filter_reads_an_index_in_order_and_a_few_pages(world, crowd, desks):
    entity, me = crowd
    wanted = {entity.desks[kind] for kind in desks}
    for asked in ASKED:
        with world.inside(entity):
            plans = plans_of(lambda asked=asked: listed(wanted, me, asked, today()))
        for plan in plans:
            kinds = {node["Node Type"] for node in nodes(plan)}
            assert not kinds & {"Seq Scan", "Bitmap Heap Scan"}, (asked, kinds)
            assert pages_read(plan) < 150, (asked, pages_read(plan))


@pytest.mark.parametrize("view", [View.OPEN, View.CLOSED])
def test_a_page_deep_in_the_list_costs_no_more_than_the_first(world, crowd, view):
    entity, me = crowd
    desks = {entity.desks[DeskKind.INTEGRITY]}
    with world.inside(entity) as session:
        column = "closed_at" if view is View.CLOSED else "next_due_on"
        key, case_id = session.execute(
            text(
                f'SELECT {column}, id FROM "case" WHERE (closed_at IS NULL) = :open'
                " ORDER BY 1, 2 OFFSET 5000 LIMIT 1"
            ),
            {"open": view is View.OPEN},
        ).one()
    for backwards in (False, True):
        with world.inside(entity):
            cursor = Cursor(key, UUID(str(case_id)), backwards)
            (plan,) = plans_of(lambda cursor=cursor: listed(desks, me, Asked(view), today(), cursor))
        assert pages_read(plan) < 150
        assert "Sort" not in {node["Node Type"] for node in nodes(plan)}


@pytest.mark.parametrize("desks", [(DeskKind.INTEGRITY,), (DeskKind.INTEGRITY, DeskKind.WELLBEING)])
def test_counting_stops_at_a_hundred_in_one_query(world, crowd, desks):
    entity, me = crowd
    wanted = {entity.desks[kind] for kind in desks}
    with world.inside(entity):
        (plan,) = plans_of(lambda: counts(wanted, me, today()))
        found = counts(wanted, me, today())
    assert not {node["Node Type"] for node in nodes(plan)} & {"Seq Scan", "Bitmap Heap Scan"}
    assert pages_read(plan) < 1000
    assert max(found.values()) == 100
    assert found[View.MINE] == MANY // 300


def test_two_desks_are_merged_in_one_order(world, crowd):
    entity, me = crowd
    with world.inside(entity) as session:
        session.execute(
            text('UPDATE "case" SET desk_id = :desk WHERE number % 2 = 1'),
            {"desk": entity.desks[DeskKind.WELLBEING]},
        )
        page = listed(set(entity.desks.values()), me, Asked(), today())
        after = listed(set(entity.desks.values()), me, Asked(), today(), page.next)
        keys = [(row.key, row.id) for row in page.rows + after.rows]
        wanted = session.execute(
            text('SELECT next_due_on, id FROM "case" WHERE closed_at IS NULL ORDER BY 1, 2 LIMIT 50')
        ).all()
        back = listed(set(entity.desks.values()), me, Asked(), today(), after.previous)
    assert keys == [tuple(row) for row in wanted]
    assert back.rows == page.rows
