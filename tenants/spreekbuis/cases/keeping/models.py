"""How long a case is kept, why it may not go, and what is left when it went."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now, today
from spreekbuis.db.base import APPEND_ONLY, Moves, Sealed, TenantTable, new_id, to_entity, to_tenant


class CaseHold(TenantTable):
    """A hold: while it lasts nothing erases the case. `lifted_at` is empty as long as it lasts."""

    __tablename__ = "case_hold"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "decides whether the case may go, and who decided": "set_at set_by lifted_at lifted_by",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    set_at: Mapped[datetime] = mapped_column(default=now)
    set_by: Mapped[UUID]
    reason_sealed: Mapped[Sealed]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[UUID | None]
    lift_reason_sealed: Mapped[Sealed | None]
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        Index(
            "uq_case_hold_lasting", "entity_id", "case_id", unique=True, postgresql_where=text("lifted_at IS NULL")
        ),
        Index("ix_case_hold_case", "entity_id", "case_id", "set_at"),
    )  # fmt: skip


class ErasureRequest(TenantTable):
    """Somebody asks to erase a case before its term. A colleague confirms it, or it lapses (keeping.early)."""

    __tablename__ = "erasure_request"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "two people erase, within a time": "asked_at asked_by ground",
    }
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    """One at a time: a new one takes the place of what lapsed."""
    asked_at: Mapped[datetime] = mapped_column(default=now)
    asked_by: Mapped[UUID]
    ground: Mapped[str]
    reason_sealed: Mapped[Sealed]
    __table_args__ = (to_entity(), to_tenant("case", "case_id", ondelete="CASCADE"))


class RetentionWarning(TenantTable):
    """The desk was told, on `warned_on`, that the case will be erased on `due_on`."""

    __tablename__ = "retention_warning"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "nothing is erased without a warning": "warned_on due_on",
    }
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    warned_on: Mapped[date] = mapped_column(default=today)
    due_on: Mapped[date]
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        Index("ix_retention_warning_day", "entity_id", "warned_on"),
    )


class DoomedContent(TenantTable):
    """A content in the storage whose case was erased: a job deletes it, then this row."""

    __tablename__ = "doomed_content"
    moves = Moves.STAY
    storage_key: Mapped[str] = mapped_column(primary_key=True)
    __table_args__ = (to_entity(),)


class ErasureCertificate(TenantTable):
    """What is left of a case that was erased: that it was, when, by which rule and by whom. Never changed."""

    __tablename__ = "erasure_certificate"
    moves = Moves.STAY
    app_may = APPEND_ONLY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "proves the erasure, and says nothing of what the case was about": (
            "case_number received_on closed_on erased_at ground months source asked_by asked_at confirmed_by files"
            " trail_hash"
        ),
    }
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    """Its only id: whoever was kept out of the case is kept out of its certificate (access.ErasedExclusion)."""
    desk_id: Mapped[UUID]
    case_number: Mapped[str]
    received_on: Mapped[date]
    closed_on: Mapped[date]
    erased_at: Mapped[datetime] = mapped_column(default=now)
    ground: Mapped[str]
    """keeping.grounds.Ground."""
    months: Mapped[int]
    """The term that held on that day."""
    source: Mapped[str]
    """Where that term came from, in Dutch."""
    asked_by: Mapped[UUID | None]
    asked_at: Mapped[datetime | None]
    confirmed_by: Mapped[UUID | None]
    files: Mapped[int]
    """How many attachments went along."""
    trail_hash: Mapped[bytes]
    """Of the last row of the audit trail, that of this erasure included."""
    __table_args__ = (
        to_entity(),
        to_tenant("desk", "desk_id"),
        Index("ix_erasure_certificate_desk", "entity_id", "desk_id", "erased_at", "case_id"),
    )
