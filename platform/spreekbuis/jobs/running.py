"""The job that this thread does, for whatever must be the same when the job is tried again."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

from spreekbuis.db.base import new_id


@dataclass(frozen=True, slots=True)
class Running:
    """One attempt at a job."""

    id: UUID
    effects: Counter[str] = field(default_factory=Counter)
    """How often this attempt asked for a name for the same effect."""


_running: ContextVar[Running | None] = ContextVar("running_job", default=None)


def running_job() -> Running | None:
    """The attempt that runs here; None outside a job."""
    return _running.get()


@contextmanager
def running(job_id: UUID) -> Iterator[None]:
    token = _running.set(Running(job_id))
    try:
        yield
    finally:
        _running.reset(token)


def name_of_effect(what: str) -> str:
    """A name for something that leaves this machine: hexadecimal digits and a hyphen, in the order of the jobs.

    The same job doing the same thing again has the same name for it, so that a receiver can see a repetition. The
    second time that one attempt does `what` is another effect. Outside a job every name is new.
    """
    job = running_job()
    if job is None:
        return new_id().hex
    job.effects[what] += 1
    told = hashlib.sha256(f"{job.id} {job.effects[what]} {what}".encode()).hexdigest()
    return f"{job.id.hex}-{told[:12]}"
