"""The daily reminder: how many cases are late or nearly so, never which ones.

Three steps, so that each mail is retried by itself: the platform asks each entity, the entity asks each
recipient. Nobody gets a number that counts a case of which they are kept out. An address that a whole desk reads counts
no case of which anybody is kept out: those are told to the colleagues one by one.
"""

from collections.abc import Mapping
from datetime import time, timedelta
from uuid import UUID

from flask import current_app
from flask_babel import force_locale, ngettext
from sqlalchemy import func, literal, or_, select

from spreekbuis.access.models import CaseExclusion, Desk, Membership
from spreekbuis.cases.exclusion import withhold_from
from spreekbuis.cases.models import Case
from spreekbuis.cases.work_list import urgency
from spreekbuis.cases.workflow import handlers_of
from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity, EntityStatus
from spreekbuis.identity.models import Account
from spreekbuis.jobs.outbox import enqueue, job, type_arg
from spreekbuis.notify.mail import deliver
from spreekbuis.settings import Settings
from spreekbuis.web.access import Role

AHEAD = timedelta(days=2)
"""A deadline that is nearer than this, or passed, is worth a mail."""
CAP = 999


@job("cases.remind", at=time(7, 0))
def remind() -> Mapping[str, type_arg]:
    """Ask every entity. Open cases are finished whatever became of its subscription, so only who left is
    passed over."""
    day = today().isoformat()
    entities = db.session.scalars(select(Entity.id).where(Entity.status != EntityStatus.LEFT)).all()
    for entity_id in entities:
        enqueue(
            "cases.remind_entity",
            entity_id=entity_id,
            once_key=f"cases.remind_entity {entity_id} {day}",
            day=day,
        )
    return {"entities": len(entities)}


@job("cases.remind_entity")
def remind_entity(day: str) -> Mapping[str, type_arg]:
    """Ask for one mail per desk that has an address, else per handler of the desk; none when nothing is
    urgent."""
    recipients: set[tuple[str, UUID]] = set()
    urgent, for_all = _urgent_by_desk(), _urgent_by_desk(for_all=True)
    for desk_id, email in db.session.execute(
        select(Desk.id, Desk.email).where(Desk.entity_id == current_entity_id(), Desk.id.in_(urgent))
    ):
        if email:
            recipients.add(("desk", desk_id))
        if not email or urgent[desk_id] > for_all.get(desk_id, 0):
            recipients |= {("account", account_id) for account_id in handlers_of(desk_id)}
    for kind, recipient_id in sorted(recipients):
        enqueue(
            f"cases.remind_{kind}",
            once_key=f"cases.remind_{kind} {current_entity_id()} {recipient_id} {day}",
            recipient_id=str(recipient_id),
        )
    return {"mails": len(recipients)}


@job("cases.remind_desk")
def remind_desk(recipient_id: str) -> Mapping[str, type_arg] | None:
    """Mail the desk's own address."""
    desk = db.session.get(Desk, (current_entity_id(), UUID(recipient_id)))
    if desk is None or desk.email is None:
        return None
    return _mail(desk.email, "nl", _urgent_by_desk(for_all=True).get(desk.id, 0))


@job("cases.remind_account")
def remind_account(recipient_id: str) -> Mapping[str, type_arg] | None:
    """Mail a handler about the desks that have no address of their own, and what such an address is not told."""
    account = db.session.get(Account, UUID(recipient_id))
    if account is None or account.disabled_at is not None:
        return None
    withhold_from(account.id)
    desks = db.session.execute(
        select(Membership.desk_id, Desk.email)
        .join(Desk, (Desk.entity_id == Membership.entity_id) & (Desk.id == Membership.desk_id))
        .where(
            Membership.entity_id == current_entity_id(),
            Membership.account_id == account.id,
            Membership.role == Role.HANDLER,
            or_(Membership.until.is_(None), Membership.until >= today()),
        )
        .distinct()
    ).all()
    urgent, told = _urgent_by_desk(), _urgent_by_desk(for_all=True)
    return _mail(
        account.email,
        account.language,
        sum(urgent.get(desk, 0) - (told.get(desk, 0) if email else 0) for desk, email in desks if desk),
    )


def _urgent_by_desk(*, for_all: bool = False) -> dict[UUID, int]:
    """Open cases per desk that are late or due within `AHEAD`, counted to `CAP`; desks without any are left
    out. `for_all`: only cases of which nobody is kept out."""
    entity_id, before = current_entity_id(), today() + AHEAD
    of_case = select(CaseExclusion.case_id).where(
        CaseExclusion.entity_id == entity_id, CaseExclusion.case_id == Case.id
    )
    found = {}
    for desk_id in db.session.scalars(select(Desk.id).where(Desk.entity_id == entity_id)):
        some = (
            select(literal(1))
            .where(
                Case.entity_id == entity_id,
                Case.desk_id == desk_id,
                Case.closed_at.is_(None),
                urgency <= before,
                *([~of_case.exists()] if for_all else []),
            )
            .limit(CAP)
            .subquery()
        )
        if count := db.session.scalar(select(func.count()).select_from(some)):
            found[desk_id] = count
    return found


def _mail(address: str, language: str, count: int) -> Mapping[str, type_arg]:
    """One mail, with a number and a link; nothing that says what a case is about, nor which."""
    if count == 0:
        return {"cases": 0}
    settings: Settings = current_app.extensions["settings"]
    entity = db.session.get_one(Entity, current_entity_id())
    with force_locale(language):
        words = ngettext("%(num)s dossier", "%(num)s dossiers", count)
    deliver(
        "deadline_reminder",
        address,
        language,
        cases=words,
        entity=entity.name,
        link=f"{settings.base_url}/desk/{entity.ovo_code}/cases",
    )
    return {"cases": count}
