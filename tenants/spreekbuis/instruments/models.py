"""The shared library of instruments, and who of an entity read what."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now
from spreekbuis.db.base import APPEND_ONLY, Moves, SharedTable, TenantTable, to_entity


class InstrumentVersion(SharedTable):
    """One version of an instrument: a code of conduct, a manual. Versions are only added: who read one, read that one.

    `titles`, `texts` and `links` by language code, a Dutch title always. The highest version counts; `retired` takes
    the instrument away.
    """

    __tablename__ = "instrument_version"
    shared_because = "everybody may read the same instruments"
    app_may = APPEND_ONLY
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    """Counts from 1."""
    kind: Mapped[str]
    """An instruments.library.InstrumentKind."""
    titles: Mapped[dict[str, Any]]
    texts: Mapped[dict[str, Any]]
    links: Mapped[dict[str, Any]]
    files: Mapped[dict[str, Any]]
    """A PDF by language code: storage_key, secret (hexadecimal: these files are for everybody), name, size in bytes."""
    retired: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime] = mapped_column(default=now)


class InstrumentAsk(TenantTable):
    """An instrument of which the entity asks its members to say that they read and understood it."""

    __tablename__ = "instrument_ask"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "says since when it is asked": "since",
    }
    instrument_id: Mapped[UUID] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(default=now)
    __table_args__ = (to_entity(),)


class InstrumentRead(TenantTable):
    """A member said to have read and understood a version."""

    __tablename__ = "instrument_read"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "says when a member confirmed it": "read_at",
    }
    instrument_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    read_at: Mapped[datetime] = mapped_column(default=now)
    __table_args__ = (to_entity(),)
