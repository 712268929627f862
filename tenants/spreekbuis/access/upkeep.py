"""What is tidied by itself each night: keys of a desk that somebody holds who is no handler of it any more."""

from collections.abc import Mapping
from datetime import time
from uuid import UUID

from sqlalchemy import exists, select

from spreekbuis.access.leaving import leave_desk
from spreekbuis.access.models import DeskKeyGrant, Membership
from spreekbuis.access.roles import holds_today
from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity
from spreekbuis.identity.models import Account
from spreekbuis.jobs.outbox import enqueue, job, type_arg
from spreekbuis.web.access import Role

TAKE_KEYS = "access.take_keys_of_former_handlers"


@job("access.look_for_former_handlers", at=time(3, 30))
def look_for_former_handlers() -> Mapping[str, type_arg]:
    """Ask every entity, also one that left: its open cases are finished. A role can end by its date, and an account be
    closed, without anybody at a desk acting."""
    entities = db.session.scalars(select(Entity.id)).all()
    for entity_id in entities:
        enqueue(TAKE_KEYS, entity_id=entity_id, once_key=f"{TAKE_KEYS} {entity_id} {today()}")
    return {"entities": len(entities)}


@job(TAKE_KEYS)
def take_keys_of_former_handlers() -> Mapping[str, type_arg]:
    """Take the keys of each desk back from whoever is no handler of it today, and give the desk a new one."""
    former: dict[UUID, set[UUID]] = {}
    for desk_id, account_id in db.session.execute(
        select(DeskKeyGrant.desk_id, DeskKeyGrant.account_id)
        .join(Account, Account.id == DeskKeyGrant.account_id)
        .where(
            DeskKeyGrant.entity_id == current_entity_id(),
            Account.disabled_at.is_not(None)
            | ~exists().where(
                holds_today(),
                Membership.role == Role.HANDLER,
                Membership.desk_id == DeskKeyGrant.desk_id,
                Membership.account_id == DeskKeyGrant.account_id,
            ),
        )
    ):
        former.setdefault(desk_id, set()).add(account_id)
    for desk_id, accounts in former.items():
        leave_desk(desk_id, accounts)
    return {"handlers": len({account for accounts in former.values() for account in accounts})}
