"""Promise work in the transaction that causes it, and define what the work is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from spreekbuis.actor import acting
from spreekbuis.clock import BRUSSELS, now
from spreekbuis.db import scope
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.jobs.models import Job

type_arg = str | int | bool | None
Work = Callable[..., Mapping[str, type_arg] | None]
Tell = Callable[[Mapping[str, type_arg]], str]


@dataclass(frozen=True)
class Defined:
    """A kind of work: the function, and when it repeats by itself: `every` so often, or each day `at` a time in
    Brussels; neither: only when asked."""

    name: str
    work: Work
    every: timedelta | None
    at: time | None
    attempts: int
    tell: Tell | None
    """Puts the result into a sentence for whoever asked."""

    def slot(self, moment: datetime) -> datetime | None:
        """When the work should have started last: what ran before that moment is due again. None: never by itself."""
        if self.at is None:
            return None if self.every is None else moment - self.every
        today = moment.astimezone(BRUSSELS).date()
        begun = datetime.combine(today, self.at, BRUSSELS)
        return begun if begun <= moment else datetime.combine(today - timedelta(days=1), self.at, BRUSSELS)


DEFINED: dict[str, Defined] = {}


def job(
    name: str,
    *,
    every: timedelta | None = None,
    at: time | None = None,
    attempts: int = 8,
    tell: Tell | None = None,
) -> Callable[[Work], Work]:
    """Define a kind of work under `name` ("cases.remind"). The function must be idempotent: it can run twice.

    It runs in one transaction, under the scope of the tenant for which it was asked (or the platform's).
    """

    def define(work: Work) -> Work:
        if name in DEFINED:
            raise ValueError(f"job {name} is defined twice")
        DEFINED[name] = Defined(name, work, every, at, attempts, tell)
        return work

    return define


def enqueue(
    name: str,
    *,
    entity_id: UUID | None = None,
    run_at: datetime | None = None,
    once_key: str | None = None,
    **args: type_arg,
) -> UUID:
    """Put work in the outbox; it starts after this transaction has committed. Gives the job's id.

    Without `entity_id` the job runs for the tenant in scope, if any. `args` are identifiers and dates only: no
    case content, no address. The same `once_key` twice is one job.
    """
    if name not in DEFINED:
        raise LookupError(f"no job is called {name}")
    job_id = new_id()
    tenant_id = entity_id or scope.current().entity_id
    if tenant_id == scope.PLATFORM_ID:
        tenant_id = None
    db.session.execute(
        insert(Job)
        .values(
            id=job_id, name=name, tenant_id=tenant_id, args=args, once_key=once_key, run_at=run_at or now(),
            asked_by=acting().account_id,
        )
        .on_conflict_do_nothing(index_elements=["once_key"])
    )  # fmt: skip
    return job_id
