import pytest
from sqlalchemy import func, select

from spreekbuis.cases.models import Attachment, Case, Message
from spreekbuis.db.session import db
from tests.intake.flow import PDF, PNG, STORY, Reporter, hidden, words


@pytest.fixture
def entity(world):
    return world.entity()


@pytest.fixture
def reporter(world, entity):
    return Reporter(world.browser(), entity)


def count(world, entity, table=Case) -> int:
    with world.inside(entity):
        return db.session.scalar(select(func.count()).select_from(table))


def test_a_report_gives_a_receipt_of_eight_words_and_one_case(world, entity, reporter):
    receipt = reporter.report()
    assert receipt.status_code == 200
    assert len(words(receipt)) == 8
    with world.inside(entity):
        case = db.session.scalars(select(Case)).one()
        assert (case.category, case.identity, case.reporter_class) == ("bullying", "anonymous", "staff")
        assert case.reporter_sealed is None
        assert db.session.scalars(select(Message)).one().body_sealed.endswith(STORY.encode())


def test_sending_twice_shows_the_same_receipt_and_opens_no_second_case(world, entity, reporter):
    checked = reporter.check(reporter.start())
    first, second = reporter.send(checked), reporter.send(checked)
    assert words(first) == words(second)
    assert count(world, entity) == 1
    assert "niets dubbel verstuurd" in second.text
    assert "niets dubbel verstuurd" not in first.text
