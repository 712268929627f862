"""The states of a chat, and what each step of its end does to keys and lines.

A chat goes through these states:

    waiting → talking → closing → kept → ended

- Waiting: in the queue, by the time of joining. A talk whose agent fell away waits again; it joined before everybody
  who waits, so it is at the front.
- Talking: one agent has it. Two agents never take the same, and an agent has one talk at a time.
- Closing: the talk is over. The agent's key is gone, and the visitor says what becomes of it; no answer erases it.
- Kept: it stands in a case. The words of the receipt are shown until the visitor has them.
- Ended: no line and no key is left. The row stays an hour, so that a page that is reloaded can say what happened.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete

from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import local_date, now
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import Channel, ContactEnd, Topic
from spreekbuis.errors import Conflict
from spreekbuis.figures.office import OfficeFact, record_office_contact
from spreekbuis.intake.chat.models import Chat, ChatLine

LONGEST_TALK = timedelta(hours=2)
TO_DECIDE = timedelta(minutes=15)
"""How long a visitor may think about what becomes of a talk that is over."""


class ChatState(StrEnum):
    WAITING = "waiting"
    TALKING = "talking"
    CLOSING = "closing"
    KEPT = "kept"
    ENDED = "ended"


class Ending(StrEnum):
    """Why a chat ended."""

    LEFT = "left"
    """The visitor went, from the queue or from a talk that nobody keeps."""
    LOST = "lost"
    """No sign of life of the visitor, or no answer."""
    SHUT = "shut"
    """The opening hours ended while the visitor waited."""
    KEPT = "kept"


class ChatFull(Conflict):
    """So many wait that one more would wait in vain."""

    status = 503
    title = _l("Er wachten nu te veel mensen")
    advice = _l("Probeer het over een half uur opnieuw. Een melding doen kan ook nu.")


class ChatShut(Conflict):
    """Outside the opening hours."""

    title = _l("De chat is nu gesloten")
    advice = _l("Op de chatpagina lees je wanneer we er weer zijn.")


class NobodyWaits(Conflict):
    """Another agent was first, or the visitor went away."""

    title = _l("Er wacht niemand meer")


class TalkIsOver(Conflict):
    """The chat is not in a state for this any more."""

    title = _l("Het gesprek is gedaan")
    advice = _l("Je laatste bericht is niet meer verstuurd.")


def begun(chat: Chat) -> bool:
    """Whether a talk goes on: an agent has it, or fell away in the middle of it."""
    return chat.state == ChatState.TALKING or (chat.state == ChatState.WAITING and chat.taken_at is not None)


def ends_at(chat: Chat) -> datetime | None:
    """When a talk is over at the latest."""
    return chat.taken_at + LONGEST_TALK if chat.taken_at else None


def close(chat: Chat) -> None:
    """The talk is over: the agent's key goes at once, the visitor decides about the rest, if there is any."""
    if not chat.length:
        end(chat, Ending.LEFT)
        return
    chat.state, chat.ended_at, chat.key_for_agent = ChatState.CLOSING, now(), None
    chat.version += 1


def count(chat: Chat) -> None:
    """Count the contact once it is over and filed; one that stands in a case was counted there."""
    if chat.state != ChatState.ENDED or chat.filed is None or chat.ending == Ending.KEPT:
        return
    topic = Topic(chat.topic) if chat.topic else None
    fact = OfficeFact(local_date(now()), Channel.CHAT, topic, ContactEnd(chat.filed), in_entity=False)
    record_office_contact(chat.id, fact)


def erase(chat: Chat) -> None:
    """Take away what was said and every key. `chat` is locked."""
    db.session.execute(delete(ChatLine).where(ChatLine.chat_id == chat.id))
    chat.key_locked = chat.key_for_agent = chat.words_locked = chat.proposal_sealed = None
    chat.length, chat.ended_at = 0, now()
    chat.version += 1


def end(chat: Chat, ending: Ending) -> None:
    """Erase it, and remember for a while why. `chat` is locked."""
    erase(chat)
    chat.state, chat.ending = ChatState.ENDED, ending.value
    if chat.taken_at is not None:
        record(Audited.CHAT_ENDED, chat.id)  # not how: an agent is no witness of which case a talk became
    count(chat)
