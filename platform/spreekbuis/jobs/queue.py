"""The queue in Redis: only identifiers of outbox rows pass through it, as JSON. It may lose everything."""

from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID

from redis import Redis
from rq import Queue, Worker
from rq.job import Job as QueuedJob
from rq.serializers import JSONSerializer

QUEUE = "spreekbuis"
JOB_TIMEOUT = 3600
"""Seconds that one piece of work may take."""
ALIVE_WITHIN = timedelta(minutes=2)


@cache
def redis_at(url: str) -> Redis:
    """One client per process and address, with short timeouts: a page never waits for Redis."""
    return Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5, health_check_interval=30)


def queue(url: str) -> Queue:
    return Queue(
        QUEUE, connection=worker_connection(url), serializer=JSONSerializer, default_timeout=JOB_TIMEOUT
    )


@cache
def worker_connection(url: str) -> Redis:
    """A client that waits as long as a worker listens."""
    return Redis.from_url(url, socket_connect_timeout=5)


def push(url: str, job_id: UUID, attempt: int) -> None:
    """Put one outbox row in the queue. Twice the same attempt is one entry."""
    queue(url).enqueue(
        "spreekbuis.jobs.worker.perform",
        str(job_id),
        job_id=f"{job_id}-{attempt}",
        result_ttl=0,
        failure_ttl=60,
    )


def is_queued(url: str, job_id: UUID, attempt: int) -> bool:
    """Whether Redis still knows of this attempt."""
    return bool(QueuedJob.exists(f"{job_id}-{attempt}", connection=worker_connection(url)))


def workers_alive(url: str) -> int:
    """How many workers gave a sign of life within two minutes."""
    since = datetime.now(UTC) - ALIVE_WITHIN
    alive = 0
    for worker in Worker.all(connection=redis_at(url), serializer=JSONSerializer):
        beat = worker.last_heartbeat
        if beat is not None and beat.replace(tzinfo=UTC) > since:
            alive += 1
    return alive
