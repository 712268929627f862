"""The trail: rows that are only added, each bound to the one before by a hash."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now
from spreekbuis.db.base import APPEND_ONLY, Moves, TenantTable, new_id


class AuditEvent(TenantTable):
    """Who did what to which thing, without a word of a case. `sequence` counts from 1 per entity without gaps."""

    __tablename__ = "audit_event"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "the trail holds codes, dates and counts, and is checked without any key": (
            "sequence at actor kind subject_id data hash"
        ),
    }
    app_may = APPEND_ONLY
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    sequence: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=now)
    actor: Mapped[str]
    """"account:<id>", "reporter", "job", "command"."""
    kind: Mapped[str]
    subject_id: Mapped[UUID | None]
    data: Mapped[dict[str, Any]]
    hash: Mapped[bytes]
    __table_args__ = (Index("uq_audit_event_sequence", "entity_id", "sequence", unique=True),)


class AuditHead(TenantTable):
    """The end of an entity's chain: the last sequence and hash."""

    __tablename__ = "audit_head"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "end of the chain": "sequence hash",
    }
    sequence: Mapped[int]
    hash: Mapped[bytes]
