"""Facts that tenants record, and the totals that the central office reads: no text, person or case key."""

from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.db.base import APPEND_ONLY, Moves, SharedTable, TenantTable, to_entity


class Fact(TenantTable):
    """The present state of one case, contact or place at a training, as figures see it. Its random id says
    nothing of the case; the case knows its fact, never the other way round."""

    __tablename__ = "fact"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "the figures are made of codes, dates and counts": (
            "subject year month kind topic category channel identity reporter_class desk status "
            "outcome score days_to_acknowledge days_to_feedback days_to_close "
            "damage_cents recovered_cents follow_up"
        ),
    }
    figures_columns: ClassVar[tuple[str, ...]] = (
        "entity_id", "subject", "year", "month", "kind", "topic", "category", "channel", "identity",
        "reporter_class", "desk", "status", "outcome", "score", "days_to_acknowledge", "days_to_feedback",
        "days_to_close", "damage_cents", "recovered_cents", "follow_up",
    )  # fmt: skip
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    subject: Mapped[str]
    """"case", "contact" or "training"."""
    year: Mapped[int]
    month: Mapped[int]
    kind: Mapped[str | None]
    topic: Mapped[str | None]
    category: Mapped[str | None]
    channel: Mapped[str]
    identity: Mapped[str | None]
    reporter_class: Mapped[str | None]
    desk: Mapped[str | None]
    status: Mapped[str | None]
    outcome: Mapped[str | None]
    score: Mapped[int | None]
    days_to_acknowledge: Mapped[int | None]
    days_to_feedback: Mapped[int | None]
    days_to_close: Mapped[int | None]
    damage_cents: Mapped[int | None] = mapped_column(BigInteger)
    recovered_cents: Mapped[int | None] = mapped_column(BigInteger)
    follow_up: Mapped[str | None]
    __table_args__ = (to_entity(), Index("ix_fact_year", "entity_id", "year"))


class FigureDelta(TenantTable):
    """What a change adds to or takes from the totals, until it is rolled up: n and total may be negative."""

    __tablename__ = "figure_delta"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "counts": "year dimension value n total",
    }
    app_may = "SELECT, INSERT"
    figures_columns: ClassVar[tuple[str, ...]] = (
        "entity_id", "id", "year", "dimension", "value", "n", "total",
    )  # fmt: skip
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    year: Mapped[int]
    dimension: Mapped[str]
    value: Mapped[str]
    n: Mapped[int]
    total: Mapped[int] = mapped_column(BigInteger)
    """Sum of the measure where there is one (scores, cents), else 0."""
    __table_args__ = (to_entity(),)


class FigureCell(TenantTable):
    """Rolled-up totals of one entity: by year, dimension ("category") and value ("fraud")."""

    __tablename__ = "figure_cell"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "counts": "n total",
    }
    app_may = "SELECT"
    figures_columns: ClassVar[tuple[str, ...]] = ("entity_id", "year", "dimension", "value", "n", "total")
    year: Mapped[int] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]
    total: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (to_entity(),)


class FigureTotal(SharedTable):
    """Rolled-up totals across entities: `scope` is "all", or a policy area in the structure of the year ("then:OMG")
    or of today ("now:OMG"; figures.structure)."""

    __tablename__ = "figure_total"
    shared_because = "aggregates of the central office; only the figures role reads or writes them"
    app_may = ""
    scope: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]
    total: Mapped[int] = mapped_column(BigInteger)


class OfficeContact(SharedTable):
    """A contact with the front office: how, about what and how it ended. No text, no person, no entity."""

    __tablename__ = "office_contact"
    shared_because = "the front office counts for all entities; no row says whom or which entity it concerned"
    app_may = APPEND_ONLY
    id: Mapped[UUID] = mapped_column(primary_key=True)
    """Made of the form's own secret: the same form sent twice is one contact."""
    day: Mapped[date]
    """The Belgian day, and no hour."""
    channel: Mapped[str]
    topic: Mapped[str | None]
    """None for a contact on a case that exists: the front office does not know its topic."""
    ended: Mapped[str]
    """A directory.catalogue.ContactEnd."""
    in_entity: Mapped[bool]
    """An entity counts this contact too, on a case of its own."""
    script_id: Mapped[UUID | None]
    script_version: Mapped[int | None]
    __table_args__ = (Index("ix_office_contact_day", "day", "channel", "topic", "ended", "in_entity"),)


class PublishedFigure(SharedTable):
    """A figure that was published in the past, as it stood: the source of comparisons."""

    __tablename__ = "published_figure"
    shared_because = "already public"
    source: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)
    breakdown: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Decimal] = mapped_column(Numeric(12, 3))
    unit: Mapped[str]
    note: Mapped[str]
