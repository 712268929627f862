"""Two at the same moment: nothing is doubled, nothing is lost, no number is skipped."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from spreekbuis.access.models import CaseKey
from spreekbuis.audit.trail import first_break
from spreekbuis.cases.dialogue import write_message
from spreekbuis.cases.finding import case_of_reporter
from spreekbuis.cases.models import Case, CaseCounter, Message
from spreekbuis.cases.opening import open_case
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.figures.models import Fact
from tests.cases.conftest import a_new_case

PEOPLE = 6


@pytest.fixture
def together(app, world):
    """Do the same work in six threads, each in its own transaction of the entity, started at the same moment."""

    def run(entity, work):
        start = Barrier(PEOPLE)

        def one(n):
            with app.app_context(), world.inside(entity):
                start.wait(timeout=10)
                return work(n)

        with ThreadPoolExecutor(PEOPLE) as pool:
            return list(pool.map(one, range(PEOPLE)))

    return run


def count(of):
    return db.session.scalar(select(func.count()).select_from(of))


def test_reports_at_once_get_numbers_without_gap_or_double(world, together):
    entity = world.entity()
    numbers = together(entity, lambda _: open_case(a_new_case()).number)
    assert sorted(numbers) == list(range(1, PEOPLE + 1))
    with world.inside(entity):
        assert count(Fact) == PEOPLE
        assert first_break() is None


def test_one_report_sent_six_times_at_once_is_one_case(world, together):
    entity, new = world.entity(), a_new_case()
    cases = together(entity, lambda _: open_case(new).number)
    assert cases == [1] * PEOPLE
    with world.inside(entity):
        assert (count(Case), count(Message), count(Fact), count(CaseKey)) == (1, 1, 1, 1)
        assert db.session.scalars(select(CaseCounter.last)).one() == 1


def test_messages_at_once_are_all_kept_and_the_same_form_is_one(world, together):
    entity, once = world.entity(), new_id()
    with world.inside(entity):
        case_id = open_case(a_new_case()).id

    def write(n):
        case = case_of_reporter(case_id, lock=True)
        key = world.key(entity, case_id)
        write_message(case, key, author="reporter", text=f"Bericht {n}", once=new_id())
        return write_message(case, key, author="reporter", text="Hetzelfde", once=once).id

    assert len(set(together(entity, write))) == 1
    with world.inside(entity):
        assert count(Message) == 1 + PEOPLE + 1
        assert first_break() is None
