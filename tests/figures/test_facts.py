"""Writing facts: each change counts once, whatever is rolled up between."""

import threading
from contextlib import suppress
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import Outcome
from spreekbuis.figures.facts import ContactFact, contributions, record_case, record_contact
from spreekbuis.figures.roll_up import Difference, rebuild, restructure, roll_up, roll_up_all, verify
from tests.figures.samples import case, count

SHOWN = text("""
    SELECT dimension, value, sum(n) AS n, sum(total) AS total FROM (
        SELECT dimension, value, n, total FROM figure_cell UNION ALL
        SELECT dimension, value, n, total FROM figure_delta) AS t
    GROUP BY dimension, value HAVING sum(n) <> 0 OR sum(total) <> 0""")


def shown(world, entity) -> dict:
    with world.inside(entity) as session:
        return {(row.dimension, row.value): (row.n, row.total) for row in session.execute(SHOWN)}


def test_a_new_case_counts_in_each_of_its_dimensions(world):
    entity = world.entity()
    count(world, entity, case(score=4, outcome="founded", days_to_acknowledge=8))
    assert shown(world, entity) == {
        ("cases", "all"): (1, 0), ("kind", "report"): (1, 0), ("topic_of_reports", "wellbeing"): (1, 0),
        ("category", "bullying"): (1, 0), ("channel", "phone"): (1, 0), ("reporter_class", "staff"): (1, 0),
        ("identity", "confidential"): (1, 0), ("desk", "wellbeing"): (1, 0), ("status", "open"): (1, 0),
        ("outcome", "founded"): (1, 0), ("month", "03"): (1, 0), ("score", "4"): (1, 4),
        ("acknowledged", "late"): (1, 0),
    }  # fmt: skip


def test_an_acknowledgement_on_the_seventh_day_is_in_time():
    assert (2014, "acknowledged", "in_time") in contributions(case(days_to_acknowledge=7))
    assert (2014, "acknowledged", "late") in contributions(case(days_to_acknowledge=8))
    assert not [cell for cell in contributions(case()) if cell[1] == "acknowledged"]


def test_the_topic_counts_for_reports_only():
    topics = [c for c in contributions(case(kind="information_request")) if c[1] == "topic_of_reports"]
    assert topics == []


def test_a_correction_writes_only_what_changed(world):
    entity = world.entity()
    (fact_id,) = count(world, entity, case(kind="new"))
    roll_up_all()
    with world.inside(entity):
        record_case(fact_id, case(kind="report"))
    with world.inside(entity) as session:
        rows = session.execute(text("SELECT dimension, value, n FROM figure_delta")).all()
    assert sorted(map(tuple, rows)) == [
        ("kind", "new", -1), ("kind", "report", 1), ("topic_of_reports", "wellbeing", 1),
    ]  # fmt: skip
    assert verify() == []


def test_writing_the_same_fact_again_writes_nothing(world):
    entity = world.entity()
    (fact_id,) = count(world, entity, case())
    roll_up_all()
    with world.inside(entity):
        record_case(fact_id, case())
    assert roll_up() == 0


def test_a_time_that_no_table_shows_is_kept_in_the_fact(world):
    entity = world.entity()
    (fact_id,) = count(world, entity, case())
    with world.inside(entity):
        record_case(fact_id, case(days_to_close=40))
    with world.inside(entity) as session:
        assert session.execute(text("SELECT days_to_close FROM fact")).scalar_one() == 40


def test_a_case_that_moves_to_another_year_leaves_the_old_one(world):
    entity = world.entity()
    (fact_id,) = count(world, entity, case(year=2014))
    with world.inside(entity):
        record_case(fact_id, case(year=2015))
    roll_up_all()
    with world.inside(entity) as session:
        rows = session.execute(text("SELECT year, n FROM figure_cell WHERE dimension = 'cases'")).all()
    assert sorted(map(tuple, rows)) == [(2014, 0), (2015, 1)]
    assert verify() == []


def test_nothing_remains_of_a_fact_whose_transaction_fails(world):
    entity = world.entity()
    with suppress(ZeroDivisionError), world.inside(entity):
        record_case(uuid4(), case(), new=True)
        raise ZeroDivisionError
    assert shown(world, entity) == {}


def test_without_a_tenant_nothing_is_recorded(world):
    with pytest.raises(LookupError):
        record_case(uuid4(), case(), new=True)


FACTS = st.builds(
    case,
    year=st.sampled_from([2013, 2014]), month=st.integers(1, 12),
    kind=st.sampled_from(["new", "report", "information_request"]),
    topic=st.sampled_from(["wellbeing", "integrity", "private"]),
    outcome=st.none() | st.sampled_from([outcome.value for outcome in Outcome]),
    score=st.none() | st.integers(1, 5), days_to_acknowledge=st.none() | st.integers(0, 20),
    damage_cents=st.none() | st.integers(0, 10**12), recovered_cents=st.none() | st.integers(0, 10**12),
    follow_up=st.none() | st.sampled_from(["forensic_audit", "with_court"]),
)  # fmt: skip
STEPS = st.lists(
    st.tuples(st.sampled_from(["case", "contact"]), st.integers(0, 1), st.integers(0, 3), FACTS)
    | st.just("roll up") | st.just("roll up one"),
    max_size=25,
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_totals_equal_the_recount_whatever_is_written_and_rolled_up(world, steps):
    if not world._used:
        world.entities = [world.entity("OVO990001"), world.entity("OVO990002")]
        world.facts = {
            (kind, e, i): uuid4() for kind in ("case", "contact") for e in (0, 1) for i in range(4)
        }
    for step in steps:
        if step == "roll up":
            roll_up_all()
        elif step == "roll up one":
            roll_up(1)
        else:
            kind, which, number, fact = step
            with world.inside(world.entities[which]):
                fact_id = world.facts[kind, which, number]
                if kind == "case":
                    record_case(fact_id, fact)
                else:
                    record_contact(fact_id, ContactFact(fact.year, fact.month, fact.channel))
    assert verify() == []


def test_two_roll_ups_at_once_count_everything_once(world):
    entities = [world.entity(), world.entity()]
    for entity in entities:
        count(world, entity, *[case(month=month) for month in range(1, 13)])
    moved = []

    def run() -> None:
        with world.app.app_context():
            moved.append(roll_up_all())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(moved) == 2 * 12 * 10
    assert verify() == []


def test_writers_of_one_tenant_do_not_wait_for_each_other(world):
    entity = world.entity()
    first, second = count(world, entity, case(), case())
    with world.inside(entity):
        record_case(first, case(score=5))
        with world.inside(entity) as other:
            other.execute(text("SET LOCAL lock_timeout = '1s'"))
            record_case(second, case(score=5))
            record_case(uuid4(), case(), new=True)
    assert verify() == []


def test_a_tampered_total_is_found_and_rebuilt(world):
    entity = world.entity()
    count(world, entity, case(score=5), case(score=3), ContactFact(2014, 1, "phone"))
    roll_up_all()
    with db.engines["figures"].begin() as figures:
        figures.execute(text("UPDATE figure_cell SET total = 9 WHERE dimension = 'score' AND value = '5'"))
        figures.execute(text("DELETE FROM figure_total WHERE dimension = 'contacts' AND scope = 'all'"))
    found = verify()
    assert Difference(entity.ovo, 2014, "score", "5", 1, 1, 5, 9) in found
    assert Difference("all", 2014, "contacts", "phone", 1, 0, 0, 0) in found
    rebuild()
    assert verify() == []


def test_after_a_move_to_another_policy_area_the_totals_of_the_areas_follow(world):
    entity = world.entity("OVO990001")
    count(world, entity, case())
    roll_up_all()
    with world.inside(entity) as session:
        session.execute(text("UPDATE entity SET policy_area = 'MOW' WHERE id = :id"), {"id": entity.id})
    assert {difference.place for difference in verify()} == {"now:OMG", "now:MOW"}
    restructure()
    assert verify() == []
    with db.engines["figures"].connect() as figures:
        rows = figures.execute(text("SELECT scope, n FROM figure_total WHERE dimension = 'cases'")).all()
    assert dict(map(tuple, rows)) == {"all": 1, "now:OMG": 0, "now:MOW": 1, "then:OMG": 1}


def test_a_rebuild_swallows_deltas_that_wait(world):
    entity = world.entity()
    count(world, entity, case())
    rebuild()
    assert roll_up() == 0
    assert verify() == []
