"""What is said in a chat: within bounds, once, and readable for the two who talk."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict
from spreekbuis.intake.chat.models import Chat, ChatLine
from spreekbuis.intake.chat.states import TalkIsOver, begun
from spreekbuis.vault.content import ContentKey

LONGEST_LINE = 2_000
"""Characters."""
LONGEST_IN_ALL = 90_000
"""Characters of one talk, so that it fits in the first message of a case."""
MOST_A_MINUTE = 20
"""Messages of one side."""
VISITOR, AGENT = "visitor", "agent"


class TooFast(Conflict):
    """More messages than anybody reads."""

    status = 429
    title = _l("Dat ging erg snel")
    advice = _l("Wacht een minuut. Je tekst staat nog in het vak.")


class TalkIsFull(Conflict):
    """So much was said that it would not fit in one case."""

    title = _l("Dit gesprek is erg lang geworden")
    advice = _l("Sluit het af. Daarna kun je het bewaren of een nieuw gesprek beginnen.")


@dataclass(frozen=True, slots=True)
class Said:
    id: UUID
    author: str
    at: datetime
    text: str


def say(chat: Chat, key: ContentKey, author: str, text: str, once: UUID) -> None:
    """Add a line. The same text of the same form is said once. `chat` is locked.

    Raises TalkIsOver, TooFast, TalkIsFull.
    """
    if not begun(chat):
        raise TalkIsOver
    line_id = uuid5(once, hashlib.sha256(f"{author} {text}".encode()).hexdigest())
    if db.session.get(ChatLine, (chat.id, line_id)) is not None:
        return
    lately = select(func.count()).where(
        ChatLine.chat_id == chat.id,
        ChatLine.author == author,
        ChatLine.said_at > now() - timedelta(minutes=1),
    )
    if (db.session.scalar(lately) or 0) >= MOST_A_MINUTE:
        raise TooFast
    if chat.length + len(text) > LONGEST_IN_ALL:
        raise TalkIsFull
    db.session.execute(
        insert(ChatLine).values(
            chat_id=chat.id, id=line_id, author=author, said_at=now(), text_sealed=key.seal("chat_line.text", text)
        )
    )  # fmt: skip
    chat.length += len(text)
    chat.version += 1


def said(key: ContentKey) -> list[Said]:
    """The lines of the chat of this key, oldest first. Raises CannotOpen."""
    lines = db.session.scalars(
        select(ChatLine).where(ChatLine.chat_id == key.subject_id).order_by(ChatLine.said_at, ChatLine.id)
    )
    return [
        Said(line.id, line.author, line.said_at, key.open("chat_line.text", line.text_sealed))
        for line in lines
    ]
