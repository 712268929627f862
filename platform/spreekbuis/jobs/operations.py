"""Look at work, try it again, drop it."""

from uuid import UUID

from sqlalchemy import func, select, update

from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, NotFound
from spreekbuis.jobs.models import Job, JobState

SHOWN = 50


def recent_jobs(state: JobState | None = None) -> list[Job]:
    """The newest rows of the outbox, at most 50."""
    wanted = select(Job).order_by(Job.id.desc()).limit(SHOWN)
    if state is not None:
        wanted = wanted.where(Job.state == state)
    return list(db.session.scalars(wanted))


def count_by_state() -> dict[str, int]:
    counted = db.session.execute(select(Job.state, func.count()).group_by(Job.state)).all()
    return {row[0]: row[1] for row in counted}


def job_of(job_id: UUID, account_id: UUID | None = None) -> Job:
    """A row; with `account_id` only when that account asked for it. Raises NotFound."""
    found = db.session.get(Job, job_id)
    if found is None or (account_id is not None and found.asked_by != account_id):
        raise NotFound
    return found


def retry(job_id: UUID) -> None:
    """Let failed work start again now. Raises Conflict when it has not failed."""
    changed = db.session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state == JobState.FAILED)
        .values(state=JobState.WAITING, run_at=now(), attempts=0, error=None, finished_at=None)
        .returning(Job.id)
    ).first()
    if changed is None:
        raise Conflict


def drop(job_id: UUID) -> None:
    """Give up failed work for good. Raises Conflict when it has not failed."""
    changed = db.session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state == JobState.FAILED)
        .values(state=JobState.CANCELLED, finished_at=now())
        .returning(Job.id)
    ).first()
    if changed is None:
        raise Conflict
