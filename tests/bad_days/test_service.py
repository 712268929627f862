"""The entity leaves the service, or its contribution lapsed: nothing new comes in, and nothing is stranded."""

from datetime import timedelta
from html import unescape

import pytest

from spreekbuis.cases import reminders
from spreekbuis.clock import at, now, today
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.models import Entity, EntityStatus
from tests.intake.flow import STORY, hidden, words
from tests.keeping.conftest import run_all_jobs

LEFT = {"status": EntityStatus.LEFT, "service_until": None}
LAPSED = {"service_until": today() - timedelta(days=1)}
NEVER_PAID = {"service_until": None}


def becomes(entity, changes):
    with transaction(PLATFORM) as session:
        row = session.get_one(Entity, entity.id)
        for name, value in changes.items():
            setattr(row, name, value)


@pytest.fixture(params=[LEFT, LAPSED, NEVER_PAID], ids=["left", "lapsed", "not paid"])
def end(entity, request):
    """What makes the service of the entity end."""
    return lambda: becomes(entity, request.param)


def test_new_reports_stop_and_the_page_says_where_else_to_go(entity, reporter, handler, end):
    form = reporter.start()
    checked = reporter.check(form)
    end()
    page = reporter.browser.get(reporter.at)
    assert page.status_code == 200
    assert "is op dit moment niet aangesloten bij Spreekbuis" in unescape(page.text)
    for way_on in ("/chat", f"/o/{entity.ovo}/signpost", "Vlaamse Ombudsdienst"):
        assert way_on in unescape(page.text), way_on
    # Who was typing just then gets the words back, on each step.
    for page in (reporter.check(form), reporter.send(checked)):
        assert page.status_code == 409
        assert STORY in page.text
    assert handler.numbers() == []


def test_open_cases_are_finished_as_if_nothing_happened(entity, reporter, handler, mails, end):
    code = " ".join(words(reporter.report()))
    (url,) = handler.numbers()
    end()
    # The reporter reads and writes.
    assert reporter.open_mailbox(code).status_code == 303
    inbox = reporter.browser.get("/inbox")
    sent = reporter.browser.post("/inbox/messages", {**hidden(inbox), "text": "Komt er nog iets van?"})
    assert sent.status_code == 303
    # Terms run, and the desk is reminded.
    with at(now() + timedelta(days=6)):
        with transaction(PLATFORM):
            reminders.remind()
        run_all_jobs()
    assert [subject for _, subject in mails if "termijn" in subject]
    # The handler reads, answers and closes.
    assert "Komt er nog iets van?" in handler.read(url)
    assert handler.press(url, "kind", kind="report").status_code == 303
    assert handler.press(url, "acknowledge", acknowledgement="We lazen het.").status_code == 303
    assert handler.press(url, "close", outcome="founded", closing="Zo is het afgesproken.").status_code == 303
    assert handler.numbers("closed") == [url]
    assert "Zo is het afgesproken." in reporter.browser.get("/inbox").text


def test_who_comes_back_to_the_service_takes_reports_again(entity, reporter, handler, end):
    end()
    assert reporter.browser.get(reporter.at).status_code == 200
    becomes(entity, {"status": EntityStatus.ACTIVE, "service_until": today() + timedelta(days=30)})
    assert len(words(reporter.report())) == 8
    assert len(handler.numbers()) == 1
