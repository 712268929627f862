"""The desks with which every entity starts."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.models import Desk
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import DeskKind

NAMES = {DeskKind.INTEGRITY: "Loket Integriteit", DeskKind.WELLBEING: "Loket Welzijn"}
"""The names at the start, in the administrative language."""


def create_default_desks(entity_id: UUID) -> None:
    """Make the integrity and the wellbeing desk, in the entity's own scope. Twice is once."""
    db.session.execute(
        insert(Desk)
        .values(
            [{"entity_id": entity_id, "id": new_id(), "kind": kind, "name": NAMES[kind]} for kind in DeskKind]
        )
        .on_conflict_do_nothing(index_elements=["entity_id", "kind"])
    )
