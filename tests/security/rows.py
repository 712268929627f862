"""Makes a valid row for any table, from the schema alone, so that a new table is tested without being asked."""

import itertools
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Column, Connection, ForeignKeyConstraint, Table, select
from sqlalchemy.dialects.postgresql import JSONB

from spreekbuis.db.base import TenantTable
from spreekbuis.db.security import mapped_tables
from spreekbuis.directory.models import Entity, Organisation, PolicyArea

_count = itertools.count(1000)
VALUES: dict[type, Callable[[], Any]] = {
    list: list,
    UUID: uuid4,
    str: lambda: f"text {next(_count)}",
    int: lambda: next(_count),
    bytes: lambda: os.urandom(12),
    bool: lambda: False,
    Decimal: lambda: Decimal(1),
    datetime: lambda: datetime(2026, 3, 4, 12, tzinfo=UTC),
    date: lambda: date(2026, 3, 4),
}

CHECKED: dict[tuple[str, str], Any] = {
    ("membership", "role"): "handler",
    ("provider_rule", "role"): "handler",
}
"""Values of columns that a check constraint holds to a few words."""


def tenant_tables() -> list[type[TenantTable]]:
    return [table for table in mapped_tables().values() if issubclass(table, TenantTable)]


def keys_between_tenants(table: Table) -> list[ForeignKeyConstraint]:
    """The foreign keys of a tenant's table to another tenant's table."""
    return [key for key in table.foreign_key_constraints if "entity_id" in key.referred_table.c]


def value_for(column: Column[Any]) -> Any:
    if (given := CHECKED.get((column.table.name, column.name))) is not None:
        return given
    if column.name == "storage_key":
        return f"{uuid4()}/2026-03-04/{uuid4().hex}"  # as vault.storage.new_key makes it
    return {} if isinstance(column.type, JSONB) else VALUES[column.type.python_type]()


class RowFactory:
    """Rows of several entities, made as the superuser, to whom no policy applies. One of a kind per entity."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.made: dict[tuple[str, UUID | None], dict[str, Any]] = {}

    def entity(self) -> UUID:
        used = select(Entity.ovo_code)
        ovo = self.connection.scalars(
            select(Organisation.ovo_code)
            .where(Organisation.ovo_code.not_in(used))
            .order_by(Organisation.ovo_code)
        ).first()
        area = self.connection.scalars(select(PolicyArea.code)).first()
        table = Entity.__table__
        values = {c.name: value_for(c) for c in table.c} | {
            "ovo_code": ovo,
            "policy_area": area,
            "status": "active",
            "succeeded_by_id": None,
        }
        self.connection.execute(table.insert().values(values))
        return values["id"]

    def row(self, table: Table, entity_id: UUID | None) -> dict[str, Any]:
        """The row of `table` of this entity, or of all when the table is shared; made when there is none."""
        place = (table.name, entity_id if "entity_id" in table.c else None)
        if place not in self.made:
            found = None
            if place[1] is None:
                found = self.connection.execute(select(table).limit(1)).mappings().first()
            self.made[place] = dict(found) if found else self.fresh(table, entity_id, insert=True)
        return self.made[place]

    def fresh(self, table: Table, entity_id: UUID | None, *, insert: bool = False) -> dict[str, Any]:
        """Values of a new row of this entity, whose foreign keys point at rows of the same entity."""
        values = {c.name: value_for(c) for c in table.c}
        for key in table.foreign_key_constraints:
            if key.referred_table.name == "entity":
                target = {"id": entity_id}
            else:
                target = self.row(key.referred_table, entity_id)
            for element in key.elements:
                values[element.parent.name] = target[element.column.name]
        if "entity_id" in table.c:
            values["entity_id"] = entity_id
        if insert:
            self.connection.execute(table.insert().values(values))
        return values
