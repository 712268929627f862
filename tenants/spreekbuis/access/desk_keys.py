"""Who can read the cases of a desk: its key pairs, and the members to whom their secret was granted.

A role lets a member act; the key lets a member read. Whoever joins waits until a colleague who can read grants it:
one sealing for each key of the desk, however many cases there are. Making a key needs public keys only, so that
somebody who may not read (the entity's administrator) can renew the key of a desk, and gains nothing by it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import CompoundSelect, and_, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.desks import hold_desk, is_here, is_moving, takes_new
from spreekbuis.access.key_news import KeysChanged, tell_everybody
from spreekbuis.access.models import (
    CaseKey,
    Desk,
    DeskAddress,
    DeskKey,
    DeskKeyGrant,
    DeskLetter,
    LeftNote,
    Membership,
    RecoveryKey,
    RecoveryShare,
)
from spreekbuis.access.roles import holds_today
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.directory.models import Entity
from spreekbuis.errors import Conflict, NotAllowed, NotFound, Onward
from spreekbuis.identity.models import Account, AccountKey
from spreekbuis.vault.recovery_share import Part
from spreekbuis.vault.sealing import context, new_secret, open_sealed, public_key_of, seal
from spreekbuis.web.access import Role


class NoKeyYet(NotAllowed):
    """The member may work at the desk, but nobody granted its key yet."""

    title = _l("Je kunt de teksten van dit loket nog niet lezen")
    advice = _l(
        "Ze zijn versleuteld. Een collega van je loket moet je eerst toegang geven. Op de pagina Toegang lees je aan"
        " wie je dat vraagt."
    )
    onward = Onward("cases.access", _l("Ga naar Toegang"))


class NoRecoveryKit(Conflict):
    title = _l("Er is nog geen herstelsleutel")
    advice = _l("Maak eerst de herstelsleutel van je entiteit. Pas daarna kunnen loketten sleutels krijgen.")


class Holder(NamedTuple):
    """Somebody with a key pair: what can be sealed to."""

    account_id: UUID
    key_id: UUID
    public_key: bytes


@dataclass(frozen=True, slots=True)
class DeskMember:
    """A handler of a desk. `can_read`: has every key of the desk; `can_read_new`: has the newest, so that new cases
    open. `has_key`: has a key pair to grant to."""

    account_id: UUID
    label: str
    can_read: bool
    can_read_new: bool
    has_key: bool


@dataclass(frozen=True, slots=True)
class DeskState:
    """A desk and who reads there. `keys`: how many it has (one, or more until old cases are resealed); `newest`: the
    version of the one for new cases, 0 while there is none."""

    desk_id: UUID
    kind: DeskKind
    keys: int
    newest: int
    members: tuple[DeskMember, ...]
    came_from: str | None = None
    """The entity from which it came with its cases, by name."""

    @property
    def is_shut(self) -> bool:
        """Nobody can read all that is at the desk."""
        return not any(member.can_read for member in self.members)

    @property
    def is_shut_for_new(self) -> bool:
        """Nobody can read the cases that come now."""
        return not any(member.can_read_new for member in self.members)

    @property
    def readers_of_new(self) -> tuple[DeskMember, ...]:
        """Members who can read the cases that come now, and those that are resealed now."""
        return tuple(member for member in self.members if member.can_read_new)

    @property
    def waiting(self) -> tuple[DeskMember, ...]:
        """Members to whom the key can be granted."""
        return tuple(member for member in self.members if member.has_key and not member.can_read)

    def helped_by(self, account_id: UUID) -> tuple[DeskMember, ...]:
        """Members to whom this one can grant a key that they lack."""
        me = next((member for member in self.members if member.account_id == account_id), None)
        if me is None or not me.can_read_new:
            return ()
        return self.waiting if me.can_read else tuple(m for m in self.waiting if not m.can_read_new)


def desk_states(desks: Collection[UUID] | None = None) -> list[DeskState]:
    """The desks of the tenant in scope, or those in `desks`, and who can read there, by kind and label."""
    entity_id = current_entity_id()
    wanted = (
        select(Desk.id, Desk.kind, Entity.name)
        .outerjoin(Entity, Entity.id == Desk.came_from_id)
        .where(Desk.entity_id == entity_id, is_here())
        .order_by(Desk.kind, Entity.name.nulls_first(), Desk.id)
    )
    if desks is not None:
        wanted = wanted.where(Desk.id.in_(desks))
    counted = (
        select(DeskKey.desk_id, func.count(), func.max(DeskKey.version))
        .where(DeskKey.entity_id == entity_id)
        .group_by(DeskKey.desk_id)
    )
    keys: dict[UUID, tuple[int, int]] = {row[0]: (row[1], row[2]) for row in db.session.execute(counted)}
    grants = (
        select(
            DeskKeyGrant.desk_id, DeskKeyGrant.account_id, DeskKeyGrant.key_id, func.count().label("granted"),
            func.max(DeskKeyGrant.version).label("newest"),
        )
        .where(DeskKeyGrant.entity_id == entity_id)
        .group_by(DeskKeyGrant.desk_id, DeskKeyGrant.account_id, DeskKeyGrant.key_id)
        .subquery()
    )  # fmt: skip
    rows = db.session.execute(
        select(
            Membership.desk_id, Account.id, Account.label, AccountKey.key_id, grants.c.granted, grants.c.newest
        )
        .join(Account, Account.id == Membership.account_id)
        .outerjoin(AccountKey, AccountKey.account_id == Account.id)
        .outerjoin(
            grants,
            and_(
                grants.c.desk_id == Membership.desk_id,
                grants.c.account_id == Account.id,
                grants.c.key_id == AccountKey.key_id,
            ),
        )
        .where(holds_today(), Membership.role == Role.HANDLER, Account.disabled_at.is_(None))
        .order_by(Account.label, Account.id)
    ).all()  # fmt: skip
    states = []
    for desk_id, kind, came_from in db.session.execute(wanted):
        count, newest = keys.get(desk_id, (0, 0))
        members = tuple(
            DeskMember(
                row.id, row.label, count > 0 and row.granted == count, count > 0 and row.newest == newest,
                row.key_id is not None,
            )
            for row in rows
            if row.desk_id == desk_id
        )  # fmt: skip
        states.append(DeskState(desk_id, DeskKind(kind), count, newest, members, came_from))
    return states


def renew_desk_key(desk_id: UUID, holders: Collection[Holder]) -> None:
    """Give the desk a new key pair for new cases, granted to `holders` and sealed to the recovery kit.

    The secret is made here and forgotten here. Raises NoRecoveryKit.
    """
    entity_id = current_entity_id()
    hold_desk(desk_id)
    kit = db.session.execute(
        select(RecoveryKey.id, RecoveryKey.public_key).where(
            RecoveryKey.entity_id == entity_id, RecoveryKey.ended_at.is_(None)
        )
    ).one_or_none()
    if kit is None:
        raise NoRecoveryKit
    last = db.session.scalar(
        select(func.max(DeskKey.version)).where(DeskKey.entity_id == entity_id, DeskKey.desk_id == desk_id)
    )
    version, secret = (last or 0) + 1, new_secret()
    db.session.add(
        DeskKey(
            entity_id=entity_id, desk_id=desk_id, version=version, public_key=public_key_of(secret), kit_id=kit.id,
            secret_sealed=seal(kit.public_key, secret, recovery_binding(desk_id, version, kit.id)),
        )
    )  # fmt: skip
    db.session.flush()
    publish_address(desk_id, version, public_key_of(secret))
    _grant(desk_id, {version: secret}, holders)
    end_unused_keys(desk_id)
    record(Audited.DESK_KEY_RENEWED, desk_id, {"version": version})


def publish_address(desk_id: UUID, version: int, public_key: bytes) -> None:
    """Tell other desks and entities to which key of this desk they seal what they pass on, if it takes anything."""
    entity_id = current_entity_id()
    kind = db.session.scalar(
        select(Desk.kind).where(Desk.entity_id == entity_id, Desk.id == desk_id, takes_new())
    )
    if kind is None:
        return
    told = insert(DeskAddress).values(
        tenant_id=entity_id, kind=kind, desk_id=desk_id, version=version, public_key=public_key
    )
    db.session.execute(
        told.on_conflict_do_update(
            index_elements=["tenant_id", "kind"],
            set_={name: told.excluded[name] for name in ("desk_id", "version", "public_key")},
        )
    )


def newest_key(desk_id: UUID) -> tuple[int, bytes] | None:
    """Version and public key of the newest key of the desk, which stays until this transaction ends, also when it
    is renewed meanwhile. None while the desk has none."""
    newest = (
        select(DeskKey.version, DeskKey.public_key)
        .where(DeskKey.entity_id == current_entity_id(), DeskKey.desk_id == desk_id)
        .order_by(DeskKey.version.desc())
        .limit(1)
        .with_for_update(read=True, key_share=True)
    )
    # A key that was ended while we waited for it gives no row: then there is a newer one.
    found = db.session.execute(newest).one_or_none() or db.session.execute(newest).one_or_none()
    return None if found is None else (found.version, found.public_key)


def had_readers(desk_id: UUID) -> bool:
    """Whether somebody could ever read at the desk: its key was granted, or renewed since, which follows a grant."""
    entity_id = current_entity_id()
    granted = select(DeskKeyGrant.account_id).where(
        DeskKeyGrant.entity_id == entity_id, DeskKeyGrant.desk_id == desk_id
    )
    renewed = select(DeskKey.version).where(
        DeskKey.entity_id == entity_id, DeskKey.desk_id == desk_id, DeskKey.version > 1
    )
    return bool(db.session.scalar(select(granted.exists() | renewed.exists())))


class DeskIsOpen(Conflict):
    title = _l("Bij dit loket kan al iemand nieuwe dossiers lezen")
    advice = _l("Vraag aan die collega om de anderen toegang te geven. Er is niets veranderd.")


def open_shut_desk(desk_id: UUID, only: Collection[UUID] | None = None) -> None:
    """Let the handlers of a desk where nobody can read new cases, or `only` these of them, read what comes from now on.

    What came before stays closed until somebody who can read it, or the recovery kit, grants it. Raises NotFound,
    DeskIsOpen, NoRecoveryKit.
    """
    hold_desk(desk_id)
    state = next(iter(desk_states([desk_id])), None)
    if state is None:
        raise NotFound
    if not state.is_shut_for_new:
        raise DeskIsOpen
    holders = handlers_with_key(desk_id)
    renew_desk_key(desk_id, [one for one in holders if only is None or one.account_id in only])
    tell_everybody(KeysChanged.DESK_OPENED)


def end_unused_keys(desk_id: UUID) -> None:
    """Delete the keys of the desk that are not the newest and that nothing needs, with all that was granted of them.

    A report that comes in at this moment, or a case that is being resealed, holds its key: that one is passed over
    here and goes the next time. First the free ones are held, then we look again: nobody can take up one meanwhile.
    While the desk moves nothing goes: the cases that come later need what is on both sides.
    """
    if is_moving(desk_id):
        return
    entity_id = current_entity_id()
    newest = select(func.max(DeskKey.version)).where(
        DeskKey.entity_id == entity_id, DeskKey.desk_id == desk_id
    )
    unused = (
        DeskKey.entity_id == entity_id,
        DeskKey.desk_id == desk_id,
        DeskKey.version < newest.scalar_subquery(),
        DeskKey.version.not_in(_needed_versions(desk_id)),
    )
    free = db.session.scalars(select(DeskKey.version).where(*unused).with_for_update(skip_locked=True)).all()
    if not free:
        return
    ended = db.session.scalars(
        delete(DeskKey).where(*unused, DeskKey.version.in_(free)).returning(DeskKey.version)
    ).all()
    for version in ended:
        record(Audited.DESK_KEY_ENDED, desk_id, {"version": version})


def grant_desk_keys(desk_id: UUID, account_id: UUID, secret: bytes, to: Collection[UUID]) -> int:
    """Grant every key of the desk that the account can open to the accounts in `to`; gives to how many.

    `secret` is that of the account. Those who are no handler of the desk, or have no key pair, are passed over.
    Raises NoKeyYet when the account cannot read itself.
    """
    hold_desk(desk_id)
    secrets = desk_secrets(desk_id, account_id, secret)
    if not secrets:
        raise NoKeyYet
    return give_desk_keys(desk_id, secrets, to)


def give_desk_keys(desk_id: UUID, secrets: Mapping[int, bytes], to: Collection[UUID]) -> int:
    """Seal these secrets, by version, to the handlers of the desk among `to`; gives to how many. Audited."""
    holders = [holder for holder in handlers_with_key(desk_id) if holder.account_id in to]
    _grant(desk_id, secrets, holders)
    for holder in holders:
        record(Audited.DESK_KEY_GRANTED, desk_id, {"account": str(holder.account_id)})
    return len(holders)


def desk_secrets(desk_id: UUID, account_id: UUID, secret: bytes) -> dict[int, bytes]:
    """The secrets of the desk's keys that were granted to the account, by version. Raises CannotOpen."""
    entity_id = current_entity_id()
    rows = db.session.execute(
        select(DeskKeyGrant.version, DeskKeyGrant.secret_sealed)
        .join(
            AccountKey,
            and_(AccountKey.account_id == DeskKeyGrant.account_id, AccountKey.key_id == DeskKeyGrant.key_id),
        )
        .where(
            DeskKeyGrant.entity_id == entity_id,
            DeskKeyGrant.desk_id == desk_id,
            DeskKeyGrant.account_id == account_id,
        )
    )
    return {
        version: open_sealed(secret, sealed, grant_binding(desk_id, version, account_id))
        for version, sealed in rows
    }


def _needed_versions(desk_id: UUID) -> CompoundSelect[int]:
    """The versions of the desk's key that a case, a note that was left for one, or a letter that waits for an answer,
    is sealed to."""
    entity_id = current_entity_id()
    of_cases = select(CaseKey.version).where(CaseKey.entity_id == entity_id, CaseKey.desk_id == desk_id)
    of_letters = select(DeskLetter.version).where(
        DeskLetter.to_id == entity_id, DeskLetter.desk_id == desk_id, DeskLetter.answered_at.is_(None)
    )
    of_notes = select(LeftNote.version).where(
        LeftNote.entity_id == entity_id, LeftNote.desk_id == desk_id, LeftNote.version.is_not(None)
    )
    return of_cases.union(of_notes, of_letters)


def take_desk_keys(desk_id: UUID, accounts: Collection[UUID]) -> None:
    """Whoever leaves the desk has its keys no more, and new cases get a key that these accounts never had.

    Cases of before stay under the old key until a colleague reseals them (cases.keys.reseal). A grant that is the
    last way to cases stays, worthless without the role: who had it can be invited again, and let others read.
    """
    entity_id = current_entity_id()
    hold_desk(desk_id)
    held = (
        DeskKeyGrant.entity_id == entity_id,
        DeskKeyGrant.desk_id == desk_id,
        DeskKeyGrant.account_id.in_(accounts),
    )
    newest = db.session.scalar(
        select(func.max(DeskKey.version)).where(DeskKey.entity_id == entity_id, DeskKey.desk_id == desk_id)
    )
    had = set(db.session.scalars(select(DeskKeyGrant.version).where(*held)))
    last_ways = _only_through(desk_id, accounts)
    db.session.execute(delete(DeskKeyGrant).where(*held, DeskKeyGrant.version.not_in(last_ways)))
    if newest in had:
        renew_desk_key(desk_id, readers_of(desk_id))


def _only_through(desk_id: UUID, accounts: Collection[UUID]) -> set[int]:
    """The versions that something needs, and that neither another handler nor a kit on paper opens."""
    entity_id = current_entity_id()
    needed = set(db.session.scalars(_needed_versions(desk_id)))
    others = {holder.account_id: holder.key_id for holder in handlers_with_key(desk_id)}
    by_others = {
        version
        for version, account_id, key_id in db.session.execute(
            select(DeskKeyGrant.version, DeskKeyGrant.account_id, DeskKeyGrant.key_id).where(
                DeskKeyGrant.entity_id == entity_id, DeskKeyGrant.desk_id == desk_id
            )
        )
        if account_id not in accounts and others.get(account_id) == key_id
    }
    parts_on_paper = (
        select(func.count())
        .where(
            RecoveryShare.entity_id == entity_id,
            RecoveryShare.kit_id == DeskKey.kit_id,
            RecoveryShare.kept_at.is_not(None),
        )
        .scalar_subquery()
    )
    by_paper = set(
        db.session.scalars(
            select(DeskKey.version).where(
                DeskKey.entity_id == entity_id, DeskKey.desk_id == desk_id, parts_on_paper == len(Part)
            )
        )
    )
    return needed - by_others - by_paper


def handlers_with_key(desk_id: UUID) -> list[Holder]:
    """The handlers of the desk today who have a key pair."""
    rows = db.session.execute(
        select(AccountKey.account_id, AccountKey.key_id, AccountKey.public_key)
        .join(Membership, Membership.account_id == AccountKey.account_id)
        .join(Account, Account.id == AccountKey.account_id)
        .where(
            holds_today(),
            Membership.desk_id == desk_id,
            Membership.role == Role.HANDLER,
            Account.disabled_at.is_(None),
        )
    )
    return [Holder(*row) for row in rows]


def readers_of(desk_id: UUID) -> list[Holder]:
    """The handlers of the desk who can open its newest key: those who were waiting keep waiting."""
    entity_id = current_entity_id()
    newest = (
        select(func.max(DeskKey.version))
        .where(DeskKey.entity_id == entity_id, DeskKey.desk_id == desk_id)
        .scalar_subquery()
    )
    granted = {
        (account_id, key_id)
        for account_id, key_id in db.session.execute(
            select(DeskKeyGrant.account_id, DeskKeyGrant.key_id).where(
                DeskKeyGrant.entity_id == entity_id,
                DeskKeyGrant.desk_id == desk_id,
                DeskKeyGrant.version == newest,
            )
        )
    }
    return [holder for holder in handlers_with_key(desk_id) if (holder.account_id, holder.key_id) in granted]


def grant_binding(desk_id: UUID, version: int, account_id: UUID) -> bytes:
    """What a grant is bound to."""
    return context("desk secret, for a member", desk_id, version, account_id)


def recovery_binding(desk_id: UUID, version: int, kit_id: UUID) -> bytes:
    """What the copy for the recovery kit is bound to."""
    return context("desk secret, for recovery", desk_id, version, kit_id)


def _grant(desk_id: UUID, secrets: Mapping[int, bytes], holders: Collection[Holder]) -> None:
    entity_id = current_entity_id()
    rows = [
        {
            "entity_id": entity_id, "desk_id": desk_id, "version": version, "account_id": holder.account_id,
            "key_id": holder.key_id, "granted_at": now(),
            "secret_sealed": seal(
                holder.public_key, secret, grant_binding(desk_id, version, holder.account_id)
            ),
        }
        for version, secret in secrets.items()
        for holder in holders
    ]  # fmt: skip
    if not rows:
        return
    given = insert(DeskKeyGrant).values(rows)
    db.session.execute(
        given.on_conflict_do_update(
            index_elements=["entity_id", "desk_id", "version", "account_id"],
            set_={
                "key_id": given.excluded.key_id,
                "secret_sealed": given.excluded.secret_sealed,
                "granted_at": given.excluded.granted_at,
            },
        )
    )
