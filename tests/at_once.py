"""Two transactions at the same moment, one after the other or in between: bounded, so that a fault never hangs."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from sqlalchemy import text

from spreekbuis.db.session import db
from tests.world import Tenant, World

T = TypeVar("T")
PATIENCE = 20
"""Seconds; the database gives up on a lock before (conftest)."""
_FRESH = text("SELECT pg_stat_clear_snapshot()")
_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def beside(world: World, entity: Tenant, work: Callable[[], T]) -> T:
    """Do this now in a transaction of its own, that commits, whatever transaction is open here."""
    with ThreadPoolExecutor(1) as pool:
        return begin(pool, world, entity, work).result(PATIENCE)


def one_then_other(world: World, entity: Tenant, one: Callable[[], object], other: Callable[[], T]) -> T:
    """`other` begins when `one` is done and has not committed: it waits for it, or does not. Gives what it gave."""
    with ThreadPoolExecutor(1) as pool:
        with world.inside(entity):
            one()
            db.session.flush()
            begun = begin(pool, world, entity, other)
            until_it_waits(begun)
        return begun.result(PATIENCE)


def until_it_waits(begun: Future[T]) -> None:
    """Come back when it waits for a lock, or has ended."""
    for _ in range(100 * PATIENCE):
        db.session.execute(_FRESH)
        if wait([begun], 0.01).done or db.session.scalar(_WAITING):
            return
    raise AssertionError("it neither waits nor ends")


def begin(pool: ThreadPoolExecutor, world: World, entity: Tenant, work: Callable[[], T]) -> Future[T]:
    """`beside`, without waiting for its end."""

    def run() -> T:
        with world.app.app_context(), world.inside(entity):
            return work()

    return pool.submit(run)
