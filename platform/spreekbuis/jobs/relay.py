"""The relay: moves due outbox rows to the queue, puts back what Redis lost, and keeps the schedule.

It runs in a thread of every worker; a PostgreSQL advisory lock makes one of them the leader.
"""

import logging
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

from flask import Flask
from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.actor import JOB, acting_as
from spreekbuis.clock import now
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.jobs import queue
from spreekbuis.jobs.models import Job, JobState, ScheduleMark
from spreekbuis.jobs.outbox import DEFINED, Defined, enqueue

LEADER_LOCK = 7_311_730_000_000_002
PAUSE = 0.5
"""Seconds between two rounds."""
BATCH = 200
LOST_AFTER = timedelta(seconds=15)
KEEP_DONE = timedelta(days=30)
BY_THE_RELAY = timedelta(minutes=1)
"""Work that repeats more often than this runs in the relay itself: no outbox row every few seconds."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)

log = logging.getLogger("spreekbuis.relay")


class Relay(threading.Thread):
    """Rounds until `stop()`. Trouble with database or Redis ends a round, never the thread."""

    def __init__(self, app: Flask, redis_url: str) -> None:
        super().__init__(name="relay", daemon=True)
        self._app, self._url = app, redis_url
        self._ended = threading.Event()

    def stop(self) -> None:
        self._ended.set()

    def run(self) -> None:
        with self._app.app_context(), acting_as(JOB):
            while not self._ended.wait(PAUSE):
                try:
                    self._lead()
                except Exception as error:
                    log.warning("relay round failed", exc_info=error)
                    self._ended.wait(2)

    def _lead(self) -> None:
        """Rounds for as long as this relay holds the lock, on a connection of its own."""
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as lock:
            if not lock.scalar(text("SELECT pg_try_advisory_lock(:k)"), {"k": LEADER_LOCK}):
                self._ended.wait(2)
                return
            try:
                while not self._ended.wait(PAUSE):
                    one_round(self._url, lock)
            finally:
                lock.execute(text("SELECT pg_advisory_unlock(:k)"), {"k": LEADER_LOCK})


def one_round(redis_url: str, lock: Connection) -> None:
    """Keep the schedule, hand over what is due, find what was lost. `lock` must still be alive."""
    lock.execute(text("SELECT 1"))
    keep_schedule()
    hand_over(redis_url)
    put_back_lost(redis_url)


def hand_over(redis_url: str) -> int:
    """Queue the due rows; gives how many. Redis refusing leaves them waiting."""
    with transaction(PLATFORM) as session:
        due = session.scalars(
            select(Job)
            .where(Job.state == JobState.WAITING, Job.run_at <= now())
            .order_by(Job.run_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for row in due:
            queue.push(redis_url, row.id, row.attempts)
            row.state, row.queued_at = JobState.QUEUED, now()
    return len(due)


def put_back_lost(redis_url: str) -> int:
    """Make rows wait again that Redis no longer knows of: it lost them, or their worker died."""
    with transaction(PLATFORM) as session:
        old = session.scalars(
            select(Job)
            .where(Job.state.in_((JobState.QUEUED, JobState.RUNNING)), Job.queued_at < now() - LOST_AFTER)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        lost = [row for row in old if _is_lost(redis_url, row)]
        for row in lost:
            row.state = JobState.WAITING
    return len(lost)


def _is_lost(redis_url: str, row: Job) -> bool:
    if row.state == JobState.QUEUED:
        return not queue.is_queued(redis_url, row.id, row.attempts)
    return bool(db.session.scalar(select(func.pg_try_advisory_xact_lock(lease_key(row.id)))))


def lease_key(job_id: UUID) -> int:
    """The advisory lock that whoever does this job holds (63 bits of its id)."""
    return job_id.int & (2**63 - 1)


def keep_schedule() -> None:
    """Start each repeating job whose time has come, once per slot however many relays there are."""
    moment = now()
    with transaction(PLATFORM) as session:
        last = {mark.name: mark.last_at for mark in session.scalars(select(ScheduleMark))}
    for defined in DEFINED.values():
        slot = defined.slot(moment)
        if slot is not None and last.get(defined.name, LONG_AGO) < slot and _claim(defined, slot, moment):
            with transaction(PLATFORM):
                if defined.every is not None and defined.every < BY_THE_RELAY:
                    defined.work()
                else:
                    enqueue(defined.name)


def _claim(defined: Defined, slot: datetime, moment: datetime) -> bool:
    """Whether nobody else started the job in this slot; marks it as started."""
    with transaction(PLATFORM) as session:
        claimed = session.execute(
            insert(ScheduleMark)
            .values(name=defined.name, last_at=moment)
            .on_conflict_do_update(
                index_elements=["name"], set_={"last_at": moment}, where=ScheduleMark.last_at < slot
            )
            .returning(ScheduleMark.name)
        )
        return claimed.first() is not None


def forget_old() -> None:
    """Remove rows of work that was done long ago."""
    db.session.execute(delete(Job).where(Job.state == JobState.DONE, Job.finished_at < now() - KEEP_DONE))
