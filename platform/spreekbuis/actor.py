"""Who acts: for the audit trail and for rules about one's own rights."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """A person with an account, a reporter, a job, a command at the terminal, the directory of an entity, or a
    visitor."""

    kind: Literal["account", "reporter", "job", "command", "directory", "visitor"]
    account_id: UUID | None = None

    def __str__(self) -> str:
        return f"account:{self.account_id}" if self.kind == "account" else self.kind


VISITOR = Actor("visitor")
REPORTER = Actor("reporter")
JOB = Actor("job")
COMMAND = Actor("command")
DIRECTORY = Actor("directory")

_actor: ContextVar[Actor] = ContextVar("actor", default=VISITOR)


def acting() -> Actor:
    return _actor.get()


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)
