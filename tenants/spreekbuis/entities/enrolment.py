"""How an organisation asks to enrol: the request, and the confirmation of the requester's address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now, today
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity, Organisation
from spreekbuis.directory.register import organisation_of
from spreekbuis.directory.register_history import organisation_on
from spreekbuis.entities.models import Enrolment, EnrolmentStatus
from spreekbuis.errors import Conflict, NotFound
from spreekbuis.jobs.outbox import enqueue, job

LINK_LIFETIME = timedelta(hours=48)
MAILS_PER_ADDRESS = 3
"""Requests that one address can have open in `LINK_LIFETIME`: nobody fills another's mailbox through us."""
FORGET_AFTER = timedelta(days=30)
"""A request that was never confirmed holds a name and an address; it is deleted after this."""


class UnknownOrganisation(NotFound):
    title = _l("Deze organisatie staat niet in het register")
    advice = _l(
        "Kijk de code na, of zoek op de naam. Staat ze er echt niet bij? Neem dan contact met ons op."
    )


class AlreadyEnrolled(Conflict):
    title = _l("Deze organisatie is al aangesloten")
    advice = _l("Je hoeft niets te doen. Zoek je toegang? Vraag die aan de beheerder van je entiteit.")


class AlreadyWaiting(Conflict):
    title = _l("Er is al een aanvraag voor deze organisatie")
    advice = _l("De centrale dienst bekijkt die aanvraag. Wie ze deed, krijgt een mail zodra er beslist is.")


class TooManyMails(Conflict):
    title = _l("We stuurden al enkele mails naar dit adres")
    advice = _l("Kijk in je mailbox, ook bij ongewenste mail. Je kunt de link in de laatste mail gebruiken.")


@dataclass(frozen=True, slots=True)
class Request:
    """What the requester fills in. `headcount` counts people; `affiliated`: uses the prevention service
    GDPB."""

    ovo_code: str
    name: str
    function: str
    email: str
    headcount: int
    affiliated: bool
    language: str


def not_yet_enrolled(ovo_code: str) -> Organisation:
    """The organisation with this code. Raises UnknownOrganisation, also when it ended, or AlreadyEnrolled."""
    organisation = organisation_of(ovo_code)
    if organisation is None or organisation_on(organisation.ovo_code, today()) is None:
        raise UnknownOrganisation
    if db.session.scalar(select(Entity.id).where(Entity.ovo_code == organisation.ovo_code)) is not None:
        raise AlreadyEnrolled
    return organisation


def enrollable(ovo_code: str) -> Organisation:
    """The organisation, when a request for it can be made. Raises as `not_yet_enrolled`, and
    AlreadyWaiting."""
    organisation = not_yet_enrolled(ovo_code)
    waiting = select(Enrolment.id).where(
        Enrolment.ovo_code == organisation.ovo_code, Enrolment.status == EnrolmentStatus.WAITING
    )
    if db.session.scalar(waiting) is not None:
        raise AlreadyWaiting
    return organisation


def request_enrolment(once: UUID, request: Request) -> UUID:
    """Keep the request and mail a link to confirm the address; gives the id of the enrolment.

    `once` was made with the form: the same form sent twice is one request and one mail. Several people may
    ask for one organisation; the first who confirms goes on. Raises what `enrollable` raises, and
    TooManyMails.
    """
    if db.session.get(Enrolment, once) is not None:
        return once
    organisation = enrollable(request.ovo_code)
    email = request.email.lower()
    recent = db.session.scalar(
        select(func.count()).select_from(Enrolment).where(
            Enrolment.requester_email == email,
            Enrolment.status == EnrolmentStatus.UNVERIFIED,
            Enrolment.created_at > now() - LINK_LIFETIME,
        )
    )  # fmt: skip
    if (recent or 0) >= MAILS_PER_ADDRESS:
        raise TooManyMails
    db.session.execute(
        insert(Enrolment)
        .values(
            id=once, ovo_code=organisation.ovo_code, requester_name=request.name, requester_email=email,
            requester_function=request.function, headcount=request.headcount, affiliated=request.affiliated,
            language=request.language,
        )
        .on_conflict_do_nothing(index_elements=["id"])
    )  # fmt: skip
    enqueue("entities.mail_verification", once_key=f"enrolment-verification {once}", enrolment_id=str(once))
    return once


def verify_enrolment(enrolment_id: UUID) -> Enrolment:
    """The requester confirmed the address: the central office can decide. Twice is once.

    Raises NotFound (the request was forgotten), AlreadyEnrolled, or AlreadyWaiting when another request for
    the same organisation was confirmed first.
    """
    enrolment = locked_enrolment(enrolment_id)
    if enrolment.status != EnrolmentStatus.UNVERIFIED:
        return enrolment
    enrollable(enrolment.ovo_code)
    try:
        with db.session.begin_nested():
            enrolment.status = EnrolmentStatus.WAITING
            enrolment.verified_at = now()
    except IntegrityError:  # two people confirmed at the same moment
        raise AlreadyWaiting from None
    record(Audited.ENROLMENT_VERIFIED, enrolment_id, {"ovo_code": enrolment.ovo_code})
    return enrolment


def locked_enrolment(enrolment_id: UUID) -> Enrolment:
    """The request as it is now, held until this transaction ends. Raises NotFound."""
    found = db.session.scalar(
        select(Enrolment)
        .where(Enrolment.id == enrolment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


@job("entities.forget_unconfirmed", every=timedelta(days=1))
def forget_unconfirmed() -> Mapping[str, int]:
    """Delete requests whose address was not confirmed within `FORGET_AFTER`."""
    gone = db.session.execute(
        delete(Enrolment)
        .where(Enrolment.status == EnrolmentStatus.UNVERIFIED, Enrolment.created_at < now() - FORGET_AFTER)
        .returning(Enrolment.id)
    ).all()
    return {"deleted": len(gone)}
