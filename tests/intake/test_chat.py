"""The chat: who is next, what happens when somebody falls away, and that nothing of a talk stays behind."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from datetime import date, timedelta
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from spreekbuis.clock import at
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.intake.chat import queue, talk
from spreekbuis.intake.chat.hours import close_on
from spreekbuis.intake.chat.models import Chat
from spreekbuis.intake.chat.queue import take_next
from spreekbuis.intake.chat.states import NobodyWaits
from spreekbuis.intake.chat.upkeep import tidy_chats
from tests.at_once import PATIENCE
from tests.intake.chat import OPEN, ChatAgent, Visitor, chats, everything, kept_secrets, lines, place, talking
from tests.intake.flow import field, words
from tests.intake.front import cases, counted, texts

T = TypeVar("T")
SECRET = "De directeur heeft de kas leeggehaald"


@pytest.fixture(autouse=True)
def _open(app) -> Iterator[None]:
    with at(OPEN):
        yield


@contextmanager
def after(**passed: float) -> Iterator[None]:
    with at(OPEN + timedelta(**passed)):
        yield


@pytest.fixture
def visitor(world):
    return Visitor(world.browser())


@pytest.fixture
def agent(world):
    return ChatAgent(world)


@pytest.fixture
def abb(world):
    return world.entity("OVO001835")


def at_once(deeds: list[Callable[[], T]]) -> list[T]:
    """Do these at the same moment, each in a thread of its own, at the time of the test."""
    with ThreadPoolExecutor(len(deeds)) as pool:
        begun = [pool.submit(copy_context().run, deed) for deed in deeds]
        return [one.result(PATIENCE) for one in begun]


def tidy() -> None:
    with transaction(PLATFORM):
        tidy_chats()


# --- the queue ---


def test_visitors_see_their_place_and_the_first_is_taken_first(world, agent):
    first, second, third = (Visitor(world.browser()) for _ in range(3))
    for number, visitor in enumerate((first, second, third)):
        with after(seconds=number):
            visitor.join()
    assert [place(v.page()) for v in (first, second, third)] == [1, 2, 3]
    assert "Er wachten 3 bezoekers." in agent.page()
    agent.take()
    assert "Je gesprek" in first.page()
    assert [place(v.page()) for v in (second, third)] == [1, 2]
    second.leave()
    assert place(third.page()) == 1


def test_a_double_click_and_a_second_tab_are_one_chat(visitor):
    form = {"token": field(visitor.browser.get("/chat"), "token")}
    for _ in range(2):
        visitor.browser.post("/chat", form)
    visitor.browser.post("/chat", {"token": "A" * 32})
    assert len(chats()) == 1


def test_an_agent_has_one_talk_at_a_time_also_after_a_double_click(world, agent):
    for _ in range(2):
        Visitor(world.browser()).join()
    assert [agent.take().location for _ in range(2)] == ["/front/chat", "/front/chat"]
    assert sorted(c.state for c in chats()) == ["talking", "waiting"]


def test_two_agents_at_the_same_moment_never_take_the_same(app, world, agent):
    other = ChatAgent(world)
    for _ in range(2):
        Visitor(world.browser()).join()

    def theirs() -> UUID:
        with app.app_context(), transaction(PLATFORM):
            return take_next(other.account_id).id

    with transaction(PLATFORM):
        mine = take_next(agent.account_id).id  # not committed yet
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(copy_context().run, theirs).result(PATIENCE) != mine


def test_many_agents_who_press_at_once_each_get_another_visitor(world):
    agents = [ChatAgent(world) for _ in range(4)]
    for _ in range(4):
        Visitor(world.browser()).join()
    at_once([lambda agent=agent: agent.take() for agent in agents for _ in range(2)])
    taken = [c.agent_id for c in chats() if c.state == "talking"]
    assert sorted(taken) == sorted(agent.account_id for agent in agents)


def test_an_agent_hears_that_nobody_waits(agent):
    assert "chat-nobody" in agent.take().location
    with pytest.raises(NobodyWaits), transaction(PLATFORM):
        take_next(agent.account_id)


def test_when_too_many_wait_a_visitor_is_told_calmly(world, visitor, monkeypatch):
    monkeypatch.setattr(queue, "MOST_WAITING", 1)
    Visitor(world.browser()).join()
    token = field(visitor.browser.get("/chat"), "token")
    answer = visitor.browser.post("/chat", {"token": token})
    assert answer.status_code == 503
    assert "Er wachten nu te veel mensen" in answer.text
    assert len(chats()) == 1


def test_when_many_wait_whoever_is_quick_waits_a_moment_and_then_joins(world, visitor):
    for _ in range(queue.CALM + 1):
        Visitor(world.browser()).join()
    token = field(visitor.browser.get("/chat"), "token")
    quick = visitor.browser.post("/chat", {"token": token})
    assert quick.status_code == 429
    assert "Wacht een minuut op deze pagina" in quick.text
    assert field(quick, "token") == token, "the page was open since then"
    with after(seconds=queue.EACH_MORE.total_seconds()):
        assert visitor.browser.post("/chat", {"token": token}).status_code == 303


def test_a_script_that_joins_and_does_not_come_back_holds_its_places_for_a_minute(
    world, visitor, monkeypatch
):
    monkeypatch.setattr(queue, "MOST_WAITING", 4)
    for _ in range(4):
        Visitor(world.browser()).join()
    assert visitor.browser.post("/chat", {"token": "x" * 40}).status_code == 503
    with after(seconds=61):
        visitor.join()


def test_outside_the_hours_the_visitor_reads_when_it_opens(visitor):
    with after(hours=10):
        page = visitor.page()
        assert "woensdag 25 november 2026 om 09:00 uur" in page
        assert 'name="token"' not in page
        refused = visitor.browser.post("/chat", {"token": "B" * 32})
        assert refused.status_code == 409
    assert chats() == []


def test_who_waits_when_the_chat_shuts_is_told_so(visitor):
    visitor.join()
    with transaction(PLATFORM):
        close_on(date(2026, 11, 24))
    assert "De chat sloot voor iemand je kon helpen" in visitor.page()
    assert not [c for c in chats() if c.key_locked]


# --- somebody falls away ---


def test_a_visitor_who_is_lost_leaves_the_queue(world, visitor):
    visitor.join()
    with after(seconds=50):
        later = Visitor(world.browser()).join()
    with after(seconds=65):
        tidy()
        assert place(later.page()) == 1
        assert "We hoorden je een tijd niet meer" in visitor.page()


def test_the_page_of_a_visitor_who_waits_is_a_sign_of_life(visitor):
    visitor.join()
    for minute in range(1, 30):
        with after(minutes=minute):
            visitor.browser.get("/chat/events")
    with after(minutes=30):
        assert place(visitor.page()) == 1


def test_an_agent_sees_that_the_other_may_be_gone(visitor, agent):
    talking(visitor, agent)
    assert "Misschien is die weg" not in agent.page()
    for seconds in (50, 100):
        with after(seconds=seconds):
            page = agent.page()
    assert "Misschien is die weg" in page


def test_when_the_agent_is_lost_the_talk_goes_to_the_front_and_another_reads_it(world, visitor, agent):
    talking(visitor, agent)
    visitor.say(SECRET)
    with after(seconds=30):
        later = Visitor(world.browser()).join()
    with after(seconds=70):
        page = visitor.page()
        assert "viel weg" in page
        assert SECRET in page
        assert place(later.page()) == 2
        assert visitor.say("En nog iets").status_code == 303
        other = ChatAgent(world)
        other.take()
        assert SECRET not in other.page(), "the visitor's own browser passes the key on"
        assert "viel weg" not in visitor.page()
        assert SECRET in other.page()
        assert "En nog iets" in other.page()
        assert SECRET not in agent.page()


def test_an_agent_who_comes_back_in_time_has_the_talk_again(visitor, agent):
    talking(visitor, agent)
    visitor.say(SECRET)
    with after(seconds=70):
        visitor.page()
        assert SECRET in agent.page()
        assert [c.state for c in chats()] == ["talking"]


def test_a_talk_survives_reloads_of_both(visitor, agent):
    talking(visitor, agent)
    visitor.say(SECRET)
    agent.say("Dat is moedig van je.")
    for page in (visitor.page(), visitor.page(), agent.page(), agent.page()):
        assert SECRET in page
        assert "Dat is moedig van je." in page


def test_a_talk_ends_after_two_hours_and_the_visitor_may_still_keep_it(visitor, agent):
    talking(visitor, agent)
    visitor.say(SECRET)
    with after(hours=2, seconds=1):
        assert "Wissen of bewaren?" in visitor.page()
        assert SECRET not in agent.page()


# --- what is said ---


def test_nobody_else_reads_what_is_said(world, visitor, agent):
    talking(visitor, agent)
    visitor.say(SECRET)
    stranger, other = Visitor(world.browser()), ChatAgent(world)
    for page in (stranger.page(), other.page()):
        assert SECRET not in page
    assert stranger.browser.get("/chat/part").text == ""
    assert SECRET not in everything()


def test_a_double_click_says_it_once(visitor, agent):
    talking(visitor, agent)
    once = str(uuid4())
    for _ in range(2):
        assert visitor.say("Hallo", once).status_code == 303
    assert lines() == 1
    visitor.say("Hallo?", once)
    assert lines() == 2


def test_what_is_too_long_too_fast_or_too_much_is_refused_and_stays_in_the_form(visitor, agent, monkeypatch):
    talking(visitor, agent)
    long = "a" * (talk.LONGEST_LINE + 1)
    answer = visitor.say(long)
    assert answer.status_code == 422
    assert long in answer.text
    assert visitor.say("").status_code == 422
    for number in range(talk.MOST_A_MINUTE):
        assert visitor.say(f"regel {number}").status_code == 303
    fast = visitor.say("en nog een")
    assert fast.status_code == 429
    assert "en nog een</textarea>" in fast.text
    monkeypatch.setattr(talk, "LONGEST_IN_ALL", 10)
    with after(minutes=1.5):
        visitor.page()
        assert agent.say("Een te lange zin").status_code == 409


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "{{ 7*7 }}", "\x00a", "' OR 1=1 --", "\u202eomgekeerd"]
)
def test_hostile_text_is_text(visitor, agent, hostile):
    talking(visitor, agent)
    visitor.say(hostile)
    page = agent.browser.get("/front/chat").text
    assert "<script>alert" not in page
    assert "49" not in re.findall(r'<p class="said">(.*?)</p>', page)
    assert len(re.findall(r'class="said"', page)) == 1


@pytest.mark.parametrize("cookie", ["", "x", "A" * 32, "é\x01", "a" * 3000])
def test_a_made_up_cookie_opens_nothing(world, visitor, agent, cookie):
    talking(visitor, agent)
    visitor.say(SECRET)
    thief = Visitor(world.browser())
    thief.browser.client.set_cookie("chat", cookie)
    assert SECRET not in thief.page()
    for path in ("/chat/lines", "/chat/stop", "/chat/leave", "/chat/keep"):
        assert thief.browser.post(path, {"text": "x"}).status_code == 303
    assert [c.state for c in chats()] == ["talking"]


def test_without_a_talk_an_agent_says_nothing_and_keeps_the_text(agent):
    assert agent.say("Hallo?").status_code == 409


def test_what_an_agent_types_before_the_visitor_is_connected_stays(visitor, agent):
    visitor.join()
    agent.take()
    answer = agent.say("Dag, hoe kan ik helpen?")
    assert answer.status_code == 409
    assert "Dag, hoe kan ik helpen?</textarea>" in answer.text
    visitor.page()
    assert agent.say("Dag, hoe kan ik helpen?").status_code == 303


# --- the end ---


def nothing_left() -> None:
    assert lines() == 0
    assert not [c for c in chats() if c.key_locked or c.key_for_agent or c.words_locked or c.length]


def test_when_the_visitor_stops_and_erases_nothing_is_left_but_the_count(visitor, agent):
    talking(visitor, agent)
    visitor.say(SECRET)
    secrets = kept_secrets()
    assert len(secrets) == 3
    assert all(secret in everything() for secret in secrets)
    visitor.stop()
    assert chats()[0].key_for_agent is None, "the agent's key goes with the talk"
    assert SECRET not in agent.page()
    visitor.leave()
    nothing_left()
    assert not [secret for secret in [*secrets, SECRET, SECRET.encode().hex()] if secret in everything()]
    assert counted() == []
    agent.finish()
    assert counted() == [("chat", "wellbeing", "answered", False)]
    with after(hours=2):
        tidy()
    assert chats() == []


def test_when_the_agent_ends_the_visitor_still_decides(visitor, agent):
    talking(visitor, agent)
    visitor.say(SECRET)
    agent.finish(filed="referred")
    assert SECRET not in agent.page()
    assert SECRET in visitor.page()
    with after(minutes=16):
        tidy()
        nothing_left()
        assert "Alles wat er stond, is gewist" in visitor.page()
    assert counted() == [("chat", "wellbeing", "referred", False)]


def test_a_talk_without_a_word_ends_at_once(visitor, agent):
    talking(visitor, agent)
    agent.finish()
    assert [c.state for c in chats()] == ["ended"]


def test_a_talk_that_nobody_files_is_counted_all_the_same(visitor, agent):
    talking(visitor, agent)
    visitor.say(SECRET)
    visitor.stop()
    visitor.leave()
    with after(hours=2):
        tidy()
    assert counted() == [("chat", "other", "answered", False)]


def test_a_message_sent_after_the_end_is_given_back(visitor, agent):
    talking(visitor, agent)
    visitor.say(SECRET)
    agent.finish()
    late = visitor.say("Wacht, nog een ding")
    assert late.status_code == 409
    assert "Wacht, nog een ding" in late.text


# --- keeping ---


def test_the_visitor_keeps_the_talk_in_a_case_with_words_that_open_it(world, visitor, agent, abb):
    talking(visitor, agent)
    visitor.say(SECRET)
    agent.say("Wil je dat bewaren?")
    visitor.stop()
    page = visitor.keep("ABB")
    (case,) = cases(world, abb)
    assert (case.channel, case.category, case.kind) == ("chat", "bullying", "new")
    ((author, text),) = texts(world, abb, case)
    assert author == "reporter"
    assert f"Ik: {SECRET}" in text
    assert "Medewerker: Wil je dat bewaren?" in text
    code = words(page)
    assert len(code) == 8
    assert words(visitor.browser.get("/chat")) == code, "a reload shows them again"
    assert lines() == 0
    inbox = world.browser()
    assert inbox.post("/inbox/open", {"code": " ".join(code)}).location == "/inbox"
    assert SECRET in inbox.get("/inbox").text
    visitor.leave()
    nothing_left()
    assert counted() == [("chat", "wellbeing", "case", True)]


def test_keeping_twice_is_one_case(world, visitor, agent, abb):
    talking(visitor, agent)
    visitor.say(SECRET)
    visitor.stop()
    assert words(visitor.keep("ABB")) == words(visitor.keep("ABB", "fraud"))
    assert len(cases(world, abb)) == 1


def test_keeping_twice_at_the_same_moment_is_one_case(world, visitor, agent, abb):
    talking(visitor, agent)
    visitor.say(SECRET)
    visitor.stop()
    at_once([lambda: visitor.keep("ABB")] * 3)
    assert len(cases(world, abb)) == 1
    assert len(words(visitor.browser.get("/chat"))) == 8


def test_a_line_and_the_end_at_the_same_moment_leave_a_talk_that_is_over(visitor, agent):
    talking(visitor, agent)
    visitor.say(SECRET)
    answers = at_once([lambda: visitor.say("En nog dit"), agent.finish, visitor.stop])
    assert all(answer is None or answer.status_code in (303, 409) for answer in answers)
    (chat,) = chats()
    assert (chat.state, chat.key_for_agent) == ("closing", None)
    visitor.leave()
    nothing_left()


def test_an_agent_who_filed_it_before_it_was_kept_does_not_count_it_twice(world, visitor, agent, abb):
    talking(visitor, agent)
    visitor.say(SECRET)
    agent.finish()
    visitor.keep("ABB")
    visitor.leave()
    with after(hours=3):
        tidy()
    assert counted() == [("chat", "wellbeing", "case", True)]


def test_the_duty_to_speak_is_read_first(world, visitor, agent, abb):
    talking(visitor, agent)
    visitor.say(SECRET)
    visitor.stop()
    page = visitor.keep("ABB", "fraud")
    assert page.status_code == 422
    assert "Hier geldt spreekplicht" in page.text
    assert cases(world, abb) == []
    assert len(words(visitor.keep("ABB", "fraud", duty="yes"))) == 8


def test_where_nobody_takes_reports_nothing_is_lost(world, visitor, agent):
    world.entity("OVO001835", entitled=False)
    talking(visitor, agent)
    visitor.say(SECRET)
    visitor.stop()
    for entity in ("ABB", "bestaat niet", ""):
        assert visitor.keep(entity).status_code == 422
    assert SECRET in visitor.page()


def test_nobody_keeps_the_talk_of_somebody_else_or_one_that_goes_on(world, visitor, agent, abb):
    talking(visitor, agent)
    visitor.say(SECRET)
    visitor.keep("ABB")
    Visitor(world.browser()).keep("ABB")
    assert cases(world, abb) == []
    assert [c.state for c in chats()] == ["talking"]


def test_the_rows_of_a_chat_say_nothing_of_the_case_it_became(world, visitor, agent, abb):
    talking(visitor, agent)
    visitor.say(SECRET)
    visitor.stop()
    visitor.keep("ABB")
    (case,) = cases(world, abb)
    with transaction(PLATFORM) as session:
        row = session.scalars(select(Chat)).one()
        kept = {row.id, row.agent_id}
    assert case.id not in kept
    assert str(abb.id) not in str(vars(row))
