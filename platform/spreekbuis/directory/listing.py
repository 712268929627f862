"""Lists of entities in the order of their names, a page at a time, at a cost that does not grow with the
list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import request, url_for
from sqlalchemy import Row, Select, literal, select, tuple_

from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity, EntityStatus, Organisation
from spreekbuis.directory.register import holds_words
from spreekbuis.errors import type_text

PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class EntityPage:
    """One page. `before` and `after` are the OVO codes from which the neighbouring pages start, or None."""

    rows: list[Row[*tuple[Any, ...]]]
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Pages:
    """What the pagination macro shows: only to the previous and the next page."""

    summary: type_text
    previous_url: str | None
    next_url: str | None
    numbers: tuple[()] = ()


def slice_of(
    wanted: Select[*tuple[Any, ...]],
    place: Sequence[Any],
    edge: Sequence[Any] | None,
    *,
    ascending: bool,
    backwards: bool,
) -> tuple[list[Row[*tuple[Any, ...]]], bool, bool]:
    """The rows of `wanted` beyond `edge` (values of the columns `place`, which order the list and are unique
    together), and whether there are earlier and later ones. `backwards`: the rows that precede the edge."""
    upwards = ascending != backwards
    if edge is not None:
        here, there = tuple_(*place), tuple_(*edge)
        wanted = wanted.where(here > there if upwards else here < there)
    found = list(db.session.connection().execute(_ordered(wanted, tuple(place), upwards)))
    more, rows = len(found) > PER_PAGE, found[:PER_PAGE]
    if backwards:
        rows.reverse()
    earlier, later = (more, True) if backwards else (edge is not None, more)
    return rows, earlier and bool(rows), later and bool(rows)


# Kept, since making a statement costs more than running it: the first page of a list is asked most.
@lru_cache(maxsize=32)
def _ordered(
    wanted: Select[*tuple[Any, ...]], place: tuple[Any, ...], upwards: bool
) -> Select[*tuple[Any, ...]]:
    order = place if upwards else [column.desc() for column in place]
    return wanted.order_by(*order).limit(PER_PAGE + 1)


def page_by_name(wanted: Select[*tuple[Any, ...]], *, after: str = "", before: str = "") -> EntityPage:
    """The page of `wanted` (a select on Entity with its `name` and `ovo_code`) that follows the entity with
    code `after`, or precedes `before`; the first page without either. A code that does not exist gives no
    rows."""
    code = after or before
    edge = None
    if code:
        edge = (select(Entity.name).where(Entity.ovo_code == code).scalar_subquery(), literal(code))
    rows, earlier, later = slice_of(
        wanted,
        (Entity.name, Entity.ovo_code),
        edge,
        ascending=True,
        backwards=bool(before) and not after,
    )
    return EntityPage(rows, rows[0].ovo_code if earlier else None, rows[-1].ovo_code if later else None)


def active_entities(query: str, *, after: str = "", before: str = "") -> EntityPage:
    """Subscribed entities (`ovo_code`, `name`) whose name or code holds every word of `query`."""
    wanted = select(Entity.ovo_code, Entity.name).where(Entity.status == EntityStatus.ACTIVE)
    conditions = holds_words(query)
    if conditions:
        wanted = wanted.join(Organisation, Organisation.ovo_code == Entity.ovo_code).where(*conditions)
    return page_by_name(wanted, after=after, before=before)


def pages(page: EntityPage, summary: type_text, endpoint: str, kept: Mapping[str, str | int]) -> Pages:
    """Links to the neighbours of `page`, keeping the filters in `kept` that are set."""
    filters = {name: value for name, value in kept.items() if value}
    return Pages(
        summary,
        url_for(endpoint, **filters, before=page.before) if page.before else None,  # type: ignore[arg-type]
        url_for(endpoint, **filters, after=page.after) if page.after else None,  # type: ignore[arg-type]
    )


def asked(name: str, longest: int = 80) -> str:
    """A filter or search text from the address; too long is cut, a NUL (which no text column holds)
    dropped."""
    return request.args.get(name, "").replace("\x00", "").strip()[:longest]
