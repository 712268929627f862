"""Mails to members who have something to read and understand for more than 14 days: once a month, no more."""

from collections.abc import Mapping
from datetime import time
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity, EntityStatus
from spreekbuis.identity.models import Account
from spreekbuis.instruments.reading import asked_instruments, overdue, readers
from spreekbuis.jobs.outbox import enqueue, job, type_arg
from spreekbuis.notify.mail import deliver
from spreekbuis.settings import Settings

LOOK, MAIL = "instruments.look_for_unread_of", "instruments.mail_unread"


@job("instruments.look_for_unread", at=time(8, 0))
def look_for_unread() -> Mapping[str, type_arg]:
    """Ask every entity."""
    entities = db.session.scalars(select(Entity.id).where(Entity.status != EntityStatus.LEFT)).all()
    for entity_id in entities:
        enqueue(LOOK, entity_id=entity_id, once_key=f"{LOOK} {entity_id} {today()}")
    return {"entities": len(entities)}


@job(LOOK)
def look_for_unread_of() -> Mapping[str, type_arg]:
    """Have each member reminded who is late."""
    asked = asked_instruments()
    late = [reader.account_id for reader in readers() if overdue(asked, reader.account_id)] if asked else []
    for account_id in late:
        key = f"{MAIL} {current_entity_id()} {account_id} {today():%Y-%m}"
        enqueue(MAIL, once_key=key, account_id=str(account_id))
    return {"members": len(late)}


@job(MAIL)
def mail_unread(account_id: str) -> None:
    """Say how many wait. Nothing when they were read meanwhile, or the account is no member any more."""
    account = UUID(account_id)
    count = overdue(asked_instruments(), account)
    if not count or account not in {reader.account_id for reader in readers()}:
        return
    row = db.session.execute(
        select(Account.email, Account.language, Entity.name, Entity.ovo_code)
        .join_from(Account, Entity, Entity.id == current_entity_id())
        .where(Account.id == account)
    ).one()
    settings: Settings = current_app.extensions["settings"]
    link = settings.base_url + current_app.url_map.bind("").build("instruments.mine", {"ovo": row.ovo_code})
    deliver("instruments_unread", row.email, row.language, entity=row.name, count=str(count), link=link)
