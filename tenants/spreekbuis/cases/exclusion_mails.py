"""The mails after somebody was kept out of a case. They never say which case, nor who."""

from typing import NamedTuple
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from spreekbuis.access.models import Membership
from spreekbuis.access.roles import holds_today
from spreekbuis.cases.exclusion import (
    TELL_ADMINISTRATORS,
    TELL_COLLEAGUES,
    readers_for,
    withhold_from,
)
from spreekbuis.cases.models import Case
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity
from spreekbuis.identity.models import Account
from spreekbuis.jobs.outbox import job
from spreekbuis.notify.mail import deliver
from spreekbuis.settings import Settings


@job(TELL_COLLEAGUES)
def tell_colleague(case_id: str, account_id: str) -> None:
    """A case of the desk lost its handler. Not when it has another by now, or does not exist for this colleague."""
    withhold_from(UUID(account_id))
    case = db.session.get(Case, (current_entity_id(), UUID(case_id)))
    to = address_of(UUID(account_id), "/desk/{ovo}/cases?view=free")
    if to is not None and case is not None and case.handler_id is None and case.closed_at is None:
        deliver("case_without_handler", to.email, to.language, entity=to.entity, link=to.link)


@job(TELL_ADMINISTRATORS)
def tell_administrator(case_id: str, account_id: str) -> None:
    """Nobody who reads at the desk may see a case. Not when somebody does by now, or when it does not exist for this
    administrator."""
    withhold_from(UUID(account_id))
    case = db.session.get(Case, (current_entity_id(), UUID(case_id)))
    to = address_of(UUID(account_id), "/entity/{ovo}/members")
    if to is not None and case is not None and case.closed_at is None and not readers_for(case):
        deliver("case_without_readers", to.email, to.language, entity=to.entity, link=to.link)


class _Address(NamedTuple):
    """Where to write to a member of today, and the page that the mail leads to."""

    email: str
    language: str
    entity: str
    link: str


def address_of(account_id: UUID, page: str) -> _Address | None:
    """Where to write to the account, with the address of the page; None for who is no member today or was disabled."""
    settings: Settings = current_app.extensions["settings"]
    row = db.session.execute(
        select(Account.email, Account.language, Entity.name, Entity.ovo_code)
        .join_from(Account, Entity, Entity.id == current_entity_id())
        .where(
            Account.id == account_id,
            Account.disabled_at.is_(None),
            select(Membership.id).where(holds_today(), Membership.account_id == account_id).exists(),
        )
    ).one_or_none()
    if row is None:
        return None
    return _Address(row.email, row.language, row.name, settings.base_url + page.format(ovo=row.ovo_code))
