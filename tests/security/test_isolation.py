"""One entity cannot read, add, change or remove what is another's: every table, by every way in.

The rows are made from the schema, so a new table is tested without anybody thinking of it.
"""

import threading
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import Table, create_engine, delete, insert, select, text, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from spreekbuis.access.models import Desk
from spreekbuis.app import UnsafeDatabase, create_app, import_models
from spreekbuis.db.scope import CONTRIBUTIONS, NOBODY, PLATFORM, Scope, current, tenant
from spreekbuis.db.session import db, transaction
from tests.conftest import _settings
from tests.house.catalogue import FIGURES_MAY
from tests.security.rows import keys_between_tenants, tenant_tables, value_for

import_models()
TABLES = tenant_tables()
every_table = pytest.mark.parametrize("model", TABLES, ids=[t.__tablename__ for t in TABLES])

NO_RIGHT = "42501"
"""PostgreSQL's insufficient_privilege: no grant, or a row that the policy does not take."""


@contextmanager
def standing(engine, *settings: str):
    """A connection of the role, in a transaction with these settings, of which nothing stays."""
    with engine.connect() as connection:
        for setting in settings:
            connection.exec_driver_sql(setting)
        yield connection
        connection.rollback()


def as_entity(entity_id) -> str:
    return f"SET LOCAL spreekbuis.entity = '{entity_id}'"


def seen(connection, table: Table) -> set:
    return set(connection.scalars(select(table.c.entity_id)))


def identity(table: Table, row: dict):
    return [column == row[column.name] for column in table.primary_key]


@contextmanager
def refused(sqlstate: str = NO_RIGHT):
    with pytest.raises(DBAPIError) as caught:
        yield
    assert caught.value.orig.sqlstate == sqlstate


def a_change(table: Table):
    """A column that is no key, to write to."""
    free = [c for c in table.c if not c.primary_key and not c.foreign_keys]
    return {(free or [c for c in table.c if c.name != "entity_id"] or list(table.c))[0].name: None}


NOBODYS = {
    "nothing set": [],
    "an empty setting": ["SET LOCAL spreekbuis.entity = ''"],
    "a reset setting": ["SET LOCAL spreekbuis.entity = 'e'", "RESET spreekbuis.entity"],
    "the platform": [as_entity(PLATFORM.entity_id)],
    "an entity that does not exist": [as_entity(uuid4())],
    "an office that does not exist": ["SET LOCAL spreekbuis.office = 'everything'"],
    "an empty office": ["SET LOCAL spreekbuis.office = ''"],
}


@every_table
@pytest.mark.parametrize("who", NOBODYS)
def test_whoever_is_no_entity_sees_no_row_of_any(engines, two, model, who):
    with standing(engines.app, *NOBODYS[who]) as connection:
        assert seen(connection, model.__table__) == set()


@every_table
def test_a_setting_that_is_no_identifier_is_an_error_and_no_way_in(engines, two, model):
    wrong = as_entity("'' OR true --")
    with standing(engines.app, wrong) as connection, pytest.raises(DataError):
        seen(connection, model.__table__)


@every_table
def test_an_entity_reads_its_own_rows_alone(engines, two, model):
    table = model.__table__
    with standing(engines.app, as_entity(two.ours)) as connection:
        assert seen(connection, table) == {two.ours}
        theirs = select(table).where(*identity(table, two.rows.row(table, two.theirs)))
        assert connection.execute(theirs).all() == []


@every_table
def test_the_policy_is_a_condition_of_an_index_and_no_filter_on_every_row(engines, two, model):
    if model.office is not None:
        return  # an office reads across entities: there the queries name the entity themselves
    settings = [as_entity(two.ours), "SET LOCAL enable_seqscan = off"]
    with standing(engines.app, *settings) as connection:
        asked = f'EXPLAIN (COSTS OFF) SELECT * FROM "{model.__tablename__}"'
        plan = "\n".join(connection.exec_driver_sql(asked).scalars())
    assert "Index Cond: (entity_id = (NULLIF(current_setting('spreekbuis.entity'" in plan, plan


@every_table
def test_an_entity_reads_its_own_rows_alone_through_the_session(application, two, model):
    key = tuple(two.rows.row(model.__table__, two.theirs)[c.name] for c in model.__table__.primary_key)
    with application.app_context(), transaction(tenant(two.ours)) as session:
        assert {row.entity_id for row in session.scalars(select(model))} == {two.ours}
        assert session.get(model, key) is None


@every_table
def test_nothing_can_be_added_to_another_entity(engines, two, model):
    table = model.__table__
    with standing(engines.admin) as maker:
        two.rows.connection = maker
        values = two.rows.fresh(table, two.theirs)
    with standing(engines.app, as_entity(two.ours)) as connection, refused():
        connection.execute(insert(table).values(values))
    with standing(engines.app) as connection, refused():
        connection.execute(insert(table).values(values))


@every_table
def test_nothing_of_another_entity_can_be_changed(engines, two, model):
    table = model.__table__
    there = identity(table, two.rows.row(table, two.theirs))
    with standing(engines.app, as_entity(two.ours)) as connection:
        if "UPDATE" not in model.app_may:
            with refused():
                connection.execute(update(table).where(*there).values(a_change(table)))
            return
        assert connection.execute(update(table).where(*there).values(a_change(table))).rowcount == 0
        mine = identity(table, two.rows.row(table, two.ours))
        with refused():
            connection.execute(update(table).where(*mine).values(entity_id=two.theirs))


@every_table
def test_nothing_of_another_entity_can_be_removed(engines, two, model):
    table = model.__table__
    there = identity(table, two.rows.row(table, two.theirs))
    with standing(engines.app, as_entity(two.ours)) as connection:
        if "DELETE" not in model.app_may:
            with refused():
                connection.execute(delete(table).where(*there))
            return
        assert connection.execute(delete(table).where(*there)).rowcount == 0


@every_table
def test_the_contributions_office_reaches_its_own_tables_alone(engines, two, model):
    table = model.__table__
    settings = [as_entity(CONTRIBUTIONS.entity_id), f"SET LOCAL spreekbuis.office = '{CONTRIBUTIONS.office}'"]
    with standing(engines.app, *settings) as connection:
        if model.office == CONTRIBUTIONS.office:
            assert seen(connection, table) == {two.ours, two.theirs}
        else:
            assert seen(connection, table) == set()
            there = identity(table, two.rows.row(table, two.theirs))
            if "UPDATE" in model.app_may:
                assert connection.execute(update(table).where(*there).values(a_change(table))).rowcount == 0
            if "DELETE" in model.app_may:
                assert connection.execute(delete(table).where(*there)).rowcount == 0


@every_table
def test_the_figures_role_reads_the_declared_columns_alone(engines, two, model):
    table = model.__table__
    for column in table.c:
        with standing(engines.figures) as connection:
            if column.name in model.figures_columns:
                connection.execute(select(column)).all()
            else:
                with refused():
                    connection.execute(select(column))


@every_table
def test_the_figures_role_writes_its_totals_alone(engines, two, model):
    table = model.__table__
    may = FIGURES_MAY.get(table.name, {})
    change = a_change(table)
    statements = {
        "INSERT": insert(table).values({c.name: value_for(c) for c in table.c}),
        "UPDATE": update(table).values(change),
        "DELETE": delete(table),
    }
    for privilege, statement in statements.items():
        if privilege not in may:
            with standing(engines.figures) as connection, refused():
                connection.execute(statement)


@every_table
def test_no_foreign_key_points_into_another_entity(engines, two, model):
    table = model.__table__
    for key in keys_between_tenants(table):
        with standing(engines.admin) as connection:
            two.rows.connection = connection
            values = two.rows.fresh(table, two.ours)
            far = two.rows.row(key.referred_table, two.theirs)
            values |= {
                e.parent.name: far[e.column.name] for e in key.elements if e.parent.name != "entity_id"
            }
            with pytest.raises(IntegrityError) as caught:  # even as the superuser, whom no policy holds
                connection.execute(insert(table).values(values))
            assert caught.value.orig.diag.constraint_name == key.name


@every_table
def test_the_application_cannot_take_the_policies_away(engines, two, model):
    name = f'"{model.__tablename__}"'
    for statement in (
        f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY", f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY",
        f"DROP POLICY tenant ON {name}", f"CREATE POLICY more ON {name} USING (true)", f"TRUNCATE {name}",
    ):  # fmt: skip
        with standing(engines.app) as connection, refused():
            connection.exec_driver_sql(statement)


@every_table
def test_turning_row_security_off_gives_an_error_and_no_rows(engines, two, model):
    with standing(engines.app, "SET LOCAL row_security = off") as connection, refused():
        connection.execute(select(model.__table__))


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE spreekbuis_owner", "SET ROLE spreekbuis_backup", "SET SESSION AUTHORIZATION postgres",
        "CREATE TABLE mine (id int)",
        "CREATE OR REPLACE FUNCTION current_entity() RETURNS uuid LANGUAGE sql RETURN NULL",
        "ALTER ROLE spreekbuis_app BYPASSRLS", "GRANT spreekbuis_owner TO spreekbuis_app",
    ],
)  # fmt: skip
def test_the_application_cannot_become_somebody_else(engines, statement):
    with standing(engines.app) as connection, pytest.raises(ProgrammingError):
        connection.exec_driver_sql(statement)


def test_a_temporary_function_does_not_stand_before_the_real_one(engines, two):
    with standing(engines.app, as_entity(two.ours)) as connection:
        connection.exec_driver_sql(
            f"CREATE FUNCTION pg_temp.current_entity() RETURNS uuid LANGUAGE sql RETURN '{two.theirs}'::uuid"
        )
        assert seen(connection, Desk.__table__) == {two.ours}


def test_an_error_of_a_filter_does_not_tell_about_other_entities_rows(engines, two):
    """A filter of ours must not be run over their rows: its error would quote them."""
    with standing(engines.admin) as connection:
        connection.execute(update(Desk).where(Desk.entity_id == two.ours).values(name="12"))
        connection.execute(update(Desk).where(Desk.entity_id == two.theirs).values(name="geheim"))
        connection.exec_driver_sql("SET LOCAL ROLE spreekbuis_app")
        connection.exec_driver_sql(as_entity(two.ours))
        assert connection.scalars(text("SELECT id FROM desk WHERE name::int > 0")).all()


def test_a_copy_holds_the_rows_of_its_entity_alone(engines, two):
    with (
        standing(engines.app, as_entity(two.ours)) as connection,
        connection.connection.cursor().copy("COPY desk (entity_id) TO STDOUT") as copy,
    ):
        assert set(b"".join(copy).decode().split()) == {str(two.ours)}


def test_changing_the_tenant_within_a_transaction_shows_the_new_tenants_rows_alone(engines, two):
    with standing(engines.app, as_entity(two.theirs)) as connection:
        assert seen(connection, Desk.__table__) == {two.theirs}
        connection.exec_driver_sql(as_entity(two.ours))
        assert seen(connection, Desk.__table__) == {two.ours}


def test_entering_another_tenant_within_a_tenant_gives_a_session_of_its_own(application, two):
    with application.app_context(), transaction(tenant(two.theirs)) as outer:
        desk = outer.scalars(select(Desk)).one()
        with transaction(tenant(two.ours)) as inner:
            assert db.session() is inner is not outer
            assert inner.get(Desk, (two.theirs, desk.id)) is None
            assert {d.entity_id for d in inner.scalars(select(Desk))} == {two.ours}
        assert current() == tenant(two.theirs)
        outer.expire_all()
        assert {d.entity_id for d in outer.scalars(select(Desk))} == {two.theirs}


def test_the_tenant_leaves_with_its_transaction_and_not_with_the_connection(database, two):
    engine = create_engine(database["app"], pool_size=1, max_overflow=0)
    with engine.connect() as connection:
        first = connection.connection.dbapi_connection
        connection.exec_driver_sql(as_entity(two.theirs))
        assert seen(connection, Desk.__table__) == {two.theirs}
        connection.commit()
        assert seen(connection, Desk.__table__) == set()
    with engine.connect() as connection:
        assert connection.connection.dbapi_connection is first
        assert seen(connection, Desk.__table__) == set()
    engine.dispose()


@pytest.mark.parametrize(
    "scope", [NOBODY, PLATFORM, CONTRIBUTIONS], ids=["nobody", "platform", "contributions"]
)
def test_the_session_of_a_scope_without_an_entity_serves_no_entity(application, two, scope: Scope):
    with application.app_context():
        with transaction(tenant(two.theirs)) as session:
            assert session.scalars(select(Desk)).all()
        with transaction(scope) as session:
            assert session.scalars(select(Desk)).all() == []


def test_an_error_in_a_transaction_leaves_no_tenant_behind(application, two):
    with application.app_context():
        with pytest.raises(DBAPIError), transaction(tenant(two.theirs)) as session:
            session.execute(text("SELECT 1/0"))
        with transaction(NOBODY) as session:
            assert session.scalars(select(Desk)).all() == []
        assert current() == NOBODY


def test_threads_in_two_tenants_never_see_each_others_rows(application, two):
    wrong: list[object] = []
    start = threading.Barrier(8)

    def look(entity_id) -> None:
        start.wait(10)
        with application.app_context():
            for _ in range(25):
                with transaction(tenant(entity_id)) as session:
                    found = {desk.entity_id for desk in session.scalars(select(Desk))}
                    if found != {entity_id} or db.session() is not session:
                        wrong.append(found)

    threads = [threading.Thread(target=look, args=((two.ours, two.theirs)[n % 2],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []


@pytest.mark.parametrize(
    ("role", "reason"),
    [("admin", "superuser"), ("owner", "owns"), ("backup", "bypasses"), ("figures", "is not spreekbuis_app")],
)
def test_the_application_does_not_start_with_a_role_that_can_do_more(
    database, engines, tmp_path, role, reason
):
    urls = database | {"admin": engines.admin.url.render_as_string(hide_password=False)}
    with pytest.raises(UnsafeDatabase, match=reason):
        create_app(_settings(urls[role], database["figures"], tmp_path))
