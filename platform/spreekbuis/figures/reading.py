"""Read totals: what was rolled up plus what still waits, in one statement, so that they are exact at once.

The cost is that of the cells of a year. It grows with neither the cases nor the entities.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection
from sqlalchemy import text

from spreekbuis.clock import today
from spreekbuis.db.pool import bare_connection
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.figures.roll_up import figures_engine
from spreekbuis.figures.structure import EVERYWHERE, Structure, scope_of, scopes, then

ENTITIES_PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class Figures:
    """Totals of one scope in one year: (dimension, value) → how many, and the sum of their measure."""

    cells: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def n(self, dimension: str, value: str) -> int:
        return self.cells.get((dimension, value), (0, 0))[0]

    def of(self, dimension: str) -> dict[str, int]:
        """Value → how many, of one dimension."""
        return {value: n for (of, value), (n, _) in self.cells.items() if of == dimension}

    @property
    def cases(self) -> int:
        return self.n("cases", "all")

    @property
    def reports(self) -> int:
        return self.n("kind", "report")

    @property
    def information_requests(self) -> int:
        return self.n("kind", "information_request")

    @property
    def contacts(self) -> int:
        return sum(self.of("contacts").values())

    @property
    def scores(self) -> int:
        """How many cases were scored."""
        return sum(self.of("score").values())

    @property
    def satisfaction(self) -> Decimal | None:
        """Mean score on 5, or None without scores."""
        total = sum(total for (of, _), (_, total) in self.cells.items() if of == "score")
        return Decimal(total) / self.scores if self.scores else None


@dataclass(frozen=True, slots=True)
class Overview:
    """What the dashboard shows: one scope in one year, cases per year in it, and cases per policy area."""

    figures: Figures
    cases_by_year: dict[int, int]
    cases_by_area: dict[str, int]


class EntityRow(NamedTuple):
    """An entity's main figures in one year. `name` and `policy_area` are those of the structure that was asked."""

    ovo_code: str
    name_now: str
    name: str
    policy_area: str
    cases: int
    reports: int
    information_requests: int
    contacts: int
    scores: int
    score_sum: int

    @property
    def satisfaction(self) -> Decimal | None:
        return Decimal(self.score_sum) / self.scores if self.scores else None


@dataclass(frozen=True, slots=True)
class EntityPage:
    """A page of entities by name; `before` and `after` are the cursors of the neighbours, if any."""

    rows: list[EntityRow]
    before: str | None
    after: str | None


class Area(NamedTuple):
    """A policy area: how it was called in the structure that was asked, and whether it existed then."""

    code: str
    name: str
    exists: bool


_OVERVIEW = f"""
WITH waiting AS MATERIALIZED (
    SELECT entity_id, year, dimension, value, sum(n) AS n, sum(total) AS total
    FROM figure_delta GROUP BY entity_id, year, dimension, value
), pairs AS (
    SELECT DISTINCT entity_id, year FROM waiting
), scopes AS ({scopes("%(today)s::date")}
)
SELECT scope, year, dimension, value, sum(n)::int AS n, sum(total)::bigint AS total FROM (
    SELECT scope, year, dimension, value, n, total FROM figure_total
    UNION ALL
    SELECT scope, year, dimension, value, n, total FROM waiting JOIN scopes USING (entity_id, year)
    UNION ALL
    SELECT '{EVERYWHERE}', %(year)s::int, 'contacts', channel, count(*), 0 FROM office_contact
    WHERE NOT in_entity AND day BETWEEN make_date(%(year)s, 1, 1) AND make_date(%(year)s, 12, 31) GROUP BY channel
) AS both_kinds
WHERE (scope = %(scope)s AND year = %(year)s)
    OR (scope = %(scope)s AND dimension = 'cases')
    OR (scope = ANY(%(parts)s) AND year = %(year)s AND dimension = 'cases')
GROUP BY scope, year, dimension, value HAVING sum(n) <> 0"""  # noqa: S608 (fixed text)

_OWN = text("""
SELECT year, dimension, value, sum(n)::int AS n, sum(total)::bigint AS total FROM (
    SELECT year, dimension, value, n, total FROM figure_cell WHERE entity_id = :entity_id
    UNION ALL
    SELECT year, dimension, value, n, total FROM figure_delta WHERE entity_id = :entity_id
) AS both_kinds
WHERE year = :year OR dimension = 'cases'
GROUP BY year, dimension, value HAVING sum(n) <> 0""")

_ENTITY_CELLS = f"""
SELECT entity.ovo_code, entity.name, CASE WHEN %(then)s THEN coalesce(was.name, entity.name) ELSE entity.name END,
    CASE WHEN %(then)s THEN coalesce(was.policy_area, entity.policy_area) ELSE entity.policy_area END, cells.*
FROM page AS entity LEFT JOIN LATERAL {then("%(year)s", "%(today)s::date")} AS was ON true, LATERAL (
    SELECT coalesce(sum(n) FILTER (WHERE dimension = 'cases'), 0)::int,
        coalesce(sum(n) FILTER (WHERE dimension = 'kind' AND value = 'report'), 0)::int,
        coalesce(sum(n) FILTER (WHERE dimension = 'kind' AND value = 'information_request'), 0)::int,
        coalesce(sum(n) FILTER (WHERE dimension = 'contacts'), 0)::int,
        coalesce(sum(n) FILTER (WHERE dimension = 'score'), 0)::int,
        coalesce(sum(total) FILTER (WHERE dimension = 'score'), 0)::int
    FROM (
        SELECT dimension, value, n, total FROM figure_cell WHERE entity_id = entity.id AND year = %(year)s
        UNION ALL
        SELECT dimension, value, n, total FROM waiting WHERE entity_id = entity.id
    ) AS both_kinds WHERE dimension IN ('cases', 'kind', 'contacts', 'score')
) AS cells"""  # noqa: S608 (fixed text)
_CURSOR = "((SELECT name FROM entity WHERE ovo_code = %(at)s), %(at)s)"


def _page(condition: LiteralString, order: LiteralString) -> LiteralString:
    return f"""
WITH page AS (
    SELECT id, ovo_code, name, policy_area FROM entity {condition}
    ORDER BY name {order}, ovo_code {order} LIMIT %(most)s
), waiting AS MATERIALIZED (
    SELECT entity_id, dimension, value, sum(n) AS n, sum(total) AS total
    FROM figure_delta WHERE year = %(year)s AND entity_id IN (SELECT id FROM page)
    GROUP BY entity_id, dimension, value
){_ENTITY_CELLS} ORDER BY entity.name, entity.ovo_code"""  # noqa: S608 (fixed text)


_FIRST_PAGE = _page("", "")
_PAGE_AFTER = _page(f"WHERE (name, ovo_code) > {_CURSOR}", "")
_PAGE_BEFORE = _page(f"WHERE (name, ovo_code) < {_CURSOR}", "DESC")


type_connection = Connection[tuple[Any, ...]]


def reading() -> AbstractContextManager[type_connection]:
    """A connection as the figures role; each statement is its own snapshot."""
    return bare_connection(figures_engine())


_AREAS = {
    Structure.NOW: "SELECT code, name, %(day)s BETWEEN valid_from AND valid_to FROM policy_area",
    Structure.THEN: """
SELECT DISTINCT ON (code) code, name, %(day)s BETWEEN valid_from AND valid_to FROM policy_area_period
ORDER BY code, valid_from <= %(day)s DESC, CASE WHEN valid_from <= %(day)s THEN valid_from END DESC, valid_from""",
}


def policy_areas(connection: type_connection, year: int, structure: Structure) -> dict[str, Area]:
    """All policy areas by code, as they were in the structure."""
    day = today() if structure is Structure.NOW else min(today(), date(year, 12, 31))
    return {row[0]: Area(*row) for row in connection.execute(_AREAS[structure], {"day": day}).fetchall()}


def overview(
    connection: type_connection,
    year: int,
    structure: Structure = Structure.THEN,
    area: str | None = None,
    areas: Iterable[str] = (),
) -> Overview:
    """Totals in `year` of all entities, or of those in `area`; and the cases of each of `areas`."""
    scope = scope_of(structure, area) if area else EVERYWHERE
    parts = {scope_of(structure, code): code for code in areas}
    figures, by_year, by_area = Figures(), {}, {}
    values = {"scope": scope, "year": year, "parts": list(parts), "today": today()}
    for of_scope, of_year, dimension, value, n, total in connection.execute(_OVERVIEW, values).fetchall():
        if of_scope == scope and of_year == year:
            figures.cells[dimension, value] = (n, total)
        if dimension == "cases":
            if of_scope == scope:
                by_year[of_year] = n
            if of_year == year and of_scope in parts:
                by_area[parts[of_scope]] = n
    return Overview(figures, by_year, by_area)


def own_overview(year: int) -> Overview:
    """Totals of the entity in scope, through its own policies."""
    figures, by_year = Figures(), {}
    for row in db.session.execute(_OWN, {"entity_id": current_entity_id(), "year": year}):
        if row.year == year:
            figures.cells[row.dimension, row.value] = (row.n, row.total)
        if row.dimension == "cases":
            by_year[row.year] = row.n
    return Overview(figures, by_year, {})


def entities(
    connection: type_connection,
    year: int,
    structure: Structure,
    *,
    after: str | None = None,
    before: str | None = None,
) -> EntityPage:
    """A page of all entities by the name of today, beside the OVO code of a neighbour or from the start."""
    values = {
        "year": year, "most": ENTITIES_PER_PAGE + 1, "at": after or before, "today": today(),
        "then": structure is Structure.THEN,
    }  # fmt: skip
    query = _PAGE_AFTER if after else _PAGE_BEFORE if before else _FIRST_PAGE
    rows = [EntityRow(*row) for row in connection.execute(query, values).fetchall()]
    more = len(rows) > ENTITIES_PER_PAGE
    if before and not after:
        rows = rows[-ENTITIES_PER_PAGE:]
        return EntityPage(rows, _code(rows[:1]) if more else None, _code(rows[-1:]))
    rows = rows[:ENTITIES_PER_PAGE]
    return EntityPage(rows, _code(rows[:1]) if after else None, _code(rows[-1:]) if more else None)


def _code(rows: Iterable[EntityRow]) -> str | None:
    return next((row.ovo_code for row in rows), None)
