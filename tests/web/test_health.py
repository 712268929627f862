"""What the load balancer is told, also when a part hangs."""

import socket
from dataclasses import replace

import pytest
from redis import Redis

from spreekbuis.jobs import worker
from spreekbuis.web import health


@pytest.fixture
def waiting_worker(app):
    url = app.extensions["settings"].redis_url
    Redis.from_url(url).flushdb()
    made = worker.taker(url)
    made.register_birth()
    yield made
    made.register_death()


@pytest.fixture
def deaf():
    """A server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def _with(app, monkeypatch, **changed):
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], **changed))


def test_everything_is_there(world, waiting_worker):
    answer = world.browser().get("/readyz")
    assert (answer.status_code, answer.json) == (
        200, {"database": True, "migrations": True, "redis": True, "worker": True},
    )  # fmt: skip


def test_without_a_worker_the_service_is_not_ready(app, world):
    Redis.from_url(app.extensions["settings"].redis_url).flushdb()
    answer = world.browser().get("/readyz")
    assert (answer.status_code, answer.json["worker"]) == (503, False)


def test_a_redis_that_hangs_is_given_up(app, world, monkeypatch, deaf):
    _with(app, monkeypatch, redis_url=f"redis://127.0.0.1:{deaf}/0")
    answer = world.browser().get("/readyz")
    assert (answer.status_code, answer.json["redis"], answer.json["database"]) == (503, False, True)


def test_a_database_that_hangs_is_given_up(app, world, monkeypatch, deaf):
    _with(app, monkeypatch, database_url=f"postgresql+psycopg://a:b@127.0.0.1:{deaf}/c")
    answer = world.browser().get("/readyz")
    assert (answer.status_code, answer.json["database"], answer.json["migrations"]) == (503, False, False)


def test_the_look_at_the_database_ends_by_itself(app):
    with health._impatient(app.extensions["settings"].database_url).connect() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "1s"
