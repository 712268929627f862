"""The recovery kit: the way back when nobody of a desk can read any more. Two officers, one paper each.

The secret of the kit exists for a moment, when the kit is made. It is split in two parts, of which one alone says
nothing, and each part is sealed to its officer until that officer has it on paper. Both papers together open every
desk's key. Then members are granted those keys again, and the kit is replaced by a new one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, update

from spreekbuis.access import jobs
from spreekbuis.access.case_keys import restore_copies
from spreekbuis.access.desk_keys import (
    Holder,
    NoRecoveryKit,
    give_desk_keys,
    had_readers,
    handlers_with_key,
    readers_of,
    recovery_binding,
    renew_desk_key,
)
from spreekbuis.access.desks import is_here
from spreekbuis.access.key_news import KeysChanged, tell_everybody
from spreekbuis.access.models import CaseKeyForRecovery, Desk, DeskKey, Membership, RecoveryKey, RecoveryShare
from spreekbuis.access.roles import holds_today
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity, EntityStatus
from spreekbuis.errors import Conflict, Invalid, NotFound
from spreekbuis.identity.models import Account, AccountKey
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.vault.recovery_share import Part, combine, split
from spreekbuis.vault.recovery_share import RecoveryShare as Share
from spreekbuis.vault.sealing import context, new_secret, open_sealed, public_key_of, seal


class WrongPapers(Conflict):
    title = _l("Deze twee delen openen de herstelsleutel niet")
    advice = _l("Kijk na of beide bladen van dezelfde herstelsleutel zijn, en of het deel A en deel B zijn.")


@dataclass(frozen=True, slots=True)
class Officer:
    """Who holds, or can hold, a part."""

    account_id: UUID
    label: str
    email: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A part of the kit in force. `on_paper`: its officer printed it and put it away."""

    part: Part
    officer: Officer
    kept_at: datetime | None
    lost: bool
    """Never printed, and the officer has another key pair now: this part is gone."""


@dataclass(frozen=True, slots=True)
class Kit:
    """The recovery kit in force."""

    id: UUID
    made_at: datetime
    parts: tuple[Kept, ...]

    @property
    def is_safe(self) -> bool:
        """Both parts are on paper."""
        return all(part.kept_at is not None for part in self.parts)


def possible_officers() -> list[Officer]:
    """The members of today who have a key pair, by label."""
    rows = db.session.execute(
        select(Account.id, Account.label, Account.email)
        .join(AccountKey, AccountKey.account_id == Account.id)
        .where(
            Account.disabled_at.is_(None),
            select(Membership.id).where(holds_today(), Membership.account_id == Account.id).exists(),
        )
        .order_by(Account.label, Account.email)
    )
    return [Officer(*row) for row in rows]


def kit_in_force() -> Kit | None:
    """The kit of the tenant in scope and where its parts are."""
    kit = _current()
    if kit is None:
        return None
    rows = db.session.execute(
        select(
            RecoveryShare.part, Account.id, Account.label, Account.email, RecoveryShare.kept_at,
            RecoveryShare.key_id, AccountKey.key_id.label("key_now"),
        )
        .join(Account, Account.id == RecoveryShare.account_id)
        .outerjoin(AccountKey, AccountKey.account_id == Account.id)
        .where(RecoveryShare.entity_id == current_entity_id(), RecoveryShare.kit_id == kit.id)
        .order_by(RecoveryShare.part)
    )  # fmt: skip
    return Kit(
        kit.id,
        kit.made_at,
        tuple(
            Kept(
                Part(r.part),
                Officer(r.id, r.label, r.email),
                r.kept_at,
                r.kept_at is None and r.key_id != r.key_now,
            )
            for r in rows
        ),
    )


def make_kit(officers: Collection[UUID]) -> UUID:
    """Make the first kit of the tenant in scope, or one that replaces the kit in force; gives its id.

    Every desk gets a new key: of the first kit this is its first, and from then on the entity can take reports.
    Whoever could read at a desk goes on reading; at a desk where nobody ever could, every handler with a key pair may
    read new cases. A desk where nobody can any more stays shut: opening it is asked by itself. Cases of before are
    covered by the kit before, until they are resealed. A kit in force is replaced through access.key_changes alone:
    that takes both officers. Raises Invalid unless there are two different officers who are members with a key pair.
    """
    desks = _hold_all()
    holders, replaced = holders_of(officers), _current()
    _end_kit()
    kit_id = _new_kit(holders)
    for desk_id in desks:
        first = not had_readers(desk_id)
        renew_desk_key(desk_id, readers_of(desk_id) or (handlers_with_key(desk_id) if first else []))
    db.session.execute(
        update(Entity)
        .where(Entity.id == current_entity_id(), Entity.status == EntityStatus.PREPARING)
        .values(status=EntityStatus.ACTIVE)
    )
    if replaced is not None:
        tell_everybody(KeysChanged.KIT_REPLACED)
    return kit_id


def kits_in_use() -> list[UUID]:
    """The kits whose papers still open something: the one in force, and older ones until all is resealed."""
    entity_id = current_entity_id()
    in_use = select(DeskKey.kit_id).where(DeskKey.entity_id == entity_id)
    for_cases = select(CaseKeyForRecovery.kit_id).where(CaseKeyForRecovery.entity_id == entity_id)
    return list(
        db.session.scalars(
            select(RecoveryKey.id)
            .where(
                RecoveryKey.entity_id == entity_id,
                RecoveryKey.id.in_(in_use) | RecoveryKey.id.in_(for_cases) | RecoveryKey.ended_at.is_(None),
            )
            .order_by(RecoveryKey.id.desc())
        )
    )


def on_paper(kits: Collection[UUID]) -> set[UUID]:
    """Those of the kits of which both parts were put on paper: the others open nothing, ever."""
    kept = (
        select(RecoveryShare.kit_id)
        .where(
            RecoveryShare.entity_id == current_entity_id(),
            RecoveryShare.kit_id.in_(kits),
            RecoveryShare.kept_at.is_not(None),
        )
        .group_by(RecoveryShare.kit_id)
        .having(func.count() == len(Part))
    )
    return set(db.session.scalars(kept))


def staying_officers() -> list[Officer]:
    """Who keeps a part of the kit in force, works here today and has a key pair."""
    kit, possible = kit_in_force(), {officer.account_id for officer in possible_officers()}
    return [part.officer for part in kit.parts if part.officer.account_id in possible] if kit else []


def open_with_papers(
    kit_id: UUID, shares: Collection[Share], to: Collection[UUID], officers: Collection[UUID]
) -> int:
    """The ceremony: with both parts of a kit, grant the desk keys that it covers to those of their handlers who are
    in `to`; gives how many grants were made. A kit that was used is replaced by a new one, held by `officers`: whoever
    keeps a part and still can, keeps one again, so that nobody chooses the next officers by recovering.

    Raises NoRecoveryKit, WrongPapers, Invalid as `make_kit`; nothing changed then.
    """
    _hold_all()
    current, used = _current(), db.session.get(RecoveryKey, (current_entity_id(), kit_id))
    if current is None or used is None:
        raise NoRecoveryKit
    holders = holders_of(officers) if kit_id == current.id else []
    if kit_id == current.id and not {one.account_id for one in staying_officers()} <= set(officers):
        raise Invalid(
            {
                "officer_b": _l(
                    "Wie nu een deel bewaart, blijft dat doen. Vraag anders een nieuwe herstelsleutel."
                )
            }
        )
    parts = {share.part: share.share for share in shares}
    if parts.keys() != set(Part):
        raise WrongPapers
    secret = combine(parts[Part.A], parts[Part.B])
    if public_key_of(secret) != used.public_key:
        raise WrongPapers
    opened = _desk_secrets(kit_id, secret)
    record(Audited.RECOVERY_USED, kit_id, {"desks": len(opened)})
    given = sum(give_desk_keys(desk_id, secrets, to) for desk_id, secrets in opened.items())
    in_force = current.id
    if kit_id == in_force:
        _end_kit()
        in_force = _new_kit(holders)
    _reseal_desk_keys(in_force, opened)
    restore_copies(kit_id, secret, to)
    tell_everybody(KeysChanged.KIT_USED)
    return given


def my_part(account_id: UUID, secret: bytes) -> tuple[UUID, Share]:
    """`waiting_part`, for its officer to read: that goes into the trail. Raises NotFound."""
    kit_id, share = waiting_part(account_id, secret)
    record(Audited.RECOVERY_SHARE_READ, kit_id, {"part": share.part.value})
    return kit_id, share


def waiting_part(account_id: UUID, secret: bytes) -> tuple[UUID, Share]:
    """The part that waits for this officer, and its kit's id. `secret` is the account's.

    Of several kits the newest first: a replaced one waits as long as keys of desks are under it. Raises NotFound
    when none waits: it is another's, or on paper already.
    """
    waiting = _waiting_part(account_id)
    content = open_sealed(
        secret, waiting.share_sealed or b"", share_binding(waiting.kit_id, waiting.part, account_id)
    )
    return waiting.kit_id, Share(Part(waiting.part), content)


def keep_part(account_id: UUID) -> None:
    """The officer has the part on paper: from here on it is nowhere else. Raises NotFound."""
    waiting = _waiting_part(account_id)
    waiting.share_sealed, waiting.kept_at = None, now()
    record(Audited.RECOVERY_SHARE_KEPT, waiting.kit_id, {"part": waiting.part})


def _current() -> RecoveryKey | None:
    return db.session.scalar(
        select(RecoveryKey).where(
            RecoveryKey.entity_id == current_entity_id(), RecoveryKey.ended_at.is_(None)
        )
    )


def _waiting_part(account_id: UUID) -> RecoveryShare:
    found = db.session.scalar(
        select(RecoveryShare)
        .join(
            RecoveryKey,
            (RecoveryKey.entity_id == RecoveryShare.entity_id) & (RecoveryKey.id == RecoveryShare.kit_id),
        )
        .join(
            AccountKey,
            (AccountKey.account_id == RecoveryShare.account_id) & (AccountKey.key_id == RecoveryShare.key_id),
        )
        .where(
            RecoveryShare.entity_id == current_entity_id(),
            RecoveryShare.account_id == account_id,
            RecoveryShare.share_sealed.is_not(None),
            RecoveryKey.id.in_(kits_in_use()),
        )
        .order_by(RecoveryKey.id.desc())
        .limit(1)
        .with_for_update(of=RecoveryShare)
    )
    if found is None:
        raise NotFound
    return found


def _hold_all() -> list[UUID]:
    """Changes of the kit follow each other, and no key of a desk changes beside them. Gives the desks."""
    entity_id = current_entity_id()
    db.session.execute(select(Entity.id).where(Entity.id == entity_id).with_for_update(key_share=True))
    desks = select(Desk.id).where(Desk.entity_id == entity_id, is_here()).order_by(Desk.id)
    return list(db.session.scalars(desks.with_for_update(key_share=True)))


def _end_kit() -> None:
    """The papers of before open nothing that is made from here on. Parts that nobody printed still can be, for what
    is under the kit: without them, replacing a kit could lose it."""
    db.session.execute(
        update(RecoveryKey)
        .where(RecoveryKey.entity_id == current_entity_id(), RecoveryKey.ended_at.is_(None))
        .values(ended_at=now())
        .execution_options(synchronize_session=False)
    )


def _new_kit(holders: Collection[Holder]) -> UUID:
    entity_id, kit_id, secret = current_entity_id(), new_id(), new_secret()
    db.session.add(RecoveryKey(entity_id=entity_id, id=kit_id, public_key=public_key_of(secret)))
    db.session.flush()
    for part, share, holder in zip(Part, split(secret), holders, strict=True):
        sealed = seal(holder.public_key, share, share_binding(kit_id, part, holder.account_id))
        db.session.add(
            RecoveryShare(
                entity_id=entity_id, kit_id=kit_id, part=part, account_id=holder.account_id, key_id=holder.key_id,
                share_sealed=sealed,
            )
        )  # fmt: skip
        enqueue(jobs.MAIL_PART_WAITS, kit_id=str(kit_id), account_id=str(holder.account_id))
    db.session.flush()
    record(Audited.RECOVERY_KIT_MADE, kit_id)
    return kit_id


def holders_of(officers: Collection[UUID]) -> list[Holder]:
    """These two officers with their key pairs, in the order given. Raises Invalid as `make_kit`."""
    possible = {officer.account_id for officer in possible_officers()}
    chosen = set(officers)
    if len(chosen) != 2 or not chosen <= possible:
        raise Invalid({"officer_b": _l("Kies twee verschillende medewerkers die al een wachtwoord hebben.")})
    rows = db.session.execute(
        select(AccountKey.account_id, AccountKey.key_id, AccountKey.public_key).where(
            AccountKey.account_id.in_(chosen)
        )
    )
    by_id = {row.account_id: Holder(*row) for row in rows}
    return [by_id[account_id] for account_id in dict.fromkeys(officers)]


def _desk_secrets(kit_id: UUID, secret: bytes) -> dict[UUID, dict[int, bytes]]:
    """What the kit opens: secrets by desk and version. Keys of before that kit stay with the kit before."""
    opened: dict[UUID, dict[int, bytes]] = {}
    for key in db.session.scalars(
        select(DeskKey)
        .where(DeskKey.entity_id == current_entity_id(), DeskKey.kit_id == kit_id)
        .execution_options(populate_existing=True)
    ):
        binding = recovery_binding(key.desk_id, key.version, kit_id)
        opened.setdefault(key.desk_id, {})[key.version] = open_sealed(secret, key.secret_sealed, binding)
    return opened


def _reseal_desk_keys(kit_id: UUID, opened: Mapping[UUID, Mapping[int, bytes]]) -> None:
    """Put the opened desk keys under the new kit."""
    public_key = db.session.scalars(
        select(RecoveryKey.public_key).where(
            RecoveryKey.entity_id == current_entity_id(), RecoveryKey.id == kit_id
        )
    ).one()
    for desk_id, secrets in opened.items():
        for version, secret in secrets.items():
            db.session.execute(
                update(DeskKey)
                .where(
                    DeskKey.entity_id == current_entity_id(),
                    DeskKey.desk_id == desk_id,
                    DeskKey.version == version,
                )
                .values(
                    kit_id=kit_id,
                    secret_sealed=seal(public_key, secret, recovery_binding(desk_id, version, kit_id)),
                )
            )


def share_binding(kit_id: UUID, part: str, account_id: UUID) -> bytes:
    """What the part of an officer is bound to."""
    return context("recovery share", kit_id, part, account_id)
