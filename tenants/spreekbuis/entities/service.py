"""Whether an entity accepts new reports. Billing decides and says it here; open cases are finished either
way."""

from datetime import date, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import select

from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import today
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity, EntityStatus


class Served(Protocol):
    """An entity, as a row or as the door knows it."""

    @property
    def status(self) -> str: ...

    @property
    def service_until(self) -> date | None: ...


def accepts_reports(entity: Served) -> bool:
    """Whether staff of this entity can report today: it is active and its last day of service has not passed.

    `service_until` is a date, so service ends at midnight by itself, whether or not a nightly job has run.
    """
    return (
        entity.status == EntityStatus.ACTIVE
        and entity.service_until is not None
        and entity.service_until >= today()
    )


def successor_of(entity_id: UUID) -> Entity | None:
    """The entity that takes reports in the place of one that was merged, however often that was merged further; None
    when it has none."""
    into = db.session.get(Entity, entity_id)
    while into is not None and into.succeeded_by_id is not None:
        into = db.session.get(Entity, into.succeeded_by_id)
    return None if into is None or into.id == entity_id else into


def locked_entity(entity_id: UUID) -> Entity:
    """The entity, held against other changes of its service until this transaction ends. New cases, which
    only refer to it, do not wait."""
    return db.session.scalars(
        select(Entity)
        .where(Entity.id == entity_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def grant_service(entity_id: UUID, until: date, basis: str) -> None:
    """Accept new reports up to and including `until` (`OPEN_ENDED` when no end is known); `basis` is a
    code."""
    entity = locked_entity(entity_id)
    if entity.service_until == until:
        return
    entity.service_until = until
    record(Audited.SERVICE_GRANTED, entity_id, {"until": until.isoformat(), "basis": basis})


def end_service(entity_id: UUID, basis: str) -> None:
    """Accept no new reports from today on. Nothing happens when service had not begun or was over already."""
    entity = locked_entity(entity_id)
    yesterday = today() - timedelta(days=1)
    if entity.service_until is None or entity.service_until <= yesterday:
        return
    entity.service_until = yesterday
    record(Audited.SERVICE_ENDED, entity_id, {"until": yesterday.isoformat(), "basis": basis})
