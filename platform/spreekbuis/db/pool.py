"""Connections that were idle are tried before use; busy ones are not, which saves a round trip per request."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from psycopg import Connection
from sqlalchemy import Engine, event, exc

IDLE = 1.0
"""Seconds after which a connection is tried first: a server that was restarted meanwhile is noticed."""


def try_idle_connections(engine: Engine) -> None:
    """Instead of `pool_pre_ping`. A dead connection is replaced before anybody sees an error."""

    @event.listens_for(engine, "checkin")
    def remember(_connection: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def try_first(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("used", time.monotonic()) < IDLE:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.dbapi.Error as error:  # type: ignore[union-attr]
            raise exc.DisconnectionError from error


@contextmanager
def bare_connection(engine: Engine) -> Iterator[Connection[tuple[Any, ...]]]:
    """A connection of the pool as psycopg has it, without a tenant; each statement is a transaction of its own.

    For what every page asks, where the work of SQLAlchemy would cost more than the statement.
    """
    pooled = engine.raw_connection()
    connection = cast("Connection[tuple[Any, ...]]", pooled.driver_connection)
    try:
        connection.autocommit = True
        yield connection
    finally:
        if not connection.closed:
            connection.autocommit = False
        pooled.close()
