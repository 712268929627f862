"""'Read and understood': asked by an entity of its members, once per version."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.models import Membership
from spreekbuis.access.roles import holds_today
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict
from spreekbuis.identity.models import Account
from spreekbuis.instruments.library import current_instruments, published
from spreekbuis.instruments.models import InstrumentAsk, InstrumentRead, InstrumentVersion

PATIENCE = timedelta(days=14)
"""How long a member has before the first reminder."""


class Reader(NamedTuple):
    """A member of the entity in scope, as colleagues see them."""

    account_id: UUID
    label: str


@dataclass(frozen=True, slots=True)
class Asked:
    """An instrument in force that the entity in scope asks to read, and which of its members did."""

    instrument: InstrumentVersion
    since: datetime
    done: frozenset[UUID]


def ask_to_read(instrument_id: UUID) -> None:
    """Ask every member to read it, now and after each new version. Twice is once. Raises NotFound."""
    published(instrument_id)
    made = db.session.scalar(
        insert(InstrumentAsk)
        .values(entity_id=current_entity_id(), instrument_id=instrument_id, since=now())
        .on_conflict_do_nothing()
        .returning(InstrumentAsk.instrument_id)
    )
    if made is not None:
        record(Audited.INSTRUMENT_ASKED, instrument_id)


def stop_asking(instrument_id: UUID) -> None:
    """Ask nobody any more; what was confirmed stays. Twice is once."""
    gone = db.session.scalar(
        delete(InstrumentAsk)
        .where(InstrumentAsk.entity_id == current_entity_id(), InstrumentAsk.instrument_id == instrument_id)
        .returning(InstrumentAsk.instrument_id)
    )
    if gone is not None:
        record(Audited.INSTRUMENT_NO_LONGER_ASKED, instrument_id)


def confirm_read(instrument_id: UUID, version: int, account_id: UUID) -> None:
    """The member read and understood this version. Twice is once.

    Raises NotFound; Conflict when it is not the version in force, or the entity does not ask for it.
    """
    instrument = published(instrument_id)
    asked = select(InstrumentAsk.since).where(
        InstrumentAsk.entity_id == current_entity_id(), InstrumentAsk.instrument_id == instrument_id
    )
    if instrument.version != version or db.session.scalar(asked) is None:
        raise Conflict
    made = db.session.scalar(
        insert(InstrumentRead)
        .values(
            entity_id=current_entity_id(), instrument_id=instrument_id, version=version, account_id=account_id
        )
        .on_conflict_do_nothing()
        .returning(InstrumentRead.version)
    )
    if made is not None:
        record(Audited.INSTRUMENT_READ, instrument_id, {"version": version})


def asked_instruments() -> list[Asked]:
    """What the entity in scope asks to read, and who did so for the version in force. Three queries."""
    entity_id = current_entity_id()
    asks = select(InstrumentAsk.instrument_id, InstrumentAsk.since).where(
        InstrumentAsk.entity_id == entity_id
    )
    since = dict(db.session.execute(asks).all())
    if not since:
        return []
    done: dict[tuple[UUID, int], set[UUID]] = {}
    reads = select(InstrumentRead.instrument_id, InstrumentRead.version, InstrumentRead.account_id).where(
        InstrumentRead.entity_id == entity_id, InstrumentRead.instrument_id.in_(since)
    )
    for instrument_id, version, account_id in db.session.execute(reads):
        done.setdefault((instrument_id, version), set()).add(account_id)
    return [
        Asked(one, since[one.id], frozenset(done.get((one.id, one.version), ())))
        for one in current_instruments()
        if one.id in since
    ]


def readers() -> list[Reader]:
    """The members of today of the entity in scope, by label."""
    wanted = (
        select(Account.id, Account.label)
        .join(Membership, Membership.account_id == Account.id)
        .where(holds_today(), Account.disabled_at.is_(None))
        .distinct()
        .order_by(Account.label, Account.id)
    )
    return [Reader(*row) for row in db.session.execute(wanted)]


def overdue(asked: Collection[Asked], account_id: UUID) -> int:
    """How many of these the member has not read for more than 14 days."""
    before = now() - PATIENCE
    return sum(
        1 for one in asked if account_id not in one.done and max(one.since, one.instrument.made_at) < before
    )
