"""The register that all share: policy areas, organisations, central actors, and which organisations are
tenants."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from spreekbuis.clock import now
from spreekbuis.db.base import SharedTable, new_id


class PolicyArea(SharedTable):
    """A policy area (beleidsdomein); they merge and split, so each has dates of validity (both inclusive)."""

    __tablename__ = "policy_area"
    shared_because = "the register of the Flemish government is the same for all"
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class Organisation(SharedTable):
    """An organisation of the register. `kbo` is the enterprise number, shared by bodies without legal
    personality."""

    __tablename__ = "organisation"
    shared_because = "the register of the Flemish government is the same for all"
    ovo_code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kbo: Mapped[str | None]
    code_is_real: Mapped[bool]
    """False for a code that was made up for want of a published one."""
    search_text: Mapped[str] = mapped_column(index=True)
    """Name, abbreviations and code in lower case without accents."""


class OrganisationPolicyArea(SharedTable):
    """To which policy area an organisation belonged, and when (dates inclusive, None = open)."""

    __tablename__ = "organisation_policy_area"
    shared_because = "the register of the Flemish government is the same for all"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    ovo_code: Mapped[str] = mapped_column(ForeignKey("organisation.ovo_code"), index=True)
    policy_area: Mapped[str] = mapped_column(ForeignKey("policy_area.code"))
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class ActorKind(SharedTable):
    """A kind of actor: central (one for all) or in each entity."""

    __tablename__ = "actor_kind"
    shared_because = "the signpost shows the same actors to all"
    code: Mapped[str] = mapped_column(primary_key=True)
    central: Mapped[bool]
    confidential: Mapped[bool | None]
    """Whether what one tells them stays with them; None for the central ones, whose actors say so themselves."""
    names: Mapped[dict[str, Any]]
    """Name by language code: {"nl": …, "en": …}."""
    offers: Mapped[dict[str, Any] | None]
    """What one may ask them, by language code; None for the central ones, whose actors say so themselves."""


class Actor(SharedTable):
    """A central actor: what it can do, whether it is confidential, how to reach it. Texts by language
    code."""

    __tablename__ = "actor"
    shared_because = "the signpost shows the same actors to all"
    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(ForeignKey("actor_kind.code"))
    names: Mapped[dict[str, Any]]
    offers: Mapped[dict[str, Any]]
    confidential: Mapped[bool]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    position: Mapped[int]


class EntityStatus(StrEnum):
    PREPARING = "preparing"
    """Approved, and without keys yet: nobody could read a report."""
    ACTIVE = "active"
    LEFT = "left"
    MERGED = "merged"
    """Its cases went on to the entity that `succeeded_by_id` names, or are on their way there."""


OPEN_ENDED = date.max


class Entity(SharedTable):
    """A tenant: an organisation that was approved. `service_until` is the last day (inclusive, Belgian
    calendar) on which new reports are accepted; billing sets it. None: never yet; `OPEN_ENDED`: no end is
    known."""

    __tablename__ = "entity"
    shared_because = "says which tenant to enter; holds nothing of its cases"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    ovo_code: Mapped[str] = mapped_column(ForeignKey("organisation.ovo_code"), unique=True)
    name: Mapped[str]
    policy_area: Mapped[str] = mapped_column(ForeignKey("policy_area.code"))
    status: Mapped[str] = mapped_column(default=EntityStatus.ACTIVE)
    headcount: Mapped[int]
    service_until: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    succeeded_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("entity.id"))
    """The entity with which it was merged."""
    organisation: Mapped[Organisation] = relationship(lazy="raise")
    __table_args__ = (Index("ix_entity_name", "name", "ovo_code"),)
