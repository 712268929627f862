"""The outbox: work that was promised in the transaction that caused it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now
from spreekbuis.db.base import SharedTable, new_id


class JobState(StrEnum):
    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(SharedTable):
    """One piece of work. `args` holds identifiers and dates only, never case content or an address."""

    __tablename__ = "job"
    shared_because = "the relay knows no tenant; a row names the tenant to enter and holds no content"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    tenant_id: Mapped[UUID | None]
    args: Mapped[dict[str, Any]]
    once_key: Mapped[str | None] = mapped_column(unique=True)
    """Two jobs with the same key are one job."""
    state: Mapped[str] = mapped_column(default=JobState.WAITING)
    run_at: Mapped[datetime] = mapped_column(default=now)
    created_at: Mapped[datetime] = mapped_column(default=now)
    queued_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    """The class of the last error, never its text."""
    asked_by: Mapped[UUID | None]
    progress_done: Mapped[int] = mapped_column(default=0)
    progress_total: Mapped[int] = mapped_column(default=0)
    result: Mapped[dict[str, Any] | None]
    __table_args__ = (
        Index("ix_job_due", "run_at", postgresql_where=text("state in ('waiting','queued','running')")),
    )


class ScheduleMark(SharedTable):
    """When a repeating job was last put in the outbox."""

    __tablename__ = "schedule_mark"
    shared_because = "the schedule is the platform's"
    name: Mapped[str] = mapped_column(primary_key=True)
    last_at: Mapped[datetime]
