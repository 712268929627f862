"""Places at a session: asked for and cancelled by an entity's administrator; who comes too late waits."""

from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Row, distinct, func, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now, today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.models import ActorKind
from spreekbuis.errors import Conflict, Invalid, NotFound, type_text
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.training.models import TrainingPlace, TrainingSession

MOST_NUMBER = 999
"""Contact persons in the list of one entity."""
SHOWN = 50
"""Sessions, and places, on the page of an entity."""


class PlaceState(StrEnum):
    BOOKED = "booked"
    WAITING = "waiting"
    CANCELLED = "cancelled"


class TooLate(Conflict):
    title = _l("Inschrijven of annuleren kan niet meer")
    advice = _l("Deze opleiding is voorbij of gaat niet door. Kies een andere datum in de lijst.")


def trained_functions() -> list[ActorKind]:
    """The kinds of actors of an entity that can be sent to a training."""
    return list(db.session.scalars(select(ActorKind).where(ActorKind.central.is_(False))))


def ask_place(session_id: UUID, function: str, number: int) -> PlaceState:
    """Ask a place for the contact person with this number in the list of the entity in scope: booked while there are
    places, else waiting. Twice is once.

    Raises NotFound; Invalid; TooLate.
    """
    errors: dict[str, type_text] = {}
    if function not in {kind.code for kind in trained_functions()}:
        errors["function"] = _l("Kies een van de mogelijkheden.")
    if not 1 <= number <= MOST_NUMBER:
        errors["number"] = _l("Vul het nummer in dat deze persoon in jullie lijst heeft.")
    if errors:
        raise Invalid(errors)
    session = _open_session(session_id)
    there = _own_place(session_id, function, number)
    if there is not None and there.state != PlaceState.CANCELLED:
        return PlaceState(there.state)
    free = session.places - _booked(session_id)
    state = PlaceState.BOOKED if free > 0 else PlaceState.WAITING
    asked = {"state": state, "asked_at": now()}
    db.session.execute(
        insert(TrainingPlace)
        .values(
            session_id=session_id, tenant_id=current_entity_id(), function=function, number=number, **asked
        )
        .on_conflict_do_update(index_elements=["session_id", "tenant_id", "function", "number"], set_=asked)
    )
    record(Audited.TRAINING_ASKED, session_id, {"function": function, "number": number, "state": state.value})
    return state


def cancel_place(place_id: UUID) -> None:
    """Give back a place of the entity in scope; who waits longest gets it, and is told. Twice is once.

    Raises NotFound; TooLate.
    """
    mine = (TrainingPlace.id == place_id) & (TrainingPlace.tenant_id == current_entity_id())
    session_id = db.session.scalar(select(TrainingPlace.session_id).where(mine))
    if session_id is None:
        raise NotFound
    session = _open_session(session_id)
    there = db.session.scalars(
        select(TrainingPlace).where(mine).execution_options(populate_existing=True)
    ).one()
    if there.state == PlaceState.CANCELLED:
        return
    if there.attended is not None:
        raise TooLate
    there.state = PlaceState.CANCELLED
    db.session.flush()
    record(Audited.TRAINING_CANCELLED, session_id, {"function": there.function, "number": there.number})
    fill_places(session)


def _own_place(session_id: UUID, function: str, number: int) -> TrainingPlace | None:
    wanted = select(TrainingPlace).where(
        TrainingPlace.session_id == session_id,
        TrainingPlace.tenant_id == current_entity_id(),
        TrainingPlace.function == function,
        TrainingPlace.number == number,
    )
    return db.session.scalar(wanted.execution_options(populate_existing=True))


def _open_session(session_id: UUID) -> TrainingSession:
    """The session, locked: who asks for its last place at the same moment follow each other."""
    session = db.session.get(TrainingSession, session_id, with_for_update=True, populate_existing=True)
    if session is None:
        raise NotFound
    if session.called_off_at is not None or session.day < today():
        raise TooLate
    return session


def _booked(session_id: UUID) -> int:
    counted = select(func.count()).where(
        TrainingPlace.session_id == session_id, TrainingPlace.state == PlaceState.BOOKED
    )
    return db.session.scalar(counted) or 0


def fill_places(session: TrainingSession) -> None:
    """Give what places are free to who waits longest, and have their entities told. The session is locked."""
    free = session.places - _booked(session.id)
    if free <= 0:
        return
    waiting = (
        select(TrainingPlace)
        .where(TrainingPlace.session_id == session.id, TrainingPlace.state == PlaceState.WAITING)
        .order_by(TrainingPlace.asked_at, TrainingPlace.number)
        .limit(free)
    )
    for place in db.session.scalars(waiting).all():
        place.state = PlaceState.BOOKED
        key = f"training.mail_place {place.id} {place.asked_at}"
        _tell_administrators(session.id, place.tenant_id, "training.mail_place", key)
    db.session.flush()


def tell(session_id: UUID, mail: str, once: str) -> None:
    """Have each entity with somebody at the session told by `mail`; `once` says what would be news."""
    tenants = select(TrainingPlace.tenant_id).where(
        TrainingPlace.session_id == session_id, TrainingPlace.state != PlaceState.CANCELLED
    )
    for tenant_id in db.session.scalars(tenants.distinct()):
        _tell_administrators(session_id, tenant_id, mail, f"{mail} {session_id} {tenant_id} {once}")


def _tell_administrators(session_id: UUID, tenant_id: UUID, kind: str, key: str) -> None:
    enqueue(
        "training.tell_administrators",
        entity_id=tenant_id,
        once_key=key,
        session_id=str(session_id),
        kind=kind,
    )


def coming_sessions() -> list[Row[TrainingSession, int]]:
    """What can be followed from today on, the nearest first, with how many places are taken. One query."""
    taken = (
        select(func.count())
        .where(TrainingPlace.session_id == TrainingSession.id, TrainingPlace.state == PlaceState.BOOKED)
        .scalar_subquery()
    )
    wanted = (
        select(TrainingSession, taken)
        .where(TrainingSession.day >= today(), TrainingSession.called_off_at.is_(None))
        .order_by(TrainingSession.day, TrainingSession.id)
        .limit(SHOWN)
    )
    return list(db.session.execute(wanted))


def own_places() -> list[Row[TrainingPlace, TrainingSession]]:
    """What the entity in scope asked for, the latest session first, of the last two years."""
    wanted = (
        select(TrainingPlace, TrainingSession)
        .join(TrainingSession, TrainingSession.id == TrainingPlace.session_id)
        .where(
            TrainingPlace.tenant_id == current_entity_id(),
            TrainingPlace.state != PlaceState.CANCELLED,
            TrainingSession.day >= today() - timedelta(days=730),
        )
        .order_by(TrainingSession.day.desc(), TrainingPlace.function, TrainingPlace.number)
        .limit(SHOWN)
    )
    return list(db.session.execute(wanted))


def own_trained(year: int) -> int:
    """How many contact persons of the entity in scope followed at least one training in this year."""
    persons = distinct(func.row(TrainingPlace.function, TrainingPlace.number))
    counted = (
        select(func.count(persons))
        .join(TrainingSession, TrainingSession.id == TrainingPlace.session_id)
        .where(
            TrainingPlace.tenant_id == current_entity_id(),
            TrainingPlace.attended.is_(True),
            func.extract("year", TrainingSession.day) == year,
        )
    )
    return db.session.scalar(counted) or 0
