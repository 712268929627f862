"""What was on a day: periods, and what differs between two histories."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreekbuis.directory.models import OPEN_ENDED, SINCE_EVER
from spreekbuis.directory.timeline import (
    DAY,
    History,
    OrganisationState,
    Period,
    differences,
    gap,
    joined,
    moved,
    on,
    told_from,
    until,
)

START = date(2000, 1, 1)
OMG = OrganisationState("Omgeving", "DOMG", None, "OMG")
LNE = OMG._replace(name="Leefmilieu", policy_area="LNE")


def day(number: int) -> date:
    return START + timedelta(number)


@st.composite
def timelines(draw):
    """Periods with and without gaps between day 0 and day 60."""
    found, at = [], draw(st.integers(0, 5))
    for _ in range(draw(st.integers(0, 5))):
        last = at + draw(st.integers(0, 9))
        state = OrganisationState(
            draw(st.sampled_from("ABC")),
            "",
            draw(st.sampled_from([None, "0316380841"])),
            draw(st.sampled_from("XY")),
        )
        found.append(Period(day(at), day(last), state))
        at = last + 1 + draw(st.integers(0, 3))
    return joined(found)


DAYS = [day(n) for n in range(-1, 80)]


@given(timelines())
def test_joining_changes_no_day_and_leaves_nothing_to_join(timeline):
    halves = [half for p in timeline for half in _halves(p)]
    assert [on(joined(halves), d) for d in DAYS] == [on(timeline, d) for d in DAYS]
    assert joined(halves) == timeline


def _halves(period: Period) -> list[Period]:
    if period.first == period.last:
        return [period]
    return [
        Period(period.first, period.first, period.state),
        Period(period.first + DAY, period.last, period.state),
    ]


@given(timelines(), timelines())
def test_what_is_told_replaces_what_follows_and_keeps_what_came_before(known, told):
    if not told:
        return
    both = told_from(known, told)
    for d in DAYS:
        assert on(both, d) == (on(told, d) if d >= told[0].first else on(known, d))


@given(timelines(), st.integers(0, 60))
def test_until_ends_it(timeline, last):
    for d in DAYS:
        assert on(until(timeline, day(last)), d) == (on(timeline, d) if d <= day(last) else None)


@given(timelines(), st.integers(0, 60))
def test_moving_along_changes_the_area_from_that_day_on_and_nothing_else(timeline, since):
    after = moved(timeline, "X", day(since), "Z")
    for d in DAYS:
        state = on(timeline, d)
        if state and state.policy_area == "X" and d >= day(since):
            state = state._replace(policy_area="Z")
        assert on(after, d) == state


@given(timelines(), timelines())
def test_differences_tell_each_change_and_only_changes(before, after):
    found = differences(History(before), History(after))
    assert bool(found) == (before != after)
    for one in found:
        old, new = on(before, one.day), on(after, one.day)
        assert old != new


@given(timelines())
def test_a_history_survives_being_kept(timeline):
    history = History(timeline, ("A", "B"), code_is_real=False)
    assert History.of_json(history.as_json()) == history


def test_a_rename_and_a_move_on_different_days_are_two_differences():
    before = History((Period(SINCE_EVER, OPEN_ENDED, LNE),))
    after = History((
        Period(SINCE_EVER, day(9), LNE), Period(day(10), day(19), LNE._replace(name="Omgeving")),
        Period(day(20), OPEN_ENDED, OMG),
    ))  # fmt: skip
    assert [(d.kind, d.day, d.before, d.after) for d in differences(before, after)] == [
        ("renamed", day(10), "Leefmilieu", "Omgeving"), ("moved", day(20), "LNE", "OMG"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ((), (Period(day(1), OPEN_ENDED, OMG),), "new"),
        ((Period(day(1), OPEN_ENDED, OMG),), (Period(day(1), day(5), OMG),), "ended"),
        (
            (Period(day(1), day(5), OMG),),
            (Period(day(1), day(5), OMG), Period(day(9), OPEN_ENDED, OMG)),
            "reappeared",
        ),
    ],
)
def test_coming_and_going_have_their_kinds(before, after, kind):
    assert [d.kind for d in differences(History(before), History(after))] == [kind]


def test_a_gap_is_the_first_day_that_is_not_covered():
    area = (Period(day(0), day(5), OMG), Period(day(6), day(9), LNE))
    assert gap(area, Period(day(2), day(9), OMG)) is None
    assert gap(area, Period(day(2), day(10), OMG)) == day(10)
    assert gap(area, Period(day(-1), day(3), OMG)) == day(-1)
