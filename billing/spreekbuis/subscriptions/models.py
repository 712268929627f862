"""Who is entitled: scope rules per service year, affiliation with the prevention service, contributions."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now
from spreekbuis.db.base import Moves, SharedTable, TenantTable, new_id, to_entity


class Rule(StrEnum):
    EVERYBODY = "everybody"
    """Free for every entity (2013)."""
    AFFILIATED_OR_PAID = "affiliated_or_paid"
    """From 2014: affiliated with GDPB (free) or a contribution paid."""
    AFFILIATED = "affiliated"
    """Before 2013: only entities affiliated with GDPB."""


class ScopeRule(SharedTable):
    """The rule that holds from a service year on, until a later one."""

    __tablename__ = "scope_rule"
    shared_because = "the same rule for every entity"
    from_year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rule: Mapped[str]


class Affiliation(TenantTable):
    """A period (inclusive dates, None = open) in which the entity uses the prevention service GDPB."""

    __tablename__ = "affiliation"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "decides who is entitled": "valid_from valid_until",
    }
    office = "contributions"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    __table_args__ = (to_entity(), Index("ix_affiliation_from", "entity_id", "valid_from"))


class ContributionStatus(StrEnum):
    DUE = "due"
    PAID = "paid"
    WAIVED = "waived"


class Contribution(TenantTable):
    """The contribution of an entity for a service year. A waiver needs a reason."""

    __tablename__ = "contribution"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "decides who is entitled": "status reason updated_at updated_by",
    }
    office = "contributions"
    service_year: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(default=ContributionStatus.DUE)
    reason: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    updated_by: Mapped[UUID | None]
    __table_args__ = (to_entity(),)
