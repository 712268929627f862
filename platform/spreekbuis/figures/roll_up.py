"""Move deltas into totals, and prove that the totals are right. All of it as the figures role."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Engine, select, text

from spreekbuis.clock import today
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity
from spreekbuis.figures.structure import scopes
from spreekbuis.jobs.outbox import job, type_arg
from spreekbuis.jobs.worker import report_progress

ROLL_UP_LOCK = 7_311_730_000_000_003
"""Advisory lock: roll-ups follow each other, so that their upserts never wait in a different order."""
BATCH = 20_000
"""Deltas that one statement moves: bounds its memory and the time that a reader's snapshot lags."""

_LOCK = text("SELECT pg_advisory_xact_lock(:key)").bindparams(key=ROLL_UP_LOCK)

# Deleting and adding up are one statement, so that every reader sees each delta once: here or there.
_MOVE = text(f"""
WITH taken AS (
    DELETE FROM figure_delta WHERE (entity_id, id) IN (SELECT entity_id, id FROM figure_delta LIMIT :batch)
    RETURNING entity_id, year, dimension, value, n, total
), per_entity AS (
    SELECT entity_id, year, dimension, value, sum(n) AS n, sum(total) AS total
    FROM taken GROUP BY entity_id, year, dimension, value
), cells AS (
    INSERT INTO figure_cell AS cell (entity_id, year, dimension, value, n, total) SELECT * FROM per_entity
    ON CONFLICT (entity_id, year, dimension, value)
    DO UPDATE SET n = cell.n + excluded.n, total = cell.total + excluded.total
), pairs AS (
    SELECT DISTINCT entity_id, year FROM per_entity
), scopes AS ({scopes(":today")}
), totals AS (
    INSERT INTO figure_total AS sums (scope, year, dimension, value, n, total)
    SELECT scope, year, dimension, value, sum(n), sum(total)
    FROM per_entity JOIN scopes USING (entity_id, year) GROUP BY scope, year, dimension, value
    ON CONFLICT (scope, year, dimension, value)
    DO UPDATE SET n = sums.n + excluded.n, total = sums.total + excluded.total
)
SELECT count(*) FROM taken""")  # noqa: S608 (fixed text)

# What facts.contributions says, written a second time and from the other end: the two must agree.
_RECOUNT = """
recount AS (
    SELECT entity_id, year, dimension, value, count(*) AS n, coalesce(sum(measure), 0) AS total
    FROM fact, LATERAL (SELECT kind = 'report' AND topic = 'integrity' AS for_law) AS law, LATERAL (VALUES
        ('cases', 'all', 0), ('kind', kind, 0), ('category', category, 0), ('channel', channel, 0),
        ('reporter_class', reporter_class, 0), ('identity', identity, 0), ('desk', desk, 0),
        ('status', status, 0), ('outcome', outcome, 0), ('month', to_char(month, 'FM00'), 0),
        ('topic_of_reports', CASE kind WHEN 'report' THEN topic END, 0),
        ('acknowledged', CASE WHEN days_to_acknowledge <= 7 THEN 'in_time'
                              WHEN days_to_acknowledge > 7 THEN 'late' END, 0),
        ('score', score::text, score),
        ('law', CASE WHEN for_law THEN 'received' END, 0),
        ('law_outcome', CASE WHEN for_law THEN outcome END, 0),
        ('law_follow_up', CASE WHEN for_law THEN follow_up END, 0),
        ('law_money', CASE WHEN for_law AND damage_cents IS NOT NULL THEN 'damage' END, damage_cents),
        ('law_money', CASE WHEN for_law AND recovered_cents IS NOT NULL THEN 'recovered' END, recovered_cents)
    ) AS cell (dimension, value, measure)
    WHERE subject = 'case' AND value IS NOT NULL AND reporter_class <> 'citizen'
        AND coalesce(outcome NOT IN ('referred', 'duplicate'), true) AND {of}
    GROUP BY entity_id, year, dimension, value
    UNION ALL
    SELECT entity_id, year,
        CASE WHEN reporter_class = 'citizen' THEN 'citizens' WHEN outcome = 'referred' THEN 'referred'
             ELSE 'duplicates' END AS dimension,
        CASE WHEN reporter_class <> 'citizen' THEN 'all' WHEN desk = 'citizens' THEN 'received'
             ELSE 'taken_over' END AS value,
        count(*), 0
    FROM fact WHERE subject = 'case' AND (reporter_class = 'citizen' OR outcome IN ('referred', 'duplicate')) AND {of}
    GROUP BY entity_id, year, 3, 4
    UNION ALL
    SELECT entity_id, year, 'contacts', channel, count(*), 0
    FROM fact WHERE subject = 'contact' AND {of} GROUP BY entity_id, year, channel
    UNION ALL
    SELECT entity_id, year, 'trained', kind, count(*), 0
    FROM fact WHERE subject = 'training' AND status = 'attended' AND {of} GROUP BY entity_id, year, kind
)"""

_SUM_OF_CELLS = f"""
pairs AS (
    SELECT DISTINCT entity_id, year FROM figure_cell
), scopes AS ({scopes(":today")}
), sums AS (
    SELECT scope, year, dimension, value, sum(n) AS n, sum(total) AS total
    FROM figure_cell JOIN scopes USING (entity_id, year) GROUP BY scope, year, dimension, value
)"""  # noqa: S608 (fixed text)

_WRONG_CELLS = text(f"""
WITH {_RECOUNT.format(of="entity_id = :entity")}, shown AS (
    SELECT entity_id, year, dimension, value, sum(n) AS n, sum(total) AS total FROM (
        SELECT entity_id, year, dimension, value, n, total FROM figure_cell WHERE entity_id = :entity
        UNION ALL SELECT entity_id, year, dimension, value, n, total FROM figure_delta WHERE entity_id = :entity
    ) AS both_kinds GROUP BY entity_id, year, dimension, value
)
SELECT entity.ovo_code AS place, year, dimension, value, coalesce(recount.n, 0), coalesce(shown.n, 0),
    coalesce(recount.total, 0), coalesce(shown.total, 0)
FROM recount FULL JOIN shown USING (entity_id, year, dimension, value) JOIN entity ON entity.id = entity_id
WHERE (coalesce(recount.n, 0), coalesce(recount.total, 0)) <> (coalesce(shown.n, 0), coalesce(shown.total, 0))
ORDER BY place, year, dimension, value""")  # noqa: S608 (fixed text)

_WRONG_TOTALS = text(f"""
WITH {_SUM_OF_CELLS}
SELECT scope AS place, year, dimension, value, coalesce(sums.n, 0), coalesce(shown.n, 0),
    coalesce(sums.total, 0), coalesce(shown.total, 0)
FROM sums FULL JOIN figure_total AS shown USING (scope, year, dimension, value)
WHERE (coalesce(sums.n, 0), coalesce(sums.total, 0)) <> (coalesce(shown.n, 0), coalesce(shown.total, 0))
ORDER BY place, year, dimension, value""")  # noqa: S608 (fixed text)

# A full join, so that a cell which no fact supports any more becomes 0.
_REBUILD_CELLS = text(f"""
WITH {_RECOUNT.format(of="true")}, gone AS (DELETE FROM figure_delta)
INSERT INTO figure_cell (entity_id, year, dimension, value, n, total)
SELECT entity_id, year, dimension, value, coalesce(recount.n, 0), coalesce(recount.total, 0)
FROM recount FULL JOIN figure_cell USING (entity_id, year, dimension, value)
ON CONFLICT (entity_id, year, dimension, value) DO UPDATE SET n = excluded.n, total = excluded.total
""")  # noqa: S608 (fixed text)
_REBUILD_TOTALS = text(f"""
WITH {_SUM_OF_CELLS}
INSERT INTO figure_total (scope, year, dimension, value, n, total)
SELECT scope, year, dimension, value, coalesce(sums.n, 0), coalesce(sums.total, 0)
FROM sums FULL JOIN figure_total USING (scope, year, dimension, value)
ON CONFLICT (scope, year, dimension, value) DO UPDATE SET n = excluded.n, total = excluded.total
""")  # noqa: S608 (fixed text)


@dataclass(frozen=True, slots=True)
class Difference:
    """A total that does not follow from its parts. `place` is an OVO code, "all", or a policy area then or now."""

    place: str
    year: int
    dimension: str
    value: str
    n: int
    """What it should be."""
    shown_n: int
    total: int
    shown_total: int


def figures_engine() -> Engine:
    """Connections of the figures role."""
    return db.engines["figures"]


def roll_up(batch: int = BATCH) -> int:
    """Move at most `batch` deltas into the totals of entity, policy area and all; gives how many.

    Many may run at once: they follow each other.
    """
    with figures_engine().begin() as connection:
        connection.execute(_LOCK)
        moved: int = connection.execute(_MOVE, {"batch": batch, "today": today()}).scalar_one()
        return moved


def roll_up_all() -> int:
    """Move every delta; gives how many."""
    moved = 0
    while batch := roll_up():
        moved += batch
    return moved


@job("figures.roll_up", every=timedelta(seconds=5))
def _roll_up_now() -> None:
    roll_up_all()


def verify() -> list[Difference]:
    """Recount all facts and compare: per entity with cells and deltas, then the totals with the cells.

    Costs the number of facts, one entity at a time. No differences: every figure that a page shows is the sum of
    facts. A job that runs it shows how far it is.
    """
    with figures_engine().connect() as connection:
        entities = connection.scalars(select(Entity.id).order_by(Entity.ovo_code)).all()
        steps = len(entities) + 1
        wrong: list[Difference] = []
        for done, entity_id in enumerate(entities):
            report_progress(done, steps)
            wrong += _differences(connection.execute(_WRONG_CELLS, {"entity": entity_id}))
        report_progress(len(entities), steps)
        wrong += _differences(connection.execute(_WRONG_TOTALS, {"today": today()}))
    return wrong


def _differences(rows: Iterable[Any]) -> list[Difference]:
    return [Difference(*row) for row in rows]


def _told(result: Mapping[str, type_arg]) -> str:
    if result["found"] == "0":
        return str(_("Alles klopt: elk totaal is de som van zijn feiten."))
    return str(
        _("%(found)s totalen kloppen niet, het eerste is %(first)s. Verwittig het platform.", **result)
    )


@job("figures.verify", attempts=2, tell=_told)
def _verify_now() -> dict[str, str]:
    """The recount that somebody asked for on the page; what it found is shown with its progress."""
    wrong = verify()
    if not wrong:
        return {"found": "0"}
    return {
        "found": str(len(wrong)),
        "first": f"{wrong[0].place} {wrong[0].year} {wrong[0].dimension}.{wrong[0].value}",
    }


def rebuild() -> None:
    """Write every total anew from the facts. Needed after a repair by hand. Costs the number of facts."""
    with figures_engine().begin() as connection:
        connection.execute(_LOCK)
        connection.execute(_REBUILD_CELLS)
        connection.execute(_REBUILD_TOTALS, {"today": today()})


@job("figures.restructure")
def restructure() -> None:
    """Write the totals of the policy areas anew from those of the entities, after the register changed."""
    with figures_engine().begin() as connection:
        connection.execute(_LOCK)
        connection.execute(_REBUILD_TOTALS, {"today": today()})
