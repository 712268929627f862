"""The record of a conversation: the desk writes it, the reporter checks, corrects and agrees.

Directive 2019/1937, article 18, and the decree of 18 November 2022: whoever reports by word of mouth gets the chance to
check, rectify and agree to the record. Nothing is overwritten: record, corrections and a new record all stay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.cases.changes import Happened, changed
from spreekbuis.cases.dialogue import MessageKind, Nature, ShownMessage, write_message
from spreekbuis.cases.duplicates import mark_unread
from spreekbuis.cases.models import Case, Message
from spreekbuis.cases.opening import NewFile
from spreekbuis.clock import now
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, NotFound
from spreekbuis.vault.content import ContentKey


class MinutesState(StrEnum):
    """Where a record stands."""

    WAITING = "waiting"
    CORRECTED = "corrected"
    AGREED = "agreed"


MINUTES_LABELS: dict[MinutesState, LazyString] = {
    MinutesState.WAITING: _l("Wacht op akkoord van de melder"),
    MinutesState.CORRECTED: _l("De melder stuurde een verbetering"),
    MinutesState.AGREED: _l("De melder gaat akkoord"),
}


@dataclass(frozen=True, slots=True)
class Minutes:
    """A record of the case and its state."""

    message: ShownMessage
    state: MinutesState


class AlreadyAgreed(Conflict):
    """The reporter agreed to this record before."""

    title = _l("Je ging al akkoord met dit verslag")
    advice = _l("Wil je toch iets verbeteren? Schrijf het in een bericht.")


def write_minutes(
    case: Case, key: ContentKey, text: str, *, files: Sequence[NewFile] = (), once: UUID | None = None
) -> Message:
    """Put a record of a conversation before the reporter. Raises CaseClosed."""
    message = write_message(
        case, key, author="handler", text=text, files=files, once=once, nature=Nature(MessageKind.MINUTES)
    )
    case.unread_by_desk = False
    return message


def agree(case: Case, minutes_id: UUID) -> None:
    """The reporter agrees to a record, also when the case is closed. Twice is once. Raises NotFound."""
    minutes = _minutes(case, minutes_id)
    if minutes.agreed_at is not None:
        return
    minutes.agreed_at = now()
    mark_unread(case)
    changed(case, Happened.MINUTES_AGREED)


def correct(case: Case, key: ContentKey, minutes_id: UUID, text: str, *, once: UUID | None = None) -> None:
    """The reporter corrects a record; both stay. Raises NotFound, AlreadyAgreed, CaseClosed."""
    minutes = _minutes(case, minutes_id)
    if minutes.agreed_at is not None:
        raise AlreadyAgreed
    nature = Nature(MessageKind.CORRECTION, about_id=minutes.id)
    write_message(case, key, author="reporter", text=text, once=once, nature=nature)


def minutes_in(dialogue: Sequence[ShownMessage]) -> list[Minutes]:
    """The records among these messages, the oldest first."""
    corrected = {message.about_id for message in dialogue if message.kind == MessageKind.CORRECTION}

    def state(message: ShownMessage) -> MinutesState:
        if message.agreed_at is not None:
            return MinutesState.AGREED
        return MinutesState.CORRECTED if message.id in corrected else MinutesState.WAITING

    return [Minutes(m, state(m)) for m in dialogue if m.kind == MessageKind.MINUTES]


def _minutes(case: Case, minutes_id: UUID) -> Message:
    """The record, locked to change it. Raises NotFound."""
    found = db.session.scalar(
        select(Message)
        .where(
            Message.entity_id == current_entity_id(),
            Message.case_id == case.id,
            Message.id == minutes_id,
            Message.kind == MessageKind.MINUTES,
        )
        .with_for_update()
    )
    if found is None:
        raise NotFound
    return found
