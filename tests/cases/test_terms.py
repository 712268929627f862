"""Procedures of a case: chosen with help, exceptions and more time on the grounds of the law, formal requests."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from spreekbuis import clock
from spreekbuis.access.models import Membership
from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases import workflow
from spreekbuis.cases.changes import CaseClosed
from spreekbuis.cases.contacts import register_contact
from spreekbuis.cases.deadlines import deadlines
from spreekbuis.cases.definition import State, Step
from spreekbuis.cases.dialogue import read_dialogue
from spreekbuis.cases.models import Case, TermChange
from spreekbuis.cases.procedures import retention_of
from spreekbuis.cases.terms import (
    ForAnAdviser,
    StepDone,
    TermOver,
    choices,
    choose_procedure,
    claim_exception,
    decide,
    extend_term,
    read_changes,
)
from spreekbuis.cases.workflow import MoveNotAllowed
from spreekbuis.db.session import db, finish
from spreekbuis.directory.catalogue import CaseKind, Channel, DeskKind, Identity, Outcome
from spreekbuis.errors import Invalid
from spreekbuis.figures.models import Fact
from spreekbuis.web.access import Role
from tests.cases.conftest import opened_with_key

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
WHY = "De melder belde en vroeg om niets te sturen."


@pytest.fixture
def entity(world):
    return world.entity()


@pytest.fixture
def handler(world, entity):
    """A handler of the wellbeing desk, acting in the entity's scope on a Monday."""
    account_id = world.member(entity, Role.HANDLER, DeskKind.WELLBEING)
    with acting_as(Actor("account", account_id)), world.inside(entity), clock.at(MONDAY):
        yield account_id


@pytest.fixture
def adviser(handler):
    """The same handler, who is a prevention adviser."""
    db.session.execute(
        update(Membership).where(Membership.account_id == handler).values(prevention_adviser=True)
    )
    return handler


def due(case: Case) -> dict[str, str]:
    return {d.step.value: str(d.due_on) for d in deadlines(case)}


def a_formal_request():
    case, key = opened_with_key(category="bullying", kind=CaseKind.REPORT, identity=Identity.NAMED)
    choose_procedure(case, "wellbeing_formal")
    return case, key


@pytest.mark.parametrize(
    ("category", "kind", "code"),
    [
        ("fraud", CaseKind.NEW, "integrity_report"),
        ("fraud", CaseKind.INFORMATION_REQUEST, "information_request"),
        ("safety", CaseKind.REPORT, "occupational_safety"),
        ("bullying", CaseKind.NEW, "wellbeing_informal"),
        ("private", CaseKind.REPORT, "wellbeing_informal"),
        ("other", CaseKind.INFORMATION_REQUEST, "information_request"),
    ],
)
def test_a_case_opens_with_the_usual_procedure_of_its_kind_and_topic(handler, category, kind, code):
    case, _key = opened_with_key(category=category, kind=kind)
    assert (case.procedure, case.procedure_version) == (code, 1)


def test_only_procedures_that_fit_topic_kind_and_identity_are_offered(handler):
    def offered(**changes):
        return [rules.code for rules in choices(opened_with_key(**changes)[0])]

    assert offered(category="fraud") == ["integrity_report", "whistleblower"]
    named = {"category": "bullying", "kind": CaseKind.REPORT}
    assert offered(**named, identity=Identity.NAMED) == ["wellbeing_informal", "wellbeing_formal"]
    assert offered(**named, identity=Identity.ANONYMOUS) == ["wellbeing_informal"]
    assert offered(category="safety") == ["occupational_safety", "whistleblower"]


def test_what_does_not_fit_is_refused_and_changes_nothing(handler):
    case, _key = opened_with_key(category="bullying", kind=CaseKind.REPORT, identity=Identity.ANONYMOUS)
    for code in ("wellbeing_formal", "whistleblower", "nonsense"):
        with pytest.raises(Invalid):
            choose_procedure(case, code)
    assert case.procedure == "wellbeing_informal"


def test_choosing_computes_the_terms_anew_and_stands_in_trail_and_facts(handler):
    with clock.at(MONDAY - timedelta(days=20)):
        case, key = opened_with_key(category="bullying", kind=CaseKind.REPORT, identity=Identity.NAMED)
        workflow.acknowledge(case, key, "Gelezen.")
        register_contact(case, key, Channel.PHONE, clock.now(), "")
    assert (case.next_step, case.next_due_on) == ("feedback", date(2027, 1, 13))
    choose_procedure(case, "wellbeing_formal")
    assert due(case) == {
        "acknowledge": "2026-10-20", "conversation": "2026-11-12", "decision": "2026-11-22", "feedback": "2027-02-22",
    }  # fmt: skip
    assert (case.next_step, case.next_due_on) == ("conversation", date(2026, 11, 12))
    register_contact(case, key, Channel.VISIT, clock.now(), "")
    assert case.next_step == "decision"
    finish()
    chosen = db.session.scalars(
        select(AuditEvent.data).where(AuditEvent.kind == "case.procedure_chosen")
    ).all()
    assert chosen == [{"what": "procedure", "procedure": "wellbeing_formal", "before": "wellbeing_informal"}]
    assert db.session.scalars(select(Fact.days_to_acknowledge).where(Fact.subject == "case")).all() == [0]


def test_a_closed_case_keeps_its_procedure(handler):
    case, key = opened_with_key(category="bullying", kind=CaseKind.REPORT, identity=Identity.NAMED)
    workflow.acknowledge(case, key, "Gelezen.")
    workflow.close(case, key, Outcome.UNFOUNDED, "Klaar.")
    with pytest.raises(CaseClosed):
        choose_procedure(case, "wellbeing_formal")


def test_another_kind_or_topic_brings_its_own_procedure_only_when_the_old_one_does_not_fit(handler):
    case, _key = opened_with_key(category="fraud")
    choose_procedure(case, "whistleblower")
    workflow.mark_kind(case, CaseKind.REPORT)
    assert case.procedure == "whistleblower"
    workflow.recategorise(case, "safety")
    assert case.procedure == "whistleblower"
    workflow.mark_kind(case, CaseKind.INFORMATION_REQUEST)
    assert (case.procedure, case.procedure_at) == ("information_request", None)
    workflow.mark_kind(case, CaseKind.REPORT)
    assert case.procedure == "occupational_safety"


def test_an_acknowledgement_that_is_not_needed_is_met_and_the_case_goes_on(handler):
    case, key = opened_with_key(category="fraud", kind=CaseKind.REPORT)
    with pytest.raises(MoveNotAllowed):
        workflow.change_state(case, State.IN_PROGRESS)
    claim_exception(case, key, Step.ACKNOWLEDGE, "reporter_objects", WHY)
    assert (case.next_step, case.next_due_on) == ("feedback", date(2027, 2, 9))
    workflow.change_state(case, State.IN_PROGRESS)
    [change] = read_changes(case, key)
    assert (change.step, change.kind, change.justification) == (Step.ACKNOWLEDGE, "excused", WHY)
    assert change.label == "De melder wil geen bevestiging"


def test_the_justification_is_sealed_and_the_trail_has_codes_alone(handler):
    case, key = opened_with_key(category="fraud", kind=CaseKind.REPORT)
    claim_exception(case, key, Step.ACKNOWLEDGE, "reporter_objects", WHY)
    finish()
    row = db.session.scalars(select(TermChange)).one()
    assert WHY.encode() not in row.justification_sealed
    data = db.session.scalars(select(AuditEvent.data).where(AuditEvent.kind == "case.term_changed")).all()
    assert data == [{"what": "excused", "step": "acknowledge", "code": "reporter_objects"}]


def test_the_same_claim_twice_is_one(handler):
    case, key = opened_with_key(category="fraud", kind=CaseKind.REPORT)
    for _ in range(2):
        claim_exception(case, key, Step.ACKNOWLEDGE, "already_handled", WHY)
    assert len(read_changes(case, key)) == 1


@pytest.mark.parametrize(
    ("step", "code", "why"),
    [
        (Step.ACKNOWLEDGE, "too_busy", WHY),
        (Step.FEEDBACK, "reporter_objects", WHY),
        (Step.DECISION, "reporter_objects", WHY),
        (Step.ACKNOWLEDGE, "reporter_objects", ""),
    ],
)
def test_only_a_ground_of_the_law_with_a_justification_takes_a_term_away(handler, step, code, why):
    case, key = opened_with_key(category="fraud", kind=CaseKind.REPORT)
    with pytest.raises(Invalid):
        claim_exception(case, key, step, code, why)
    assert case.term_changes == {}


def test_what_was_done_needs_no_exception(handler):
    case, key = opened_with_key(category="fraud", kind=CaseKind.REPORT)
    workflow.acknowledge(case, key, "Gelezen.")
    with pytest.raises(StepDone):
        claim_exception(case, key, Step.ACKNOWLEDGE, "reporter_objects", WHY)


def test_feedback_takes_six_months_for_an_external_channel_alone(handler):
    case, key = opened_with_key(category="fraud", kind=CaseKind.REPORT)
    with pytest.raises(Invalid):
        extend_term(case, key, Step.FEEDBACK, "external_channel", WHY)
    choose_procedure(case, "whistleblower")
    workflow.acknowledge(case, key, "Gelezen.")
    extend_term(case, key, Step.FEEDBACK, "external_channel", WHY)
    assert (case.next_step, case.next_due_on) == ("feedback", date(2027, 5, 2))
    extend_term(case, key, Step.FEEDBACK, "external_channel", WHY)
    assert case.next_due_on == date(2027, 5, 2)


def test_a_term_that_is_over_is_not_made_longer(handler):
    case, key = opened_with_key(category="fraud", kind=CaseKind.REPORT)
    choose_procedure(case, "whistleblower")
    last = datetime(2027, 2, 9, 22, 30, tzinfo=UTC)  # 23:30 in Brussels
    with clock.at(last + timedelta(hours=1)), pytest.raises(TermOver):
        extend_term(case, key, Step.FEEDBACK, "external_channel", WHY)
    with clock.at(last):
        extend_term(case, key, Step.FEEDBACK, "external_channel", WHY)


def test_a_formal_request_is_for_a_prevention_adviser(handler):
    case, key = a_formal_request()
    workflow.acknowledge(case, key, "Gelezen.")
    workflow.change_state(case, State.IN_PROGRESS)
    with pytest.raises(ForAnAdviser):
        decide(case, key, True, "Aanvaard.")
    for forbidden in (
        lambda: workflow.give_feedback(case, key, "Advies."),
        lambda: workflow.close(case, key, Outcome.FOUNDED, "Klaar."),
    ):
        with pytest.raises(MoveNotAllowed):
            forbidden()


def test_accepting_starts_the_three_months_and_is_told_to_the_reporter(adviser):
    case, key = a_formal_request()
    workflow.acknowledge(case, key, "Gelezen.")
    with clock.at(MONDAY + timedelta(days=8)):
        register_contact(case, key, Channel.VISIT, clock.now(), "")
    with clock.at(MONDAY + timedelta(days=28)):
        decide(case, key, True, "We onderzoeken je verzoek.")
        with pytest.raises(StepDone):
            decide(case, key, False, "Toch niet.")
    assert due(case)["feedback"] == "2027-02-28"
    assert read_dialogue(key, internal=False)[-1].text == "We onderzoeken je verzoek."
    extend_term(case, key, Step.FEEDBACK, "advice_needs_time", WHY)
    assert due(case)["feedback"] == "2027-05-30"


def test_a_refused_formal_request_goes_on_informally(adviser):
    case, key = a_formal_request()
    with pytest.raises(MoveNotAllowed):
        decide(case, key, False, "Te vroeg.")
    workflow.acknowledge(case, key, "Gelezen.")
    decide(case, key, False, "Dit kan niet formeel.")
    assert (case.procedure, case.decided_at) == ("wellbeing_informal", None)
    assert case.next_step == "conversation"


def test_what_is_not_a_formal_request_is_not_decided(adviser):
    case, key = opened_with_key(category="bullying", kind=CaseKind.REPORT, identity=Identity.NAMED)
    workflow.acknowledge(case, key, "Gelezen.")
    with pytest.raises(StepDone):
        decide(case, key, True, "Aanvaard.")


def test_each_procedure_says_how_long_a_case_is_kept_and_why(handler):
    kept = {}
    for changes in ({"category": "fraud"}, {"category": "bullying"}, {"kind": CaseKind.INFORMATION_REQUEST}):
        case, _key = opened_with_key(**changes)
        kept[case.procedure] = retention_of(case).months
        assert len(retention_of(case).source.texts.nl) > 20
    formal, _key = a_formal_request()
    kept[formal.procedure] = retention_of(formal).months
    assert kept == {
        "integrity_report": 60, "wellbeing_informal": 60, "information_request": 24, "wellbeing_formal": 240,
    }  # fmt: skip
