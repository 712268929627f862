"""The central office decides on a request: an approved organisation becomes an entity."""

from collections.abc import Callable
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.access.desks import create_default_desks
from spreekbuis.access.invitations import invite
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.session import db, within
from spreekbuis.directory.catalogue import CATEGORIES
from spreekbuis.directory.models import Entity, EntityStatus
from spreekbuis.directory.register import policy_area_on
from spreekbuis.entities.enrolment import locked_enrolment, not_yet_enrolled
from spreekbuis.entities.models import Enrolment, EnrolmentStatus
from spreekbuis.errors import Conflict, Invalid, NotAllowed
from spreekbuis.identity.models import Account
from spreekbuis.intake.models import EntityCategory
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.web.access import Role

APPROVAL_STEPS: list[Callable[[Entity, Enrolment], None]] = []
"""What else a new entity needs, done inside its own scope. The composition root adds those of the upper
floor."""


class AlreadyDecided(Conflict):
    title = _l("Over deze aanvraag is al beslist")
    advice = _l("Er is niets veranderd. Kijk op de pagina van de aanvraag wat er beslist werd.")


class NotConfirmed(Conflict):
    title = _l("Het e-mailadres is nog niet bevestigd")
    advice = _l("Je kunt beslissen zodra de aanvrager op de link in de mail geklikt heeft.")


class OwnRequest(NotAllowed):
    title = _l("Je kunt je eigen aanvraag niet goedkeuren")
    advice = _l("Laat een collega van de centrale dienst beslissen. Er is niets veranderd.")


def approve_enrolment(enrolment_id: UUID) -> Entity:
    """Make the entity with its desks, categories and first administrator's invitation, in this transaction.

    Raises NotFound, NotConfirmed, AlreadyDecided, or OwnRequest: who asks does not decide. Of two approvals
    at once the second gets AlreadyDecided.
    """
    enrolment = _decidable(enrolment_id)
    own_address = select(Account.email).where(Account.id == acting().account_id)
    if db.session.scalar(own_address) == enrolment.requester_email:
        raise OwnRequest
    organisation = not_yet_enrolled(enrolment.ovo_code)
    entity = Entity(
        ovo_code=organisation.ovo_code,
        name=organisation.name,
        policy_area=policy_area_on(organisation.ovo_code),
        headcount=enrolment.headcount,
        status=EntityStatus.PREPARING,
    )
    db.session.add(entity)
    db.session.flush()
    _decide(enrolment, EnrolmentStatus.APPROVED)
    enrolment.entity_id_made = entity.id
    record(Audited.ENROLMENT_APPROVED, enrolment.id, {"ovo_code": enrolment.ovo_code})
    with within(entity.id):
        _furnish(entity, enrolment)
    enqueue(
        "entities.mail_decision",
        once_key=f"enrolment-decision {enrolment.id}",
        enrolment_id=str(enrolment.id),
    )
    return entity


def _furnish(entity: Entity, enrolment: Enrolment) -> None:
    """What a new entity starts with."""
    record(Audited.ENTITY_CREATED, entity.id, {"ovo_code": entity.ovo_code})
    create_default_desks(entity.id)
    db.session.add_all(EntityCategory(entity_id=entity.id, category=code) for code in CATEGORIES)
    for step in APPROVAL_STEPS:
        step(entity, enrolment)
    invite(
        email=enrolment.requester_email,
        role=Role.ENTITY_ADMINISTRATOR,
        desk_kind=None,
        language=enrolment.language,
    )


def refuse_enrolment(enrolment_id: UUID, reason: str) -> None:
    """Refuse with a reason, which the requester gets by mail. Raises NotFound, NotConfirmed or
    AlreadyDecided; Invalid without a reason."""
    if not reason:
        raise Invalid({"reason": _l("Schrijf waarom. De aanvrager krijgt deze tekst in een mail.")})
    enrolment = _decidable(enrolment_id)
    _decide(enrolment, EnrolmentStatus.REFUSED)
    enrolment.reason = reason
    record(Audited.ENROLMENT_REFUSED, enrolment.id, {"ovo_code": enrolment.ovo_code})
    enqueue(
        "entities.mail_decision",
        once_key=f"enrolment-decision {enrolment.id}",
        enrolment_id=str(enrolment.id),
    )


def _decidable(enrolment_id: UUID) -> Enrolment:
    enrolment = locked_enrolment(enrolment_id)
    if enrolment.status == EnrolmentStatus.UNVERIFIED:
        raise NotConfirmed
    if enrolment.status != EnrolmentStatus.WAITING:
        raise AlreadyDecided
    return enrolment


def _decide(enrolment: Enrolment, status: EnrolmentStatus) -> None:
    enrolment.status = status
    enrolment.decided_at = now()
    enrolment.decided_by = acting().account_id
