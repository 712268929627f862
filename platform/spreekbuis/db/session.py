"""Sessions and transactions: one per request or job, under one scope, committed at the end or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, SessionTransaction

from spreekbuis.db import scope as scopes
from spreekbuis.db.base import Base

db = SQLAlchemy(model_class=Base, session_options={"scopefunc": scopes.session_key}, disable_autonaming=True)


@event.listens_for(FlaskSession, "after_begin")
def _enter_scope(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Tell the database who is being served. SET LOCAL ends with the transaction, so no pool can leak it.

    `SET LOCAL` takes no parameters: a UUID object and a fixed office name are safe to write out.
    """
    scope = scopes.current()
    if scope.entity_id is not None:
        connection.exec_driver_sql(f"SET LOCAL spreekbuis.entity = '{scope.entity_id}'")
    if scope.office is not None:
        connection.exec_driver_sql(f"SET LOCAL spreekbuis.office = '{scope.office}'")


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


def finish() -> None:
    """Run what waits for the end of the transaction, then commit. Called by `transaction` and by the door."""
    session = db.session
    while steps := session.info.pop("at_end", None):
        session.flush()
        for step in steps.values():
            step()
    session.commit()


def at_end(key: str, step: Callable[[], Any]) -> None:
    """Run `step` just before the commit, once per `key`, in the order of first asking.

    For rows on which writers of one tenant meet (the head of the audit trail): locked late, held short.
    """
    db.session.info.setdefault("at_end", {}).setdefault(key, step)
