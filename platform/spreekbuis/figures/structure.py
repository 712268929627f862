"""In which policy area an entity is counted: that of the year itself, or that of today.

Each gives exactly one area to each entity in each year, so that areas together are always all entities, however they
were merged or split. The structure of a year is that of its last day, or of today while the year lasts. Of an entity
that had ended by then: the last area it was in; of one that is older than what the register knows: the first it knows.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import LiteralString

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l


class Structure(StrEnum):
    """Names and policy areas of the year that is shown, or of today."""

    THEN = "then"
    NOW = "now"


STRUCTURE_LABELS: Mapping[Structure, LazyString] = {
    Structure.THEN: _l("Zoals toen"),
    Structure.NOW: _l("Zoals nu"),
}
EVERYWHERE = "all"
"""The scope of all entities together."""


def scope_of(structure: Structure, area: str) -> str:
    """How totals of a policy area under a structure are kept: "then:OMG"."""
    return f"{structure}:{area}"


def then(year: LiteralString, today: LiteralString) -> LiteralString:
    """SQL: the period of the register (name, policy_area) that says how `entity` was in a year, to join LATERAL."""
    day: LiteralString = f"least(make_date({year}, 12, 31), {today})"
    return f"""(
    SELECT period.name, period.policy_area FROM organisation_period AS period
    WHERE period.ovo_code = entity.ovo_code
    ORDER BY period.valid_from <= {day} DESC, CASE WHEN period.valid_from <= {day} THEN period.valid_from END DESC,
        period.valid_from
    LIMIT 1
)"""  # noqa: S608 (fixed text)


def scopes(today: LiteralString) -> LiteralString:
    """SQL: the scopes to which an entity counts in a year, from `pairs (entity_id, year)`."""
    return f"""
    SELECT pairs.entity_id, pairs.year, unnest(ARRAY[
        '{EVERYWHERE}', '{Structure.NOW.value}:' || entity.policy_area,
        '{Structure.THEN.value}:' || coalesce(was.policy_area, entity.policy_area)
    ]) AS scope
    FROM pairs JOIN entity ON entity.id = pairs.entity_id
    LEFT JOIN LATERAL {then("pairs.year", today)} AS was ON true"""  # noqa: S608 (fixed text)
