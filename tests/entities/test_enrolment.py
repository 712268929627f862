"""An organisation asks to enrol, and the central office decides."""

import re
import threading
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from spreekbuis.access.desk_keys import NoRecoveryKit
from spreekbuis.access.members import join
from spreekbuis.access.models import Desk, Invitation
from spreekbuis.access.recovery import make_kit
from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.models import AuditEvent
from spreekbuis.audit.trail import first_break
from spreekbuis.cases.opening import open_case
from spreekbuis.clock import at, today
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import CATEGORIES
from spreekbuis.directory.models import OPEN_ENDED, Entity, EntityStatus, Organisation
from spreekbuis.entities import approval, mails
from spreekbuis.entities.approval import (
    AlreadyDecided,
    NotConfirmed,
    OwnRequest,
    approve_enrolment,
    refuse_enrolment,
)
from spreekbuis.entities.enrolment import (
    AlreadyEnrolled,
    AlreadyWaiting,
    Request,
    TooManyMails,
    UnknownOrganisation,
    forget_unconfirmed,
    request_enrolment,
    verify_enrolment,
)
from spreekbuis.entities.models import Enrolment, EnrolmentStatus
from spreekbuis.entities.service import accepts_reports
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.intake.models import EntityCategory
from spreekbuis.jobs.models import Job
from spreekbuis.subscriptions.models import Affiliation, Contribution
from spreekbuis.web.access import Role
from tests.cases.conftest import a_new_case

OVO = "OVO000067"


def asked(**changes) -> Request:
    values = {
        "ovo_code": OVO, "name": "Aanvrager", "function": "HR-businesspartner", "email":
        "hr@voorbeeld.example", "headcount": 318, "affiliated": False, "language": "nl",
    }  # fmt: skip
    return Request(**{**values, **changes})


def requested(**changes):
    with transaction(PLATFORM):
        return request_enrolment(new_id(), asked(**changes))


def waiting(**changes):
    enrolment_id = requested(**changes)
    with transaction(PLATFORM):
        verify_enrolment(enrolment_id)
    return enrolment_id


def approved(**changes):
    enrolment_id = waiting(**changes)
    with transaction(PLATFORM):
        return approve_enrolment(enrolment_id).id


def state(enrolment_id) -> str:
    with transaction(PLATFORM) as session:
        return session.get_one(Enrolment, enrolment_id).status


def jobs(name: str) -> list[dict]:
    with transaction(PLATFORM) as session:
        return list(session.scalars(select(Job.args).where(Job.name == name)))


def test_a_request_waits_for_its_address_to_be_confirmed_and_a_mail_is_promised(app):
    enrolment_id = requested()
    assert state(enrolment_id) == EnrolmentStatus.UNVERIFIED
    assert jobs("entities.mail_verification") == [{"enrolment_id": str(enrolment_id)}]


def test_the_same_form_twice_is_one_request_and_one_mail(app):
    once = new_id()
    for _ in range(2):
        with transaction(PLATFORM):
            assert request_enrolment(once, asked()) == once
    assert len(jobs("entities.mail_verification")) == 1


def test_an_unknown_code_is_refused(app):
    with pytest.raises(UnknownOrganisation):
        requested(ovo_code="OVO123456")


def test_an_entity_does_not_enrol_twice(world):
    world.entity(OVO)
    with pytest.raises(AlreadyEnrolled):
        requested()


def test_while_one_request_waits_no_other_is_taken(app):
    waiting()
    with pytest.raises(AlreadyWaiting):
        requested(email="directie@voorbeeld.example")


def test_of_two_requests_the_first_that_is_confirmed_goes_on(app):
    first, second = requested(), requested(email="directie@voorbeeld.example")
    with transaction(PLATFORM):
        verify_enrolment(second)
    with pytest.raises(AlreadyWaiting), transaction(PLATFORM):
        verify_enrolment(first)
    assert (state(first), state(second)) == (EnrolmentStatus.UNVERIFIED, EnrolmentStatus.WAITING)


def test_confirming_twice_is_confirming_once(app):
    enrolment_id = waiting()
    with transaction(PLATFORM):
        assert verify_enrolment(enrolment_id).status == EnrolmentStatus.WAITING
    with transaction(PLATFORM) as session:
        kinds = session.scalars(select(AuditEvent.kind)).all()
    assert kinds == ["enrolment.verified"]


def test_nobody_fills_a_mailbox_through_us(app):
    codes = ["OVO000039", "OVO000096", "OVO000100"]
    for code in codes:
        requested(ovo_code=code)
    with pytest.raises(TooManyMails):
        requested(email="HR@voorbeeld.example")
    with at(datetime.now(UTC) + timedelta(hours=49)):
        requested()


def test_a_request_that_nobody_confirms_is_forgotten_after_30_days(app):
    old = requested()
    kept = waiting(ovo_code="OVO000039")
    with at(datetime.now(UTC) + timedelta(days=31)), transaction(PLATFORM):
        assert forget_unconfirmed() == {"deleted": 1}
    with transaction(PLATFORM), pytest.raises(NotFound):
        verify_enrolment(old)
    assert state(kept) == EnrolmentStatus.WAITING


def test_approval_makes_the_entity_with_desks_categories_and_an_invitation(app):
    entity_id = approved()
    with transaction(PLATFORM) as session:
        entity = session.get_one(Entity, entity_id)
        assert (entity.ovo_code, entity.policy_area, entity.headcount) == (OVO, "CJSM", 318)
        assert entity.status == EntityStatus.PREPARING
        assert entity.name == session.get_one(Organisation, OVO).name
        invitation = session.scalars(select(Invitation)).one()
        assert (invitation.tenant_id, invitation.email, invitation.role, invitation.desk_id) == (
            entity_id, "hr@voorbeeld.example", "entity_administrator", None,
        )  # fmt: skip
        enrolment = session.scalars(select(Enrolment)).one()
        assert (enrolment.status, enrolment.entity_id_made) == (EnrolmentStatus.APPROVED, entity_id)
        assert session.scalars(select(Desk)).all() == []
    with transaction(tenant(entity_id)) as session:
        assert set(session.scalars(select(Desk.kind))) == {"integrity", "wellbeing"}
        assert set(session.scalars(select(EntityCategory.category))) == set(CATEGORIES)
    assert len(jobs("entities.mail_decision")) == 1


def test_approval_stands_in_both_trails_and_each_is_whole(app):
    entity_id = approved()
    with transaction(PLATFORM) as session:
        kinds = session.scalars(select(AuditEvent.kind).order_by(AuditEvent.sequence)).all()
        assert kinds == ["enrolment.verified", "enrolment.approved"]
        assert first_break() is None
    with transaction(tenant(entity_id)) as session:
        kinds = session.scalars(select(AuditEvent.kind).order_by(AuditEvent.sequence)).all()
        assert kinds == ["entity.created", "contribution.set", "member.invited"]
        assert first_break() is None


def takes_reports(entity_id) -> bool:
    with transaction(tenant(entity_id)) as session:
        return accepts_reports(session.get_one(Entity, entity_id))


def make_first_kit(world, entity_id) -> None:
    with transaction(tenant(entity_id)):
        officers = [world.account(), world.account()]
        for account_id in officers:
            join(account_id, Role.ENTITY_ADMINISTRATOR, None)
        make_kit(officers)


def test_an_approved_entity_takes_reports_from_its_first_recovery_kit_on(world):
    entity_id, report = approved(affiliated=True), f"/o/{OVO}/report"
    assert not takes_reports(entity_id)
    with pytest.raises(NoRecoveryKit), transaction(tenant(entity_id)):
        open_case(a_new_case())
    assert "Je kunt hier nog geen melding doen" in world.browser().get(report).text
    assert OVO not in world.browser().get("/report/found?q=cultuur").text
    make_first_kit(world, entity_id)
    assert takes_reports(entity_id)
    with transaction(tenant(entity_id)):
        assert open_case(a_new_case()).number == 1
    assert "Je kunt hier nog geen melding doen" not in world.browser().get(report).text
    assert OVO in world.browser().get("/report/found?q=cultuur").text


def test_a_recovery_kit_gives_no_service_that_was_not_paid(world):
    entity_id = approved(affiliated=False)
    make_first_kit(world, entity_id)
    assert not takes_reports(entity_id)


def test_an_affiliated_entity_is_entitled_at_once(app):
    entity_id = approved(affiliated=True)
    with transaction(tenant(entity_id)) as session:
        period = session.scalars(select(Affiliation)).one()
        assert (period.valid_from, period.valid_until) == (today(), None)
        assert session.get_one(Entity, entity_id).service_until == OPEN_ENDED


def test_another_entity_owes_its_contribution_first(app):
    entity_id = approved(affiliated=False)
    with transaction(tenant(entity_id)) as session:
        assert session.scalars(select(Contribution)).one().status == "due"
        assert session.get_one(Entity, entity_id).service_until is None


def test_in_2013_nobody_owes_anything(app):
    with at(datetime(2013, 3, 1, 12, tzinfo=UTC)):
        entity_id = approved(affiliated=False)
    with transaction(tenant(entity_id)) as session:
        assert session.scalars(select(Contribution)).all() == []
        assert session.get_one(Entity, entity_id).service_until == date(2013, 12, 31)


def test_a_failing_step_leaves_nothing_behind(app, monkeypatch):
    def fail(entity, enrolment):
        raise ZeroDivisionError

    monkeypatch.setattr(approval, "APPROVAL_STEPS", [*approval.APPROVAL_STEPS, fail])
    enrolment_id = waiting()
    with pytest.raises(ZeroDivisionError), transaction(PLATFORM):
        approve_enrolment(enrolment_id)
    assert state(enrolment_id) == EnrolmentStatus.WAITING
    with transaction(PLATFORM) as session:
        assert session.scalars(select(Entity)).all() == []
        assert session.scalars(select(Invitation)).all() == []


def test_what_is_not_confirmed_cannot_be_decided(app):
    enrolment_id = requested()
    for decide in (approve_enrolment, lambda i: refuse_enrolment(i, "Niet bevestigd")):
        with pytest.raises(NotConfirmed), transaction(PLATFORM):
            decide(enrolment_id)


def test_a_decision_is_taken_once(app):
    enrolment_id = waiting()
    with transaction(PLATFORM):
        refuse_enrolment(enrolment_id, "Vraag eerst een mandaat.")
    for decide in (approve_enrolment, lambda i: refuse_enrolment(i, "Nog eens")):
        with pytest.raises(AlreadyDecided), transaction(PLATFORM):
            decide(enrolment_id)
    assert state(enrolment_id) == EnrolmentStatus.REFUSED


def test_a_refusal_needs_a_reason_and_the_organisation_can_ask_again(app):
    enrolment_id = waiting()
    with pytest.raises(Invalid), transaction(PLATFORM):
        refuse_enrolment(enrolment_id, "")
    assert state(enrolment_id) == EnrolmentStatus.WAITING
    with transaction(PLATFORM):
        refuse_enrolment(enrolment_id, "Vraag eerst een mandaat.")
    assert approved(email="directie@voorbeeld.example")


def test_who_asks_does_not_approve(world):
    account_id = world.account("hr@voorbeeld.example")
    enrolment_id = waiting()
    with acting_as(Actor("account", account_id)), pytest.raises(OwnRequest), transaction(PLATFORM):
        approve_enrolment(enrolment_id)


def test_two_approvals_at_once_make_one_entity(app):
    enrolment_id = waiting()
    results, barrier = [], threading.Barrier(2)

    def approve():
        with app.app_context():
            barrier.wait()
            try:
                with transaction(PLATFORM):
                    results.append(approve_enrolment(enrolment_id).id)
            except AlreadyDecided as error:
                results.append(type(error))

    threads = [threading.Thread(target=approve) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert AlreadyDecided in results
    with transaction(PLATFORM) as session:
        assert len(session.scalars(select(Entity)).all()) == 1
        assert len(session.scalars(select(Invitation)).all()) == 1


def test_two_confirmations_at_once_leave_one_waiting(app):
    ids = [requested(), requested(email="directie@voorbeeld.example")]
    results, barrier = [], threading.Barrier(2)

    def confirm(enrolment_id):
        with app.app_context():
            barrier.wait()
            try:
                with transaction(PLATFORM):
                    verify_enrolment(enrolment_id)
                results.append("waiting")
            except AlreadyWaiting:
                results.append("refused")

    threads = [threading.Thread(target=confirm, args=(i,)) for i in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused", "waiting"]
    assert sorted(map(state, ids)) == ["unverified", "waiting"]


def test_the_mails_say_what_to_do_and_carry_a_link(app, monkeypatch):
    sent = []
    monkeypatch.setattr(mails, "deliver", lambda *args, **values: sent.append((args, values)))
    enrolment_id = requested()
    with transaction(PLATFORM):
        mails.mail_verification(str(enrolment_id))
        verify_enrolment(enrolment_id)
        mails.mail_verification(str(enrolment_id))  # confirmed in the meantime: no second mail
        refuse_enrolment(enrolment_id, "Vraag eerst een mandaat.")
        mails.mail_decision(str(enrolment_id))
    (verify, verify_values), (refused, refused_values) = sent
    assert verify == ("enrolment_verify", "hr@voorbeeld.example", "nl")
    assert re.fullmatch(r"http://localhost/enrol/confirmation/[\w.-]+", verify_values["url"])
    assert refused[0] == "enrolment_refused"
    assert refused_values["reason"] == "Vraag eerst een mandaat."


class Collector:
    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    def send(self, mail: EmailMessage) -> None:
        self.mails.append(mail)


@pytest.mark.parametrize("language", ["nl", "en", "fr", "de"])
def test_each_mail_has_a_subject_and_reads_as_plain_text(app, monkeypatch, language):
    collector = Collector()
    monkeypatch.setattr("spreekbuis.notify.mail.mailer", lambda settings: collector)
    refused = requested(language=language)
    accepted = requested(language=language, ovo_code="OVO000039")
    with transaction(PLATFORM):
        mails.mail_verification(str(refused))
        for enrolment_id in (refused, accepted):
            verify_enrolment(enrolment_id)
        refuse_enrolment(refused, "Vraag eerst een mandaat & bel ons.")
        approve_enrolment(accepted)
        mails.mail_decision(str(refused))
        mails.mail_decision(str(accepted))
    verify, no, yes = collector.mails
    assert all(mail["To"] == "hr@voorbeeld.example" and mail["Subject"].strip() for mail in (verify, no, yes))
    assert "/enrol/confirmation/" in verify.get_content()
    assert "Vraag eerst een mandaat & bel ons." in no.get_content()
    assert "Departement Cultuur, Jeugd en Media" in no.get_content()
    assert "Agentschap Innoveren en Ondernemen" in yes.get_content()
