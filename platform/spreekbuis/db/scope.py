"""Which tenant the database serves. Set once, at the door; no tenant means no rows."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from threading import get_ident
from uuid import UUID

PLATFORM_ID = UUID(int=0)
"""The platform's own rows (its audit trail) stand under the nil UUID, behind the same policies."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What row-level security lets through: the rows of `entity_id`, or the tables of a platform office.

    `withheld`: cases of the entity that do not exist for whoever is served, with all that hangs on them.
    """

    entity_id: UUID | None = None
    office: str | None = None
    withheld: frozenset[UUID] = frozenset()


NOBODY = Scope()
PLATFORM = Scope(entity_id=PLATFORM_ID)
CONTRIBUTIONS = Scope(entity_id=PLATFORM_ID, office="contributions")


def tenant(entity_id: UUID) -> Scope:
    """The scope of one entity."""
    return Scope(entity_id=entity_id)


class _Frame:
    """One entering of a scope; its identity keys the session."""

    __slots__ = ("scope",)

    def __init__(self, scope: Scope) -> None:
        self.scope = scope


_frame: ContextVar[_Frame | None] = ContextVar("scope_frame", default=None)


def current() -> Scope:
    frame = _frame.get()
    return NOBODY if frame is None else frame.scope


def current_entity_id() -> UUID:
    """The tenant of this scope. Raises LookupError where there is none: a programming error, never shown."""
    entity_id = current().entity_id
    if entity_id is None:
        raise LookupError("no tenant in scope")
    return entity_id


def session_key() -> int:
    """One session per entered scope, so that no identity map ever serves two tenants or two threads."""
    frame = _frame.get()
    return get_ident() if frame is None else id(frame)


@contextmanager
def entering(scope: Scope) -> Iterator[None]:
    token = _frame.set(_Frame(scope))
    try:
        yield
    finally:
        _frame.reset(token)


@contextmanager
def answering(scope: Scope) -> Iterator[None]:
    """Change what `current()` answers inside the block, for the session that is open: see `db.session.within`."""
    frame = _frame.get()
    if frame is None:
        raise LookupError("no scope was entered")
    before, frame.scope = frame.scope, scope
    try:
        yield
    finally:
        frame.scope = before


def withhold(cases: Collection[UUID]) -> Scope:
    """Leave these cases out of the scope that was entered, until it is left. Use `db.session.withhold`."""
    frame = _frame.get()
    if frame is None:
        raise LookupError("no scope was entered")
    frame.scope = replace(frame.scope, withheld=frozenset(cases))
    return frame.scope
