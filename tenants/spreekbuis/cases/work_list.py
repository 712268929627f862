"""The work list: a page of 25 cases by urgency, and capped counts, at a cost that does not grow with the cases.

Each view and each filter has an index of its own that also gives the order (cases.models), and pages continue after
a key instead of skipping rows. A handler of two desks gets the first rows of each, merged.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Select, func, literal, literal_column, select, tuple_, union_all

from spreekbuis.cases.models import URGENCY, Case
from spreekbuis.cases.procedures import State
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CaseKind

PAGE = 25
CAP = 99
"""Counting stops here: more is shown as "99+"."""

urgency = literal_column(URGENCY, Date)


class View(StrEnum):
    """A way to look at the cases of a desk."""

    OPEN = "open"
    LATE = "late"
    WEEK = "week"
    MINE = "mine"
    FREE = "free"
    WAITING = "waiting"
    CLOSED = "closed"


COUNTED = tuple(view for view in View if view is not View.CLOSED)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list shows. `number` (year and number) goes before all else: it finds one case, open or closed."""

    view: View = View.OPEN
    kind: CaseKind | None = None
    category: str | None = None
    state: State | None = None
    number: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The key of a row: a page continues `after` it, or ends before it when `backwards`."""

    at: date | datetime
    id: UUID
    backwards: bool = False


class Row(NamedTuple):
    """A case as the list shows it: no text is opened."""

    id: UUID
    year: int
    number: int
    category: str
    next_step: str | None
    next_due_on: date | None
    state: str
    handler_id: UUID | None
    received_at: datetime
    closed_at: datetime | None
    channel: str
    unread_by_desk: bool
    key: date | datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the list, and where the pages around it start."""

    rows: list[Row]
    previous: Cursor | None
    next: Cursor | None


def listed(
    desks: Set[UUID], account_id: UUID, asked: Asked, today: date, cursor: Cursor | None = None
) -> Listed:
    """The cases of these desks, the most urgent first; closed cases the latest first. `account_id` is who looks."""
    closed = asked.view is View.CLOSED and asked.number is None
    key: ColumnElement[Any] = Case.closed_at.expression if closed else urgency
    backwards = cursor is not None and cursor.backwards
    upwards = closed == backwards
    order = [key.asc(), Case.id.asc()] if upwards else [key.desc(), Case.id.desc()]
    where = _conditions(asked, account_id, today)
    if cursor is not None:
        here, there = tuple_(key, Case.id), tuple_(literal(cursor.at), literal(cursor.id))
        where.append(here > there if upwards else here < there)
    columns = [getattr(Case, name) for name in Row._fields if name != "key"]
    of_desks = [
        select(*columns, key.label("key"))
        .where(Case.entity_id == current_entity_id(), Case.desk_id == desk_id, *where)
        .order_by(*order)
        .limit(PAGE + 1)
        for desk_id in sorted(desks)
    ]
    rows = _merged(of_desks, upwards)
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    if backwards:
        rows.reverse()
    before = rows[0] if rows and (more if backwards else cursor is not None) else None
    after = rows[-1] if rows and (True if backwards else more) else None
    return Listed(
        rows,
        Cursor(before.key, before.id, backwards=True) if before else None,
        Cursor(after.key, after.id) if after else None,
    )


def counts(desks: Set[UUID], account_id: UUID, today: date) -> dict[View, int]:
    """How many cases each view has, counted to `CAP` + 1 and no further, in one query."""
    if not desks:
        return dict.fromkeys(COUNTED, 0)
    counted = []
    for view in COUNTED:
        some = (
            select(literal(1))
            .where(
                Case.entity_id == current_entity_id(),
                Case.desk_id.in_(desks),
                *_conditions(Asked(view), account_id, today),
            )
            .limit(CAP + 1)
            .subquery()
        )
        counted.append(select(func.count()).select_from(some).scalar_subquery().label(view))
    row = db.session.execute(select(*counted)).one()
    return dict(zip(COUNTED, row, strict=True))


def _merged(of_desks: Sequence[Select[*tuple[Any, ...]]], upwards: bool) -> list[Row]:
    """The first rows of all desks together: at most `PAGE` + 1 of each were read."""
    if not of_desks:
        return []
    if len(of_desks) == 1:
        found = db.session.execute(of_desks[0]).all()
        return [Row(*row) for row in found]
    parts = union_all(*(select(part.subquery()) for part in of_desks))
    rows = [Row(*row) for row in db.session.execute(parts)]
    return sorted(rows, key=lambda row: (row.key, row.id), reverse=not upwards)[: PAGE + 1]


def _conditions(asked: Asked, account_id: UUID, today: date) -> list[ColumnElement[bool]]:
    if asked.number is not None:
        return [Case.year == asked.number[0], Case.number == asked.number[1]]
    sunday = today + timedelta(days=6 - today.weekday())
    is_open = Case.closed_at.is_(None)
    of_view: dict[View, list[ColumnElement[bool]]] = {
        View.OPEN: [is_open],
        View.LATE: [is_open, urgency < today],
        View.WEEK: [is_open, urgency.between(today, sunday)],
        View.MINE: [is_open, Case.handler_id == account_id],
        View.FREE: [is_open, Case.handler_id.is_(None)],
        View.WAITING: [is_open, Case.state == State.WAITING_FOR_REPORTER],
        View.CLOSED: [Case.closed_at.is_not(None)],
    }
    where = of_view[asked.view]
    if asked.kind is not None:
        where.append(Case.kind == asked.kind)
    if asked.category is not None:
        where.append(Case.category == asked.category)
    if asked.state is not None:
        where.append(Case.state == asked.state)
    return where
