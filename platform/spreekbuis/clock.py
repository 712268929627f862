"""The one clock. Rules never ask the system for the time, so that a test or a replay can stand in another year."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

BRUSSELS = ZoneInfo("Europe/Brussels")

_fixed: ContextVar[datetime | None] = ContextVar("fixed_time", default=None)


def now() -> datetime:
    """The present moment, in UTC."""
    return _fixed.get() or datetime.now(UTC)


def today() -> date:
    """The calendar day in Brussels: deadlines and service years count in Belgian days."""
    return local_date(now())


def local_date(moment: datetime) -> date:
    """The Belgian calendar day on which `moment` falls."""
    return moment.astimezone(BRUSSELS).date()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Stand at `moment` (with a time zone) inside the block."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    token = _fixed.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)
