"""The desks with which every entity starts, and that of 1700, which one entity has."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.models import Desk
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import DeskKind

NAMES = {
    DeskKind.INTEGRITY: "Loket Integriteit",
    DeskKind.WELLBEING: "Loket Welzijn",
    DeskKind.CITIZENS: "Loket 1700",
}
"""The names at the start, in the administrative language."""


def create_default_desks(entity_id: UUID) -> None:
    """Make the integrity and the wellbeing desk, in the entity's own scope. Twice is once."""
    _create(entity_id, (DeskKind.INTEGRITY, DeskKind.WELLBEING))


def create_citizens_desk(entity_id: UUID) -> UUID:
    """Make the desk of 1700, in the scope of the entity that is its host; gives its id. Twice is once."""
    _create(entity_id, (DeskKind.CITIZENS,))
    return db.session.scalars(
        select(Desk.id).where(Desk.entity_id == entity_id, Desk.kind == DeskKind.CITIZENS)
    ).one()


def kinds_here() -> list[DeskKind]:
    """The kinds of the desks that the tenant in scope has."""
    kinds = set(db.session.scalars(select(Desk.kind).where(Desk.entity_id == current_entity_id())))
    return [kind for kind in DeskKind if kind in kinds]


def _create(entity_id: UUID, kinds: tuple[DeskKind, ...]) -> None:
    db.session.execute(
        insert(Desk)
        .values(
            [{"entity_id": entity_id, "id": new_id(), "kind": kind, "name": NAMES[kind]} for kind in kinds]
        )
        .on_conflict_do_nothing(index_elements=["entity_id", "kind"])
    )
