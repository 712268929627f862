"""Accepting an invitation with the mailed link: in the platform's scope, as the guest has no tenant yet."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, select

from spreekbuis.access import jobs
from spreekbuis.access.invitations import LIFETIME
from spreekbuis.access.members import join
from spreekbuis.access.models import Desk, Invitation
from spreekbuis.actor import Actor, acting_as
from spreekbuis.clock import now
from spreekbuis.db.session import db, within
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.directory.models import Entity
from spreekbuis.errors import DomainError
from spreekbuis.identity.accounts import NewAccount, create_account
from spreekbuis.identity.models import Account
from spreekbuis.web import links
from spreekbuis.web.access import Role


class InvitationUsed(DomainError):
    status = 410
    title = _l("Deze uitnodiging is al aanvaard")
    advice = _l("Je account bestaat al. Meld je aan met je e-mailadres en je wachtwoord.")


class InvitationWithdrawn(DomainError):
    status = 410
    title = _l("Deze uitnodiging is ingetrokken")
    advice = _l("Vraag aan de beheerder van de entiteit of je een nieuwe uitnodiging kunt krijgen.")


class InvitationExpired(DomainError):
    status = 410
    title = _l("Deze uitnodiging is verlopen")
    advice = _l("Een uitnodiging blijft 14 dagen geldig. Vraag een nieuwe aan de beheerder van de entiteit.")


class InvitationForSomebodyElse(DomainError):
    status = 403
    title = _l("Deze uitnodiging is voor een ander e-mailadres")
    advice = _l("Meld je af, en meld je aan met het adres waarop je de uitnodiging kreeg.")


@dataclass(frozen=True, slots=True)
class Offer:
    """What an open invitation offers to whom. `has_account`: the address already signs in here."""

    email: str
    entity: str
    role: Role
    desk: DeskKind | None
    has_account: bool


def read_offer(token: str) -> Offer:
    """What the link offers. Raises LinkBroken, InvitationUsed, InvitationWithdrawn or InvitationExpired."""
    invitation = _open(token, lock=False)
    entity = db.session.scalars(select(Entity.name).where(Entity.id == invitation.tenant_id)).one()
    has_account = db.session.scalar(select(exists().where(Account.email == invitation.email)))
    desk = None
    if invitation.desk_id is not None:
        with within(invitation.tenant_id):
            kind = db.session.scalars(
                select(Desk.kind).where(Desk.entity_id == invitation.tenant_id, Desk.id == invitation.desk_id)
            ).one()
        desk = DeskKind(kind)
    return Offer(invitation.email, entity, Role(invitation.role), desk, bool(has_account))


def accept_with_new_account(token: str, label: str, password: str, language: str) -> NewAccount:
    """Make an account for the invited address and give it the role; gives the account.

    The link proves the address. Raises what `read_offer` raises, and Invalid.
    """
    invitation = _open(token, lock=True)
    account = create_account(invitation.email, label, language, password)
    _accept(invitation, account.id)
    return account


def accept_invitation(token: str, account_id: UUID) -> None:
    """Give the role to the account of the invited address.

    Raises what `read_offer` raises, and InvitationForSomebodyElse.
    """
    invitation = _open(token, lock=True)
    email = db.session.scalar(select(Account.email).where(Account.id == account_id))
    if email != invitation.email:
        raise InvitationForSomebodyElse
    _accept(invitation, account_id)


def _open(token: str, *, lock: bool) -> Invitation:
    # the row says when it ends, so that used, withdrawn and expired links are told apart for as long again
    invitation_id = links.read(jobs.LINK, token, LIFETIME + timedelta(days=365))
    wanted = select(Invitation).where(Invitation.id == invitation_id)
    invitation = db.session.scalar(wanted.with_for_update() if lock else wanted)
    if invitation is None:
        raise links.LinkBroken
    if invitation.accepted_at is not None:
        raise InvitationUsed
    if invitation.withdrawn_at is not None:
        raise InvitationWithdrawn
    if invitation.expires_at <= now():
        raise InvitationExpired
    return invitation


def _accept(invitation: Invitation, account_id: UUID) -> None:
    invitation.accepted_at = now()
    db.session.flush()
    with acting_as(Actor("account", account_id)), within(invitation.tenant_id):
        join(account_id, Role(invitation.role), invitation.desk_id)
