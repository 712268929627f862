"""Sessions and transactions: one per request or job, under one scope, committed at the end or not at all."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from psycopg import Connection as PlainConnection
from psycopg import InternalError
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import CompoundSelect, Connection, Select, event, inspect
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.sql.dml import ReturningInsert

from spreekbuis.db import scope as scopes
from spreekbuis.db.base import Base, TenantTable

db = SQLAlchemy(model_class=Base, session_options={"scopefunc": scopes.session_key}, disable_autonaming=True)


@event.listens_for(FlaskSession, "after_begin")
def _enter_scope(_session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    """Tell the database who is being served. SET LOCAL ends with the transaction, so no pool can leak it.

    `SET LOCAL` takes no parameters: a UUID object and a fixed office name are safe to write out.
    """
    scope = scopes.current()
    settings = []
    if scope.entity_id is not None:
        settings.append(f"SET LOCAL spreekbuis.entity = '{scope.entity_id}'")
    if scope.office is not None:
        settings.append(f"SET LOCAL spreekbuis.office = '{scope.office}'")
    if scope.withheld:
        settings.append(_withholding(scope))
    if settings:
        _send_at_once(_plain(connection), settings)


def withhold(cases: Collection[UUID]) -> None:
    """From here on these cases do not exist for whoever is served: no row of theirs is read, counted or changed, by any
    statement (db.security). Costs a round trip when there are any, and nothing when there are none."""
    if cases:
        db.session().connection().exec_driver_sql(_withholding(scopes.withhold(cases)))


def _withholding(scope: scopes.Scope) -> str:
    """UUID objects are safe to write out, as above."""
    return f"SET LOCAL spreekbuis.withheld = '{{{','.join(map(str, sorted(scope.withheld)))}}}'"


def _send_at_once(connection: PlainConnection[Any], settings: list[str]) -> None:
    """Begin and set in one round trip, where psycopg alone would make two. Raises InternalError when refused."""
    begun = connection.info.transaction_status != TransactionStatus.IDLE  # of a savepoint
    answer = connection.pgconn.exec_("; ".join(settings if begun else ["BEGIN", *settings]).encode())
    if answer.status != ExecStatus.COMMAND_OK:
        raise InternalError("the transaction could not begin in its scope")


@contextmanager
def transaction(scope: scopes.Scope) -> Iterator[Session]:
    """Enter `scope`, give its session, commit at the end; on an exception nothing of it remains."""
    with scopes.entering(scope):
        session = db.session
        try:
            yield session()
            finish()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.remove()


type_select = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
type_with_rows = type_select | ReturningInsert[*tuple[Any, ...]]


def rows(statement: type_with_rows, values: Mapping[str, Any] | None = None) -> list[Any]:
    """The rows of a statement, as plain tuples, in the transaction of the session and behind its policies.

    For the lists and the door: the statement is made once, in its module, and sent as psycopg has it. Preparing
    it anew at each request, as SQLAlchemy does, costs five times what the database needs to answer it.
    """
    sql, fixed = _as_sent(statement)
    session = db.session()
    session.flush()
    return _plain(session.connection()).execute(sql, {**fixed, **values} if values else fixed).fetchall()


def _plain(connection: Connection) -> PlainConnection[Any]:
    return cast("PlainConnection[Any]", connection.connection.driver_connection)


@lru_cache(maxsize=512)
def _as_sent(statement: type_with_rows) -> tuple[str, Mapping[str, Any]]:
    """The text of a statement and the values that it always has."""
    compiled = statement.compile(dialect=db.engine.dialect)
    return compiled.string, compiled.params


def finish() -> None:
    """Run what waits for the end of the transaction, then commit. Called by `transaction` and by the door."""
    if not db.session.registry.has():
        return  # nobody asked the database anything
    _run_what_waits()
    db.session.commit()


def _run_what_waits() -> None:
    session = db.session
    while steps := session.info.pop("at_end", None):
        session.flush()
        for step in steps.values():
            step()


def at_end(key: str, step: Callable[[], Any]) -> None:
    """Run `step` just before the commit, once per `key`, in the order of first asking.

    For rows on which writers of one tenant meet (the head of the audit trail): locked late, held short.
    Inside `within` the end is that of the block.
    """
    db.session.info.setdefault("at_end", {}).setdefault(key, step)


@contextmanager
def within(entity_id: UUID) -> Iterator[Session]:
    """Serve one tenant inside the block, in the open transaction of the platform: all of it commits, or none.

    For what the platform decides and a tenant must hold as well (an approved enrolment makes its desks).
    Inside, `current_entity_id()`, the policies and the audit trail are those of the tenant, and no office of
    the platform holds. On leaving, what waited for the end (audit rows) has been written and the tenant's
    rows have left the session, so that nothing read inside is served outside. On an exception nothing of the
    block remains, also when the caller goes on. Raises LookupError when the scope is not the platform's: a
    tenant never enters another.
    """
    session = db.session()
    outer, inner = scopes.current(), scopes.tenant(entity_id)
    if outer.entity_id != scopes.PLATFORM_ID or inner == scopes.PLATFORM:
        raise LookupError("only the platform enters a tenant")
    session.connection()  # the transaction itself begins as the platform
    waiting = dict(session.info)
    session.info.clear()
    try:
        # The savepoint gives back both the transaction and its setting when something fails inside.
        with session.begin_nested(), scopes.answering(inner):
            _tell(session.connection(), inner)
            yield session
            _run_what_waits()
            session.flush()
            _tell(session.connection(), outer)
    finally:
        _forget(session, entity_id)
        session.info.clear()
        session.info.update(waiting)


def _tell(connection: Connection, scope: scopes.Scope) -> None:
    """Replace who is being served for the rest of the transaction."""
    connection.exec_driver_sql(f"SET LOCAL spreekbuis.entity = '{scope.entity_id}'")
    connection.exec_driver_sql(f"SET LOCAL spreekbuis.office = '{scope.office or ''}'")


def _forget(session: Session, entity_id: UUID) -> None:
    """Take the tenant's rows out of the session."""
    for row in [*session.identity_map.values(), *session.new]:
        if isinstance(row, TenantTable) and entity_id in (inspect(row).identity or (row.entity_id,)):
            session.expunge(row)
