"""PostgreSQL or Redis is away at the moment of sending: what was written stays on the screen."""

from html import unescape

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from spreekbuis.db.session import db
from spreekbuis.intake import pace, patience
from tests.intake.flow import STORY, hidden, words

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def database_away(monkeypatch):
    """From here on no statement reaches PostgreSQL; gives the way back."""

    def refuse(*_args, **_kwargs):
        raise psycopg.OperationalError("the server closed the connection; host=db password=geheim")

    def away():
        monkeypatch.setattr(psycopg.Cursor, "execute", refuse)

    away.over = monkeypatch.undo
    return away


def test_a_report_that_is_sent_while_the_database_is_away_stands_there_to_be_sent_again(
    reporter, handler, database_away
):
    checked = reporter.check(reporter.start())
    database_away()
    page = reporter.send(checked)
    assert page.status_code == 503
    assert "even niet bereikbaar" in page.text
    assert STORY in unescape(page.text)
    assert "geheim" not in page.text
    database_away.over()
    again = reporter.browser.post(f"{reporter.at}/send", {**hidden(checked), **hidden(page), "text": STORY})
    assert len(words(again)) == 8
    assert len(handler.numbers()) == 1, "sent again it is one case"


def test_a_handler_who_writes_while_the_database_is_away_keeps_the_text(reporter, handler, database_away):
    reporter.report()
    (url,) = handler.numbers()
    page = handler.read(url)
    assert page
    fields = hidden(handler.browser.get(url))
    database_away()
    answer = handler.browser.post(
        f"{url}/write", {**fields, "to": "note", "text": "Een lange, moeilijke zin."}
    )
    assert answer.status_code == 503
    assert "Een lange, moeilijke zin." in answer.text
    database_away.over()
    assert handler.press(url, "write", to="note", text="Een lange, moeilijke zin.").status_code == 303


def test_a_form_of_another_site_gets_nothing_written_back(reporter, database_away):
    form = reporter.start()
    database_away()
    page = reporter.browser.post(
        f"{reporter.at}/send",
        {**form, "text": "Een tekst van elders."},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert page.status_code == 503
    assert "Een tekst van elders." not in page.text


def test_a_commit_that_fails_leaves_nothing_and_gives_the_story_back(reporter, handler, monkeypatch):
    checked = reporter.check(reporter.start())
    with monkeypatch.context() as for_now:

        def fails(*_args, **_kwargs):
            raise OperationalError("COMMIT", {}, Exception("the server closed the connection"))

        for_now.setattr(type(db.session()), "commit", fails)
        page = reporter.send(checked)
    assert page.status_code == 503
    assert STORY in page.text
    assert handler.numbers() == []
    assert len(words(reporter.send(checked))) == 8


def test_while_redis_is_away_reports_messages_and_wrong_words_are_answered(app, reporter, monkeypatch):
    monkeypatch.setitem(app.extensions, "pace", pace.Pace(NOWHERE, "secret"))
    monkeypatch.setitem(app.extensions, "patience", patience.Patience(NOWHERE, lambda _seconds: None))
    code = " ".join(words(reporter.report()))
    assert reporter.open_mailbox(" ".join(["fiets"] * 8)).status_code == 422
    assert reporter.open_mailbox(code).status_code == 303
    form = {**hidden(reporter.browser.get("/inbox")), "text": "En nog iets."}
    assert reporter.browser.post("/inbox/messages", form).status_code == 303
    assert "En nog iets." in reporter.browser.get("/inbox").text
