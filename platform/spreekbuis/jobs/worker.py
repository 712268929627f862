"""The worker: takes an outbox row, does its work in one transaction under its tenant, and marks it done there."""

import logging
import os
import signal
import threading
import time
from datetime import timedelta
from types import FrameType
from uuid import UUID

from flask import Flask, current_app
from redis.exceptions import RedisError
from rq import SimpleWorker, worker_registration
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus
from sqlalchemy import func, select, update

from spreekbuis.actor import JOB, acting_as
from spreekbuis.clock import now
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import db, transaction
from spreekbuis.jobs import queue
from spreekbuis.jobs.models import Job, JobState
from spreekbuis.jobs.outbox import DEFINED, job
from spreekbuis.jobs.relay import Relay, forget_old, lease_key
from spreekbuis.jobs.running import running, running_job
from spreekbuis.settings import Settings

log = logging.getLogger("spreekbuis.worker")
_app: Flask | None = None

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_WAIT = 30.0
"""Seconds between two looks at a Redis that does not answer."""


class Taker(SimpleWorker):
    """Takes entries of the queue, and knows whether it ended because somebody asked."""

    asked_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.asked_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def taker(redis_url: str) -> Taker:
    """A worker that gives a sign of life every `queue.WORKER_TTL` - 15 seconds while it waits."""
    made = Taker(
        [queue.queue(redis_url)],
        name=f"worker-{os.getpid()}-{os.urandom(3).hex()}",
        connection=queue.worker_connection(redis_url),
        serializer=JSONSerializer,
        worker_ttl=queue.WORKER_TTL,
    )
    made.log_result_lifespan = False
    return made


class Pulse(threading.Thread):
    """Signs of life during work that takes long, and after Redis lost all: the worker itself gives none then."""

    def __init__(self, of: Taker) -> None:
        super().__init__(name="pulse", daemon=True)
        self._of = of
        self._ended = threading.Event()

    def stop(self) -> None:
        self._ended.set()

    def run(self) -> None:
        while not self._ended.wait(queue.WORKER_TTL / 2):
            self.beat()

    def beat(self) -> None:
        """Redis refusing is no reason to end the work."""
        try:
            worker_registration.register(self._of)
            if self._of.get_state() == WorkerStatus.BUSY:
                self._of.heartbeat()
        except RedisError as error:
            log.warning("no sign of life could be given", extra={"error": type(error).__name__})


def serve(app: Flask) -> None:
    """Work until SIGINT or SIGTERM. One process: the worker in front, the relay in a thread.

    Without Redis it waits: what was promised stands in the database, and the schedule is kept meanwhile.
    """
    global _app
    _app = app
    settings: Settings = app.extensions["settings"]
    relay = Relay(app, settings.redis_url)
    relay.start()
    try:
        while not _take_until_stopped(settings.redis_url):
            time.sleep(1)
    finally:
        relay.stop()
        relay.join(5)


def _take_until_stopped(redis_url: str) -> bool:
    """Do what the queue brings; whether the end was asked for, and not the loss of Redis."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    wait_for_redis(redis_url)
    try:
        worker = taker(redis_url)
    except RedisError:
        return False
    pulse = Pulse(worker)
    pulse.start()
    try:
        worker.work(logging_level="WARNING", with_scheduler=False)
    except RedisError as error:
        log.warning("Redis was lost", extra={"error": type(error).__name__})
    finally:
        pulse.stop()
    return worker.asked_to_stop


def wait_for_redis(redis_url: str) -> None:
    """Come back when Redis answers."""
    pause = 1.0
    while not queue.answers(redis_url):
        log.warning("Redis does not answer: the worker waits", extra={"seconds": pause})
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_WAIT)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


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
    try:
        scope = PLATFORM if taken.tenant_id is None else tenant(taken.tenant_id)
        with running(job_id), transaction(scope) as session:
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
    attempt = running_job()
    if attempt is None:
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(
            update(Job).where(Job.id == attempt.id).values(progress_done=done, progress_total=total)
        )


@job("jobs.forget_old", every=timedelta(days=1))
def _forget_old() -> None:
    forget_old()
