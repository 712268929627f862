"""From entitlement to service: until when an entity accepts reports, and the nightly look at everybody."""

from collections.abc import Mapping
from datetime import time
from uuid import UUID

from sqlalchemy import select

from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity
from spreekbuis.entities.service import end_service, grant_service, locked_entity
from spreekbuis.jobs.outbox import enqueue, job
from spreekbuis.subscriptions.entitlement import Entitlement, entitlement


def recompute_service(entity_id: UUID) -> Entitlement:
    """Let the entity's last day of service follow from what entitles it today; gives the entitlement.

    The end is written beforehand (31 December of a paid year, the last day of an affiliation, or open), so
    that a year that ends needs no job. What begins later (an affiliation or a paid year in the future) is an
    unbroken continuation, and written now too, or begins in the night when `look_at_all` sees it.
    """
    locked_entity(entity_id)
    now = entitlement(entity_id, today())
    if now.entitled:
        grant_service(entity_id, now.last_day, now.basis)
    else:
        end_service(entity_id, now.basis)
    return now


@job("subscriptions.look_at_all", at=time(0, 0))
def look_at_all() -> Mapping[str, int]:
    """Ask for a look at each entity, each in its own transaction and scope; one that fails stops no other."""
    ids = db.session.scalars(select(Entity.id)).all()
    for entity_id in ids:
        enqueue("subscriptions.look_at", entity_id=entity_id, once_key=f"service {today()} {entity_id}")
    return {"entities": len(ids)}


@job("subscriptions.look_at")
def look_at() -> None:
    """Recompute the service of the tenant in scope."""
    recompute_service(current_entity_id())
