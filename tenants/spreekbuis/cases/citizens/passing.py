"""Passing a message to 1700 on to the entity that it is about: to its desk when it is subscribed, else by letter.

The sender agrees beforehand, on the form or in the mailbox, for the entity that is named there; and can withdraw that
until the message is passed on. To a desk it goes as every referral (cases.referral), without asking again. By letter
1700 prints and posts it, and writes down when; the case is closed then, the answer comes from the entity.
"""

from datetime import date
from enum import StrEnum
from uuid import UUID

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.access.models import DeskAddress
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited
from spreekbuis.cases.changes import Happened, changed, refuse_closed
from spreekbuis.cases.citizens.models import CitizenMessage
from spreekbuis.cases.deadlines import set_state
from spreekbuis.cases.dialogue import message_made_by, write_message
from spreekbuis.cases.letters import receives
from spreekbuis.cases.models import Case, Referral
from spreekbuis.cases.procedure_versions import of_citizens
from spreekbuis.cases.procedures import State, may_move
from spreekbuis.cases.referral import AlreadyReferred, Destination, Why, open_referral, propose
from spreekbuis.clock import local_date, now, today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import Outcome
from spreekbuis.directory.models import Entity
from spreekbuis.directory.register import organisation_of
from spreekbuis.errors import Conflict, Invalid
from spreekbuis.vault.content import ContentKey


class Sender(StrEnum):
    CITIZEN = "citizen"
    BUSINESS = "business"


SENDER_LABELS: dict[Sender, LazyString] = {
    Sender.CITIZEN: _l("Ik schrijf als burger"),
    Sender.BUSINESS: _l("Ik schrijf voor een onderneming of vereniging"),
}


SENDER_NAMES: dict[Sender, LazyString] = {
    Sender.CITIZEN: _l("Burger"),
    Sender.BUSINESS: _l("Onderneming of vereniging"),
}


def terms_of_citizens() -> dict[str, int]:
    """Within how many calendar days 1700 does each step, by the procedure of today."""
    return {term.step.value: term.days for term in of_citizens(today()).terms}


class NotTo1700(Conflict):
    title = _l("Dit dossier kwam niet binnen bij 1700")


class NotAgreed(Conflict):
    title = _l("De afzender ging niet akkoord")
    advice = _l("Zonder akkoord geef je het bericht niet door. Vraag het met een bericht.")


class PassedOn(Conflict):
    title = _l("Er is intussen iets veranderd")
    advice = _l("Kijk hoe je bericht er nu voorstaat, en kies dan opnieuw.")


def message_of(case_id: UUID) -> CitizenMessage:
    """What 1700 knows of the message. Raises NotTo1700 for a case that did not come there."""
    found = db.session.get(CitizenMessage, (current_entity_id(), case_id))
    if found is None:
        raise NotTo1700
    return found


def subscribed(ovo_code: str) -> UUID | None:
    """The entity of the organisation with desks that take cases over today, or None: then a letter goes."""
    has_keys = select(DeskAddress.kind).where(DeskAddress.tenant_id == Entity.id).exists()
    return db.session.scalar(select(Entity.id).where(Entity.ovo_code == ovo_code, *receives(), has_keys))


def name_entity(case: Case, ovo_code: str) -> None:
    """Say about which organisation the message is. Another one than before: its sender is asked again. Raises Invalid,
    CaseClosed, AlreadyReferred."""
    message = _movable(case)
    organisation = organisation_of(ovo_code)
    if organisation is None:
        raise Invalid({"ovo": _l("Kies een van de mogelijkheden.")})
    if message.about == organisation.ovo_code:
        return
    message.about = organisation.ovo_code
    _agree(case, message, given=False)


def consent(case: Case, *, given: bool, about: str) -> None:
    """The sender says whether the message may be passed on to `about`, which the page showed. Raises PassedOn when it
    is, or when it is about another one by now."""
    message = message_of(case.id)
    if case.closed_at is not None or open_referral(case.id) is not None or message.about != about:
        raise PassedOn
    if given == (message.agreed_at is None):
        _agree(case, message, given=given)
        case.unread_by_desk = True


def pass_to_desk(case: Case, key: ContentKey, category: str, explanation: str, once: UUID) -> Referral:
    """Send the message to the desk of the entity for this category. Raises NotAgreed, Invalid when the entity takes
    none, and as `propose`. The same `once` again gives the referral that it made."""
    message = message_of(case.id)
    made = open_referral(case.id)
    if made is not None and made.once == once:
        return made
    if message.agreed_at is None or message.about is None:
        raise NotAgreed
    to = Destination(subscribed(message.about), category)
    return propose(case, key, to, Why.BETTER_PLACED, explanation, once, agreed_at=message.agreed_at)


def note_posted(case: Case, key: ContentKey, day: date, told: str, note: str, once: UUID) -> None:
    """Write down that the letter was posted on `day`, tell the sender (`told`), and close the case. `note`: for the
    desk alone. Twice is once. Raises NotAgreed, Invalid, CaseClosed, AlreadyReferred."""
    if message_made_by(case, once) is not None:
        return
    message = _movable(case)
    if message.agreed_at is None or message.about is None:
        raise NotAgreed
    if not local_date(case.received_at) <= day <= today():
        raise Invalid({"day": _l("Vul een dag in tussen de ontvangst en vandaag.")})
    if subscribed(message.about) is not None:
        raise Invalid({"day": _l("Deze entiteit is aangesloten: geef het door aan haar loket.")})
    if note:
        write_message(case, key, author="handler", text=note, internal=True)
    write_message(case, key, author="handler", text=told, once=once)
    moment = now()
    if may_move(case, State.ACKNOWLEDGED):
        case.acknowledged_at = moment
        changed(case, Happened.ACKNOWLEDGED)
    message.posted_on, message.posted_by = day, acting().account_id
    set_state(case, State.CLOSED)
    case.feedback_at = case.feedback_at or moment
    case.closed_at, case.outcome, case.unread_by_desk = moment, Outcome.REFERRED, False
    changed(case, Happened.POSTED, Audited.CASE_CLOSED, day=day.isoformat(), outcome=Outcome.REFERRED.value)


def _movable(case: Case) -> CitizenMessage:
    refuse_closed(case)
    if open_referral(case.id) is not None:
        raise AlreadyReferred
    return message_of(case.id)


def _agree(case: Case, message: CitizenMessage, *, given: bool) -> None:
    message.agreed_at = now() if given else None
    changed(case, Happened.FORWARDING, given=given)
