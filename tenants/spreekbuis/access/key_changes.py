"""Changes of the keys that could let somebody read who cannot now: they take two people.

An administrator who also controls a second account could otherwise make that account an officer of a new recovery kit,
or a handler of a desk that is opened for it, and so read. So one person asks and everybody is told. Another person who
is trusted already (who keeps a part of the kit in force, or reads at a desk) agrees, and it is done. When nobody of
those is left, it can be done after two days, in which every member could stop it. Whoever opens with both papers of the
kit (recovery.open_with_papers) needed two people for that; a first kit, and a desk that nobody ever read at, shut
nobody out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.access.desk_keys import (
    DeskIsOpen,
    KeysChanged,
    NoRecoveryKit,
    desk_states,
    had_readers,
    open_shut_desk,
    readers_of,
    tell_everybody,
)
from spreekbuis.access.models import Desk, KeyChange, Membership, RecoveryKey
from spreekbuis.access.recovery import holders_of, kit_in_force, make_kit
from spreekbuis.access.roles import holds_today
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.directory.models import Entity
from spreekbuis.errors import Conflict, NotFound
from spreekbuis.identity.models import Account

WAIT = timedelta(hours=48)
"""How long everybody can stop a change to which no second person agreed. Two days bridge a weekday off."""
LAPSE = timedelta(days=14)
"""After this a change that nobody decided on counts no more: what is done late surprises."""


class Kind(StrEnum):
    KIT = "kit"
    DESK = "desk"


class Outcome(StrEnum):
    AGREED = "agreed"
    """A second person agreed, and it was done."""
    WAITED = "waited"
    """Nobody stopped it in time, and it was done."""
    STOPPED = "stopped"
    REPLACED = "replaced"
    """Asked anew."""


class NotSecond(Conflict):
    title = _l("Jij kunt dit niet alleen beslissen")
    advice = _l(
        "Akkoord gaan kan alleen wie een deel van de herstelsleutel bewaart of bij een loket kan lezen, en niet wie het"
        " zelf vroeg."
    )


class TooEarly(Conflict):
    title = _l("Dit kan nog niet")
    advice = _l("Wacht tot een tweede persoon akkoord gaat, of tot de twee dagen voorbij zijn.")


class AlreadyDecided(Conflict):
    title = _l("Deze vraag is al afgehandeld")
    advice = _l("Kijk naar de stand van nu. Er is niets veranderd.")


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    label: str
    email: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A change that waits, or that ended. `desk` for opening a desk, `officers` for another kit."""

    id: UUID
    kind: Kind
    desk: DeskKind | None
    officers: tuple[Person, ...]
    asked_by: Person
    asked_at: datetime
    ended_by: Person | None
    ended_at: datetime | None
    outcome: Outcome | None

    @property
    def due_at(self) -> datetime:
        """From when on it can be done without a second person."""
        return self.asked_at + WAIT


def replace_kit(officers: Sequence[UUID]) -> bool:
    """Make the first kit, or ask for one that replaces the kit in force; whether it was made. Raises as `make_kit`."""
    _hold_entity()
    kit = kit_in_force()
    if kit is None:
        make_kit(officers)
        return True
    holders_of(officers)
    _ask(Kind.KIT, kit.id, None, officers)
    return False


def open_desk(desk_id: UUID) -> bool:
    """Open a desk where nobody can read for new cases, or ask for it when somebody could before; whether it is open.

    Raises as `open_shut_desk`.
    """
    _hold_entity()
    state, kit = next(iter(desk_states([desk_id])), None), kit_in_force()
    if state is None:
        raise NotFound
    if kit is None:
        raise NoRecoveryKit
    if not state.is_shut_for_new:
        raise DeskIsOpen
    if not had_readers(desk_id):
        open_shut_desk(desk_id)
        return True
    _ask(Kind.DESK, kit.id, desk_id, ())
    return False


def agree(change_id: UUID) -> None:
    """Be the second person: the change is done. Raises AlreadyDecided, NotSecond, and as the change itself."""
    change = _open_change(change_id)
    if acting().account_id not in seconds() - {change.asked_by_id}:
        raise NotSecond
    record(Audited.KEY_CHANGE_AGREED, change.id, {"kind": change.kind})
    _do(change, Outcome.AGREED)


def carry_out(change_id: UUID) -> None:
    """Do a change that nobody stopped in time. Raises AlreadyDecided, TooEarly, and as the change itself."""
    change = _open_change(change_id)
    if now() < change.asked_at + WAIT:
        raise TooEarly
    record(Audited.KEY_CHANGE_CARRIED_OUT, change.id, {"kind": change.kind})
    _do(change, Outcome.WAITED)


def stop(change_id: UUID) -> None:
    """Nothing changes. Every member may. Raises AlreadyDecided."""
    change = _open_change(change_id)
    record(Audited.KEY_CHANGE_STOPPED, change.id, {"kind": change.kind})
    _end(change, Outcome.STOPPED)


def seconds() -> set[UUID]:
    """Who can be the second person today: whoever keeps a part of the kit in force, and who reads at a desk."""
    kit = kit_in_force()
    keepers = {part.officer.account_id for part in kit.parts} if kit else set()
    members = db.session.scalars(
        select(Membership.account_id)
        .join(Account, Account.id == Membership.account_id)
        .where(holds_today(), Membership.account_id.in_(keepers), Account.disabled_at.is_(None))
    )
    readers = (holder.account_id for state in desk_states() for holder in readers_of(state.desk_id))
    return set(members) | set(readers)


def waiting_changes() -> list[Asked]:
    """The changes that wait for a decision, the oldest first."""
    return _shown(_waiting())


def past_changes(most: int = 10) -> list[Asked]:
    """The changes that were decided, the latest first."""
    rows = db.session.scalars(
        select(KeyChange)
        .where(KeyChange.entity_id == current_entity_id(), KeyChange.ended_at.is_not(None))
        .order_by(KeyChange.asked_at.desc(), KeyChange.id.desc())
        .limit(most)
    ).all()
    return _shown(rows)


def _hold_entity() -> None:
    """Changes follow each other."""
    db.session.execute(
        select(Entity.id).where(Entity.id == current_entity_id()).with_for_update(key_share=True)
    )


def _ask(kind: Kind, kit_id: UUID, desk_id: UUID | None, officers: Sequence[UUID]) -> None:
    account_id = acting().account_id
    assert account_id is not None, "only an account asks"
    earlier = db.session.scalar(
        select(KeyChange).where(
            KeyChange.entity_id == current_entity_id(), KeyChange.kind == kind,
            KeyChange.desk_id.is_not_distinct_from(desk_id), KeyChange.ended_at.is_(None),
        )
    )  # fmt: skip
    if earlier is not None:
        _end(earlier, Outcome.REPLACED)
        db.session.flush()
    first, second = officers or (None, None)
    change = KeyChange(
        entity_id=current_entity_id(), kind=kind, kit_id=kit_id, desk_id=desk_id, officer_a_id=first,
        officer_b_id=second, asked_by_id=account_id,
    )  # fmt: skip
    db.session.add(change)
    db.session.flush()
    record(Audited.KEY_CHANGE_ASKED, change.id, {"kind": kind})
    tell_everybody(KeysChanged.KIT_ASKED if kind is Kind.KIT else KeysChanged.DESK_ASKED)


def _waiting() -> Sequence[KeyChange]:
    """What was asked under another kit counts no more."""
    in_force = select(RecoveryKey.id).where(
        RecoveryKey.entity_id == current_entity_id(), RecoveryKey.ended_at.is_(None)
    )
    return db.session.scalars(
        select(KeyChange)
        .where(
            KeyChange.entity_id == current_entity_id(),
            KeyChange.ended_at.is_(None),
            KeyChange.asked_at > now() - LAPSE,
            KeyChange.kit_id.in_(in_force),
        )
        .order_by(KeyChange.asked_at, KeyChange.id)
    ).all()


def _open_change(change_id: UUID) -> KeyChange:
    _hold_entity()
    change = next((one for one in _waiting() if one.id == change_id), None)
    if change is None:
        raise AlreadyDecided
    return change


def _do(change: KeyChange, outcome: Outcome) -> None:
    if change.desk_id is not None:
        open_shut_desk(change.desk_id)
    else:
        make_kit([one for one in (change.officer_a_id, change.officer_b_id) if one is not None])
    _end(change, outcome)


def _end(change: KeyChange, outcome: Outcome) -> None:
    change.ended_at, change.ended_by_id, change.outcome = now(), acting().account_id, outcome


def _shown(changes: Sequence[KeyChange]) -> list[Asked]:
    if not changes:
        return []
    people = {
        row.id: Person(*row)
        for row in db.session.execute(
            select(Account.id, Account.label, Account.email).where(
                Account.id.in_({account for change in changes for account in _accounts(change)})
            )
        )
    }
    desks = {
        row.id: DeskKind(row.kind)
        for row in db.session.execute(select(Desk.id, Desk.kind).where(Desk.entity_id == current_entity_id()))
    }
    return [
        Asked(
            change.id,
            Kind(change.kind),
            desks[change.desk_id] if change.desk_id else None,
            tuple(people[one] for one in (change.officer_a_id, change.officer_b_id) if one),
            people[change.asked_by_id],
            change.asked_at,
            people[change.ended_by_id] if change.ended_by_id else None,
            change.ended_at,
            Outcome(change.outcome) if change.outcome else None,
        )
        for change in changes
    ]


def _accounts(change: KeyChange) -> list[UUID]:
    all_of = (change.officer_a_id, change.officer_b_id, change.asked_by_id, change.ended_by_id)
    return [one for one in all_of if one is not None]
