"""What a page that waits is told: at once when something changed, in short answers, and never with all threads."""

import pytest

from spreekbuis.clock import at
from spreekbuis.db.session import db
from spreekbuis.intake.chat import live
from spreekbuis.web.room import routes_of
from tests.conftest import REAL_LOOKS
from tests.intake.chat import OPEN, ChatAgent, Visitor, talking


def told(look, seen: str = "", sleep=lambda _: None) -> list[str]:
    return list(live.events(look, seen, sleep))


@pytest.fixture
def hold(monkeypatch):
    """An answer that lasts four looks."""
    monkeypatch.setattr(live, "LOOKS", 4)


@pytest.fixture
def own_places(monkeypatch):
    from threading import BoundedSemaphore

    monkeypatch.setattr(live, "_places", BoundedSemaphore(1))


def test_an_answer_tells_each_change_once_and_then_ends(hold, own_places):
    states = iter(["a", "a", "b", "b"])
    assert told(lambda: next(states)) == [
        "retry: 1000\n\n", "id: a\nevent: news\ndata: a\n\n", "id: b\nevent: news\ndata: b\n\n",
    ]  # fmt: skip


def test_what_the_page_knows_already_is_not_told_again(hold, own_places):
    assert told(lambda: "a", seen="a") == ["retry: 1000\n\n"]


def test_beyond_the_places_an_answer_comes_at_once_and_asks_to_come_back_later(own_places):
    first = live.events(lambda: "a", "", lambda _: None)
    next(first)  # it is open
    assert told(lambda: "a", sleep=pytest.fail) == ["retry: 5000\n\n", "id: a\nevent: news\ndata: a\n\n"]
    first.close()  # its reader went away
    assert told(lambda: "a")[0] == "retry: 1000\n\n"


def test_a_look_that_fails_gives_its_place_back(own_places):
    def broken() -> str:
        raise OSError

    for _ in range(2):
        with pytest.raises(OSError):
            told(broken)


def test_while_it_waits_it_holds_no_connection(world, hold, own_places, monkeypatch):
    with at(OPEN):
        visitor, agent = Visitor(world.browser()), ChatAgent(world)
        talking(visitor, agent)
        held, pool = [], db.engine.pool
        monkeypatch.setattr(live.events, "__defaults__", (lambda _: held.append(pool.checkedout()),))
        for browser, path in ((visitor.browser, "/chat/events"), (agent.browser, "/front/chat/events")):
            answer = browser.get(path)
            assert answer.mimetype == "text/event-stream"
            assert "talking-" in answer.text
    assert set(held) == {0}


def test_the_place_in_the_queue_is_news_too(world):
    with at(OPEN):
        first, second = (Visitor(world.browser()).join() for _ in range(2))
        before = second.browser.get("/chat/events").text
        first.leave()
        assert second.browser.get("/chat/events").text != before


def test_a_page_that_says_what_it_knows_hears_only_what_is_new(world):
    with at(OPEN):
        visitor = Visitor(world.browser()).join()
        told_first = visitor.browser.get("/chat/events").text
        known = told_first.partition("id: ")[2].partition("\n")[0]
        again = visitor.browser.get("/chat/events", headers={"Last-Event-ID": known})
        assert "event: news" not in again.text


def test_who_has_no_chat_gets_an_answer_at_once_that_tells_nothing_and_takes_no_place(world, hold):
    assert world.browser().get("/chat/events").text == "retry: 5000\n\nid: none\nevent: news\ndata: none\n\n"


def test_an_answer_is_shorter_than_each_sign_of_life(app):
    from spreekbuis.intake.chat.queue import AGENT_LOST, VISITOR_LOST, WAITER_LOST
    from spreekbuis.web import server

    seconds = REAL_LOOKS * live.LOOK_EVERY
    assert min(AGENT_LOST, VISITOR_LOST, WAITER_LOST).total_seconds() > seconds * 2
    assert server.graceful_timeout > seconds
    assert server.threads // 2 >= live.MOST_OPEN
    assert {r.endpoint for r in routes_of(app) if r.rule.endswith("/events")} == {
        "chat.events", "chat_desk.events",
    }  # fmt: skip
