"""Add a contact to a case that exists, by its number or by the words of its receipt: writing only.

The agent hears "noted" only when there is such a case. So an agent who tries numbers could learn how many cases an
entity has. Decided: what was right is seen by the desk (the contact stands on the case, which becomes unread); what
was wrong stands in the entity's trail with the agent's account; and after five wrong numbers an agent waits a quarter
of an hour, in which right ones are refused too. A number that a mail names itself counts for that mail alone. A case
of which the agent is kept out, as a handler, is none. The words of a receipt hold 104 random bits; wrong ones count as
well.
"""

import json
from dataclasses import dataclass, field
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.access.desks import takes_new
from spreekbuis.access.models import Desk
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.exclusion import withhold_from
from spreekbuis.cases.finding import case_by_number, case_of_reporter
from spreekbuis.cases.left_notes import leave_contact
from spreekbuis.cases.numbers import CaseNumber, read_number
from spreekbuis.cases.opening import NewFile
from spreekbuis.clock import today
from spreekbuis.db.scope import PLATFORM, current_entity_id, tenant
from spreekbuis.db.session import db, transaction, within
from spreekbuis.directory.catalogue import Channel, ContactEnd
from spreekbuis.directory.models import Entity, Organisation
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.figures.office import OfficeFact
from spreekbuis.identity.lockout import count_try, key_of, take_back
from spreekbuis.intake.front.registering import Registered, count_contact, mark_of
from spreekbuis.intake.models import Receipt
from spreekbuis.intake.reporters import find_receipt
from spreekbuis.vault.receipt_code import NotAReceiptCode, parse

UNKNOWN = _l(
    "We vinden geen dossier met dit nummer of deze woorden. Kijk na wat je typte, en bij welke entiteit."
)


@dataclass(frozen=True, slots=True)
class Addition:
    """A contact on a case that exists. `reference`: its number, or the eight words of its receipt.

    A number needs the organisation; the words do not.
    """

    token: str = field(repr=False)
    agent_id: UUID
    reference: str = field(repr=False)
    organisation: Organisation | None
    channel: Channel
    note: str
    mail: str = ""
    """The digest of the e-mail that names this number itself: then wrong tries count for that mail. Strangers choose
    what they write, and would lock an agent out with five mails."""
    script: tuple[UUID, int] | None = None
    files: tuple[NewFile, ...] = ()
    """Attachments of an e-mail, cleaned and stored for the entity (front.attachments)."""


def entity_of(addition: Addition) -> UUID | None:
    """The entity that the case would belong to, whether or not it is there: nothing is told by it."""
    if read_number(addition.reference, today().year) is None:
        receipt = _receipt(addition.reference)
        return receipt.tenant_id if receipt else None
    if addition.organisation is None:
        return None
    return db.session.scalar(select(Entity.id).where(Entity.ovo_code == addition.organisation.ovo_code))


def add_contact(addition: Addition) -> Registered:
    """Leave the note for the desk of the case, and count the contact, in platform scope. Twice is once.

    Raises Invalid when there is no such case or the number does not say enough, LockedOut after five wrong ones.
    """
    number = read_number(addition.reference, today().year)
    if number is None:
        return _by_words(addition)
    if addition.organisation is None:
        raise Invalid({"entity": _l("Vul in bij welke entiteit dit dossier hoort.")})
    if number.desk is None:
        raise Invalid({"existing": _l("Schrijf het nummer met de letter ervoor, bijvoorbeeld I-2026-024.")})
    return _by_number(addition, addition.organisation, number)


def _by_number(addition: Addition, organisation: Organisation, number: CaseNumber) -> Registered:
    key = _try(addition)
    found = db.session.execute(
        select(Entity.id, Entity.succeeded_by_id).where(Entity.ovo_code == organisation.ovo_code)
    ).one_or_none()
    if found is None:
        raise Invalid({"existing": UNKNOWN})
    entity_id = found.succeeded_by_id or found.id
    of_it = takes_new() if entity_id == found.id else Desk.came_from_id == found.id
    try:
        with within(entity_id):
            withhold_from(addition.agent_id)
            desks = db.session.scalars(
                select(Desk.id).where(Desk.entity_id == current_entity_id(), Desk.kind == number.desk, of_it)
            )
            new = _leave(addition, case_by_number(frozenset(desks), number, lock=True).id)
    except NotFound:
        with transaction(tenant(entity_id)):  # of its own: the page that says so leaves nothing behind
            record(Audited.CONTACT_MISSED, None, {"by": "number"})
        raise Invalid({"existing": UNKNOWN}) from None
    take_back(key)
    return Registered(ContactEnd.ADDED, str(number), again=not new)


def _by_words(addition: Addition) -> Registered:
    key = _try(addition)
    receipt = _receipt(addition.reference)
    if receipt is None:
        with transaction(PLATFORM):
            record(Audited.CONTACT_MISSED, None, {"by": "words"})
        raise Invalid({"existing": UNKNOWN})
    try:
        with within(receipt.tenant_id):
            withhold_from(addition.agent_id)
            new = _leave(addition, receipt.case_id)
    except NotFound:  # the agent is kept out of it
        raise Invalid({"existing": UNKNOWN}) from None
    take_back(key)
    return Registered(ContactEnd.ADDED, again=not new)


def _receipt(words: str) -> Receipt | None:
    try:
        return find_receipt(parse(words))
    except NotAReceiptCode:
        return None


def _try(addition: Addition) -> bytes:
    """Count the try before it is judged; a right one is taken back. Raises LockedOut."""
    key = key_of("case-reference", addition.mail or str(addition.agent_id))
    count_try(key)
    return key


def _leave(addition: Addition, case_id: UUID) -> bool:
    """Leave the note on the case of the tenant in scope; gives whether it was new."""
    mark = mark_of(addition.token, json.dumps([str(case_id), addition.channel, addition.note]))
    case = case_of_reporter(case_id, lock=True)
    once = UUID(bytes=mark[16:], version=4)
    new = leave_contact(case, addition.channel, addition.note, once, addition.script, addition.files)
    if new:
        fact = OfficeFact(today(), addition.channel, None, ContactEnd.ADDED, True, addition.script)
        count_contact(mark, fact)
    return new
