"""What a handler may do with a case, and what each step leaves behind."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from spreekbuis import clock
from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.models import AuditEvent
from spreekbuis.audit.trail import first_break
from spreekbuis.cases import workflow
from spreekbuis.cases.changes import CaseClosed
from spreekbuis.cases.contacts import ContactReport, read_contacts, register_case, register_contact
from spreekbuis.cases.dialogue import read_dialogue, write_message
from spreekbuis.cases.finding import case_by_number, case_for
from spreekbuis.cases.models import Contact, Message
from spreekbuis.cases.numbers import CaseNumber
from spreekbuis.cases.procedures import State
from spreekbuis.cases.satisfaction import score_case
from spreekbuis.cases.workflow import MoveNotAllowed
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CaseKind, Channel, DeskKind, Identity, Outcome, ReporterClass
from spreekbuis.errors import Conflict, Invalid, NotFound
from spreekbuis.figures.models import Fact
from spreekbuis.vault.receipt_code import from_submission
from spreekbuis.web.access import Role
from tests.cases.conftest import opened_with_key


@pytest.fixture
def entity(world):
    return world.entity()


@pytest.fixture
def handler(world, entity):
    """A handler of the integrity desk, acting in the entity's scope."""
    account_id = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
    with acting_as(Actor("account", account_id)), world.inside(entity):
        yield account_id


def in_progress(**changes):
    case, key = opened_with_key(**changes)
    workflow.acknowledge(case, key, "We hebben je melding gelezen.")
    workflow.change_state(case, State.IN_PROGRESS)
    return case, key


def test_acknowledging_writes_to_the_reporter_and_starts_the_three_months(handler):
    with clock.at(datetime(2026, 11, 3, 20, tzinfo=UTC)):
        case, key = opened_with_key()
    with clock.at(datetime(2026, 11, 5, 9, tzinfo=UTC)):
        workflow.acknowledge(case, key, "We hebben je melding gelezen.")
    assert (case.state, case.next_step, str(case.next_due_on)) == ("acknowledged", "feedback", "2027-02-05")
    assert [m.text for m in read_dialogue(key, internal=False)][1:] == ["We hebben je melding gelezen."]
    db.session.flush()
    assert db.session.scalars(select(Fact.days_to_acknowledge)).all() == [2]


def test_who_acknowledges_a_case_that_nobody_handles_becomes_its_handler(world, entity, handler):
    colleague = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
    free, taken, of_another_desk = (opened_with_key(category=c) for c in ("fraud", "leak", "bullying"))
    workflow.assign(taken[0], colleague)
    for case, key in (free, taken, of_another_desk):
        workflow.acknowledge(case, key, "Dank je.")
    assert [case.handler_id for case, _ in (free, taken, of_another_desk)] == [handler, colleague, None]


def test_nothing_moves_before_the_report_is_acknowledged(handler):
    case, key = opened_with_key(kind=CaseKind.REPORT)
    for step in (
        lambda: workflow.change_state(case, State.IN_PROGRESS),
        lambda: workflow.give_feedback(case, key, "Klaar"),
        lambda: workflow.close(case, key, Outcome.UNFOUNDED, "Klaar"),
    ):
        with pytest.raises(MoveNotAllowed):
            step()
    assert case.state == State.NEW


def test_an_information_request_can_be_answered_and_closed_at_once(handler):
    case, key = opened_with_key()
    workflow.mark_kind(case, CaseKind.INFORMATION_REQUEST)
    workflow.close(case, key, Outcome.ANSWERED, "Zo werkt het.")
    assert (case.state, case.outcome, case.feedback_at) == ("closed", "answered", case.closed_at)


@pytest.mark.parametrize("state", [State.ACKNOWLEDGED, State.FEEDBACK_GIVEN, State.CLOSED, State.NEW])
def test_states_that_follow_from_a_message_cannot_be_set_by_hand(handler, state):
    case, _key = in_progress()
    with pytest.raises(MoveNotAllowed):
        workflow.change_state(case, state)


def test_a_message_of_the_reporter_takes_a_waiting_case_back_into_progress_and_marks_it_unread(handler):
    case, key = in_progress()
    workflow.write_to_reporter(case, key, "Weet je nog welke maand?")
    workflow.change_state(case, State.WAITING_FOR_REPORTER)
    assert not case.unread_by_desk
    write_message(case, key, author="reporter", text="Maart.")
    assert (case.state, case.unread_by_desk) == ("in_progress", True)


def test_a_message_of_the_reporter_moves_no_other_state(handler):
    case, key = opened_with_key()
    write_message(case, key, author="reporter", text="Nog iets.")
    assert case.state == State.NEW


def test_the_reporter_never_reads_an_internal_note(handler):
    case, key = opened_with_key()
    workflow.add_note(case, key, "Eerst de offertes nakijken.")
    assert len(read_dialogue(key, internal=False)) == 1
    assert [m.internal for m in read_dialogue(key, internal=True)] == [False, True]


def test_the_kind_is_chosen_before_closing_and_the_outcome_fits_it(handler):
    case, key = in_progress()
    with pytest.raises(Invalid) as first:
        workflow.close(case, key, Outcome.FOUNDED, "Klaar")
    workflow.mark_kind(case, CaseKind.REPORT)
    with pytest.raises(Invalid) as second:
        workflow.close(case, key, Outcome.ANSWERED, "Klaar")
    assert set(first.value.errors) == set(second.value.errors) == {"outcome"}
    workflow.mark_kind(case, CaseKind.INFORMATION_REQUEST)
    with pytest.raises(Invalid):
        workflow.close(case, key, Outcome.FOUNDED, "Klaar")
    workflow.mark_kind(case, CaseKind.REPORT)
    workflow.close(case, key, Outcome.FOUNDED, "Klaar")
    assert case.next_due_on is None


def test_a_kind_cannot_be_unchosen(handler):
    case, _key = opened_with_key(kind=CaseKind.REPORT)
    with pytest.raises(Invalid):
        workflow.mark_kind(case, CaseKind.NEW)


def test_a_closed_case_does_not_change_any_more(world, entity, handler):
    colleague = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
    case, key = in_progress(kind=CaseKind.REPORT)
    workflow.close(case, key, Outcome.UNFOUNDED, "Klaar")
    for change in (
        lambda: write_message(case, key, author="reporter", text="Nog iets"),
        lambda: workflow.add_note(case, key, "Nog iets"),
        lambda: workflow.mark_kind(case, CaseKind.INFORMATION_REQUEST),
        lambda: workflow.recategorise(case, "leak"),
        lambda: workflow.assign(case, colleague),
        lambda: workflow.change_state(case, State.IN_PROGRESS),
        lambda: workflow.close(case, key, Outcome.FOUNDED, "Toch"),
    ):
        with pytest.raises(CaseClosed):
            change()


def test_a_category_of_another_desk_is_refused_and_one_of_this_desk_moves_the_fact(handler):
    case, _key = opened_with_key()
    with pytest.raises(Invalid):
        workflow.recategorise(case, "bullying")
    with pytest.raises(Invalid):
        workflow.recategorise(case, "no-such-thing")
    workflow.recategorise(case, "safety")
    db.session.flush()
    assert db.session.execute(select(Fact.category, Fact.topic, Fact.desk)).one() == (
        "safety",
        "safety",
        "integrity",
    )


def test_only_a_handler_of_the_desk_can_get_the_case(world, entity, handler):
    other_desk = world.member(entity, Role.HANDLER, DeskKind.WELLBEING)
    administrator = world.member(entity, Role.ENTITY_ADMINISTRATOR)
    case, _key = opened_with_key()
    for account_id in (other_desk, administrator, new_id()):
        with pytest.raises(Invalid):
            workflow.assign(case, account_id)
    workflow.take(case)
    assert case.handler_id == handler


def test_the_same_form_sent_twice_writes_once(handler):
    (case, key), once = opened_with_key(), new_id()
    for _ in range(2):
        workflow.acknowledge(case, key, "Dank je.", once=once)
    note = new_id()
    assert (
        workflow.add_note(case, key, "Een.", once=note).id
        == workflow.add_note(case, key, "Twee.", once=note).id
    )
    call = new_id()
    for _ in range(2):
        register_contact(case, key, Channel.PHONE, clock.now(), "Gebeld.", call)
    db.session.flush()
    assert db.session.scalar(select(func.count()).select_from(Message)) == 3
    assert db.session.scalar(select(func.count()).select_from(Contact)) == 1
    assert db.session.scalar(select(func.count()).select_from(Fact).where(Fact.subject == "contact")) == 1


def test_a_contact_is_read_back_and_the_first_talk_is_the_conversation(handler):
    case, key = opened_with_key()
    moment = clock.now()
    register_contact(case, key, Channel.EMAIL, moment, "Mail gelezen.")
    assert case.conversation_at is None
    register_contact(case, key, Channel.VISIT, moment, "")
    assert case.conversation_at == moment
    assert [(c.channel, c.note) for c in read_contacts(key)] == [
        ("email", "Mail gelezen."),
        ("visit", ""),
    ]


def test_a_contact_lies_between_receipt_and_today(handler):
    with clock.at(datetime(2026, 11, 3, 12, tzinfo=UTC)):
        case, key = opened_with_key()
    for moment in (datetime(2026, 11, 2, 12, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)):
        with pytest.raises(Invalid):
            register_contact(case, key, Channel.PHONE, moment, "")


CODE = from_submission(bytes(32))


def a_call(**changes):
    usual = {
        "case_id": new_id(), "channel": Channel.PHONE, "kind": CaseKind.NEW, "category": "fraud",
        "identity": Identity.NAMED, "reporter_class": ReporterClass.STAFF,
        "summary": "Belde over een bestelling.", "reporter": {"name": "Contactpersoon", "contact": ""},
    }  # fmt: skip
    return ContactReport(**{**usual, **changes})


def test_who_takes_a_call_handles_the_case_that_it_opens(handler):
    call = a_call()
    case = register_case(call, CODE)
    assert register_case(call, CODE).id == case.id
    assert (case.handler_id, case.channel, case.unread_by_desk) == (handler, "phone", False)
    assert case.reporter_sealed is not None


def test_a_call_about_another_desk_is_left_to_that_desk(handler):
    assert register_case(a_call(category="bullying"), CODE).handler_id is None


def test_an_anonymous_caller_leaves_no_name(handler):
    assert register_case(a_call(identity=Identity.ANONYMOUS), CODE).reporter_sealed is None


def test_handlers_do_not_register_web_reports(handler):
    with pytest.raises(Invalid):
        register_case(a_call(channel=Channel.WEB), CODE)


def test_a_case_is_scored_once_after_closing(handler):
    case, key = in_progress(kind=CaseKind.REPORT)
    with pytest.raises(Conflict):
        score_case(case, key, 4, "")
    workflow.close(case, key, Outcome.UNFOUNDED, "Klaar")
    for wrong in (0, 6, -1):
        with pytest.raises(Invalid):
            score_case(case, key, wrong, "")
    score_case(case, key, 4, "Vlot geholpen")
    with pytest.raises(Conflict):
        score_case(case, key, 1, "")
    db.session.flush()
    assert (case.score, db.session.scalars(select(Fact.score)).all()) == (4, [4])
    assert "Vlot geholpen" not in str(db.session.scalars(select(AuditEvent.data)).all())


def test_a_case_of_another_desk_or_entity_does_not_exist(world, entity):
    other = world.entity()
    with world.inside(entity):
        case, _key = opened_with_key(category="bullying")
        case_id, year = case.id, case.year
        assert case_for({entity.desks[DeskKind.WELLBEING]}, case_id).id == case_id
        for desks in ({entity.desks[DeskKind.INTEGRITY]}, set()):
            with pytest.raises(NotFound):
                case_for(desks, case_id)
            with pytest.raises(NotFound):
                case_by_number(desks, CaseNumber(year, 1))
    with world.inside(other), pytest.raises(NotFound):
        case_for({*entity.desks.values(), *other.desks.values()}, case_id)


def test_every_change_stands_in_the_trail_without_a_word_of_the_case(world, entity, handler):
    case, key = in_progress(kind=CaseKind.REPORT)
    workflow.add_note(case, key, "Geheime notitie")
    workflow.close(case, key, Outcome.UNFOUNDED, "Geheim slot")
    case_id = case.id
    db.session.flush()
    from spreekbuis.db.session import finish

    finish()
    rows = db.session.execute(
        select(AuditEvent.kind, AuditEvent.actor, AuditEvent.data).where(AuditEvent.subject_id == case_id)
    ).all()
    assert {row.kind for row in rows} == {"case.opened", "case.changed", "case.closed"}
    assert {row.actor for row in rows} == {f"account:{handler}"}
    assert "eheim" not in str(rows)
    assert first_break() is None
