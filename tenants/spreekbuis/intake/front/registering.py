"""Register a contact: for an entity that is served, on a case of its own desk; else by counting it alone.

The front office serves every entity and belongs to none. It only writes into one: what it writes is sealed to the
entity's desk, with public keys, and there is no operation here that opens a text. The key of a new case lives as long
as the request that makes it, as with the form of a reporter.
"""

import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases import workflow
from spreekbuis.cases.finding import case_of_reporter
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.opening import NewCase, NewFile, open_case
from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, within
from spreekbuis.directory.catalogue import (
    CATEGORIES,
    CaseKind,
    Channel,
    ContactEnd,
    Identity,
    Outcome,
    ReporterClass,
    Topic,
)
from spreekbuis.directory.models import Entity, Organisation
from spreekbuis.entities.service import accepts_reports
from spreekbuis.errors import Invalid
from spreekbuis.figures.office import OfficeFact, record_office_contact
from spreekbuis.intake.reporters import find_receipt, take_receipt
from spreekbuis.vault.receipt_code import ReceiptCode, from_submission


@dataclass(frozen=True, slots=True)
class Heard:
    """What an agent writes down of a contact. `token` is the form's own secret: the same form with the same content
    is one contact, with other content it is another.

    `answer` is what the other person was told, `script` the id and version of the text it was read from.
    """

    token: str = field(repr=False)
    channel: Channel
    organisation: Organisation | None
    category: str
    ended: ContactEnd
    """ANSWERED, CASE or REFERRED."""
    summary: str
    answer: str = ""
    identity: Identity = Identity.ANONYMOUS
    reporter_class: ReporterClass = ReporterClass.STAFF
    language: str = "nl"
    reporter: Mapping[str, str] = field(default_factory=dict)
    duty_explained: bool = False
    script: tuple[UUID, int] | None = None
    files: tuple[NewFile, ...] = ()
    """Attachments of an e-mail, cleaned and stored for the entity (front.attachments)."""

    @property
    def topic(self) -> Topic:
        return CATEGORIES[self.category].topic

    def mark(self) -> bytes:
        """32 bytes that only this form with this content gives; the receipt code follows from them."""
        told = [
            self.channel, self.organisation and self.organisation.ovo_code, self.category, self.ended, self.summary,
            self.answer, self.identity, self.reporter_class, self.language, sorted(self.reporter.items()),
        ]  # fmt: skip
        return mark_of(self.token, json.dumps(told))


@dataclass(frozen=True, slots=True)
class Registered:
    """What became of it. `number` and `code` when there is a case: the code is for the other person alone."""

    ended: ContactEnd
    number: str = ""
    code: ReceiptCode | None = None
    again: bool = False
    """The same form came before."""


def mark_of(token: str, content: str) -> bytes:
    """32 bytes of a form's secret and what it says. The secret is stored nowhere."""
    return hmac.digest(token.encode(), content.encode(), hashlib.sha256)


def register(heard: Heard) -> Registered:
    """Keep the contact, in platform scope. Twice is once.

    A question that was answered becomes a closed information request of the entity, anything else a new case. For an
    entity without service, or for no entity, nothing but the count is kept: there is no desk to seal a text to.
    Raises Invalid when a case is asked without an entity, or an answered question has no answer.
    """
    if heard.ended is ContactEnd.CASE and heard.organisation is None:
        raise Invalid(
            {"entity": _l("Een dossier hoort bij een entiteit. Vul in over welke entiteit het gaat.")}
        )
    entity = served(heard.organisation)
    ended = heard.ended
    if ended is ContactEnd.CASE and entity is None:
        ended = ContactEnd.NO_SERVICE
    in_entity = entity is not None and ended is not ContactEnd.REFERRED
    fact = OfficeFact(today(), heard.channel, heard.topic, ended, in_entity, heard.script)
    if entity is not None and in_entity:
        with within(entity.id):
            registered = _on_a_case(heard)
        count_contact(heard.mark(), fact)
        return registered
    return Registered(ended, again=not count_contact(heard.mark(), fact))


def served(organisation: Organisation | None) -> Entity | None:
    """The entity that takes reports for this organisation today, or None."""
    return served_among([organisation]).get(organisation.ovo_code) if organisation else None


def served_among(organisations: Collection[Organisation]) -> dict[str, Entity]:
    """Of these organisations those that are served today, by OVO code. One query."""
    codes = [organisation.ovo_code for organisation in organisations]
    entities = db.session.scalars(select(Entity).where(Entity.ovo_code.in_(codes)))
    return {entity.ovo_code: entity for entity in entities if accepts_reports(entity)}


def count_contact(mark: bytes, fact: OfficeFact) -> bool:
    """Count the contact with this mark, once; gives whether it was new. What no entity has in its trail stands in
    that of the platform."""
    contact_id = UUID(bytes=mark[:16], version=4)
    new = record_office_contact(contact_id, fact)
    if new and not fact.in_entity:
        record(
            Audited.CONTACT_COUNTED, contact_id, {"channel": fact.channel.value, "ended": fact.ended.value}
        )
    return new


def code_of(heard: Heard, entity_id: UUID) -> ReceiptCode:
    """The receipt code of the case that this contact opens at the entity."""
    return from_submission(hashlib.sha256(entity_id.bytes + heard.mark()).digest())


def _on_a_case(heard: Heard) -> Registered:
    """Open the case in the tenant in scope with a receipt; of the same contact it is the case of before."""
    answered = heard.ended is ContactEnd.ANSWERED
    if answered and not heard.answer:
        raise Invalid({"answer": _l("Schrijf wat je antwoordde, of kies een antwoordtekst.")})
    code = code_of(heard, current_entity_id())
    key = take_receipt(code)
    if key is None:
        receipt = find_receipt(code)
        assert receipt is not None, "it stood in the way"
        case = case_of_reporter(receipt.case_id)
    else:
        case = open_case(
            NewCase(
                id=key.subject_id, secret=key.secret, category=heard.category, channel=heard.channel,
                kind=CaseKind.INFORMATION_REQUEST if answered else CaseKind.NEW,
                identity=heard.identity, reporter_class=heard.reporter_class, language=heard.language,
                text=heard.summary, duty_accepted=heard.duty_explained, through_front_office=True, script=heard.script,
                reporter=None if heard.identity is Identity.ANONYMOUS else heard.reporter,
                files=heard.files,
            )
        )  # fmt: skip
        if answered:
            workflow.close(case, key, Outcome.ANSWERED, heard.answer)
    number = number_of(case.topic, case.year, case.number)
    return Registered(heard.ended, number, code, again=key is None)
