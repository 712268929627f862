"""Every term of every procedure, computed again by counting days on a Belgian wall calendar, and known examples."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spreekbuis import clock
from spreekbuis.cases.deadlines import deadlines, next_deadline, set_next_due, set_state
from spreekbuis.cases.definition import After, State, Step, read_definition
from spreekbuis.cases.models import Case
from spreekbuis.cases.procedure_versions import known, shipped
from spreekbuis.directory.catalogue import Identity

BRUSSELS = ZoneInfo("Europe/Brussels")
PROCEDURES = {code: read_definition(code, 1, definition) for code, definition in shipped().items()}
TERMS = [(code, term.step) for code, rules in PROCEDURES.items() for term in rules.terms]
every_term = pytest.mark.parametrize(("code", "step"), TERMS, ids=[f"{c}-{s}" for c, s in TERMS])
EVENT = {
    After.ACKNOWLEDGE: "acknowledged_at", After.CONVERSATION: "conversation_at",
    After.DECISION: "decided_at", After.CHOSEN: "procedure_at",
}  # fmt: skip
moments = st.integers(
    int(datetime(1996, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2060, 1, 1, tzinfo=UTC).timestamp())
).map(lambda second: datetime.fromtimestamp(second, UTC))
LAW = {
    ("integrity_report", Step.ACKNOWLEDGE): (7, 0, After.RECEIVED),
    ("integrity_report", Step.FEEDBACK): (0, 3, After.ACKNOWLEDGE),
    ("whistleblower", Step.ACKNOWLEDGE): (7, 0, After.RECEIVED),
    ("whistleblower", Step.FEEDBACK): (0, 3, After.ACKNOWLEDGE),
    ("occupational_safety", Step.ACKNOWLEDGE): (7, 0, After.RECEIVED),
    ("occupational_safety", Step.FEEDBACK): (0, 3, After.ACKNOWLEDGE),
    ("wellbeing_informal", Step.ACKNOWLEDGE): (7, 0, After.RECEIVED),
    ("wellbeing_informal", Step.CONVERSATION): (10, 0, After.RECEIVED),
    ("wellbeing_informal", Step.FEEDBACK): (0, 3, After.ACKNOWLEDGE),
    ("wellbeing_formal", Step.ACKNOWLEDGE): (7, 0, After.RECEIVED),
    ("wellbeing_formal", Step.CONVERSATION): (10, 0, After.CHOSEN),
    ("wellbeing_formal", Step.DECISION): (10, 0, After.CONVERSATION),
    ("wellbeing_formal", Step.FEEDBACK): (0, 3, After.DECISION),
    ("information_request", Step.ACKNOWLEDGE): (7, 0, After.RECEIVED),
    ("information_request", Step.FEEDBACK): (0, 3, After.ACKNOWLEDGE),
    ("citizens_1700", Step.ACKNOWLEDGE): (10, 0, After.RECEIVED),
    ("citizens_1700", Step.FEEDBACK): (45, 0, After.RECEIVED),
}
"""The terms as domain.md has them, written again here: the data must not be its own judge."""


def a_case(code: str, received: datetime, **more: object) -> Case:
    known.procedures[code, 1] = PROCEDURES[code]
    usual = {
        "procedure": code, "procedure_version": 1, "identity": Identity.NAMED, "received_at": received,
        "state": State.NEW, "waited_days": 0, "term_changes": {},
    }  # fmt: skip
    return Case(**{**usual, **more})


def due(case: Case, step: Step) -> date:
    return next(d.due_on for d in deadlines(case) if d.step is step)


def on_the_wall(moment: datetime, days: int, months: int) -> date:
    """The last day of a term, found by turning pages: months first, back to the last page a short month has."""
    local = moment.astimezone(BRUSSELS)
    year, month, day = local.year, local.month, local.day
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    while True:
        try:
            page = date(year, month, day)
            break
        except ValueError:
            day -= 1
    for _ in range(days):
        page += timedelta(days=1)
    return page


def test_the_shipped_terms_are_those_of_the_law():
    found = {
        (code, term.step): (term.days, term.months, term.after)
        for code, rules in PROCEDURES.items()
        for term in rules.terms
    }
    assert found == LAW


@every_term
@given(event=moments, more=st.timedeltas(timedelta(0), timedelta(days=400)))
@example(
    event=datetime(2026, 3, 28, 22, 59, tzinfo=UTC), more=timedelta(0)
)  # 23:59, the night the clock goes on
@example(event=datetime(2026, 3, 28, 23, 0, tzinfo=UTC), more=timedelta(0))  # 0:00 of the day of 23 hours
@example(event=datetime(2026, 10, 24, 21, 59, tzinfo=UTC), more=timedelta(0))
@example(event=datetime(2026, 10, 24, 22, 0, tzinfo=UTC), more=timedelta(0))  # 0:00 of the day of 25 hours
@example(event=datetime(2027, 11, 30, 12, tzinfo=UTC), more=timedelta(0))
@example(event=datetime(2028, 2, 28, 23, 30, tzinfo=UTC), more=timedelta(0))  # 29 February in Brussels
def test_a_term_ends_on_the_day_that_the_wall_calendar_says(code, step, event, more):
    """Weekends, month ends, leap years, and the hours between midnight here and midnight UTC."""
    days, months, after = LAW[code, step]
    if after is After.RECEIVED:
        case = a_case(code, event, acknowledged_at=event + more)
    else:
        case = a_case(code, event - more, **{EVENT[after]: event})
    assert due(case, step) == on_the_wall(event, days, months)


@every_term
@given(received=moments)
def test_a_step_that_was_not_done_counts_from_its_last_day(code, step, received):
    days, months, after = LAW[code, step]
    start = received
    if after in (After.ACKNOWLEDGE, After.CONVERSATION, After.DECISION):
        before = due(a_case(code, received), Step(after))
        start = datetime(before.year, before.month, before.day, 12, tzinfo=UTC)
    assert due(a_case(code, received), step) == on_the_wall(start, days, months)


@pytest.mark.parametrize(
    ("code", "step", "event", "last_day"),
    [
        # the last day may be a Saturday, a Sunday or a holiday: calendar days
        ("integrity_report", Step.ACKNOWLEDGE, "2026-11-21T10:00", "2026-11-28"),
        ("whistleblower", Step.ACKNOWLEDGE, "2026-12-18T10:00", "2026-12-25"),
        ("wellbeing_informal", Step.CONVERSATION, "2026-11-12T10:00", "2026-11-22"),
        ("wellbeing_formal", Step.CONVERSATION, "2028-02-19T10:00", "2028-02-29"),
        ("wellbeing_formal", Step.DECISION, "2027-02-19T10:00", "2027-03-01"),
        # month ends
        ("integrity_report", Step.FEEDBACK, "2026-11-30T10:00", "2027-02-28"),
        ("whistleblower", Step.FEEDBACK, "2027-11-30T10:00", "2028-02-29"),
        ("occupational_safety", Step.FEEDBACK, "2027-11-29T10:00", "2028-02-29"),
        ("wellbeing_informal", Step.FEEDBACK, "2026-05-31T10:00", "2026-08-31"),
        ("wellbeing_formal", Step.FEEDBACK, "2026-03-31T10:00", "2026-06-30"),
        ("information_request", Step.FEEDBACK, "2028-02-29T10:00", "2028-05-29"),
        # 23:30 UTC is the next day in Brussels; 22:30 UTC is so in summer only
        ("integrity_report", Step.ACKNOWLEDGE, "2026-01-31T23:30", "2026-02-08"),
        ("integrity_report", Step.ACKNOWLEDGE, "2026-01-31T22:30", "2026-02-07"),
        ("integrity_report", Step.ACKNOWLEDGE, "2026-06-30T22:30", "2026-07-08"),
        ("integrity_report", Step.FEEDBACK, "2026-08-31T22:30", "2026-12-01"),
        # the night of 24 to 25 October has an hour more, that of 28 to 29 March one less
        ("citizens_1700", Step.ACKNOWLEDGE, "2026-10-24T21:59", "2026-11-03"),
        ("citizens_1700", Step.ACKNOWLEDGE, "2026-10-24T22:00", "2026-11-04"),
        ("citizens_1700", Step.ACKNOWLEDGE, "2026-10-25T22:59", "2026-11-04"),
        ("citizens_1700", Step.FEEDBACK, "2026-03-28T23:00", "2026-05-13"),
    ],
)
def test_known_examples(code, step, event, last_day):
    moment = datetime.fromisoformat(event).replace(tzinfo=UTC)
    after = LAW[code, step][2]
    counted = {} if after is After.RECEIVED else {EVENT[after]: moment}
    assert due(a_case(code, moment, **counted), step) == date.fromisoformat(last_day)


@pytest.mark.parametrize(
    ("code", "event", "reason", "last_day"),
    [
        ("whistleblower", "acknowledged_at", "external_channel", date(2027, 5, 30)),
        ("wellbeing_formal", "decided_at", "advice_needs_time", date(2027, 5, 30)),
    ],
)
def test_an_extension_makes_six_months_of_three_and_not_three_of_the_shortened_end(
    code, event, reason, last_day
):
    changes = {"feedback": {"extended": reason}}
    moment = datetime(2026, 11, 30, 9, tzinfo=UTC)
    case = a_case(code, moment, **{event: moment}, term_changes=changes)
    assert due(case, Step.FEEDBACK) == last_day


@given(received=moments)
def test_an_excused_acknowledgement_still_starts_the_three_months_at_day_seven(received):
    plain = a_case("integrity_report", received)
    case = a_case("integrity_report", received, term_changes={"acknowledge": {"excused": "reporter_objects"}})
    assert due(case, Step.FEEDBACK) == due(plain, Step.FEEDBACK)
    owed = next_deadline(case)
    assert owed is not None
    assert owed.step is Step.FEEDBACK


@every_term
@given(asked=st.integers(0, 40), answered=st.integers(0, 200))
def test_waiting_for_the_reporter_stops_the_clock_only_where_the_term_names_its_rule(
    code, step, asked, answered
):
    received = datetime(2026, 10, 1, 12, tzinfo=UTC)
    case, plain = a_case(code, received), a_case(code, received)
    with clock.at(received + timedelta(days=asked)):
        set_state(case, State.WAITING_FOR_REPORTER)
    with clock.at(received + timedelta(days=asked + answered)):
        set_state(case, State.IN_PROGRESS)
        paused = (code, step) == ("citizens_1700", Step.FEEDBACK)
        assert due(case, step) == due(plain, step) + timedelta(days=answered if paused else 0)


def test_a_term_that_stands_still_is_no_longer_owed_until_the_answer():
    received = datetime(2026, 10, 1, 12, tzinfo=UTC)
    case = a_case("citizens_1700", received, acknowledged_at=received)
    with clock.at(received + timedelta(days=1)):
        set_state(case, State.WAITING_FOR_REPORTER)
        set_next_due(case)
    assert (case.next_step, case.next_due_on) == (None, None)
    with clock.at(received + timedelta(days=11)):
        set_state(case, State.IN_PROGRESS)
        set_next_due(case)
    assert (case.next_step, case.next_due_on) == ("feedback", date(2026, 11, 25))
