"""Who is warned of what will be erased: somebody for every case, and nobody of a case of which they are kept out.

The desk's own address, which the whole desk may read, is told of the cases of which nobody is kept out; of the others
the colleagues are told one by one, and of all when the desk has no address. Of a case that none of these is told of,
because nobody may handle it now, the administrators are who may know of it, else the central office: they can see to it
that the desk gets a handler. They read a number, and no case.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from flask import current_app
from flask_babel import force_locale, ngettext
from sqlalchemy import ColumnElement, exists, func, or_, select

from spreekbuis.access.models import CaseExclusion, Desk, Membership
from spreekbuis.access.roles import holds_today
from spreekbuis.cases.exclusion import withhold_from
from spreekbuis.cases.keeping.models import RetentionWarning
from spreekbuis.cases.keeping.terms import WARNED_AHEAD
from spreekbuis.cases.models import Case
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity
from spreekbuis.identity.models import Account, PlatformRole
from spreekbuis.jobs.outbox import enqueue, job, type_arg
from spreekbuis.notify.mail import deliver
from spreekbuis.settings import Settings
from spreekbuis.web.access import Role


class Told(StrEnum):
    """As what somebody is told."""

    DESK = "desk"
    HANDLER = "handler"
    OUTSIDER = "outsider"


class Mail(NamedTuple):
    """One mail about the cases of a desk: to an account, or to the desk's own address (`account_id` is empty)."""

    told: Told
    desk_id: str
    account_id: str = ""


class Audience:
    """Who is to be warned of a case, with what is the same for all cases of a night."""

    def __init__(self) -> None:
        desks = select(Desk).where(Desk.entity_id == current_entity_id())
        self._with_address = {desk.id for desk in db.session.scalars(desks) if desk.email}
        self._handlers: dict[UUID, set[UUID]] = {}

    def of(self, case: Case) -> set[Mail]:
        """The mails in which the case is counted; none when there is nobody to tell."""
        desk_id, out = case.desk_id, _kept_out(case.id)
        if desk_id in self._with_address and not out:
            return {Mail(Told.DESK, str(desk_id))}
        if desk_id not in self._handlers:
            self._handlers[desk_id] = _members(Role.HANDLER, Membership.desk_id == desk_id)
        return (
            _mails(Told.HANDLER, desk_id, self._handlers[desk_id] - out)
            or _mails(Told.OUTSIDER, desk_id, _members(Role.ENTITY_ADMINISTRATOR) - out)
            or _mails(Told.OUTSIDER, desk_id, _central_office() - out)
        )


def ask_mail(mail: Mail, day: date) -> None:
    """Ask for the mail about what was warned of on `day`. Twice is once."""
    told, desk_id, account_id = mail
    what, on = f"cases.warn_{told}", day.isoformat()
    key = f"{what} {desk_id} {account_id} {on}"
    if told is Told.DESK:
        enqueue(what, once_key=key, desk_id=desk_id, day=on)
    else:
        enqueue(what, once_key=key, desk_id=desk_id, account_id=account_id, day=on)


@job("cases.warn_desk")
def warn_desk(desk_id: str, day: str) -> Mapping[str, type_arg]:
    """To the desk's own address: how many cases of which nobody is kept out."""
    desk = db.session.get_one(Desk, (current_entity_id(), UUID(desk_id)))
    if desk.email is None:
        return {"cases": 0}
    return _mail(desk.email, "nl", _count(desk.id, day, ~_somebody_out()))


@job("cases.warn_handler")
def warn_handler(desk_id: str, account_id: str, day: str) -> Mapping[str, type_arg]:
    """To a handler: how many cases, but for those that the desk's own address is told of."""
    account = db.session.get_one(Account, UUID(account_id))
    withhold_from(account.id)
    desk = db.session.get_one(Desk, (current_entity_id(), UUID(desk_id)))
    not_told_to_all = [_somebody_out()] if desk.email else []
    return _mail(account.email, account.language, _count(desk.id, day, *not_told_to_all))


@job("cases.warn_outsider")
def warn_outsider(desk_id: str, account_id: str, day: str) -> Mapping[str, type_arg]:
    """To an administrator or the central office: how many cases that nobody of the desk is told of."""
    account = db.session.get_one(Account, UUID(account_id))
    withhold_from(account.id)
    count = _count(UUID(desk_id), day, *_told_to_nobody(UUID(desk_id)))
    return _mail(account.email, account.language, count, unseen=True)


def _mails(told: Told, desk_id: UUID, accounts: set[UUID]) -> set[Mail]:
    return {Mail(told, str(desk_id), str(account_id)) for account_id in accounts}


def _members(role: Role, *which: ColumnElement[bool]) -> set[UUID]:
    """Accounts that are in use and have this role in the entity today."""
    return set(
        db.session.scalars(
            select(Membership.account_id)
            .join(Account, Account.id == Membership.account_id)
            .where(holds_today(), Membership.role == role, Account.disabled_at.is_(None), *which)
        )
    )


def _central_office() -> set[UUID]:
    return set(
        db.session.scalars(
            select(PlatformRole.account_id)
            .join(Account, Account.id == PlatformRole.account_id)
            .where(PlatformRole.role == Role.CENTRAL_ANALYST, Account.disabled_at.is_(None))
        )
    )


def _kept_out(case_id: UUID) -> set[UUID]:
    of_case = (CaseExclusion.entity_id == current_entity_id(), CaseExclusion.case_id == case_id)
    return set(db.session.scalars(select(CaseExclusion.account_id).where(*of_case)))


def _somebody_out() -> ColumnElement[bool]:
    """Of a query of cases: those of which somebody is kept out."""
    return exists().where(CaseExclusion.entity_id == Case.entity_id, CaseExclusion.case_id == Case.id)


def _told_to_nobody(desk_id: UUID) -> list[ColumnElement[bool]]:
    """Of a query of cases of the desk: those that neither its address nor a handler is told of."""
    desk = db.session.get_one(Desk, (current_entity_id(), desk_id))
    handlers = _members(Role.HANDLER, Membership.desk_id == desk_id)
    may_see = [
        ~exists().where(
            CaseExclusion.entity_id == Case.entity_id,
            CaseExclusion.case_id == Case.id,
            CaseExclusion.account_id == account_id,
        )
        for account_id in sorted(handlers)
    ]
    unseen = [~or_(*may_see)] if may_see else []
    return [*unseen, _somebody_out()] if desk.email else unseen


def _count(desk_id: UUID, day: str, *which: ColumnElement[bool]) -> int:
    """How many cases of the desk were warned of on `day`."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(RetentionWarning)
            .join(
                Case, (Case.entity_id == RetentionWarning.entity_id) & (Case.id == RetentionWarning.case_id)
            )
            .where(
                RetentionWarning.entity_id == current_entity_id(),
                RetentionWarning.warned_on == date.fromisoformat(day),
                Case.desk_id == desk_id,
                *which,
            )
        )
        or 0
    )


def _mail(address: str, language: str, count: int, *, unseen: bool = False) -> Mapping[str, type_arg]:
    """One mail with a number; nothing that says what a case is about, nor which. `unseen`: no handler can check it."""
    if not count:
        return {"cases": 0}
    settings: Settings = current_app.extensions["settings"]
    entity = db.session.get_one(Entity, current_entity_id())
    with force_locale(language):
        words = ngettext("%(num)s dossier", "%(num)s dossiers", count)
    said = {"cases": words, "entity": entity.name, "days": str(WARNED_AHEAD.days)}
    if unseen:
        link = f"{settings.base_url}/entity/{entity.ovo_code}/members"
        deliver("erasure_unseen", address, language, link=link, **said)
    else:
        link = f"{settings.base_url}/desk/{entity.ovo_code}/cases/keeping"
        deliver("erasure_warning", address, language, link=link, **said)
    return {"cases": count}
