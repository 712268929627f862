"""What a reporter asks of the desk: a talk, to be reached in a certain way, aftercare."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from uuid import UUID

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.changes import Happened, changed
from spreekbuis.cases.dialogue import MessageKind, Nature, ShownMessage, write_message
from spreekbuis.cases.duplicates import ended_at, mark_unread, refuse_ended
from spreekbuis.cases.models import Case
from spreekbuis.errors import Conflict, Invalid
from spreekbuis.vault.content import ContentKey


class Way(StrEnum):
    """How to talk."""

    PHONE = "phone"
    VIDEO = "video"
    OFFICE = "office"
    ELSEWHERE = "elsewhere"


WAY_LABELS: dict[Way, LazyString] = {
    Way.PHONE: _l("Telefonisch"),
    Way.VIDEO: _l("Via een videogesprek"),
    Way.OFFICE: _l("Bij het loket"),
    Way.ELSEWHERE: _l("Op een andere plek"),
}


class Reach(StrEnum):
    """How the desk may reach a reporter."""

    MAILBOX = "mailbox"
    PHONE = "phone"
    EMAIL = "email"


REACH_LABELS: dict[Reach, LazyString] = {
    Reach.MAILBOX: _l("Alleen hier, in mijn melding"),
    Reach.PHONE: _l("Bel me"),
    Reach.EMAIL: _l("Mail me"),
}


@dataclass(frozen=True, slots=True)
class Preference:
    """How the desk may reach the reporter. `where`: the number or address, empty for the mailbox; `when` in words."""

    reach: str
    where: str
    when: str


def ask_meeting(case: Case, key: ContentKey, way: Way, text: str, *, once: UUID | None = None) -> None:
    """Ask to talk with the desk. Decree of 18 November 2022: a physical meeting on request, within a reasonable time.

    `text` says when and where it suits, and may be empty. Raises CaseClosed.
    """
    write_message(
        case, key, author="reporter", text=text, once=once, nature=Nature(MessageKind.MEETING, how=way.value)
    )


def prefer_contact(case: Case, key: ContentKey, preference: Preference) -> None:
    """Keep how the desk may reach the reporter; the last one counts. Raises Invalid, CaseClosed."""
    refuse_ended(case)
    if preference.reach != Reach.MAILBOX and not preference.where:
        raise Invalid({"contact_where": _l("Vul het telefoonnummer of het e-mailadres in.")})
    if contact_preference(case.contact_preference_sealed, key) == preference:
        return
    case.contact_preference_sealed = key.seal("contact_preference", json.dumps(asdict(preference)))
    mark_unread(case)
    changed(case, Happened.CONTACT_PREFERENCE)


def contact_preference(sealed: bytes | None, key: ContentKey) -> Preference | None:
    """How the reporter wants to be reached, or None when nothing was said. Raises CannotOpen."""
    return None if sealed is None else Preference(**json.loads(key.open("contact_preference", sealed)))


def ask_aftercare(case: Case, key: ContentKey, text: str, *, once: UUID | None = None) -> None:
    """Ask the desk for aftercare. The case stays closed and is unread again.

    Raises Conflict when the case is open: then an ordinary message does it.
    """
    if ended_at(case) is None:
        raise Conflict(_l("Je melding is nog niet afgerond"), _l("Schrijf het loket gewoon een bericht."))
    write_message(case, key, author="reporter", text=text, once=once, nature=Nature(MessageKind.AFTERCARE))


def tell_reprisals(case: Case, key: ContentKey, text: str, *, once: UUID | None = None) -> None:
    """Say that the report has consequences for the reporter; `text` may be empty. Also on a closed case, which is
    unread again. Decree of 18 November 2022: protection against reprisals."""
    write_message(case, key, author="reporter", text=text, once=once, nature=Nature(MessageKind.REPRISALS))


_TITLES: dict[str, LazyString] = {
    MessageKind.MEETING: _l("vraag om een gesprek"),
    MessageKind.MINUTES: _l("verslag van een gesprek"),
    MessageKind.CORRECTION: _l("verbetering van het verslag"),
    MessageKind.AFTERCARE: _l("vraag om nazorg"),
    MessageKind.REPRISALS: _l("ondervindt gevolgen van de melding"),
    MessageKind.LEGAL_DUTY: _l("de wet verplicht ons je naam te geven"),
}


def titles_of(message: ShownMessage | Nature) -> list[str]:
    """What a message is, when it is more than what it says; of a request to talk also how."""
    titles = [str(_TITLES[message.kind])] if message.kind in _TITLES else []
    return [*titles, str(WAY_LABELS[Way(message.how)]).lower()] if message.how else titles
