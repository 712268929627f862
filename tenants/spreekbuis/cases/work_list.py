"""The work list: a page of 25 cases by urgency, and capped counts, at a cost that does not grow with the
cases.

Each view and each filter has an index of its own that also gives the order (cases.models), and pages continue
after a key instead of skipping rows. A handler of two desks gets the first rows of each, merged.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Date, bindparam, func, literal_column, or_, select, tuple_, union_all

from spreekbuis.cases.models import URGENCY, Case
from spreekbuis.cases.numbers import CaseNumber
from spreekbuis.cases.procedures import State
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import rows as read
from spreekbuis.directory.catalogue import DESK_OF_TOPIC, CaseKind, DeskKind

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
    TASKS = "tasks"
    """My cases, open or closed, of which a check or task is due."""
    CLOSED = "closed"


COUNTED = tuple(view for view in View if view is not View.CLOSED)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list shows. `number` goes before all else: it finds one case, open or closed, or one of
    each desk when it has no letter."""

    view: View = View.OPEN
    kind: CaseKind | None = None
    category: str | None = None
    state: State | None = None
    number: CaseNumber | None = None


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
    topic: str
    category: str
    next_step: str | None
    next_due_on: date | None
    next_task_on: date | None
    state: str
    handler_id: UUID | None
    received_at: datetime
    closed_at: datetime | None
    outcome: str | None
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
    """The cases of these desks, the most urgent first; closed cases the latest first. `account_id` is who
    looks."""
    closed = asked.view is View.CLOSED and asked.number is None
    backwards = cursor is not None and cursor.backwards
    upwards = closed == backwards
    statement = _page(len(desks), _shape(asked), closed, upwards, cursor is not None)
    values = _values(desks, account_id, asked, today)
    if cursor is not None:
        values |= {"at": cursor.at, "after_id": cursor.id}
    rows = [Row(*row) for row in read(statement, values)] if desks else []
    if len(desks) > 1:
        rows.sort(key=lambda row: (row.key, row.id), reverse=not upwards)
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    if backwards:
        rows.reverse()
    before = rows[0] if rows and (more if backwards else cursor is not None) else None
    after = rows[-1] if rows and (backwards or more) else None
    return Listed(
        rows,
        Cursor(before.key, before.id, backwards=True) if before else None,
        Cursor(after.key, after.id) if after else None,
    )


def counts(desks: Set[UUID], account_id: UUID, today: date) -> dict[View, int]:
    """How many cases each view has, counted to `CAP` + 1 and no further, in one query."""
    if not desks:
        return dict.fromkeys(COUNTED, 0)
    [row] = read(_counting(len(desks)), _values(desks, account_id, Asked(), today))
    numbers = iter(row)
    return {view: min(CAP + 1, sum(next(numbers) for _ in desks)) for view in COUNTED}


# The statements differ in shape only: made once, with parameters, since making them costs more than running
# them.


class _Shape(NamedTuple):
    """Which conditions a list has, without their values."""

    view: View
    kind: bool = False
    category: bool = False
    state: bool = False
    number: bool = False
    letter: DeskKind | None = None
    """The desk that the number says."""


def _shape(asked: Asked) -> _Shape:
    return _Shape(
        asked.view,
        asked.kind is not None,
        asked.category is not None,
        asked.state is not None,
        asked.number is not None,
        asked.number.desk if asked.number else None,
    )


def _values(desks: Set[UUID], account_id: UUID, asked: Asked, today: date) -> dict[str, Any]:
    year, number = asked.number[:2] if asked.number else (None, None)
    return {
        "entity": current_entity_id(), "me": account_id, "today": today,
        "sunday": today + timedelta(days=6 - today.weekday()), "asked_kind": asked.kind,
        "asked_category": asked.category, "asked_state": asked.state, "asked_year": year,
        "asked_number": number,
        **{f"desk_{n}": desk_id for n, desk_id in enumerate(sorted(desks))},
    }  # fmt: skip


@lru_cache(maxsize=512)
def _page(desks: int, shape: _Shape, closed: bool, upwards: bool, continued: bool) -> Any:
    """A page and one row more, of each desk; several desks are merged by the caller."""
    key = Case.closed_at.expression if closed else _key(shape)
    order = [key.asc(), Case.id.asc()] if upwards else [key.desc(), Case.id.desc()]
    where = _conditions(shape)
    if continued:
        here = tuple_(key, Case.id)
        there = tuple_(bindparam("at", type_=key.type), bindparam("after_id", type_=Case.id.type))
        where.append(here > there if upwards else here < there)
    columns = [getattr(Case, name) for name in Row._fields if name != "key"]
    of_desks = [
        select(*columns, key.label("key")).where(*_at_desk(n), *where).order_by(*order).limit(PAGE + 1)
        for n in range(desks)
    ]
    if desks == 1:
        return of_desks[0]
    return union_all(*(select(part.subquery()) for part in of_desks))


@lru_cache(maxsize=16)
def _counting(desks: int) -> Any:
    """For each view and each desk a number of at most `CAP` + 1."""
    return select(
        *(
            select(func.count())
            .select_from(
                select(literal_column("1"))
                .where(*_at_desk(n), *_conditions(_Shape(view)))
                # In the order of the index, or the planner may hope to meet a hundred by reading the table.
                .order_by(_key(_Shape(view)))
                .limit(CAP + 1)
                .subquery()
            )
            .scalar_subquery()
            for view in COUNTED
            for n in range(desks)
        )
    )


def _key(shape: _Shape) -> ColumnElement[Any]:
    """What open cases are ordered by."""
    tasks = shape.view is View.TASKS and not shape.number
    return Case.next_task_on.expression if tasks else urgency


def _at_desk(n: int) -> list[ColumnElement[bool]]:
    return [Case.entity_id == bindparam("entity"), Case.desk_id == bindparam(f"desk_{n}")]


def _conditions(shape: _Shape) -> list[ColumnElement[bool]]:
    if shape.number:
        number = [Case.year == bindparam("asked_year"), Case.number == bindparam("asked_number")]
        if shape.letter is None:
            return number
        topics = [topic for topic, desk in DESK_OF_TOPIC.items() if desk is shape.letter]
        return [*number, or_(*(Case.topic == literal_column(f"'{topic}'") for topic in topics))]
    is_open = Case.closed_at.is_(None)
    today = bindparam("today", type_=Date())
    of_view: dict[View, list[ColumnElement[bool]]] = {
        View.OPEN: [is_open],
        View.LATE: [is_open, urgency < today],
        View.WEEK: [is_open, urgency.between(today, bindparam("sunday", type_=Date()))],
        View.MINE: [is_open, Case.handler_id == bindparam("me")],
        View.FREE: [is_open, Case.handler_id.is_(None)],
        View.WAITING: [is_open, Case.state == literal_column(f"'{State.WAITING_FOR_REPORTER}'")],
        View.TASKS: [Case.handler_id == bindparam("me"), Case.next_task_on <= today],
        View.CLOSED: [Case.closed_at.is_not(None)],
    }
    where = of_view[shape.view]
    if shape.kind:
        where.append(Case.kind == bindparam("asked_kind"))
    if shape.category:
        where.append(Case.category == bindparam("asked_category"))
    if shape.state:
        where.append(Case.state == bindparam("asked_state"))
    return where
