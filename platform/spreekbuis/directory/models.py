"""The register that all share: policy areas, organisations, central actors, and which organisations are
tenants."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from spreekbuis.clock import now, today
from spreekbuis.db.base import APPEND_ONLY, SharedTable, new_id

SINCE_EVER, OPEN_ENDED = date.min, date.max
"""The first and the last day of a period of which the beginning or the end is not known."""


class PolicyArea(SharedTable):
    """A policy area (beleidsdomein) as it is today, or was last. `valid_from` and `valid_to` (both inclusive): how long
    it has existed without a break."""

    __tablename__ = "policy_area"
    shared_because = "the register of the Flemish government is the same for all"
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    valid_from: Mapped[date] = mapped_column(default=SINCE_EVER, server_default="0001-01-01")
    valid_to: Mapped[date] = mapped_column(default=OPEN_ENDED, server_default="9999-12-31")


class PolicyAreaPeriod(SharedTable):
    """How a policy area was called, and from when to when (inclusive). In a gap it did not exist."""

    __tablename__ = "policy_area_period"
    shared_because = "the register of the Flemish government is the same for all"
    code: Mapped[str] = mapped_column(ForeignKey("policy_area.code"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date]
    name: Mapped[str]


class PolicyAreaSuccession(SharedTable):
    """Into which area one went over when it ended: several have one when they merge, one has several when it is
    split."""

    __tablename__ = "policy_area_succession"
    shared_because = "the register of the Flemish government is the same for all"
    code: Mapped[str] = mapped_column(ForeignKey("policy_area.code"), primary_key=True)
    successor: Mapped[str] = mapped_column(ForeignKey("policy_area.code"), primary_key=True)


class Organisation(SharedTable):
    """An organisation of the register as it is today, was last or will be first. Its history stands in
    OrganisationPeriod, and `register_history.follow_register` brings these columns to the day."""

    __tablename__ = "organisation"
    shared_because = "the register of the Flemish government is the same for all"
    ovo_code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kbo: Mapped[str | None]
    """The enterprise number, shared by bodies without legal personality."""
    policy_area: Mapped[str | None]
    code_is_real: Mapped[bool]
    """False for a code that was made up for want of a published one."""
    search_text: Mapped[str] = mapped_column(index=True)
    """Name, abbreviations and code in lower case without accents."""
    valid_from: Mapped[date] = mapped_column(default=SINCE_EVER, server_default="0001-01-01")
    valid_to: Mapped[date] = mapped_column(default=OPEN_ENDED, server_default="9999-12-31", index=True)
    """How long it has existed without a break (both inclusive)."""
    __table_args__ = (
        Index("ix_organisation_name", "name", "ovo_code"),
        Index("ix_organisation_area", "policy_area", "name", "ovo_code"),
    )


class OrganisationPeriod(SharedTable):
    """What an organisation was, from when to when (inclusive). Its periods never overlap; in a gap it did not exist."""

    __tablename__ = "organisation_period"
    shared_because = "the register of the Flemish government is the same for all"
    ovo_code: Mapped[str] = mapped_column(ForeignKey("organisation.ovo_code"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date]
    name: Mapped[str]
    also_known_as: Mapped[str]
    """Abbreviations and other names, with spaces between."""
    kbo: Mapped[str | None]
    policy_area: Mapped[str] = mapped_column(ForeignKey("policy_area.code"))
    search_text: Mapped[str]
    __table_args__ = (
        Index("ix_organisation_period_name", "name", "ovo_code"),
        Index("ix_organisation_period_area", "policy_area", "name", "ovo_code"),
    )


class RegisterVersion(SharedTable):
    """One row: which state the register is in. Each import gives it another; undoing it gives back the one before."""

    __tablename__ = "register_version"
    shared_because = "the register of the Flemish government is the same for all"
    only: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[UUID]


class ImportState(StrEnum):
    PROPOSED = "proposed"
    APPLIED = "applied"
    UNDONE = "undone"


class RegisterImport(SharedTable):
    """A file of the register that was compared with it: a proposal until somebody applies it."""

    __tablename__ = "register_import"
    shared_because = "the register of the Flemish government is the same for all"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    file_name: Mapped[str]
    content: Mapped[bytes] = mapped_column(deferred=True)
    """The file, compressed: a proposal is made anew from it when the register has changed."""
    day: Mapped[date]
    """From which day holds what the file gives no date."""
    complete: Mapped[bool]
    """The file is the whole register: what is not in it has ended."""
    state: Mapped[str] = mapped_column(default=ImportState.PROPOSED)
    counts: Mapped[dict[str, Any]]
    """How many organisations and areas change, by kind; "all": altogether."""
    compared_with: Mapped[UUID | None]
    """The version of the register when the proposal was made."""
    version: Mapped[UUID | None]
    """The version that applying it made."""
    job_id: Mapped[UUID | None]
    """The work that applies or undoes it, of the last time that somebody asked."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[UUID | None]
    """The account; None for the command at the terminal."""
    applied_at: Mapped[datetime | None]
    applied_by: Mapped[UUID | None]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None]
    __table_args__ = (Index("ix_register_import_state", "state", "created_at"),)


class RegisterChange(SharedTable):
    """What an import makes of one organisation or policy area: its whole history before and after."""

    __tablename__ = "register_change"
    shared_because = "the register of the Flemish government is the same for all"
    import_id: Mapped[UUID] = mapped_column(
        ForeignKey("register_import.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str]
    """"area" or "organisation"; areas come first."""
    code: Mapped[str]
    kinds: Mapped[str]
    """The kinds of change with a space before, between and after, so that one is found whole."""
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]


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
    """A central actor: what it can do, whether it is confidential, how to reach it. Texts by language code.

    `valid_from` and `valid_to` are Belgian days, both inclusive; None is open.
    """

    __tablename__ = "actor"
    shared_because = "the signpost shows the same actors to all"
    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(ForeignKey("actor_kind.code"))
    names: Mapped[dict[str, Any]]
    offers: Mapped[dict[str, Any]]
    confidential: Mapped[bool]
    email: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    web: Mapped[str] = mapped_column(default="")
    """An https address, or empty."""
    reachable: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """When, in words, by language code."""
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    """directory.catalogue.Spoken."""
    regions: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    """directory.catalogue.Region; none is everywhere."""
    position: Mapped[int]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    confirmed_on: Mapped[date] = mapped_column(default=today)
    """When somebody last said that all of this is right."""
    version: Mapped[int] = mapped_column(default=1)
    """Counts its changes from 1."""


class ActorBefore(SharedTable):
    """What a central actor was before a change: the history of the directory. Rows are only added."""

    __tablename__ = "actor_before"
    shared_because = "the history of what the signpost shows to all"
    app_may = APPEND_ONLY
    code: Mapped[str] = mapped_column(ForeignKey("actor.code"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    was: Mapped[dict[str, Any]]
    """directory.central_actors.CentralActor, days as ISO 8601."""
    until: Mapped[datetime] = mapped_column(default=now)


class EntityStatus(StrEnum):
    PREPARING = "preparing"
    """Approved, and without keys yet: nobody could read a report."""
    ACTIVE = "active"
    LEFT = "left"
    MERGED = "merged"
    """Its cases went on to the entity that `succeeded_by_id` names, or are on their way there."""


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
