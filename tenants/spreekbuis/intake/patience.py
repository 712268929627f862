"""Wrong receipt codes: a slow and constant answer, few at once, so many a minute. A right code never waits. And counts
per minute for others.

A code holds 104 random bits, so this does not protect the code: it keeps guessing from costing us anything,
and makes 'unknown' and 'mistyped' take the same time.
"""

import time
from collections import Counter
from collections.abc import Callable
from threading import BoundedSemaphore

from flask import current_app
from redis import Redis, RedisError

from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.settings import Settings

SLOWEST_ANSWER = 0.4
"""Seconds between the question and the answer to a wrong code."""
WAITING_AT_ONCE = 4
"""Threads of one process (it has eight) that may wait: enough for a room of people who learn it together; the
others go on serving."""
WRONG_PER_MINUTE = 60
"""Wrong codes of everybody together that get a full answer."""


class Patience:
    """Counts in Redis for all processes, and in this process alone while Redis is away."""

    def __init__(self, redis_url: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._redis = Redis.from_url(redis_url, socket_timeout=0.2, socket_connect_timeout=0.2)
        self._sleep = sleep
        self._waiting = BoundedSemaphore(WAITING_AT_ONCE)
        self._own_minute, self._own_counts = 0, Counter[str]()

    def wait(self, began: float) -> bool:
        """Wait until the slow answer is due, counted from `began` (time.monotonic).

        False: too many ask at once or this minute, answer without waiting. Ends the transaction first: nobody
        holds a connection while waiting.
        """
        db.session.rollback()
        if self.count("wrong-receipt-codes") > WRONG_PER_MINUTE or not self._waiting.acquire(blocking=False):
            return False
        try:
            self._sleep(max(0.0, began + SLOWEST_ANSWER - time.monotonic()))
        finally:
            self._waiting.release()
        return True

    def count(self, what: str) -> int:
        """How many of these this minute had, this one included."""
        minute = int(now().timestamp()) // 60
        key = f"{what}:{minute}"
        try:
            pipeline = self._redis.pipeline()
            pipeline.incr(key)
            pipeline.expire(key, 120)
            count = pipeline.execute()[0]
        except RedisError:
            if minute != self._own_minute:
                self._own_minute, self._own_counts = minute, Counter()
            self._own_counts[what] += 1
            return self._own_counts[what]
        return int(count)


def patience() -> Patience:
    """The one of this process."""
    settings: Settings = current_app.extensions["settings"]
    found: Patience = current_app.extensions.setdefault("patience", Patience(settings.redis_url))
    return found
