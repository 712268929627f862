"""When the chat is open: Belgian time, with dates, set by the central office."""

from datetime import date, datetime, time, timedelta

import pytest

from spreekbuis.clock import BRUSSELS, at
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.errors import Invalid
from spreekbuis.intake.chat.hours import USUAL, Schedule, close_on, open_again_on, schedule, set_hours
from spreekbuis.web.access import Role

TUESDAY = date(2026, 11, 24)
NINE_TO_FIVE = Schedule({}, frozenset())


def on(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), BRUSSELS)


@pytest.mark.parametrize(
    ("moment", "open_then"),
    [
        (on(TUESDAY, 8, 59), False), (on(TUESDAY, 9), True), (on(TUESDAY, 16, 59), True), (on(TUESDAY, 17), False),
        (on(date(2026, 11, 28), 10), False),
        (on(date(2026, 3, 30), 9), True), (on(date(2026, 10, 26), 8, 59), False),  # after the clock was changed
    ],
)  # fmt: skip
def test_the_hours_are_those_of_brussels(moment, open_then):
    assert NINE_TO_FIVE.is_open(moment) is open_then


def test_the_next_opening_passes_over_closed_days_and_nights():
    thursday = date(2026, 12, 24)
    closed = Schedule({}, frozenset({date(2026, 12, 24), date(2026, 12, 25)}))
    assert NINE_TO_FIVE.next_opening(on(TUESDAY, 7)) == on(TUESDAY, 9)
    assert NINE_TO_FIVE.next_opening(on(TUESDAY, 12)) == on(date(2026, 11, 25), 9)
    assert closed.next_opening(on(thursday, 8)) == on(date(2026, 12, 28), 9)
    assert Schedule({date(2000, 1, 1): {}}, frozenset()).next_opening(on(TUESDAY, 7)) is None


def test_a_week_holds_from_its_day_on(app):
    with at(on(TUESDAY, 12)), transaction(PLATFORM):
        set_hours(TUESDAY + timedelta(days=7), {2: (time(13), time(15))})
        hours = schedule()
    assert hours.week_of(TUESDAY) == USUAL
    assert hours.hours_of(date(2026, 12, 1)) == (time(13), time(15))
    assert hours.hours_of(date(2026, 12, 2)) is None


def test_a_day_is_closed_and_opened_again(app):
    with at(on(TUESDAY, 12)), transaction(PLATFORM):
        for _ in range(2):
            close_on(TUESDAY)
        assert not schedule().is_open(on(TUESDAY, 12))
        open_again_on(TUESDAY)
        assert schedule().is_open(on(TUESDAY, 12))


def test_hours_that_end_before_they_begin_or_lie_in_the_past_are_refused(app):
    with at(on(TUESDAY, 12)), transaction(PLATFORM):
        with pytest.raises(Invalid) as wrong:
            set_hours(TUESDAY - timedelta(days=1), {1: (time(17), time(9))})
        assert set(wrong.value.errors) == {"until_1", "valid_from"}
        with pytest.raises(Invalid):
            close_on(TUESDAY - timedelta(days=1))


def test_the_central_office_sets_them_on_a_page_and_what_is_wrong_stays_in_the_form(world):
    with at(on(TUESDAY, 12)):
        office = world.browser(world.platform_member(Role.CENTRAL_ANALYST))
        typed = {"valid_from": "2026-11-24", "from_2": "13:30", "until_2": "19:45"}
        half = office.post("/central/chat-hours", {**typed, "until_2": ""})
        assert half.status_code == 422
        assert 'value="13:30"' in half.text
        for bad in ({"from_1": "25:00", "until_1": "x"}, {"valid_from": "gisteren"}):
            assert office.post("/central/chat-hours", {**typed, **bad}).status_code == 422
        assert office.post("/central/chat-hours", typed).status_code == 303
        assert 'value="19:45"' in office.get("/central/chat-hours").text
        assert "dinsdag 24 november 2026 om 13:30 uur" in world.browser().get("/chat").text
        office.post("/central/chat-hours/closed-days", {"day": "2026-12-25"})
        assert "25 december 2026" in office.get("/central/chat-hours").text
        office.post("/central/chat-hours/closed-days/open", {"day": "2026-12-25"})
        assert "25 december 2026" not in office.get("/central/chat-hours").text
        assert office.post("/central/chat-hours/closed-days", {"day": "nooit"}).status_code == 422
