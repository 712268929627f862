"""Chats: who waits, who talks, and what is said for as long as the talk lasts. And when the chat is open."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now
from spreekbuis.db.base import Sealed, SharedTable, new_id


class Chat(SharedTable):
    """A visitor in the chat (intake.chat.queue). The row goes an hour after its end; its keys and lines at the end."""

    __tablename__ = "chat"
    shared_because = "belongs to no entity until the visitor asks to keep the talk in one"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    visitor_hash: Mapped[bytes] = mapped_column(unique=True)
    """SHA-256 of the secret in the visitor's cookie."""
    state: Mapped[str]
    version: Mapped[int] = mapped_column(default=0)
    """Grows with each change that somebody should see."""
    language: Mapped[str]
    joined_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)
    """The visitor's last sign of life."""
    taken_at: Mapped[datetime | None]
    """When an agent first took it; None as long as nobody talked."""
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    """Who talks, or has still to file it."""
    agent_seen_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    """When the talk ended, or the row got its last state."""
    ending: Mapped[str | None]
    topic: Mapped[str | None]
    filed: Mapped[str | None]
    """How the agent says it ended; a code of ContactEnd."""
    length: Mapped[int] = mapped_column(default=0)
    """Characters said."""
    key_locked: Mapped[Sealed | None]
    """The key of the lines; only the visitor's cookie opens it."""
    key_for_agent: Mapped[Sealed | None]
    """The same key, sealed to the account of the agent by a request of the visitor."""
    proposal_sealed: Mapped[Sealed | None]
    """What the agent proposes for a case (intake.chat.proposing), with the key of the lines."""
    words_locked: Mapped[Sealed | None]
    """The words of the receipt until the visitor has written them down; only the visitor's cookie opens them."""
    __table_args__ = (
        Index("ix_chat_queue", "state", "joined_at"),
        Index("uq_chat_agent", "agent_id", unique=True, postgresql_where=text("state = 'talking'")),
    )


class ChatLine(SharedTable):
    """Something that was said in a chat."""

    __tablename__ = "chat_line"
    shared_because = "as its chat; sealed with the key of the chat"
    app_may = "SELECT, INSERT, DELETE"
    chat_id: Mapped[UUID] = mapped_column(ForeignKey("chat.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    author: Mapped[str]
    said_at: Mapped[datetime] = mapped_column(default=now)
    text_sealed: Mapped[Sealed]


class ChatHours(SharedTable):
    """When the chat is open, week by week, from a day on. The latest that has begun counts."""

    __tablename__ = "chat_hours"
    shared_because = "one chat for all entities"
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    hours: Mapped[dict[str, Any]]
    """From and until ("09:00", Brussels time) by ISO weekday ("1" is Monday); closed on a day that is not there."""


class ChatClosedDay(SharedTable):
    """A day on which the chat is closed, whatever day of the week it is."""

    __tablename__ = "chat_closed_day"
    shared_because = "one chat for all entities"
    day: Mapped[date] = mapped_column(primary_key=True)
