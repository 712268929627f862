"""Work of this room: mails with an invitation, about a part of the recovery kit, and about who waits to read."""

from datetime import date
from uuid import UUID

from flask import current_app
from sqlalchemy import ColumnElement, Select, or_, select

from spreekbuis.access.desk_keys import desk_states
from spreekbuis.access.key_news import LATELY, MAIL_KEYS_CHANGED, KeysChanged
from spreekbuis.access.models import Invitation, Membership, RecoveryKey, RecoveryShare
from spreekbuis.access.roles import holds_today
from spreekbuis.clock import now, today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity
from spreekbuis.identity.models import Account
from spreekbuis.jobs.outbox import enqueue, job
from spreekbuis.notify import mail
from spreekbuis.settings import Settings
from spreekbuis.web import links
from spreekbuis.web.access import Role

MAIL_INVITATION = "access.mail_invitation"
MAIL_PART_WAITS = "access.mail_part_waits"
ASK_FOR_ACCESS = "access.ask_for_access"
MAIL_READER = "access.mail_reader"
MAIL_ADMINISTRATOR = "access.mail_administrator"
LINK = "invitation"
STOP_LINK = "key-change"


@job(MAIL_INVITATION)
def mail_invitation(id: str) -> None:  # noqa: A002 (the name of the argument in the outbox)
    """Send the link of an open invitation; one that was withdrawn, accepted or is over sends nothing."""
    row = db.session.execute(
        select(Invitation.email, Invitation.language, Invitation.role, Entity.name)
        .join(Entity, Entity.id == Invitation.tenant_id)
        .where(
            Invitation.id == UUID(id),
            Invitation.tenant_id == current_entity_id(),
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
            Invitation.expires_at > now(),
        )
    ).one_or_none()
    if row is not None:
        path = f"/invitation/{links.sign(LINK, UUID(id))}"
        reads = "yes" if row.role == Role.HANDLER else ""
        mail.deliver("invitation", row.email, row.language, entity=row.name, path=path, reads_cases=reads)


@job(MAIL_PART_WAITS)
def mail_part_waits(kit_id: str, account_id: str) -> None:
    """Tell an officer that a part waits to be printed, unless it is on paper or the kit was replaced."""
    row = db.session.execute(
        _reachable(UUID(account_id))
        .join(RecoveryShare, RecoveryShare.account_id == Account.id)
        .join(
            RecoveryKey,
            (RecoveryKey.entity_id == RecoveryShare.entity_id) & (RecoveryKey.id == RecoveryShare.kit_id),
        )
        .where(
            RecoveryShare.entity_id == current_entity_id(),
            RecoveryShare.kit_id == UUID(kit_id),
            RecoveryShare.share_sealed.is_not(None),
            RecoveryKey.ended_at.is_(None),
        )
    ).one_or_none()
    if row is not None:
        link = _address("keys.part", row.ovo_code)
        mail.deliver("recovery_part", row.email, row.language, entity=row.name, link=link)


@job(ASK_FOR_ACCESS)
def ask_for_access(desk_id: str, account_id: str) -> None:
    """Have a mail sent to each who can let a new handler read: the readers of the desk, else the administrators.

    Nobody is asked when the handler reads already, or while the entity has no keys: then the first step is another.
    """
    state = next(iter(desk_states([UUID(desk_id)])), None)
    if state is None or not state.keys or UUID(account_id) not in {m.account_id for m in state.waiting}:
        return
    readers = [member.account_id for member in state.members if member.can_read_new]
    for reader in readers:
        enqueue(MAIL_READER, desk_id=desk_id, account_id=str(reader))
    if not readers:
        for administrator in db.session.scalars(_administrators()):
            enqueue(MAIL_ADMINISTRATOR, desk_id=desk_id, account_id=str(administrator))


@job(MAIL_READER)
def mail_reader(desk_id: str, account_id: str) -> None:
    """Ask somebody who reads at the desk to let a colleague read. Not when nobody waits any more."""
    state = next(iter(desk_states([UUID(desk_id)])), None)
    row = db.session.execute(_reachable(UUID(account_id))).one_or_none()
    if row is not None and state is not None and state.helped_by(UUID(account_id)):
        link = _address("cases.access", row.ovo_code)
        mail.deliver("access_waits", row.email, row.language, entity=row.name, link=link)


@job(MAIL_ADMINISTRATOR)
def mail_administrator(desk_id: str, account_id: str) -> None:
    """Tell an administrator that nobody reads at a desk where a handler waits. Not when somebody does by now."""
    state = next(iter(desk_states([UUID(desk_id)])), None)
    row = db.session.execute(_reachable(UUID(account_id))).one_or_none()
    if row is not None and state is not None and state.is_shut_for_new and state.waiting:
        link = _address("keys.overview", row.ovo_code)
        mail.deliver("desk_shut", row.email, row.language, entity=row.name, link=link)


@job(MAIL_KEYS_CHANGED)
def mail_keys_changed(kind: str, account_id: str, change_id: str = "") -> None:
    """Tell a member, or who was one until lately, what happens with the keys of the entity, with a link that stops it
    as long as that can be."""
    row = db.session.execute(_reachable(UUID(account_id), since=today() - LATELY)).one_or_none()
    if row is not None:
        happened = KeysChanged(kind)
        token = links.sign(STOP_LINK, UUID(change_id)) if change_id else ""
        link = _address("keys.stop_form", row.ovo_code, token=token) if token else ""
        told = {event.value: "yes" if event is happened else "" for event in KeysChanged}
        mail.deliver("keys_changed", row.email, row.language, entity=row.name, link=link, **told)


def _administrators() -> Select[UUID]:
    return select(Membership.account_id).where(holds_today(), Membership.role == Role.ENTITY_ADMINISTRATOR)


def _reachable(account_id: UUID, since: date | None = None) -> Select[str, str, str, str]:
    """Where to write to a member of today, or of a day from `since` on, and the entity about which."""
    then = (Membership.entity_id == current_entity_id()) & or_(
        Membership.until.is_(None), Membership.until >= (since or today())
    )
    member: ColumnElement[bool] = (
        select(Membership.id)
        .where(holds_today() if since is None else then, Membership.account_id == account_id)
        .exists()
    )
    return (
        select(Account.email, Account.language, Entity.name, Entity.ovo_code)
        .join_from(Account, Entity, Entity.id == current_entity_id())
        .where(Account.id == account_id, Account.disabled_at.is_(None), member)
    )


def _address(endpoint: str, ovo: str, **values: str) -> str:
    """The public address of a page of the entity: a job stands in no request that could tell."""
    settings: Settings = current_app.extensions["settings"]
    return settings.base_url + current_app.url_map.bind("").build(endpoint, {"ovo": ovo, **values})
