"""What the database is asked, whoever asks: SQLAlchemy, `db.session.rows` or the door."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import psycopg


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
