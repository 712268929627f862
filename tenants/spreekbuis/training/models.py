"""Sessions of training for contact persons, and who of which entity has a place."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now
from spreekbuis.db.base import SharedTable, new_id


class TrainingSession(SharedTable):
    """One day of training, given by a central actor for all entities."""

    __tablename__ = "training_session"
    shared_because = "every entity may send its contact persons"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    """A directory.catalogue.TrainingKind."""
    giver: Mapped[str] = mapped_column(ForeignKey("actor.code"))
    about: Mapped[str]
    day: Mapped[date]
    hours: Mapped[str]
    """From when to when, in words."""
    place: Mapped[str]
    """Where; empty: online."""
    language: Mapped[str]
    """A directory.catalogue.Spoken."""
    places: Mapped[int]
    called_off_at: Mapped[datetime | None]
    __table_args__ = (Index("ix_training_session_day", "day", "id"),)


class TrainingPlace(SharedTable):
    """A place at a session, or the wish for one. Of the person only a number that their entity gave them, in a list
    that is not here."""

    __tablename__ = "training_place"
    shared_because = "the places of a session are filled over all entities; says of nobody who it is"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("training_session.id"))
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("entity.id"))
    function: Mapped[str] = mapped_column(ForeignKey("actor_kind.code"))
    number: Mapped[int]
    """Of the contact person, in the entity's own list: the same person has the same one at every session."""
    state: Mapped[str]
    """A training.places.PlaceState."""
    asked_at: Mapped[datetime] = mapped_column(default=now)
    """Who asked first comes first from the waiting list."""
    attended: Mapped[bool | None]
    certificate_on: Mapped[date | None]
    """The date of the certificate, once it was noted that they were there."""
    fact_id: Mapped[UUID] = mapped_column(default=uuid4)
    """In the figures of the entity."""
    __table_args__ = (
        Index("uq_training_place", "session_id", "tenant_id", "function", "number", unique=True),
        Index("ix_training_place_tenant", "tenant_id", "session_id"),
    )
