"""Lists of the register: the organisations on a day, a page at a time, and what asks for a decision."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, exists, literal, select
from sqlalchemy.orm import aliased

from spreekbuis.clock import today
from spreekbuis.db.session import db
from spreekbuis.directory.listing import EntityPage, slice_of
from spreekbuis.directory.models import Entity, EntityStatus, Organisation, OrganisationPeriod
from spreekbuis.directory.register import exists_on, holds_words


class Standing(StrEnum):
    """How an organisation stands on the day that is asked."""

    EXISTS = "exists"
    ENDED = "ended"
    COMING = "coming"
    """It begins later, for the first time."""
    TO_DECIDE = "to_decide"
    """It ended, and is an entity that did not leave."""


STANDING_LABELS: dict[Standing, LazyString] = {
    Standing.EXISTS: _l("Bestaat"),
    Standing.ENDED: _l("Beëindigd"),
    Standing.COMING: _l("Komt nog"),
    Standing.TO_DECIDE: _l("Te beslissen"),
}
_LISTED = select(
    OrganisationPeriod.ovo_code, OrganisationPeriod.name, OrganisationPeriod.also_known_as,
    OrganisationPeriod.policy_area, OrganisationPeriod.valid_from, OrganisationPeriod.valid_to,
    Entity.status,
).outerjoin(Entity, Entity.ovo_code == OrganisationPeriod.ovo_code)  # fmt: skip
_Other = aliased(OrganisationPeriod)
_same = _Other.ovo_code == OrganisationPeriod.ovo_code


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which organisations, as they were on `day`. Empty: any."""

    day: date
    standing: Standing = Standing.EXISTS
    query: str = ""
    area: str = ""


def organisations_page(wanted: Wanted, *, after: str = "", before: str = "") -> EntityPage:
    """The page of organisations by the name that they had on the day, after or before the one with this code; a code
    that does not exist gives no rows. One query."""
    stands = _stands(wanted.standing, wanted.day)
    # Of today without what is past: a row for each organisation, however long its history.
    now = wanted.day == today() and wanted.standing is Standing.EXISTS
    table = Organisation if now else OrganisationPeriod
    found = _LISTED.where(stands, *holds_words(wanted.query, table.search_text))
    if now:
        same = Organisation.ovo_code == OrganisationPeriod.ovo_code
        found = found.join(Organisation, same).where(exists_on(wanted.day))
    if wanted.area:
        found = found.where(table.policy_area == wanted.area)
    code = after or before
    edge = None
    if code:
        begun = Standing.ENDED if wanted.standing is Standing.TO_DECIDE else wanted.standing
        one = exists_on(wanted.day) if now else _stands(begun, wanted.day)
        edge = (select(table.name).where(table.ovo_code == code, one).scalar_subquery(), literal(code))
    rows, earlier, later = slice_of(
        found, (table.name, table.ovo_code), edge, ascending=True, backwards=bool(before) and not after
    )
    return EntityPage(rows, rows[0].ovo_code if earlier else None, rows[-1].ovo_code if later else None)


def _stands(standing: Standing, day: date) -> ColumnElement[bool]:
    """Condition on OrganisationPeriod. It holds for at most one period of an organisation."""
    period = OrganisationPeriod
    if standing is Standing.EXISTS:
        return and_(period.valid_from <= day, period.valid_to >= day)
    if standing is Standing.COMING:
        return and_(period.valid_from > day, ~exists().where(_same, _Other.valid_from < period.valid_from))
    later = exists().where(_same, _Other.valid_from > period.valid_from, _Other.valid_from <= day)
    ended = and_(period.valid_to < day, ~later)
    return ended if standing is Standing.ENDED else and_(ended, Entity.status != EntityStatus.LEFT)


class Attention(NamedTuple):
    """An entity about which somebody must decide: its organisation ended after `last_day`, and its service goes on."""

    entity_id: UUID
    ovo_code: str
    name: str
    last_day: date


MOST_ATTENTION = 50


def attention() -> list[Attention]:
    """What asks for a decision of the central office, the oldest first, at most MOST_ATTENTION. Nothing happens by
    itself: an entity whose organisation ended goes on until somebody merges it, moves it or lets it leave."""
    rows = db.session.execute(
        select(Entity.id, Entity.ovo_code, Entity.name, Organisation.valid_to)
        .join(Organisation, Organisation.ovo_code == Entity.ovo_code)
        .where(Organisation.valid_to < today(), Entity.status != EntityStatus.LEFT)
        .order_by(Organisation.valid_to, Entity.ovo_code)
        .limit(MOST_ATTENTION)
    )
    return [Attention(*row) for row in rows]
