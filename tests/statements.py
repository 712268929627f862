"""What the database is asked, whoever asks: SQLAlchemy, `db.session.rows` or the door."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import psycopg

from spreekbuis.db.pool import bare_connection
from spreekbuis.db.session import db

_OPEN = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
)


def open_transactions() -> int:
    """How many transactions are open in this database at this moment."""
    with bare_connection(db.engine) as connection:
        row = connection.execute(_OPEN).fetchone()
    assert row is not None
    return int(row[0])


class Sent(NamedTuple):
    """A statement as psycopg gets it, its values, and the role that sends it."""

    text: str
    values: Any
    role: str


@contextmanager
def statements_sent() -> Iterator[list[Sent]]:
    """Every statement sent inside the block; not BEGIN, COMMIT and ROLLBACK, which psycopg sends itself."""
    sent: list[Sent] = []
    execute = psycopg.Cursor.execute

    def note(cursor, query, params=None, **options):  # type: ignore[no-untyped-def]
        sent.append(Sent(query, params, cursor.connection.info.user))
        return execute(cursor, query, params, **options)

    with patch.object(psycopg.Cursor, "execute", note):
        yield sent
