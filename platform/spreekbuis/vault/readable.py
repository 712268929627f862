"""What of a tenant's tables can be read without a key, and why: made from what the tables declare."""

from collections.abc import Iterator

from spreekbuis.db.base import TenantTable
from spreekbuis.db.security import mapped_tables

SEALED = "sealed"
KEY = "identifies or refers to a row"


def reasons(declared: type[TenantTable]) -> dict[str, list[str]]:
    """Why each column of the table may stand as it does: SEALED, KEY, or the reasons that the table gives.

    A column without any, or with more than one, breaks the house rule.
    """
    named: dict[str, list[str]] = {column.name: [] for column in declared.__table__.columns}
    for column in declared.__table__.columns:
        if column.info.get("sealed"):
            named[column.name].append(SEALED)
        elif column.primary_key or column.foreign_keys:
            named[column.name].append(KEY)
    for reason, names in declared.readable.items():
        for name in names.split():
            named.setdefault(name, []).append(reason)
    return named


def tables() -> Iterator[tuple[str, type[TenantTable]]]:
    """The tables of tenants, by name."""
    for name, declared in mapped_tables().items():
        if issubclass(declared, TenantTable):
            yield name, declared


def document() -> str:
    """A Markdown table: what stays readable of each table, and what is sealed."""
    lines = [
        "# What stays readable, and why",
        "",
        "Made from the code by `spreekbuis readable`; a test keeps it true. Everything that a person wrote is sealed:",
        "it opens with the key of its case only. Identifiers and references between rows are readable everywhere.",
        "",
        "table | column | sealed, or readable because",
        "--- | --- | ---",
    ]
    for name, declared in tables():
        for column, why in reasons(declared).items():
            if why != [KEY]:
                lines.append(f"`{name}` | `{column}` | {'**sealed**' if why == [SEALED] else '; '.join(why)}")
    return "\n".join(lines) + "\n"
