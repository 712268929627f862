"""Mails to the central office about central actors that nobody confirmed for a year: once a month, no more."""

from collections.abc import Mapping
from datetime import time
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from spreekbuis.clock import today
from spreekbuis.db.session import db
from spreekbuis.directory.central_actors import stale_actors
from spreekbuis.identity.models import Account, PlatformRole
from spreekbuis.jobs.outbox import enqueue, job, type_arg
from spreekbuis.notify.mail import deliver
from spreekbuis.settings import Settings
from spreekbuis.web.access import Role

MAIL = "directory.mail_stale_actors"


@job("directory.look_for_stale_actors", at=time(7, 15))
def look_for_stale_actors() -> Mapping[str, type_arg]:
    """Have each account of the central office reminded when there is something to confirm."""
    found = stale_actors()
    if found:
        office = select(PlatformRole.account_id).where(PlatformRole.role == Role.CENTRAL_ANALYST)
        for account_id in db.session.scalars(office):
            enqueue(MAIL, once_key=f"{MAIL} {account_id} {today():%Y-%m}", account_id=str(account_id))
    return {"actors": found}


@job(MAIL)
def mail_stale_actors(account_id: str) -> None:
    """Say how many wait. Nothing when they were confirmed meanwhile, or the account no longer works there."""
    office = select(PlatformRole.account_id).where(PlatformRole.role == Role.CENTRAL_ANALYST)
    wanted = select(Account.email, Account.language).where(
        Account.id == UUID(account_id), Account.disabled_at.is_(None), Account.id.in_(office)
    )
    row, count = db.session.execute(wanted).one_or_none(), stale_actors()
    if row is not None and count:
        settings: Settings = current_app.extensions["settings"]
        link = settings.base_url + current_app.url_map.bind("").build("central_actors.listing")
        deliver("actors_stale", row.email, row.language, count=str(count), link=link, entity="")
