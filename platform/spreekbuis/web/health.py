"""Signs of life, for a load balancer and an administrator. No session, no tenant, no secret."""

from functools import cache

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app, jsonify
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError
from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.exc import SQLAlchemyError

from spreekbuis.db.bootstrap import alembic_config
from spreekbuis.jobs.queue import workers_alive
from spreekbuis.settings import Settings
from spreekbuis.web.room import Room

room = Room("health")


@cache
def _impatient(url: str) -> Engine:
    """A connection of its own for each look: not behind the pages that wait for the pool, and given up soon."""
    hurry = {
        "connect_timeout": 2,
        "options": "-c statement_timeout=1000",
        "application_name": "spreekbuis health",
    }
    return create_engine(url, poolclass=NullPool, connect_args=hurry)


def _of_the_database(settings: Settings) -> dict[str, bool]:
    head = ScriptDirectory.from_config(alembic_config("")).get_current_head()
    try:
        with _impatient(settings.database_url).connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    except (SQLAlchemyError, OSError):
        return {"database": False, "migrations": False}
    return {"database": True, "migrations": current == head}


def _of_the_queue(settings: Settings) -> dict[str, bool]:
    try:
        return {"redis": True, "worker": workers_alive(settings.redis_url) > 0}
    except (RedisError, OSError):
        return {"redis": False, "worker": False}


@room.probe("/healthz")
def alive() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@room.probe("/readyz")
def ready() -> ResponseReturnValue:
    """Each part that the service leans on: true or false; 503 when one is missing. Answers within 5 seconds."""
    settings: Settings = current_app.extensions["settings"]
    found = _of_the_database(settings) | _of_the_queue(settings)
    return jsonify(found), 200 if all(found.values()) else 503
