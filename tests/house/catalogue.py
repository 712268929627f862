"""Reads the catalogue of a live database and says, a sentence each, where it breaks the rules of tenancy.

Everything is read from PostgreSQL itself, not from the models: a migration that forgets something is seen.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from spreekbuis.db.base import APP_ROLE, BACKUP_ROLE, FIGURES_ROLE, TenantTable
from spreekbuis.db.security import mapped_tables

OWN = "entity_id = current_entity()"
NOT_OURS = {"alembic_version"}

FIGURES_MAY: dict[str, dict[str, str]] = {
    "figure_delta": {"DELETE": "*"},
    "figure_cell": {"INSERT": "*", "UPDATE": "*", "DELETE": "*"},
    "figure_total": {"SELECT": "*", "INSERT": "*", "UPDATE": "*", "DELETE": "*"},
    "published_figure": {"SELECT": "*"},
    "office_contact": {"SELECT": "day channel in_entity"},
    "policy_area": {"SELECT": "*"},
    "policy_area_period": {"SELECT": "*"},
    "organisation_period": {"SELECT": "ovo_code valid_from valid_to name policy_area"},
    "entity": {"SELECT": "id ovo_code name policy_area headcount"},
}
"""What the figures role may, besides reading the declared columns of tenants' tables: reviewed by hand."""


def faults(connection: Connection) -> list[str]:
    return [
        *tables_without_security(connection), *wrong_policies(connection), *wrong_keys(connection),
        *wrong_foreign_keys(connection), *sequences(connection), *wrong_views(connection),
        *wrong_functions(connection), *undeclared(connection), *wrong_roles(connection),
        *wrong_grants(connection),
    ]  # fmt: skip


WITH_ENTITY = """
SELECT c.oid, c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced, a.attnum AS entity
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'entity_id' AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
"""


def tables_without_security(connection: Connection) -> Iterator[str]:
    for row in connection.execute(text(WITH_ENTITY)):
        if not row.enabled:
            yield f"{row.name}: row-level security is not enabled"
        if not row.forced:
            yield f"{row.name}: row-level security is not forced"


def wrong_policies(connection: Connection) -> Iterator[str]:
    rows = connection.execute(
        text(
            "SELECT tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies"
            " WHERE schemaname = 'public'"
        )
    ).all()
    whole = set()
    for row in rows:
        name = f"{row.tablename}: policy {row.policyname}"
        roles = set(row.roles.strip("{}").split(",") if isinstance(row.roles, str) else row.roles)
        if "SELECT" in f"{row.qual} {row.with_check}".upper():
            yield f"{name} has a sub-select"
        if roles == {FIGURES_ROLE}:
            continue
        if roles != {APP_ROLE}:
            yield f"{name} is for {', '.join(sorted(roles))}"
        if row.permissive == "RESTRICTIVE":
            continue  # takes away only; tests/security/test_exclusion.py asks what
        declared = mapped_tables().get(row.tablename)
        office = declared.office if declared and issubclass(declared, TenantTable) else None
        wanted = f"({OWN})" if office is None else f"(({OWN}) OR (current_office() = '{office}'::text))"
        if row.qual != wanted:
            yield f"{name} lets through {row.qual}"
        if row.with_check != wanted:
            yield f"{name} takes in {row.with_check}"
        if row.cmd == "ALL" and row.permissive == "PERMISSIVE" and row.qual == row.with_check == wanted:
            whole.add(row.tablename)
    for table in connection.execute(text(WITH_ENTITY)):
        if table.name not in whole:
            yield f"{table.name}: no policy of its tenant for reading and writing"


def wrong_keys(connection: Connection) -> Iterator[str]:
    for table in connection.execute(text(WITH_ENTITY)):
        indexes = connection.execute(
            text(
                "SELECT i.indexrelid::regclass AS name, i.indisprimary AS key, i.indkey[0] AS lead"
                " FROM pg_index i WHERE i.indrelid = :table"
            ),
            {"table": table.oid},
        ).all()
        if not any(index.key for index in indexes):
            yield f"{table.name}: no primary key"
        for index in indexes:
            if index.lead != table.entity:
                yield f"{table.name}: index {index.name} does not lead with entity_id"


def wrong_foreign_keys(connection: Connection) -> Iterator[str]:
    tenant = {row.oid: row for row in connection.execute(text(WITH_ENTITY))}
    keys = connection.execute(
        text(
            "SELECT conname, conrelid, confrelid, conrelid::regclass AS near, confrelid::regclass AS far,"
            " conkey AS here, confkey AS there FROM pg_constraint"
            " WHERE contype = 'f' AND connamespace = 'public'::regnamespace"
        )
    )
    for key in keys:
        if key.confrelid not in tenant:
            continue
        if key.conrelid not in tenant:
            yield f"{key.near}: {key.conname} points from a shared table into a tenant's {key.far}"
        elif (tenant[key.conrelid].entity, tenant[key.confrelid].entity) not in zip(
            key.here, key.there, strict=True
        ):
            yield f"{key.near}: {key.conname} can point into another tenant's {key.far}"


def sequences(connection: Connection) -> Iterator[str]:
    for row in connection.execute(
        text(
            "SELECT c.relname AS table, a.attname AS column FROM pg_attribute a"
            " JOIN pg_class c ON c.oid = a.attrelid"
            " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0"
            " AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%')"
        )
    ):
        yield f"{row.table}: {row.column} counts with a sequence"


def wrong_views(connection: Connection) -> Iterator[str]:
    for row in connection.execute(
        text(
            "SELECT relname, relkind, coalesce(reloptions, '{}') AS options FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')"
        )
    ):
        if row.relkind == "m":
            yield f"{row.relname}: a materialised view has no policies"
        elif "security_invoker=true" not in row.options:
            yield f"{row.relname}: a view that is not security_invoker serves every tenant's rows"


def wrong_functions(connection: Connection) -> Iterator[str]:
    rows = connection.execute(
        text(
            "SELECT p.proname AS name, l.lanname AS language, p.provolatile AS volatile, p.prosecdef AS definer,"
            " p.proisstrict AS strict, p.proconfig AS settings, p.proretset AS set FROM pg_proc p"
            " JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'public'::regnamespace"
        )
    ).all()
    yield from (f"{row.name}: SECURITY DEFINER steps around the policies" for row in rows if row.definer)
    found = {row.name: row for row in rows}
    for name in ("current_entity", "current_office"):
        row = found.get(name)
        if row is None:
            yield f"{name}: no such function"
        elif row.language != "sql" or row.volatile != "s" or row.strict or row.settings or row.set:
            yield f"{name}: cannot be inlined, so that policies are no index condition"


def undeclared(connection: Connection) -> Iterator[str]:
    """The database and the declarations must know the same tables, and the same ones as tenants'."""
    declared = mapped_tables()
    live = {
        row.relname
        for row in connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
                " AND relnamespace = 'public'::regnamespace"
            )
        )
    } - NOT_OURS
    yield from (f"{name}: stands in no model" for name in sorted(live - declared.keys()))
    yield from (f"{name}: stands in no migration" for name in sorted(declared.keys() - live))
    by_column = {row.name for row in connection.execute(text(WITH_ENTITY))}
    by_word = {name for name, table in declared.items() if issubclass(table, TenantTable)}
    for name in sorted((by_column ^ by_word) & live):
        yield f"{name}: is declared a tenant's table or has entity_id, but not both"


def wrong_roles(connection: Connection) -> Iterator[str]:
    for row in connection.execute(
        text(
            "SELECT r.rolname AS name, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication AS mighty,"
            " rolbypassrls AS bypass, has_schema_privilege(r.oid, 'public', 'CREATE') AS creates,"
            " EXISTS (SELECT 1 FROM pg_shdepend d WHERE d.refobjid = r.oid AND d.deptype = 'o') AS owns,"
            " EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.member = r.oid) AS belongs"
            " FROM pg_roles r WHERE rolname = ANY(:roles)"
        ),
        {"roles": [APP_ROLE, FIGURES_ROLE, BACKUP_ROLE]},
    ):
        if row.mighty:
            yield f"{row.name}: may more than use its tables"
        if row.bypass != (row.name == BACKUP_ROLE):
            yield f"{row.name}: BYPASSRLS is {row.bypass}"
        if row.creates:
            yield f"{row.name}: may create in the schema"
        if row.owns:
            yield f"{row.name}: owns something"
        if row.belongs:
            yield f"{row.name}: is a member of another role"


def _granted(connection: Connection) -> dict[tuple[str, str, str], str]:
    """(role, table, privilege) → "*" or the columns, of everyone but the owner."""
    found: dict[tuple[str, str, str], str] = {}
    tables = text(
        "SELECT c.relname AS table, c.relowner AS owner, g.grantee, coalesce(r.rolname, 'PUBLIC') AS role,"
        " g.privilege_type AS privilege FROM pg_class c, aclexplode(c.relacl) g"
        " LEFT JOIN pg_roles r ON r.oid = g.grantee WHERE c.relnamespace = 'public'::regnamespace"
    )
    for row in connection.execute(tables):
        if row.owner != row.grantee:
            found[row.role, row.table, row.privilege] = "*"
    columns = text(
        "SELECT c.relname AS table, coalesce(r.rolname, 'PUBLIC') AS role, g.privilege_type AS privilege,"
        " string_agg(a.attname, ' ' ORDER BY a.attname) AS columns"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) g"
        " LEFT JOIN pg_roles r ON r.oid = g.grantee WHERE c.relnamespace = 'public'::regnamespace"
        " GROUP BY 1, 2, 3"
    )
    for row in connection.execute(columns):
        found.setdefault((row.role, row.table, row.privilege), row.columns)
    return found


def _sorted(columns: str) -> str:
    return " ".join(sorted(columns.split()))


def wrong_grants(connection: Connection) -> Iterator[str]:
    """Each role has exactly what is declared: nothing more, and nothing less."""
    wanted: dict[tuple[str, str, str], str] = {}
    for name, table in mapped_tables().items():
        wanted[BACKUP_ROLE, name, "SELECT"] = "*"
        for privilege in filter(None, table.app_may.split(", ")):
            wanted[APP_ROLE, name, privilege] = "*"
        if issubclass(table, TenantTable) and table.figures_columns:
            wanted[FIGURES_ROLE, name, "SELECT"] = _sorted(" ".join(table.figures_columns))
        for privilege, columns in FIGURES_MAY.get(name, {}).items():
            wanted[FIGURES_ROLE, name, privilege] = _sorted(columns)
    given = {key: value for key, value in _granted(connection).items() if key[1] not in NOT_OURS}
    for key in sorted(wanted.keys() | given.keys()):
        role, name, privilege = key
        if given.get(key) != wanted.get(key):
            yield f"{name}: {role} may {privilege} {given.get(key, 'nothing')}, declared {wanted.get(key, 'nothing')}"
