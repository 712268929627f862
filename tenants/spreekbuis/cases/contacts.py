"""Calls, e-mails, chats, visits and letters: register one on a case, or open a case with it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ARRAY, Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.models import LeftNote
from spreekbuis.actor import acting
from spreekbuis.cases.changes import Happened, changed, count_contact
from spreekbuis.cases.models import Case, Contact
from spreekbuis.cases.opening import SPOKEN, NewCase, open_or_find
from spreekbuis.cases.workflow import adopt
from spreekbuis.clock import local_date, now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows
from spreekbuis.directory.catalogue import CaseKind, Channel, Identity, ReporterClass
from spreekbuis.errors import Invalid
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.receipt_code import ReceiptCode

HAPPENED_ELSEWHERE = tuple(channel for channel in Channel if channel is not Channel.WEB)
"""Channels that somebody of the desk registers."""


RECEIPTS: list[Callable[[ReceiptCode, ContentKey], object]] = []
"""Writes the receipt of a case that a handler registers. Filled by the composition root: receipts are the intake's."""


@dataclass(frozen=True, slots=True)
class ShownContact:
    """A contact that was opened for a reader. `left`: its note waits (cases.left_notes)."""

    id: UUID
    channel: str
    at: datetime
    note: str
    left: bool


@dataclass(frozen=True, slots=True)
class ContactReport:
    """What a handler writes down of a first contact. `case_id` becomes the case's id: the same once for the
    same contact (cases.once)."""

    case_id: UUID
    channel: Channel
    kind: CaseKind
    category: str
    identity: Identity
    reporter_class: ReporterClass
    summary: str
    language: str = "nl"
    reporter: Mapping[str, str] = field(default_factory=dict)


def register_contact(
    case: Case, key: ContentKey, channel: Channel, at: datetime, note: str, once: UUID | None = None
) -> Contact:
    """Register a contact that took place on a case, open or closed, at `at`. The note may be empty and is
    sealed.

    A first talk by phone, chat or visit, after the procedure was chosen, is the first conversation. The same `once`
    again gives the contact that it made. Raises Invalid for a moment in the future, or before the case was received.
    """
    if once is not None and (made := contact_made_by(case, once)) is not None:
        return made
    if at > now() or local_date(at) < local_date(case.received_at):
        raise Invalid({"at": _l("Kies een dag tussen de ontvangst van het dossier en vandaag.")})
    contact_id = new_id()
    sealed = key.seal(note_of(contact_id), note) if note else None
    contact = db.session.scalars(
        insert(Contact)
        .values(
            entity_id=case.entity_id, id=contact_id, case_id=case.id, channel=channel.value, at=at,
            account_id=acting().account_id, note_sealed=sealed, once=once,
        )
        .on_conflict_do_nothing(index_elements=["entity_id", "case_id", "once"])
        .returning(Contact)
    ).one_or_none()  # fmt: skip
    if contact is None:
        made = contact_made_by(case, once) if once is not None else None
        assert made is not None, "only the same form can stand in the way of a contact"
        return made
    first = case.conversation_at is None or at < case.conversation_at
    if channel in SPOKEN and first and (case.procedure_at is None or at >= case.procedure_at):
        case.conversation_at = at
    changed(case, Happened.CONTACT, channel=channel.value)
    count_contact(case, contact.fact_id, channel, at)
    return contact


def register_case(report: ContactReport, code: ReceiptCode) -> Case:
    """Open a case for somebody who called, wrote or came by. It is the handler's own when the desk is.

    `code` lets the other person come back: the handler reads its words out, and it follows from the form.
    The same `case_id` again gives the case that it opened, untouched. Raises Invalid for the channel web: reporters
    use it themselves.
    """
    if report.channel not in HAPPENED_ELSEWHERE:
        raise Invalid({"channel": _l("Kies een van de mogelijkheden.")})
    anonymous = report.identity is Identity.ANONYMOUS
    new = NewCase(
        id=report.case_id,
        kind=report.kind,
        category=report.category,
        channel=report.channel,
        identity=report.identity,
        reporter_class=report.reporter_class,
        language=report.language,
        text=report.summary,
        reporter=None if anonymous else {k: v for k, v in report.reporter.items() if v} or None,
        duty_accepted=False,
    )
    case, made = open_or_find(new)
    if made:
        for give in RECEIPTS:
            give(code, ContentKey(case.entity_id, case.id, new.secret))
        adopt(case)
        case.unread_by_desk = case.handler_id is None
    return case


def read_contacts(key: ContentKey) -> list[ShownContact]:
    """The contacts on the case of this key, the oldest first, notes opened. One query."""
    found = rows(_CONTACTS, {"entity": current_entity_id(), "case": key.subject_id})
    return [
        ShownContact(contact_id, channel, at, key.open(note_of(contact_id), sealed) if sealed else "", left)
        for contact_id, channel, at, sealed, left in found
    ]


_CONTACTS = (
    select(
        Contact.id, Contact.channel, Contact.at, Contact.note_sealed, LeftNote.contact_id.is_not(None)
    )
    .outerjoin(LeftNote, (LeftNote.entity_id == Contact.entity_id) & (LeftNote.contact_id == Contact.id))
    .where(Contact.entity_id == bindparam("entity"), Contact.case_id == bindparam("case"))
    .order_by(Contact.at, Contact.id)
)  # fmt: skip
_NOTES = select(Contact.case_id, Contact.id, Contact.note_sealed).where(
    Contact.entity_id == bindparam("entity"),
    Contact.case_id == any_(bindparam("cases", type_=ARRAY(Uuid))),
    Contact.note_sealed.is_not(None),
)


def notes_of(keys: Mapping[UUID, ContentKey]) -> Iterator[tuple[UUID, str | None]]:
    """The note of every contact of these cases, opened, with its case; None for what does not open. One query."""
    for case_id, contact_id, sealed in rows(_NOTES, {"entity": current_entity_id(), "cases": list(keys)}):
        yield case_id, keys[case_id].open_or_none(note_of(contact_id), sealed)


def contact_made_by(case: Case, once: UUID) -> Contact | None:
    """The contact that the form with this `once` made before, if any."""
    return db.session.scalar(
        select(Contact).where(
            Contact.entity_id == current_entity_id(), Contact.case_id == case.id, Contact.once == once
        )
    )


def note_of(contact_id: UUID) -> str:
    return f"contact/{contact_id}"
