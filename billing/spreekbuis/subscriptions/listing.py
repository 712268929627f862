"""The list of entities and their contribution in a service year."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from flask_babel import LazyString, get_locale
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, exists, or_, select

from spreekbuis.clock import today
from spreekbuis.directory.listing import EntityPage, page_by_name
from spreekbuis.directory.models import Entity, Organisation, PolicyArea
from spreekbuis.directory.register import holds_words
from spreekbuis.subscriptions.entitlement import ENTITLING, Basis, Standing, standings
from spreekbuis.subscriptions.models import Affiliation, Contribution, ContributionStatus, Rule


class Position(StrEnum):
    """How an entity stands towards the contribution of a service year."""

    AFFILIATED = "affiliated"
    DUE = "due"
    PAID = "paid"
    WAIVED = "waived"


POSITION_LABELS: dict[Position, LazyString] = {
    Position.AFFILIATED: _l("Aangesloten bij GDPB"),
    Position.DUE: _l("Verschuldigd"),
    Position.PAID: _l("Betaald"),
    Position.WAIVED: _l("Kwijtgescholden"),
}
POSITION_TAGS: dict[Position, str] = {
    Position.AFFILIATED: "full",
    Position.DUE: "half",
    Position.PAID: "ok",
    Position.WAIVED: "off",
}


class Line(NamedTuple):
    """One entity in the list."""

    ovo_code: str
    name: str
    policy_area: str
    area_name: str
    tag: str
    label: str
    entitled: bool
    because: str


def position_labels() -> dict[Position, str]:
    """The labels in the language of the reader."""
    return _position_labels(str(get_locale()))


@lru_cache(maxsize=8)
def _position_labels(_language: str) -> dict[Position, str]:
    return {position: str(label) for position, label in POSITION_LABELS.items()}


def day_to_show(year: int) -> date:
    """The day of a service year that the list speaks about: today, or the end of a past, the start of a
    coming year."""
    now = today()
    if year == now.year:
        return now
    return date(year, 12, 31) if year < now.year else date(year, 1, 1)


def position_on(standing: Standing, day: date) -> Position:
    """How the entity stands on `day`; what has not been asked yet counts as due."""
    if standing.affiliated_on(day):
        return Position.AFFILIATED
    return Position(standing.contributions.get(day.year, ContributionStatus.DUE))


_ENTITIES = select(
    Entity.id, Entity.ovo_code, Entity.name, Entity.policy_area, PolicyArea.name.label("area_name")
).join(PolicyArea, PolicyArea.code == Entity.policy_area)


def lines(
    year: int,
    position: Position | None,
    query: str,
    by_year: Mapping[int, Rule],
    *,
    after: str = "",
    before: str = "",
) -> tuple[list[Line], EntityPage]:
    """One page of entities by name under the rules `by_year`, with the page itself for its neighbours. Two
    queries, whatever the number."""
    day = day_to_show(year)
    wanted = _ENTITIES if position is None else _ENTITIES.where(_stands(position, day))
    conditions = holds_words(query)
    if conditions:
        wanted = wanted.join(Organisation, Organisation.ovo_code == Entity.ovo_code).where(*conditions)
    page = page_by_name(wanted, after=after, before=before)
    known = standings((row.id for row in page.rows), by_year)
    labels = position_labels()
    because: dict[Basis, str] = {}  # all lines speak of the same day: a sentence is made once per reason
    found = []
    for row in page.rows:
        basis, stands = known[row.id].basis_on(day), position_on(known[row.id], day)
        if basis not in because:
            because[basis] = known[row.id].on(day).because
        found.append(
            Line(
                row.ovo_code,
                row.name,
                row.policy_area,
                row.area_name,
                POSITION_TAGS[stands],
                labels[stands],
                basis in ENTITLING,
                because[basis],
            )
        )
    return found, page


def _stands(position: Position, day: date) -> ColumnElement[bool]:
    """`position_on` as a condition on Entity."""
    affiliated = exists().where(
        Affiliation.entity_id == Entity.id,
        Affiliation.valid_from <= day,
        or_(Affiliation.valid_until.is_(None), Affiliation.valid_until >= day),
    )
    if position is Position.AFFILIATED:
        return affiliated
    of_year = and_(Contribution.entity_id == Entity.id, Contribution.service_year == day.year)
    if position is Position.DUE:
        settled = exists().where(of_year, Contribution.status != ContributionStatus.DUE)
        return and_(~affiliated, ~settled)
    return and_(~affiliated, exists().where(of_year, Contribution.status == position.value))
