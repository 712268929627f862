"""What every table is: a table of one tenant, or a shared table that says why it is shared."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import DateTime, ForeignKeyConstraint, LargeBinary, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, registry

APP_ROLE = "spreekbuis_app"
FIGURES_ROLE = "spreekbuis_figures"
BACKUP_ROLE = "spreekbuis_backup"
OWNER_ROLE = "spreekbuis_owner"

ALL = "SELECT, INSERT, UPDATE, DELETE"
APPEND_ONLY = "SELECT, INSERT"


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): sorts by the time of its making, needs no sequence."""
    return uuid_utils.compat.uuid7()


Sealed = Annotated[bytes, mapped_column(LargeBinary, info={"sealed": True})]
"""A column whose bytes only a key that the server does not keep can open (the vault)."""


class Base(DeclarativeBase):
    """Common to all tables. `app_may` lists what the application role is granted."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={
            datetime: DateTime(timezone=True),
            UUID: Uuid(as_uuid=True),
            str: Text,
            bytes: LargeBinary,
            dict[str, Any]: JSONB,
        },
    )
    app_may: ClassVar[str] = ALL


class SharedTable(Base):
    """A table that belongs to no tenant. `shared_because` is shown in the documentation and read by a test."""

    __abstract__ = True
    shared_because: ClassVar[str]


class Moves(StrEnum):
    """What becomes of the rows of a tenant's table when cases and desks go over to another entity (entities.moving)."""

    WITH_CASE = "with_case"
    """They go along with their case. So does every table with a `case_id`, by itself."""
    WITH_DESK = "with_desk"
    """They go along with their desk: who works and reads there."""
    ALSO_THERE = "also_there"
    """They go along and stay: what remains behind refers to them."""
    STAY = "stay"
    """They remain what they are: of the entity itself, of its years, or of its trail."""


class TenantTable(Base):
    """A table of one tenant: forced row-level security on `entity_id`, which leads every key and index.

    `office` names the platform office that may work across tenants on this table ("contributions"), or is None.
    """

    __abstract__ = True
    office: ClassVar[str | None] = None
    readable: ClassVar[Mapping[str, str]] = {}
    """Why columns are not sealed: reason to names, with spaces between. Keys and references need no reason.
    Shown in the documentation; a test refuses a column that is neither sealed nor named here."""
    moves: ClassVar[Moves | None] = None
    """How the rows move to another entity; None: with their case. A test refuses a table without a case that does not
    say it."""
    figures_columns: ClassVar[tuple[str, ...]] = ()
    """Columns that the figures role may read, of all tenants."""

    @declared_attr
    def entity_id(cls) -> Mapped[UUID]:
        # Placed first, so that the primary key's index leads with it and the policy is an index condition.
        return mapped_column(primary_key=True, sort_order=-1)


def to_tenant(table: str, *columns: str, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A foreign key to a row of the same tenant: `to_tenant("case", "case_id")`."""
    return ForeignKeyConstraint(
        ["entity_id", *columns], [f"{table}.entity_id", f"{table}.id"], ondelete=ondelete
    )


def to_entity() -> ForeignKeyConstraint:
    """The foreign key from a table of a tenant to the entity itself."""
    return ForeignKeyConstraint(["entity_id"], ["entity.id"])
