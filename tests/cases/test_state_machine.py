"""Whatever a desk and a reporter do, in whatever order: only allowed moves happen, and what is kept
agrees."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from spreekbuis import clock
from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.trail import first_break
from spreekbuis.cases import workflow
from spreekbuis.cases.changes import fact_of
from spreekbuis.cases.contacts import register_contact
from spreekbuis.cases.deadlines import next_deadline
from spreekbuis.cases.dialogue import write_message
from spreekbuis.cases.models import Case
from spreekbuis.cases.procedures import State
from spreekbuis.cases.satisfaction import score_case
from spreekbuis.db.session import db, finish
from spreekbuis.directory.catalogue import CATEGORIES, CaseKind, Channel, DeskKind, Identity, Outcome
from spreekbuis.errors import DomainError
from spreekbuis.figures.models import Fact
from spreekbuis.vault.content import ContentKey
from spreekbuis.web.access import Role
from tests.cases.conftest import opened_with_key

REPORT_MOVES = {
    ("new", "acknowledged"),
    ("acknowledged", "in_progress"),
    ("acknowledged", "closed"),
    ("in_progress", "waiting_for_reporter"),
    ("in_progress", "feedback_given"),
    ("in_progress", "closed"),
    ("waiting_for_reporter", "in_progress"),
    ("waiting_for_reporter", "closed"),
    ("feedback_given", "closed"),
}
"""The procedure as it was agreed, written again here: the code must not be its own judge."""
QUESTION_MOVES = REPORT_MOVES | {("new", "closed")}
KEPT_IN_FACT = (
    "kind", "topic", "category", "channel", "identity", "reporter_class", "desk", "status", "outcome",
    "score",    "days_to_acknowledge", "days_to_feedback", "days_to_close", "year", "month",
)  # fmt: skip

steps = st.one_of(
    st.tuples(st.just("acknowledge")),
    st.tuples(st.just("feedback")),
    st.tuples(st.just("state"), st.sampled_from(State)),
    st.tuples(st.just("kind"), st.sampled_from(CaseKind)),
    st.tuples(st.just("category"), st.sampled_from(sorted(CATEGORIES))),
    st.tuples(st.just("close"), st.sampled_from(Outcome)),
    st.tuples(st.just("reporter")),
    st.tuples(st.just("note")),
    st.tuples(st.just("take")),
    st.tuples(st.just("contact"), st.sampled_from(Channel)),
    st.tuples(st.just("score"), st.integers(0, 6)),
)


def do(case: Case, key: ContentKey, step: tuple) -> None:
    match step:
        case ("acknowledge",):
            workflow.acknowledge(case, key, "Ontvangen.")
        case ("feedback",):
            workflow.give_feedback(case, key, "Dit deden we.")
        case ("state", state):
            workflow.change_state(case, state)
        case ("kind", kind):
            workflow.mark_kind(case, kind)
        case ("category", category):
            workflow.recategorise(case, category)
        case ("close", outcome):
            workflow.close(case, key, outcome, "Klaar.")
        case ("reporter",):
            write_message(case, key, author="reporter", text="Nog iets.")
        case ("note",):
            workflow.add_note(case, key, "Nagekeken.")
        case ("take",):
            workflow.take(case)
        case ("contact", channel):
            register_contact(case, key, channel, clock.now(), "")
        case ("score", score):
            score_case(case, key, score, "")


def stored(case_id):
    """The row as the database has it, past the session's memory."""
    db.session.flush()
    return db.session.execute(select(*Case.__table__.c).where(Case.id == case_id)).one()._mapping


@pytest.fixture(params=[DeskKind.INTEGRITY, DeskKind.WELLBEING])
def desk(request, world):
    """A desk with a handler: its kind, its entity, the account."""
    entity = world.entity()
    return request.param, entity, world.member(entity, Role.HANDLER, request.param)


@given(
    walk=st.lists(st.tuples(steps, st.integers(0, 40 * 24)), max_size=12),
    identity=st.sampled_from(Identity),
    channel=st.sampled_from(Channel),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_allowed_moves_happen_and_what_is_kept_agrees(world, desk, walk, identity, channel):
    kind, entity, handler = desk
    category = "fraud" if kind is DeskKind.INTEGRITY else "bullying"
    moment = datetime(2026, 1, 29, 22, 30, tzinfo=UTC)
    with acting_as(Actor("account", handler)), world.inside(entity):
        with clock.at(moment):
            case, key = opened_with_key(category=category, identity=identity, channel=channel)
        for step, hours in walk:
            moment += timedelta(hours=hours)
            before = stored(case.id)
            with clock.at(moment):
                try:
                    do(case, key, step)
                except DomainError:
                    assert stored(case.id) == before, "what is refused leaves no trace"
            after = stored(case.id)
            if after["state"] != before["state"]:
                asked = QUESTION_MOVES if before["kind"] == CaseKind.INFORMATION_REQUEST else REPORT_MOVES
                assert (before["state"], after["state"]) in asked
            assert (after["closed_at"] is not None) == (after["state"] == State.CLOSED)
            assert (after["outcome"] is not None) == (after["state"] == State.CLOSED)
            if after["outcome"]:
                assert (after["outcome"] == Outcome.ANSWERED) == (
                    after["kind"] == CaseKind.INFORMATION_REQUEST
                )
                assert after["kind"] != CaseKind.NEW
            owed = next_deadline(case)
            assert (after["next_step"], after["next_due_on"]) == (
                (owed.step, owed.due_on) if owed else (None, None)
            )
            fact = db.session.execute(
                select(*(getattr(Fact, name) for name in KEPT_IN_FACT)).where(Fact.id == case.fact_id)
            ).one()
            assert tuple(fact) == tuple(getattr(fact_of(case), name) for name in KEPT_IN_FACT)
            assert after["desk_id"] == entity.desks[kind]
        finish()
        assert first_break() is None
