"""Inviting somebody to a role in the entity, and withdrawing that."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access import jobs
from spreekbuis.access.desks import takes_new
from spreekbuis.access.models import Desk, Invitation, Membership
from spreekbuis.access.roles import holds_today
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.errors import Conflict, Invalid
from spreekbuis.identity.accounts import email_address
from spreekbuis.identity.models import Account
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.web.access import ENTITY_ROLES, Role

LIFETIME = timedelta(days=14)


class NotOpen(Conflict):
    title = _l("Deze uitnodiging staat niet meer open")
    advice = _l("Ze is al aanvaard of ingetrokken. Kijk naar de huidige lijst.")


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """An invitation of the tenant in scope that was neither accepted nor withdrawn. It may have expired."""

    id: UUID
    email: str
    role: Role
    desk: DeskKind | None
    expires_at: datetime


def _is_open() -> ColumnElement[bool]:
    return (
        (Invitation.tenant_id == current_entity_id())
        & Invitation.accepted_at.is_(None)
        & Invitation.withdrawn_at.is_(None)
    )


def invite(
    email: str, role: Role, desk_kind: DeskKind | None, language: str, invitation_id: UUID | None = None
) -> Invitation:
    """Invite an address to a role in the tenant in scope; a job mails the link, which works for 14 days.

    `invitation_id` is the id that the form carried: sent twice is invited once. A handler needs a desk, an
    administrator has none. Raises Invalid, also for one's own address; Conflict for an id of another entity.
    """
    if role not in ENTITY_ROLES:
        raise Invalid({"role": _l("Kies een van de mogelijkheden.")})
    invitation_id = invitation_id or new_id()
    known = _sent_before(invitation_id)
    if known is not None:
        return known
    email = email_address(email)
    desk_id = _desk(desk_kind) if role is Role.HANDLER else None
    _refuse_needless(email, role, desk_id, invitation_id)
    invitation: Invitation | None = db.session.scalar(
        insert(Invitation)
        .values(
            id=invitation_id, tenant_id=current_entity_id(), email=email, role=role, desk_id=desk_id,
            language=language, invited_by=acting().account_id, created_at=now(), expires_at=now() + LIFETIME,
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(Invitation)
    )  # fmt: skip
    if invitation is None:  # the other press of a double click was just before
        invitation = _sent_before(invitation_id)
        if invitation is None:
            raise Conflict
        return invitation
    record(Audited.MEMBER_INVITED, invitation.id, {"role": role})
    enqueue(jobs.MAIL_INVITATION, id=str(invitation.id))
    return invitation


def _sent_before(invitation_id: UUID) -> Invitation | None:
    return db.session.scalar(
        select(Invitation).where(Invitation.id == invitation_id, Invitation.tenant_id == current_entity_id())
    )


def _desk(kind: DeskKind | None) -> UUID:
    found = kind and db.session.scalar(
        select(Desk.id).where(Desk.entity_id == current_entity_id(), Desk.kind == kind, takes_new())
    )
    if not found:
        raise Invalid({"desk": _l("Kies het loket waarvoor deze persoon dossiers behandelt.")})
    return found


def _refuse_needless(email: str, role: Role, desk_id: UUID | None, invitation_id: UUID) -> None:
    own = select(Account.email).where(Account.id == acting().account_id)
    if email == db.session.scalar(own):
        raise Invalid({"email": _l("Jezelf uitnodigen kan niet. Vraag het aan een andere beheerder.")})
    has_it = exists().where(
        Membership.account_id == Account.id,
        Membership.role == role,
        Membership.desk_id.is_not_distinct_from(desk_id),
        Account.email == email,
        holds_today(),
    )
    if db.session.scalar(select(has_it)):
        raise Invalid({"email": _l("Wie dit adres heeft, heeft deze rol al.")})
    invited = exists().where(
        _is_open(),
        Invitation.id != invitation_id,  # the other press of a double click is no other invitation
        Invitation.email == email,
        Invitation.role == role,
        Invitation.desk_id.is_not_distinct_from(desk_id),
        Invitation.expires_at > now(),
    )
    if db.session.scalar(select(invited)):
        raise Invalid({"email": _l("Voor dit adres staat deze uitnodiging al open. Trek ze eerst in.")})


def open_invitations() -> list[OpenInvitation]:
    """What was neither accepted nor withdrawn in the tenant in scope, the latest first."""
    rows = db.session.execute(
        select(Invitation.id, Invitation.email, Invitation.role, Desk.kind, Invitation.expires_at)
        .outerjoin(Desk, (Desk.entity_id == Invitation.tenant_id) & (Desk.id == Invitation.desk_id))
        .where(_is_open())
        .order_by(Invitation.id.desc())
    )
    return [
        OpenInvitation(r.id, r.email, Role(r.role), DeskKind(r.kind) if r.kind else None, r.expires_at)
        for r in rows
    ]


def withdraw_invitation(invitation_id: UUID) -> None:
    """Make the link of an open invitation of the tenant in scope worthless. Raises NotOpen."""
    withdrawn = db.session.scalar(
        update(Invitation)
        .where(_is_open(), Invitation.id == invitation_id)
        .values(withdrawn_at=now())
        .returning(Invitation.id)
    )
    if withdrawn is None:
        raise NotOpen
    record(Audited.INVITATION_WITHDRAWN, invitation_id)
