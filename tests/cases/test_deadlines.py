"""Terms of law, in Belgian calendar days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreekbuis.cases.deadlines import add_months, deadlines, set_next_due
from spreekbuis.cases.models import Case
from spreekbuis.cases.procedures import Step
from spreekbuis.directory.catalogue import DESK_OF_TOPIC, TOPIC_LABELS, CaseKind, DeskKind, Identity, Topic

USUAL = {
    Topic.INTEGRITY: "integrity_report", Topic.SAFETY: "occupational_safety",
    Topic.WELLBEING: "wellbeing_informal", Topic.PRIVATE: "wellbeing_informal", Topic.OTHER: "wellbeing_informal",
}  # fmt: skip


def a_case(received: datetime, *, topic: Topic = Topic.INTEGRITY, **more: object) -> Case:
    usual = {
        "kind": CaseKind.NEW, "identity": Identity.CONFIDENTIAL, "received_at": received, "topic": topic,
        "procedure": USUAL[topic], "procedure_version": 1,
    }  # fmt: skip
    return Case(**{**usual, **more})


def due(case: Case) -> dict[Step, date]:
    return {deadline.step: deadline.due_on for deadline in deadlines(case)}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_report_is_acknowledged_within_seven_days_of_receipt():
    assert due(a_case(at("2026-11-03T20:14")))[Step.ACKNOWLEDGE] == date(2026, 11, 10)


def test_a_report_just_before_midnight_utc_counts_from_the_next_belgian_day():
    assert due(a_case(at("2026-07-01T22:30")))[Step.ACKNOWLEDGE] == date(2026, 7, 9)


def test_feedback_is_due_three_months_after_the_acknowledgement():
    case = a_case(at("2026-11-03T20:14"), acknowledged_at=at("2026-11-05T09:30"))
    assert due(case)[Step.FEEDBACK] == date(2027, 2, 5)


def test_without_acknowledgement_the_three_months_start_at_day_seven():
    assert due(a_case(at("2026-11-03T20:14")))[Step.FEEDBACK] == date(2027, 2, 10)


@pytest.mark.parametrize(
    ("start", "three_months_later"),
    [
        (date(2026, 11, 30), date(2027, 2, 28)),
        (date(2027, 11, 30), date(2028, 2, 29)),
        (date(2026, 12, 31), date(2027, 3, 31)),
        (date(2026, 3, 31), date(2026, 6, 30)),
        (date(2026, 9, 30), date(2026, 12, 30)),
        (date(2026, 10, 1), date(2027, 1, 1)),
    ],
)
def test_three_months_end_on_the_same_day_or_the_last_of_the_month(start, three_months_later):
    assert add_months(start, 3) == three_months_later


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(0, 30))
def test_months_never_go_past_the_asked_month(day, months):
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


@pytest.mark.parametrize("topic", list(TOPIC_LABELS))
def test_wellbeing_alone_asks_for_a_first_conversation_within_ten_days(topic):
    found = due(a_case(at("2026-11-03T08:00"), topic=topic))
    wellbeing = DESK_OF_TOPIC[topic] is DeskKind.WELLBEING
    assert found.get(Step.CONVERSATION) == (date(2026, 11, 13) if wellbeing else None)


def test_nobody_can_invite_an_anonymous_reporter_to_a_conversation():
    case = a_case(at("2026-11-03T08:00"), topic=Topic.WELLBEING, identity=Identity.ANONYMOUS)
    assert Step.CONVERSATION not in due(case)


def test_an_information_request_about_wellbeing_needs_no_conversation():
    case = a_case(at("2026-11-03T08:00"), topic=Topic.WELLBEING, procedure="information_request")
    assert set(due(case)) == {Step.ACKNOWLEDGE, Step.FEEDBACK}


def test_the_next_step_is_the_first_that_is_still_owed():
    case = a_case(at("2026-11-03T08:00"), topic=Topic.WELLBEING)
    steps = []
    for done in (None, "acknowledged_at", "conversation_at", "feedback_at"):
        if done:
            setattr(case, done, at("2026-11-04T08:00"))
        set_next_due(case)
        steps.append((case.next_step, case.next_due_on))
    assert steps == [
        ("acknowledge", date(2026, 11, 10)),
        ("conversation", date(2026, 11, 13)),
        ("feedback", date(2027, 2, 4)),
        (None, None),
    ]


def test_every_deadline_names_its_source(app):
    with app.test_request_context():
        for topic in TOPIC_LABELS:
            for deadline in deadlines(a_case(at("2026-11-03T08:00"), topic=topic)):
                assert len(str(deadline.source)) > 20
