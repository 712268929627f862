"""Sessions of training: planned, changed and called off by the central office, which notes who was there."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now, today
from spreekbuis.db.session import db, within
from spreekbuis.directory.catalogue import Spoken, TrainingKind
from spreekbuis.directory.central_actors import there_today
from spreekbuis.directory.models import Actor
from spreekbuis.errors import Conflict, Invalid, NotFound, type_text
from spreekbuis.figures.facts import TrainingFact, record_training
from spreekbuis.training.models import TrainingPlace, TrainingSession
from spreekbuis.training.places import PlaceState, fill_places, tell

MOST_PLACES = 500


class CalledOff(Conflict):
    title = _l("Deze opleiding gaat niet door")
    advice = _l("Kies een andere datum in de lijst.")


class NotYet(Conflict):
    title = _l("Deze opleiding moet nog beginnen")
    advice = _l("Wie er was, noteer je op de dag zelf of later.")


@dataclass(frozen=True, slots=True)
class Planned:
    """A session as it is planned. `place` empty is online."""

    kind: str
    giver: str
    about: str
    day: date
    hours: str
    place: str
    language: str
    places: int


def plan_session(session_id: UUID, given: Planned) -> None:
    """Plan a session, or change it: who was waiting gets what places there are more. The same again changes nothing.

    Raises Invalid; CalledOff.
    """
    there = db.session.get(TrainingSession, session_id, with_for_update=True)
    _check(given, there)
    if there is None:
        db.session.add(TrainingSession(id=session_id, **asdict(given)))
    elif there.called_off_at is not None:
        raise CalledOff
    elif all(getattr(there, name) == value for name, value in asdict(given).items()):
        return
    else:
        moved = (there.day, there.hours, there.place) != (given.day, given.hours, given.place)
        for name, value in asdict(given).items():
            setattr(there, name, value)
        db.session.flush()
        if moved:
            tell(session_id, "training.mail_changed", f"{given.day} {given.hours} {given.place}")
        fill_places(there)
    record(Audited.TRAINING_CHANGED, session_id)


def _check(given: Planned, there: TrainingSession | None) -> None:
    errors: dict[str, type_text] = {}
    if given.kind not in set(TrainingKind):
        errors["kind"] = _l("Kies een van de mogelijkheden.")
    if given.language not in set(Spoken):
        errors["language"] = _l("Kies een van de mogelijkheden.")
    kept = there is not None and there.giver == given.giver
    if not kept and given.giver not in givers():
        errors["giver"] = _l("Kies een van de mogelijkheden.")
    if given.day < today() and (there is None or there.day != given.day):
        errors["day"] = _l("Kies een dag die nog komt.")
    if not 1 <= given.places <= MOST_PLACES:
        errors["places"] = _l("Kies een van de mogelijkheden.")
    if errors:
        raise Invalid(errors)


def givers() -> dict[str, dict[str, str]]:
    """The central actors of today, who can give a training: code to names by language."""
    actors = select(Actor.code, Actor.names).where(there_today()).order_by(Actor.position, Actor.code)
    return dict(db.session.execute(actors).all())


def session_of(session_id: UUID) -> TrainingSession:
    """Raises NotFound."""
    found = db.session.get(TrainingSession, session_id)
    if found is None:
        raise NotFound
    return found


def call_off(session_id: UUID) -> None:
    """The session does not take place: each entity with a place, or waiting for one, is told. Twice is once.

    Raises NotFound; Conflict once it was noted who was there.
    """
    there = db.session.get(TrainingSession, session_id, with_for_update=True)
    if there is None:
        raise NotFound
    if there.called_off_at is not None:
        return
    noted = select(TrainingPlace.number).where(
        TrainingPlace.session_id == session_id, TrainingPlace.attended.is_not(None)
    )
    if db.session.scalar(noted.limit(1)) is not None:
        raise Conflict
    there.called_off_at = now()
    tell(session_id, "training.mail_called_off", "")
    record(Audited.TRAINING_CALLED_OFF, session_id)


def participants(session_id: UUID) -> list[TrainingPlace]:
    """Who has a place or waits for one, in the order of asking."""
    wanted = select(TrainingPlace).where(
        TrainingPlace.session_id == session_id, TrainingPlace.state != PlaceState.CANCELLED
    )
    return list(db.session.scalars(wanted.order_by(TrainingPlace.asked_at, TrainingPlace.number)))


def note_attendance(session_id: UUID, present: Collection[UUID]) -> None:
    """Say who was there (the ids of their places), all at once; the figures of their entities follow, also when it is
    corrected. In the platform's scope.

    Raises NotFound; NotYet before the day itself; CalledOff.
    """
    there = db.session.get(TrainingSession, session_id, with_for_update=True)
    if there is None:
        raise NotFound
    if there.called_off_at is not None:
        raise CalledOff
    if there.day > today():
        raise NotYet
    changed = 0
    for place in participants(session_id):
        attended = place.id in present
        if place.state != PlaceState.BOOKED or place.attended is attended:
            continue
        place.attended, place.certificate_on = attended, today() if attended else None
        changed += 1
        fact = TrainingFact(
            there.day.year, there.day.month, there.kind, "place" if there.place else "online",
            "attended" if attended else "absent",
        )  # fmt: skip
        with within(place.tenant_id):
            record_training(place.fact_id, fact)
    if changed:
        record(Audited.TRAINING_ATTENDANCE_NOTED, session_id, {"places": changed})
