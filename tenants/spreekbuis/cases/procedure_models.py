"""Procedures, which all entities share, and what was claimed about the terms of one case."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now
from spreekbuis.db.base import (
    APPEND_ONLY,
    Moves,
    Sealed,
    SharedTable,
    TenantTable,
    new_id,
    to_entity,
    to_tenant,
)


class ProcedureVersion(SharedTable):
    """A published version of a procedure: holds for cases that are opened from `valid_from` on. Never changes: the
    application may only add."""

    __tablename__ = "procedure_version"
    shared_because = "the law is the same for every entity"
    app_may = APPEND_ONLY
    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    valid_from: Mapped[date]
    definition: Mapped[dict[str, Any]]
    """See cases.definition."""
    published_at: Mapped[datetime] = mapped_column(default=now)
    published_by: Mapped[UUID | None]
    """The account; None for what came with the product."""


class ProcedureDraft(SharedTable):
    """The next version of a procedure while the central office works on it: at most one of each."""

    __tablename__ = "procedure_draft"
    shared_because = "the law is the same for every entity; no entity reads a draft"
    code: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date]
    definition: Mapped[dict[str, Any]]
    edited_at: Mapped[datetime] = mapped_column(default=now)
    edited_by: Mapped[UUID | None]
    """The account."""
    revision: Mapped[int] = mapped_column(default=1)
    """Shows when two write at once."""
    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 (SQLAlchemy reads it)


class TermChange(TenantTable):
    """An exception or extension that was claimed for a term, with its justification. What counts stands on the case."""

    __tablename__ = "term_change"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "says what was claimed for which term, by whom and when": "step kind code account_id at",
        "the procedure that offered it": "procedure procedure_version",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    step: Mapped[str]
    kind: Mapped[str]
    """"excused" or "extended"."""
    code: Mapped[str]
    procedure: Mapped[str]
    procedure_version: Mapped[int]
    account_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(default=now)
    justification_sealed: Mapped[Sealed]
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        Index("ix_term_change_case", "entity_id", "case_id", "at", "id"),
    )


class DeadlineSweep(TenantTable):
    """Up to and with which day the entity's missed terms were told to its desks."""

    __tablename__ = "deadline_sweep"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "a day without a worker is made up for": "swept_until",
    }
    swept_until: Mapped[date]
    __table_args__ = (to_entity(),)
