"""The queue in Redis: only identifiers of outbox rows pass through it, as JSON. It may lose everything."""

from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue, worker_registration
from rq.job import Job as QueuedJob
from rq.serializers import JSONSerializer
from rq.utils import utcparse

QUEUE = "spreekbuis"
JOB_TIMEOUT = 3600
"""Seconds that one piece of work may take."""
WORKER_TTL = 60
"""Seconds; RQ has an idle worker give a sign of life 15 seconds before this has passed."""
ALIVE_WITHIN = timedelta(seconds=2 * WORKER_TTL)


@cache
def redis_at(url: str) -> Redis:
    """One client per process and address that gives up at once: a page never waits for Redis.

    Not for RQ's own objects: they set the timeouts of their client to those of a worker.
    """
    return Redis.from_url(
        url,
        socket_connect_timeout=0.5,
        socket_timeout=0.5,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


def answers(url: str) -> bool:
    """Whether Redis is there."""
    try:
        return bool(redis_at(url).ping())
    except (RedisError, OSError):
        return False


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
    """How many workers gave a sign of life within `ALIVE_WITHIN`. Raises RedisError."""
    since = datetime.now(UTC) - ALIVE_WITHIN
    client = redis_at(url)
    with client.pipeline(transaction=False) as beats:
        for key in client.smembers(worker_registration.REDIS_WORKER_KEYS):
            beats.hget(key, "last_heartbeat")
        return sum(utcparse(beat) > since for beat in beats.execute() if beat)
