"""The daily reminder counts, and says nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from spreekbuis import clock
from spreekbuis.access.models import Desk
from spreekbuis.cases import reminders
from spreekbuis.cases.checks import Moment
from spreekbuis.cases.exclusion import exclude
from spreekbuis.cases.opening import open_case
from spreekbuis.cases.tasks import Sign, answer_check
from spreekbuis.cases.workflow import mark_kind
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import CaseKind, DeskKind, ExclusionReason
from spreekbuis.identity.models import Account
from spreekbuis.jobs.models import Job, JobState
from spreekbuis.jobs.outbox import DEFINED
from spreekbuis.web.access import Role
from tests.cases.conftest import REPORT, a_new_case, opened_with_key

MORNING = datetime(2026, 11, 10, 6, tzinfo=UTC)


@pytest.fixture
def sent(monkeypatch):
    mails = []
    monkeypatch.setattr(
        reminders, "deliver", lambda template, to, language, **values: mails.append((template, to, values))
    )
    return mails


def run_all_jobs():
    """Do what waits in the outbox, as the worker would, until nothing waits."""
    while True:
        with transaction(PLATFORM) as session:
            waiting = session.scalars(select(Job).where(Job.state == JobState.WAITING)).all()
            todo = [(job.name, job.tenant_id, job.args) for job in waiting]
            for job in waiting:
                job.state = JobState.DONE
        if not todo:
            return
        for name, tenant_id, args in todo:
            with transaction(tenant(tenant_id) if tenant_id else PLATFORM):
                DEFINED[name].work(**args)


def remind_on(moment):
    with clock.at(moment):
        with transaction(PLATFORM):
            reminders.remind()
        run_all_jobs()


def test_each_handler_of_a_desk_with_urgent_cases_gets_one_mail_a_day(world, sent):
    entity, quiet = world.entity(), world.entity()
    world.member(quiet, Role.HANDLER, DeskKind.INTEGRITY)
    world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
    world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
    world.member(entity, Role.HANDLER, DeskKind.WELLBEING)
    with world.inside(entity):
        for days in (9, 6, 5, 1):
            with clock.at(MORNING - timedelta(days=days)):
                open_case(a_new_case())
    remind_on(MORNING)
    remind_on(MORNING + timedelta(hours=1))
    assert [(template, values["cases"]) for template, _, values in sent] == [
        ("deadline_reminder", "3 dossiers")
    ] * 2
    assert len({to for _, to, _ in sent}) == 2
    assert all(values["link"].endswith(f"/desk/{entity.ovo}/cases") for _, _, values in sent)
    remind_on(MORNING + timedelta(days=1))
    assert len(sent) == 4


def test_a_desk_with_an_address_gets_the_mail_itself(world, sent):
    entity = world.entity()
    world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
    with world.inside(entity) as session:
        session.get_one(Desk, (entity.id, entity.desks[DeskKind.INTEGRITY])).email = "loket@voorbeeld.example"
        with clock.at(MORNING - timedelta(days=9)):
            mark_kind(open_case(a_new_case()), CaseKind.REPORT)
    remind_on(MORNING)
    assert [to for _, to, _ in sent] == ["loket@voorbeeld.example"]


def test_an_address_of_a_desk_counts_no_case_of_which_somebody_is_kept_out(world, sent):
    entity = world.entity()
    first, second = (world.member(entity, Role.HANDLER, DeskKind.INTEGRITY) for _ in range(2))
    with world.inside(entity) as session, clock.at(MORNING - timedelta(days=9)):
        session.get_one(Desk, (entity.id, entity.desks[DeskKind.INTEGRITY])).email = "loket@voorbeeld.example"
        open_case(a_new_case())
        case, key = opened_with_key()
    with world.inside(entity) as session:
        exclude(session.merge(case), key, second, ExclusionReason.REPORTING_LINE)
        address = session.get_one(Account, first).email
    remind_on(MORNING)
    assert sorted((to, values["cases"]) for _, to, values in sent) == sorted(
        [("loket@voorbeeld.example", "1 dossier"), (address, "1 dossier")]
    )


def test_the_mail_holds_a_count_and_a_link_and_nothing_of_the_case(world, app):
    from flask import render_template

    with app.test_request_context():
        text = render_template(
            "mail/deadline_reminder.txt", cases="3 dossiers", entity="Entiteit", link="https://x"
        )
    assert text.splitlines()[0] == "Spreekbuis: 3 dossiers met een termijn die nu telt"
    assert "https://x" in text
    assert REPORT not in text


def test_jobs_hold_identifiers_and_days_only(world, sent):
    entity = world.entity()
    world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
    with world.inside(entity), clock.at(MORNING - timedelta(days=9)):
        open_case(a_new_case())
    remind_on(MORNING)
    with transaction(PLATFORM) as session:
        for args in session.scalars(select(Job.args)):
            assert set(args) <= {"day", "after_day", "recipient_id"}


def missed(sent):
    return [(to, values["cases"]) for template, to, values in sent if template == "deadline_missed"]


@pytest.fixture
def late(world):
    """An entity with two handlers and an administrator; one case whose acknowledgement ended the day before MORNING,
    one that is late for long."""
    entity = world.entity()
    for _ in range(2):
        world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
    world.member(entity, Role.HANDLER, DeskKind.WELLBEING)
    world.member(entity, Role.ENTITY_ADMINISTRATOR)
    with world.inside(entity):
        for days in (8, 40):
            with clock.at(MORNING - timedelta(days=days)):
                open_case(a_new_case())
    return entity


def test_the_day_after_a_missed_term_every_handler_of_the_desk_is_told_and_nobody_else(world, late, sent):
    remind_on(MORNING)
    remind_on(MORNING + timedelta(hours=2))
    assert [count for _, count in missed(sent)] == ["1 dossier"] * 2
    assert len({to for to, _ in missed(sent)}) == 2
    sent.clear()
    remind_on(MORNING + timedelta(days=1))
    assert missed(sent) == []


def test_the_desks_own_address_is_told_as_well(world, late, sent):
    with world.inside(late) as session:
        session.get_one(Desk, (late.id, late.desks[DeskKind.INTEGRITY])).email = "loket@voorbeeld.example"
    remind_on(MORNING)
    assert ("loket@voorbeeld.example", "1 dossier") in missed(sent)
    assert len(missed(sent)) == 3


def test_after_fourteen_more_days_it_is_told_again(world, late, sent):
    remind_on(MORNING)
    for days in range(1, 16):
        sent.clear()
        remind_on(MORNING + timedelta(days=days))
        assert [count for _, count in missed(sent)] == (["1 dossier"] * 2 if days == 14 else []), days


def test_days_without_a_worker_are_made_up_for(world, late, sent):
    remind_on(MORNING - timedelta(days=3))
    sent.clear()
    remind_on(MORNING + timedelta(days=5))
    assert [count for _, count in missed(sent)] == ["1 dossier"] * 2


def test_what_was_done_or_excused_or_closed_is_not_told(world, sent):
    from spreekbuis.cases.definition import Step
    from spreekbuis.cases.terms import claim_exception
    from spreekbuis.cases.workflow import acknowledge
    from tests.cases.conftest import opened_with_key

    entity = world.entity()
    world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
    with world.inside(entity), clock.at(MORNING - timedelta(days=8)):
        case, key = opened_with_key()
        acknowledge(case, key, "Gelezen.")
        answer_check(case, key, Moment.INTAKE, Sign.NO_SIGN, "")
        case, key = opened_with_key()
        claim_exception(case, key, Step.ACKNOWLEDGE, "reporter_objects", "Zo gevraagd.")
        answer_check(case, key, Moment.INTAKE, Sign.NO_SIGN, "")
    remind_on(MORNING)
    assert sent == []


def test_the_mail_about_missed_terms_holds_a_count_and_nothing_of_the_case(app):
    from flask import render_template

    with app.test_request_context():
        text = render_template(
            "mail/deadline_missed.txt", cases="3 dossiers", entity="Entiteit", link="https://x"
        )
    assert text.splitlines()[0] == "Spreekbuis: 3 dossiers met een termijn die voorbij is"
    assert REPORT not in text
