"""Signs of life, for a load balancer and an administrator. No session, no tenant, no secret."""

from collections.abc import Callable

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app, jsonify
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from spreekbuis.db.bootstrap import alembic_config
from spreekbuis.db.session import db
from spreekbuis.jobs.queue import redis_at, workers_alive
from spreekbuis.settings import Settings
from spreekbuis.web.room import Room

room = Room("health")


def _database() -> bool:
    with db.engine.connect() as connection:
        return bool(connection.scalar(text("SELECT 1")))


def _migrations() -> bool:
    head = ScriptDirectory.from_config(alembic_config("")).get_current_head()
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def _redis() -> bool:
    settings: Settings = current_app.extensions["settings"]
    return bool(redis_at(settings.redis_url).ping())


def _worker() -> bool:
    settings: Settings = current_app.extensions["settings"]
    return workers_alive(settings.redis_url) > 0


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database,
    "migrations": _migrations,
    "redis": _redis,
    "worker": _worker,
}


@room.probe("/healthz")
def alive() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@room.probe("/readyz")
def ready() -> ResponseReturnValue:
    """Each part that the service leans on: true or false; 503 when one is missing."""
    found = {name: _holds(check) for name, check in CHECKS.items()}
    return jsonify(found), 200 if all(found.values()) else 503


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (SQLAlchemyError, RedisError, OSError):
        return False
