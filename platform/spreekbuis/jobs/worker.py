"""The worker: takes an outbox row, does its work in one transaction under its tenant, and marks it done there."""

import logging
import os
from contextvars import ContextVar
from datetime import timedelta
from uuid import UUID

from flask import Flask, current_app
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import func, select, update

from spreekbuis.actor import JOB, acting_as
from spreekbuis.clock import now
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import db, transaction
from spreekbuis.jobs import queue
from spreekbuis.jobs.models import Job, JobState
from spreekbuis.jobs.outbox import DEFINED, job
from spreekbuis.jobs.relay import Relay, forget_old, lease_key
from spreekbuis.settings import Settings

log = logging.getLogger("spreekbuis.worker")
_app: Flask | None = None
_running: ContextVar[UUID | None] = ContextVar("running_job", default=None)

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)


def serve(app: Flask) -> None:
    """Work until SIGINT or SIGTERM. One process: the worker in front, the relay in a thread."""
    global _app
    _app = app
    settings: Settings = app.extensions["settings"]
    relay = Relay(app, settings.redis_url)
    relay.start()
    try:
        worker = SimpleWorker(
            [queue.queue(settings.redis_url)],
            name=f"worker-{os.getpid()}-{os.urandom(3).hex()}",
            connection=queue.worker_connection(settings.redis_url),
            serializer=JSONSerializer,
        )
        worker.log_result_lifespan = False
        worker.work(logging_level="WARNING", with_scheduler=False)
    finally:
        relay.stop()
        relay.join(5)


def perform(job_id: str) -> None:
    """What the queue calls."""
    app = _app or current_app._get_current_object()  # type: ignore[attr-defined]
    with app.app_context():
        do(UUID(job_id))


def do(job_id: UUID) -> None:
    """Do one outbox row: effect and mark in the same transaction, or neither."""
    with acting_as(JOB), db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as lease:
        # The lease is this connection's: when the process dies the server frees it, and the relay sees that.
        if not lease.scalar(select(func.pg_try_advisory_lock(lease_key(job_id)))):
            return
        try:
            _do_leased(job_id)
        finally:
            lease.execute(select(func.pg_advisory_unlock(lease_key(job_id))))


def _do_leased(job_id: UUID) -> None:
    taken = _take(job_id)
    if taken is None:
        return
    token = _running.set(job_id)
    try:
        scope = PLATFORM if taken.tenant_id is None else tenant(taken.tenant_id)
        with transaction(scope) as session:
            result = DEFINED[taken.name].work(**taken.args)
            session.execute(
                update(Job)
                .where(Job.id == job_id)
                .values(
                    state=JobState.DONE,
                    finished_at=now(),
                    error=None,
                    result=dict(result) if result else None,
                )
            )
    except Exception as error:  # noqa: BLE001 (whatever a job raises, it is tried again)
        _failed(taken, error)
    finally:
        _running.reset(token)


def _take(job_id: UUID) -> Job | None:
    with transaction(PLATFORM) as session:
        row = session.scalar(select(Job).where(Job.id == job_id).with_for_update(skip_locked=True))
        if row is None or row.state not in (JobState.WAITING, JobState.QUEUED) or row.name not in DEFINED:
            return None
        row.state, row.started_at, row.attempts = JobState.RUNNING, now(), row.attempts + 1
        session.flush()
        session.expunge(row)
        return row


def _failed(taken: Job, error: Exception) -> None:
    """Wait longer after each failure; give up after as many attempts as the job allows."""
    log.error("job failed", exc_info=error, extra={"job": taken.name, "job_id": str(taken.id)})
    last = taken.attempts >= DEFINED[taken.name].attempts
    pause = min(FIRST_PAUSE * 2 ** (taken.attempts - 1), LONGEST_PAUSE)
    with transaction(PLATFORM) as session:
        session.execute(
            update(Job)
            .where(Job.id == taken.id)
            .values(
                state=JobState.FAILED if last else JobState.WAITING, run_at=now() + pause,
                error=type(error).__name__, finished_at=now() if last else None,
            )
        )  # fmt: skip


def report_progress(done: int, total: int) -> None:
    """Tell how far the running job is. Visible at once, outside the job's transaction; nothing outside a job."""
    job_id = _running.get()
    if job_id is None:
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(
            update(Job).where(Job.id == job_id).values(progress_done=done, progress_total=total)
        )


@job("jobs.forget_old", every=timedelta(days=1))
def _forget_old() -> None:
    forget_old()
