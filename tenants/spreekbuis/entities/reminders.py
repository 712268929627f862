"""Mails to an entity's administrators about own actors that nobody confirmed for a year: once a month, no more."""

from collections.abc import Mapping
from datetime import time
from uuid import UUID

from flask import current_app
from sqlalchemy import Select, select

from spreekbuis.access.models import Membership
from spreekbuis.access.roles import holds_today
from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity, EntityStatus
from spreekbuis.entities.actors import stale_own_actors
from spreekbuis.identity.models import Account
from spreekbuis.jobs.outbox import enqueue, job, type_arg
from spreekbuis.notify.mail import deliver
from spreekbuis.settings import Settings
from spreekbuis.web.access import Role

LOOK, MAIL = "entities.look_for_stale_actors_of", "entities.mail_stale_actors"


@job("entities.look_for_stale_actors", at=time(7, 30))
def look_for_stale_actors() -> Mapping[str, type_arg]:
    """Ask every entity."""
    entities = db.session.scalars(select(Entity.id).where(Entity.status != EntityStatus.LEFT)).all()
    for entity_id in entities:
        enqueue(LOOK, entity_id=entity_id, once_key=f"{LOOK} {entity_id} {today()}")
    return {"entities": len(entities)}


@job(LOOK)
def look_for_stale_actors_of() -> Mapping[str, type_arg]:
    """Have each administrator reminded when there is something to confirm."""
    found = stale_own_actors()
    if found:
        for account_id in db.session.scalars(_administrators()):
            key = f"{MAIL} {current_entity_id()} {account_id} {today():%Y-%m}"
            enqueue(MAIL, once_key=key, account_id=str(account_id))
    return {"actors": found}


@job(MAIL)
def mail_stale_actors(account_id: str) -> None:
    """Say how many wait. Nothing when they were confirmed meanwhile, or the account is no administrator any more."""
    row = db.session.execute(
        select(Account.email, Account.language, Entity.name, Entity.ovo_code)
        .join_from(Account, Entity, Entity.id == current_entity_id())
        .where(
            Account.id == UUID(account_id), Account.disabled_at.is_(None), Account.id.in_(_administrators())
        )
    ).one_or_none()
    count = stale_own_actors()
    if row is not None and count:
        settings: Settings = current_app.extensions["settings"]
        path = current_app.url_map.bind("").build("entity_actors.actor_list", {"ovo": row.ovo_code})
        link = settings.base_url + path
        deliver("actors_stale", row.email, row.language, count=str(count), link=link, entity=row.name)


def _administrators() -> Select[UUID]:
    return select(Membership.account_id).where(holds_today(), Membership.role == Role.ENTITY_ADMINISTRATOR)
