"""The transaction of a request: all of it, or nothing, and never for one tenant what was opened for another."""

import pytest
from sqlalchemy import select

from spreekbuis.clock import now
from spreekbuis.db.scope import NOBODY, PLATFORM, current
from spreekbuis.db.session import db, transaction
from spreekbuis.errors import Conflict
from spreekbuis.jobs.models import ScheduleMark
from spreekbuis.web.access import Audience
from spreekbuis.web.door import enter
from spreekbuis.web.room import Route

ROUTE = Route("home.start", "/", "GET", Audience.EVERYONE, tenant=False, transactional=True)


def marks() -> list[str]:
    with transaction(PLATFORM) as session:
        return list(session.scalars(select(ScheduleMark.name)))


def writing(answer):
    def view():
        db.session.add(ScheduleMark(name="visited", last_at=now()))
        db.session.flush()
        if isinstance(answer, Exception):
            raise answer
        return answer

    return view


@pytest.mark.parametrize("answer", [("", 200), ("", 303)])
def test_what_a_page_wrote_stays_when_the_page_is_given(app, answer):
    with app.test_request_context("/"):
        enter(ROUTE, writing(answer), {})
    assert marks() == ["visited"]


@pytest.mark.parametrize("answer", [("", 400), ("", 404), ("", 409), ("", 422), ("", 500)])
def test_an_answer_that_says_no_leaves_nothing(app, answer):
    with app.test_request_context("/"):
        enter(ROUTE, writing(answer), {})
    assert marks() == []


@pytest.mark.parametrize("error", [Conflict(), ValueError("x"), KeyboardInterrupt()])
def test_an_error_leaves_nothing_and_no_scope(app, error):
    with app.test_request_context("/"):
        with pytest.raises(type(error)):
            enter(ROUTE, writing(error) if isinstance(error, Exception) else _interrupted, {})
        assert current() == NOBODY
    assert marks() == []


def _interrupted():
    db.session.add(ScheduleMark(name="visited", last_at=now()))
    db.session.flush()
    raise KeyboardInterrupt
