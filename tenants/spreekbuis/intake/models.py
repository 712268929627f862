"""The reporter's side: what lets a reporter come back, and files that wait for the report to be sent."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now
from spreekbuis.db.base import Moves, Sealed, SharedTable, TenantTable, new_id, to_entity


class Receipt(SharedTable):
    """Which case a receipt code opens: a keyed hash of the code, never the code."""

    __tablename__ = "receipt"
    shared_because = "read before the tenant is known; a keyed hash cannot be listed back to codes"
    lookup_hash: Mapped[bytes] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID]
    case_id: Mapped[UUID]
    public_key: Mapped[bytes]
    """Of the key pair that follows from the code: what another desk seals to when the case goes on there."""
    secret_sealed: Mapped[Sealed | None]
    """The key of the case, sealed to that pair; none once the case was erased."""
    erased_on: Mapped[date | None]
    """The Belgian day on which the case was erased."""
    erased_because: Mapped[str | None]
    """cases.keeping.grounds.Ground."""
    __table_args__ = (Index("ix_receipt_case", "tenant_id", "case_id"),)


class ReporterSession(SharedTable):
    """A browser in which a reporter opened a case with the receipt code; ends soon and by itself."""

    __tablename__ = "reporter_session"
    shared_because = "read before the tenant is known"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID]
    case_id: Mapped[UUID]
    secret_locked: Mapped[bytes]
    """The key of the case; only the token in the cookie opens it."""
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SavedDraft(SharedTable):
    """A report that was saved to go on later: a keyed hash of its code, and what was typed, closed with that code."""

    __tablename__ = "saved_draft"
    shared_because = (
        "found by a keyed hash of the code alone, as a receipt is; nobody but its reporter opens it"
    )
    lookup_hash: Mapped[bytes] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID] = mapped_column(index=True)
    form_locked: Mapped[Sealed]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class DraftFile(TenantTable):
    """A file of a report that is not sent yet. `draft_hash` is the SHA-256 of the form's own secret."""

    __tablename__ = "draft_file"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "finds the files of a form; the secret itself is stored nowhere": "draft_hash",
        "the page shows it, and the storage shows as much": "media_type size cleaned",
        "finds the encrypted content": "storage_key",
        "decides when it goes": "created_at taken_at kept_until",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    draft_hash: Mapped[bytes]
    name_sealed: Mapped[Sealed]
    media_type: Mapped[str]
    size: Mapped[int]
    storage_key: Mapped[str]
    key_sealed: Mapped[Sealed]
    """The key of the content, sealed with the form's own secret."""
    cleaned: Mapped[str]
    """What became of hidden data (vault.cleaning.Cleaned)."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    taken_at: Mapped[datetime | None]
    """When the file went along with its report. The row stays: a form posted again brings it only once."""
    kept_until: Mapped[datetime | None]
    """Of a form that was saved as a draft: it stays as long as the draft."""
    __table_args__ = (to_entity(), Index("ix_draft_file_draft", "entity_id", "draft_hash"))


class DraftStock(SharedTable):
    """How many files of an entity wait for their report to be sent, and how many bytes they are; and how many bytes
    reporters brought in on the last day that any came (intake.stock)."""

    __tablename__ = "draft_stock"
    shared_because = "what strangers can leave here is bounded over all entities together"
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("entity.id", ondelete="CASCADE"), primary_key=True)
    files: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    day: Mapped[date | None]
    """Belgian calendar day."""
    came: Mapped[int] = mapped_column(BigInteger, default=0)
    """On that day, sent or not."""


class EntityCategory(TenantTable):
    """A category that the entity offers to its staff."""

    __tablename__ = "entity_category"
    moves = Moves.STAY
    category: Mapped[str] = mapped_column(primary_key=True)
    __table_args__ = (to_entity(),)
