"""Who works in the entity: list, join, end."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access import jobs
from spreekbuis.access.desks import hold_desk
from spreekbuis.access.leaving import leave_desk
from spreekbuis.access.models import Desk, Membership, MembershipLookup
from spreekbuis.access.roles import holds_today
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.directory.models import Entity
from spreekbuis.errors import Conflict, NotAllowed, NotFound
from spreekbuis.identity.models import Account
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.web.access import Role


class LastAdministrator(Conflict):
    title = _l("Dit is de laatste beheerder")
    advice = _l("Nodig eerst een andere beheerder uit. Zonder beheerder kan niemand nog toegang geven.")


class OwnRights(NotAllowed):
    title = _l("Je eigen toegang kun je niet veranderen")
    advice = _l("Vraag het aan een andere beheerder van je entiteit.")


class NotForThisRole(Conflict):
    title = _l("Dat kan niet bij deze rol")
    advice = _l("Alleen een behandelaar van het loket Welzijn kan preventieadviseur zijn.")


@dataclass(frozen=True, slots=True)
class Member:
    """One role of one account in the tenant in scope."""

    membership_id: UUID
    account_id: UUID
    label: str
    email: str
    role: Role
    desk: DeskKind | None
    since: date
    prevention_adviser: bool
    came_from: str | None
    """The entity from which the desk came with its cases, by name."""


_MEMBERS = (
    select(
        Membership.id, Membership.account_id, Account.label, Account.email, Membership.role, Desk.kind,
        Membership.since, Membership.prevention_adviser, Entity.name,
    )
    .join(Account, Account.id == Membership.account_id)
    .outerjoin(Desk, (Desk.entity_id == Membership.entity_id) & (Desk.id == Membership.desk_id))
    .outerjoin(Entity, Entity.id == Desk.came_from_id)
    .order_by(Account.label, Account.email, Membership.role, Desk.kind)
)  # fmt: skip


def members() -> list[Member]:
    """Every role that somebody has today in the tenant in scope, by the account's label."""
    return [_member(*row) for row in db.session.execute(_MEMBERS.where(holds_today()))]


def member(membership_id: UUID) -> Member:
    """One role that holds today. Raises NotFound."""
    row = db.session.execute(_MEMBERS.where(holds_today(), Membership.id == membership_id)).one_or_none()
    if row is None:
        raise NotFound
    return _member(*row)


def _member(
    membership_id: UUID,
    account_id: UUID,
    label: str,
    email: str,
    role: str,
    desk: str | None,
    since: date,
    prevention_adviser: bool,
    came_from: str | None,
) -> Member:
    return Member(
        membership_id,
        account_id,
        label,
        email,
        Role(role),
        DeskKind(desk) if desk else None,
        since,
        prevention_adviser,
        came_from,
    )


def join(account_id: UUID, role: Role, desk_id: UUID | None) -> None:
    """Give the account the role in the tenant in scope, from today on. Having it already changes nothing.

    Whoever can let a new handler read is asked to by mail. Raises DeskIsMoving.
    """
    entity_id = current_entity_id()
    if desk_id is not None:
        hold_desk(desk_id)
    made = db.session.scalar(
        insert(Membership)
        .values(
            id=new_id(), entity_id=entity_id, account_id=account_id, role=role, desk_id=desk_id, since=today()
        )
        .on_conflict_do_nothing()
        .returning(Membership.id)
    )
    db.session.execute(
        insert(MembershipLookup).values(account_id=account_id, tenant_id=entity_id).on_conflict_do_nothing()
    )
    if made is not None:
        record(Audited.MEMBER_JOINED, made, {"account": str(account_id), "role": role})
        if desk_id is not None:
            enqueue(jobs.ASK_FOR_ACCESS, desk_id=str(desk_id), account_id=str(account_id))


def name_prevention_adviser(membership_id: UUID, named: bool) -> None:
    """Say whether a handler of the wellbeing desk is a prevention adviser, who alone handles formal requests (Codex
    over het welzijn op het werk, book I title 3). The same again changes nothing.

    Raises NotFound, OwnRights for one's own, NotForThisRole for any other role.
    """
    found = member(membership_id)
    if found.account_id == acting().account_id:
        raise OwnRights
    if found.desk is not DeskKind.WELLBEING:
        raise NotForThisRole
    membership = db.session.get_one(Membership, (current_entity_id(), membership_id), with_for_update=True)
    if membership.desk_id is not None:
        hold_desk(membership.desk_id)
    if membership.prevention_adviser != named:
        membership.prevention_adviser = named
        record(
            Audited.MEMBER_ADVISER_NAMED,
            membership_id,
            {"account": str(membership.account_id), "named": named},
        )


def end_membership(membership_id: UUID) -> None:
    """End a role at once, and the reading with it. Raises NotFound; OwnRights for one's own; LastAdministrator.

    The administrators' rows are locked first: two who end each other at the same moment leave one of them.
    """
    session, entity_id = db.session, current_entity_id()
    administrators = session.scalars(
        select(Membership.id)
        .where(holds_today(), Membership.role == Role.ENTITY_ADMINISTRATOR)
        .order_by(Membership.id)
        .with_for_update()
    ).all()
    membership = session.scalar(
        select(Membership).where(holds_today(), Membership.id == membership_id).with_for_update()
    )
    if membership is None:
        raise NotFound
    if membership.account_id == acting().account_id:
        raise OwnRights
    if list(administrators) == [membership_id]:
        raise LastAdministrator
    # `until` is inclusive: yesterday was the last day, so that the next request of an open session is refused
    membership.until = today() - timedelta(days=1)
    session.flush()
    if membership.desk_id is not None:
        leave_desk(membership.desk_id, [membership.account_id])
    session.execute(
        delete(MembershipLookup).where(
            MembershipLookup.account_id == membership.account_id,
            MembershipLookup.tenant_id == entity_id,
            ~exists().where(holds_today(), Membership.account_id == membership.account_id),
        )
    )
    record(
        Audited.MEMBER_ENDED, membership_id, {"account": str(membership.account_id), "role": membership.role}
    )
