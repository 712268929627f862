"""The database keeps the rules of tenancy, and the check of that sees each way to break them."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from spreekbuis.db.base import Base, SharedTable, TenantTable
from spreekbuis.db.security import mapped_tables
from tests.house.catalogue import faults


def test_every_table_is_a_tenants_or_says_why_it_is_shared(migrated):
    for name, table in mapped_tables().items():
        assert issubclass(table, TenantTable) != issubclass(table, SharedTable), name
        if issubclass(table, SharedTable):
            assert len(table.shared_because) > 10, name


def test_a_shared_table_names_a_tenant_by_another_word_than_entity_id(migrated):
    for name, table in mapped_tables().items():
        if issubclass(table, SharedTable):
            assert "entity_id" not in table.__table__.columns, name


def test_the_migrations_make_what_the_models_say(catalogue):
    context = MigrationContext.configure(catalogue, opts={"compare_server_default": True})
    assert compare_metadata(context, Base.metadata) == []


def test_the_migrated_database_keeps_the_rules_of_tenancy(catalogue):
    assert faults(catalogue) == []


SAFE = "(entity_id = current_entity())"
GOOD = "CREATE TABLE bad (entity_id uuid, id uuid, PRIMARY KEY (entity_id, id));"
SECURED = GOOD + "ALTER TABLE bad ENABLE ROW LEVEL SECURITY; ALTER TABLE bad FORCE ROW LEVEL SECURITY;"
POLICY = f"CREATE POLICY tenant ON bad TO spreekbuis_app USING {SAFE} WITH CHECK {SAFE};"
WHOLE = SECURED + POLICY

BROKEN = {
    "no row-level security": (GOOD + POLICY, "bad: row-level security is not enabled"),
    "not forced on the owner": (
        WHOLE + "ALTER TABLE bad NO FORCE ROW LEVEL SECURITY", "bad: row-level security is not forced"
    ),
    "no policy": (SECURED, "bad: no policy of its tenant for reading and writing"),
    "a policy for reading alone": (
        SECURED + f"CREATE POLICY tenant ON bad FOR SELECT TO spreekbuis_app USING {SAFE}",
        "bad: no policy of its tenant for reading and writing",
    ),
    "a policy that checks nothing that comes in": (
        SECURED + f"CREATE POLICY tenant ON bad TO spreekbuis_app USING {SAFE} WITH CHECK (true)",
        "bad: policy tenant takes in true",
    ),
    "a second, wider policy": (
        WHOLE + "CREATE POLICY more ON bad FOR SELECT TO spreekbuis_app USING (true)",
        "bad: policy more lets through true",
    ),
    "a policy for everybody": (
        SECURED + f"CREATE POLICY tenant ON bad USING {SAFE} WITH CHECK {SAFE}",
        "bad: policy tenant is for public",
    ),
    "a sub-select in the policy": (
        SECURED + "CREATE POLICY tenant ON bad TO spreekbuis_app USING (entity_id IN (SELECT id FROM entity))",
        "bad: policy tenant has a sub-select",
    ),
    "an office that is not declared": (
        SECURED + f"CREATE POLICY tenant ON bad TO spreekbuis_app USING ({SAFE} OR current_office() = 'other')"
        f" WITH CHECK {SAFE}",
        "bad: policy tenant lets through ((entity_id = current_entity()) OR (current_office() = 'other'::text))",
    ),
    "a key that does not lead with the tenant": (
        "CREATE TABLE bad (entity_id uuid, id uuid, PRIMARY KEY (id, entity_id))",
        "bad: index bad_pkey does not lead with entity_id",
    ),
    "no key": ("CREATE TABLE bad (entity_id uuid)", "bad: no primary key"),
    "an index that does not lead with the tenant": (
        GOOD + "CREATE INDEX ix_bad ON bad (id)", "bad: index ix_bad does not lead with entity_id"
    ),
    "an index on an expression": (
        GOOD + "CREATE INDEX ix_bad ON bad (lower(id::text))", "bad: index ix_bad does not lead with entity_id"
    ),
    "a foreign key into any tenant": (
        WHOLE + 'CREATE UNIQUE INDEX only_id ON "case" (id);'
        'ALTER TABLE bad ADD CONSTRAINT fk_bad FOREIGN KEY (id) REFERENCES "case" (id)',
        'bad: fk_bad can point into another tenant\'s "case"',
    ),
    "a foreign key with its columns crossed": (
        WHOLE + "ALTER TABLE bad ADD CONSTRAINT fk_bad FOREIGN KEY (id, entity_id) REFERENCES desk (entity_id, id)",
        "bad: fk_bad can point into another tenant's desk",
    ),
    "a shared table that points into a tenant": (
        "CREATE TABLE bad (tenant_id uuid, desk uuid, CONSTRAINT fk_bad FOREIGN KEY (tenant_id, desk)"
        " REFERENCES desk (entity_id, id))",
        "bad: fk_bad points from a shared table into a tenant's desk",
    ),
    "a counter": ("CREATE TABLE bad (id bigserial PRIMARY KEY)", "bad: id counts with a sequence"),
    "an identity column": (
        "CREATE TABLE bad (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
        "bad: id counts with a sequence",
    ),
    "a view with its owner's eyes": (
        "CREATE VIEW bad AS SELECT id FROM desk",
        "bad: a view that is not security_invoker serves every tenant's rows",
    ),
    "a materialised view": (
        "CREATE MATERIALIZED VIEW bad AS SELECT id FROM desk", "bad: a materialised view has no policies"
    ),
    "a function with its owner's rights": (
        "CREATE FUNCTION bad() RETURNS bigint LANGUAGE sql SECURITY DEFINER RETURN (SELECT count(*) FROM desk)",
        "bad: SECURITY DEFINER steps around the policies",
    ),
    "a tenant function that cannot be inlined": (
        "ALTER FUNCTION current_entity() VOLATILE",
        "current_entity: cannot be inlined, so that policies are no index condition",
    ),
    "a table without a model": ("CREATE TABLE bad (id uuid PRIMARY KEY)", "bad: stands in no model"),
    "a model without a table": ("DROP TABLE audit_head", "audit_head: stands in no migration"),
    "a tenant column on a shared table": (
        "ALTER TABLE account ADD entity_id uuid",
        "account: is declared a tenant's table or has entity_id, but not both",
    ),
    "an application that truncates": (
        "GRANT TRUNCATE ON desk TO spreekbuis_app", "desk: spreekbuis_app may TRUNCATE *, declared nothing"
    ),
    "an application that rewrites the trail": (
        "GRANT UPDATE ON audit_event TO spreekbuis_app",
        "audit_event: spreekbuis_app may UPDATE *, declared nothing",
    ),
    "an application that owns": (
        "GRANT CREATE ON SCHEMA public TO spreekbuis_app", "spreekbuis_app: may create in the schema"
    ),
    "a grant to everybody": ("GRANT SELECT ON desk TO PUBLIC", "desk: PUBLIC may SELECT *, declared nothing"),
    "figures of one column too many": (
        'GRANT SELECT (id) ON "case" TO spreekbuis_figures',
        "case: spreekbuis_figures may SELECT id, declared nothing",
    ),
    "figures of a whole table": (
        "GRANT SELECT ON fact TO spreekbuis_figures", "fact: spreekbuis_figures may SELECT *, declared "
    ),
    "a backup that misses a table": (
        "REVOKE SELECT ON desk FROM spreekbuis_backup", "desk: spreekbuis_backup may SELECT nothing, declared *"
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_forgotten_rule_is_seen(catalogue, mistake):
    statements, fault = BROKEN[mistake]
    before = set(faults(catalogue))
    for statement in filter(str.strip, statements.split(";")):
        catalogue.exec_driver_sql(statement)
    assert [new for new in faults(catalogue) if new not in before and new.startswith(fault)]
