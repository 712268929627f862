"""The desks with which every entity starts, and that of 1700, which one entity has."""

from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.models import Desk
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.errors import Conflict

NAMES = {
    DeskKind.INTEGRITY: "Loket Integriteit",
    DeskKind.WELLBEING: "Loket Welzijn",
    DeskKind.CITIZENS: "Loket 1700",
}
"""The names at the start, in the administrative language."""


class DeskIsMoving(Conflict):
    title = _l("Dit loket verhuist nu naar een andere entiteit")
    advice = _l(
        "Daarom staat de toegang even stil. Probeer het over enkele minuten opnieuw. Er is niets veranderd."
    )


def takes_new() -> ColumnElement[bool]:
    """The desks that take new cases: an entity has one of each kind. Others came, or went, with their cases."""
    return and_(Desk.came_from_id.is_(None), Desk.went_to_id.is_(None))


def is_here() -> ColumnElement[bool]:
    """The desks that have cases here, or can have them: not what is left of one that went to another entity."""
    return or_(Desk.went_to_id.is_(None), Desk.moving)


def hold_desk(desk_id: UUID) -> None:
    """Changes of a desk's keys and members follow each other until this transaction ends. Raises DeskIsMoving: of a
    desk whose cases move, two entities hold keys and members, which must be the same."""
    if db.session.scalar(_moving(desk_id).with_for_update(key_share=True)):
        raise DeskIsMoving


def is_moving(desk_id: UUID) -> bool:
    """Whether the cases of the desk are on their way to another entity, or went."""
    return bool(db.session.scalar(_moving(desk_id)))


def _moving(desk_id: UUID) -> Select[bool]:
    return select(or_(Desk.moving, Desk.went_to_id.is_not(None))).where(
        Desk.entity_id == current_entity_id(), Desk.id == desk_id
    )


def create_default_desks(entity_id: UUID) -> None:
    """Make the integrity and the wellbeing desk, in the entity's own scope. Twice is once."""
    _create(entity_id, (DeskKind.INTEGRITY, DeskKind.WELLBEING))


def create_citizens_desk(entity_id: UUID) -> UUID:
    """Make the desk of 1700, in the scope of the entity that is its host; gives its id. Twice is once."""
    _create(entity_id, (DeskKind.CITIZENS,))
    return db.session.scalars(
        select(Desk.id).where(Desk.entity_id == entity_id, Desk.kind == DeskKind.CITIZENS, takes_new())
    ).one()


def kinds_here() -> list[DeskKind]:
    """The kinds of the desks that the tenant in scope has."""
    kinds = set(
        db.session.scalars(select(Desk.kind).where(Desk.entity_id == current_entity_id(), takes_new()))
    )
    return [kind for kind in DeskKind if kind in kinds]


def _create(entity_id: UUID, kinds: tuple[DeskKind, ...]) -> None:
    db.session.execute(
        insert(Desk)
        .values(
            [{"entity_id": entity_id, "id": new_id(), "kind": kind, "name": NAMES[kind]} for kind in kinds]
        )
        .on_conflict_do_nothing(index_elements=["entity_id", "kind"], index_where=Desk.came_from_id.is_(None))
    )
