"""Changes of the keys that could let somebody read who cannot now: they take both officers, or two days.

An administrator who also controls a second account could otherwise make that account an officer of a new recovery kit,
or a handler of a desk that is opened for it, and so read. So one person asks and everybody is told, also who worked
here until lately. It is done when both officers of the kit in force want it: the same two who could open everything
with their papers. Who reads at a desk does not count: a desk that nobody ever read at is opened by one person. When an
officer is not there any more, it can be done after two days without a departure, in which each of those who were told
could stop it, a former colleague with the link in the mail. What is done is what was asked: a desk opens for those
who were its handlers then. A first kit, and a desk that nobody ever read at, shut nobody out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from spreekbuis.access.desk_keys import (
    DeskIsOpen,
    NoRecoveryKit,
    desk_states,
    had_readers,
    handlers_with_key,
    open_shut_desk,
)
from spreekbuis.access.key_news import KeysChanged, tell_everybody
from spreekbuis.access.models import Desk, KeyChange, Membership, RecoveryKey
from spreekbuis.access.recovery import holders_of, kit_in_force, make_kit
from spreekbuis.access.roles import holds_today
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import BRUSSELS, now, today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.directory.models import Entity
from spreekbuis.errors import Conflict, Invalid, NotFound
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
    """Both officers wanted it, and it was done."""
    WAITED = "waited"
    """Nobody stopped it in time, and it was done."""
    STOPPED = "stopped"
    REPLACED = "replaced"
    """Asked anew."""


class NotAnOfficer(Conflict):
    title = _l("Jij kunt dit niet beslissen")
    advice = _l(
        "Akkoord gaan kan alleen wie een deel van de herstelsleutel bewaart, en niet wie het zelf vroeg."
    )


class OfficerGone(Conflict):
    title = _l("Wie een deel zou bewaren, kan dat niet meer")
    advice = _l(
        "Die persoon werkt hier niet meer of heeft geen wachtwoord. Houd deze vraag tegen en vraag het opnieuw."
    )


class TooEarly(Conflict):
    title = _l("Dit kan nog niet")
    advice = _l(
        "Wacht tot beide bewaarders van de herstelsleutel akkoord gaan, of tot de twee dagen voorbij zijn. Die beginnen"
        " opnieuw als er iemand vertrekt."
    )


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
    readers: tuple[Person, ...]
    """Who reads at the desk once it is opened."""
    asked_by: Person
    asked_at: datetime
    due_at: datetime
    """From when on it can be done without both officers."""
    agreed_by: Person | None
    ended_by: Person | None
    ended_at: datetime | None
    outcome: Outcome | None


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
    _ask(Kind.DESK, kit.id, desk_id, (), [one.account_id for one in handlers_with_key(desk_id)])
    return False


def agree(change_id: UUID) -> bool:
    """Want it as an officer; whether it is done by that, since both do now. Raises AlreadyDecided, NotAnOfficer,
    OfficerGone, and as the change itself."""
    change, me = _open_change(change_id), acting().account_id
    trusted = officers_today()
    if me not in trusted - {change.asked_by_id, change.agreed_by_id}:
        raise NotAnOfficer
    record(Audited.KEY_CHANGE_AGREED, change.id, {"kind": change.kind})
    if not trusted & ({change.asked_by_id, change.agreed_by_id} - {None}):
        change.agreed_by_id = me
        return False
    _do(change, Outcome.AGREED)
    return True


def carry_out(change_id: UUID) -> None:
    """Do a change that nobody stopped in time. Raises AlreadyDecided, TooEarly, OfficerGone, as the change itself."""
    change = _open_change(change_id)
    if now() < _due_at(change):
        raise TooEarly
    record(Audited.KEY_CHANGE_CARRIED_OUT, change.id, {"kind": change.kind})
    _do(change, Outcome.WAITED)


def stop(change_id: UUID) -> None:
    """Nothing changes. Every member may, and who was told by mail. Raises AlreadyDecided."""
    change = _open_change(change_id)
    record(Audited.KEY_CHANGE_STOPPED, change.id, {"kind": change.kind})
    _end(change, Outcome.STOPPED)


def officers_today() -> set[UUID]:
    """The officers of the kit in force who work here today, and whose part is not lost."""
    kit = kit_in_force()
    keepers = {part.officer.account_id for part in kit.parts if not part.lost} if kit else set()
    return set(
        db.session.scalars(
            select(Membership.account_id)
            .join(Account, Account.id == Membership.account_id)
            .where(holds_today(), Membership.account_id.in_(keepers), Account.disabled_at.is_(None))
        )
    )


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


def _ask(
    kind: Kind, kit_id: UUID, desk_id: UUID | None, officers: Sequence[UUID], readers: Sequence[UUID] = ()
) -> None:
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
        officer_b_id=second, readers=list(readers), asked_by_id=account_id,
    )  # fmt: skip
    db.session.add(change)
    db.session.flush()
    record(Audited.KEY_CHANGE_ASKED, change.id, {"kind": kind})
    tell_everybody(KeysChanged.KIT_ASKED if kind is Kind.KIT else KeysChanged.DESK_ASKED, change.id)


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
        open_shut_desk(change.desk_id, change.readers)
    else:
        try:
            make_kit([one for one in (change.officer_a_id, change.officer_b_id) if one is not None])
        except Invalid:
            raise OfficerGone from None
    _end(change, outcome)


def _due_at(change: KeyChange) -> datetime:
    """Two days after it was asked; after the last departure, when that was later: nobody clears the way in silence."""
    gone = db.session.scalar(
        select(func.max(Membership.until)).where(
            Membership.entity_id == current_entity_id(), Membership.until < today()
        )
    )
    # `until` is the last day: who left on a day was there on the day before.
    left = datetime.combine(gone + timedelta(days=2), time(), BRUSSELS) if gone else change.asked_at
    return max(change.asked_at, left) + WAIT


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
            tuple(people[one] for one in change.readers),
            people[change.asked_by_id],
            change.asked_at,
            _due_at(change),
            people[change.agreed_by_id] if change.agreed_by_id else None,
            people[change.ended_by_id] if change.ended_by_id else None,
            change.ended_at,
            Outcome(change.outcome) if change.outcome else None,
        )
        for change in changes
    ]


def _accounts(change: KeyChange) -> list[UUID]:
    all_of = (
        change.officer_a_id, change.officer_b_id, change.asked_by_id, change.agreed_by_id, change.ended_by_id,
        *change.readers,
    )  # fmt: skip
    return [one for one in all_of if one is not None]
