"""Row-level security and grants, as SQL made from what each table declares."""

from collections.abc import Iterator

from sqlalchemy import Connection, text
from sqlalchemy.orm import Mapper

from spreekbuis.db.base import (
    APP_ROLE,
    BACKUP_ROLE,
    FIGURES_ROLE,
    Base,
    SharedTable,
    TenantTable,
)


def mapped_tables() -> dict[str, type[Base]]:
    """Every table of the product and the class that declares it."""
    found: dict[str, type[Base]] = {}
    for mapper in Base.registry.mappers:
        assert isinstance(mapper, Mapper)
        found[mapper.local_table.name] = mapper.class_  # type: ignore[attr-defined]
    return dict(sorted(found.items()))


def securing(name: str, declared: type[Base]) -> Iterator[str]:
    """The statements that secure one new table."""
    table = f'"{name}"'
    if issubclass(declared, TenantTable):
        rule = "entity_id = current_entity()"
        if declared.office is not None:
            rule += f" OR current_office() = '{declared.office}'"
        yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
        yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
        yield f"CREATE POLICY tenant ON {table} TO {APP_ROLE} USING ({rule}) WITH CHECK ({rule})"
        if cases := cases_of(declared):
            withheld = " AND ".join(map(_not_withheld, cases))
            yield f"CREATE POLICY withheld ON {table} AS RESTRICTIVE TO {APP_ROLE} USING ({withheld})"
        if declared.figures_columns:
            columns = ", ".join(declared.figures_columns)
            yield f"GRANT SELECT ({columns}) ON {table} TO {FIGURES_ROLE}"
            yield f"CREATE POLICY figures ON {table} FOR SELECT TO {FIGURES_ROLE} USING (true)"
    elif not issubclass(declared, SharedTable):
        raise TypeError(f"{name} is neither a tenant's table nor a shared one")
    if declared.app_may:
        yield f"GRANT {declared.app_may} ON {table} TO {APP_ROLE}"
    yield f"GRANT SELECT ON {table} TO {BACKUP_ROLE}"
    yield from EXTRA.get(name, ())


def cases_of(declared: type[TenantTable]) -> list[str]:
    """The columns that name a case: `case_id`, whatever points at a case under another name, and the case's own id."""
    if declared.__tablename__ == "case":
        return ["id"]
    table = declared.__table__
    pointing = {
        element.parent.name
        for key in table.foreign_key_constraints  # type: ignore[attr-defined]
        if key.referred_table.name == "case"
        for element in key.elements
    }
    return [name for name in table.columns.keys() if name == "case_id" or name in pointing - {"entity_id"}]  # noqa: SIM118


def _not_withheld(column: str) -> str:
    """Nobody sees a case of which they are kept out (conflict of interest), nor anything that hangs on it. True where
    nothing is withheld, and for a row without a case. Not a sub-select: a list of rows asks it of each."""
    return f"({column} = ANY (nullif(current_setting('spreekbuis.withheld', true), '')::uuid[])) IS NOT TRUE"


# What the roll-up of the figures role writes; everything else follows from the declaration.
EXTRA: dict[str, tuple[str, ...]] = {
    "figure_delta": (
        f"GRANT DELETE ON figure_delta TO {FIGURES_ROLE}",
        f"CREATE POLICY roll_up ON figure_delta FOR DELETE TO {FIGURES_ROLE} USING (true)",
    ),
    "figure_cell": (
        f"GRANT INSERT, UPDATE, DELETE ON figure_cell TO {FIGURES_ROLE}",
        f"CREATE POLICY roll_up ON figure_cell TO {FIGURES_ROLE} USING (true) WITH CHECK (true)",
    ),
    "figure_total": (f"GRANT SELECT, INSERT, UPDATE, DELETE ON figure_total TO {FIGURES_ROLE}",),
    "published_figure": (f"GRANT SELECT ON published_figure TO {FIGURES_ROLE}",),
    "office_contact": (f"GRANT SELECT (day, channel, in_entity) ON office_contact TO {FIGURES_ROLE}",),
    "entity": (f"GRANT SELECT (id, ovo_code, name, policy_area, headcount) ON entity TO {FIGURES_ROLE}",),
    "policy_area": (f"GRANT SELECT ON policy_area TO {FIGURES_ROLE}",),
    "policy_area_period": (f"GRANT SELECT ON policy_area_period TO {FIGURES_ROLE}",),
    "organisation_period": (
        f"GRANT SELECT (ovo_code, valid_from, valid_to, name, policy_area) ON organisation_period TO {FIGURES_ROLE}",
    ),
}


def unsafe_because(connection: Connection) -> str | None:
    """Why the connected role must not serve pages, or None: it must not be able to step around the policies."""
    row = connection.execute(
        text(
            "SELECT rolsuper, rolbypassrls, EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid"
            " AND c.relnamespace = 'public'::regnamespace) AS owns,"
            " pg_has_role(r.oid, :app, 'MEMBER') AS app FROM pg_roles r WHERE rolname = current_user"
        ),
        {"app": APP_ROLE},
    ).one()
    if row.rolsuper:
        return "the database role is a superuser"
    if row.rolbypassrls:
        return "the database role bypasses row-level security"
    if row.owns:
        return "the database role owns tables"
    if not row.app:
        return f"the database role is not {APP_ROLE}"
    return None
