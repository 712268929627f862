"""Who waits for work, who is busy and who is gone, as the health page and the worker itself see it."""

from datetime import timedelta

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoRedis
from rq.utils import utcformat
from rq.worker import WorkerStatus

from spreekbuis.clock import now
from spreekbuis.jobs import queue, worker


@pytest.fixture
def redis_url(app):
    url = app.extensions["settings"].redis_url
    Redis.from_url(url).flushdb()
    return url


@pytest.fixture
def idle(redis_url):
    """A worker that has begun and has nothing to do."""
    made = worker.taker(redis_url)
    made.register_birth()
    yield made
    made.register_death()


def _last_sign(of, ago: timedelta) -> None:
    of.connection.hset(of.key, "last_heartbeat", utcformat(now() - ago))


def test_a_worker_that_waits_stays_alive_from_one_sign_of_life_to_the_next(idle, redis_url):
    assert queue.workers_alive(redis_url) == 1
    _last_sign(idle, timedelta(seconds=idle.dequeue_timeout + 5))
    assert queue.workers_alive(redis_url) == 1


def test_a_worker_that_missed_two_signs_is_gone(idle, redis_url):
    _last_sign(idle, 2 * timedelta(seconds=idle.dequeue_timeout) + timedelta(minutes=1))
    assert queue.workers_alive(redis_url) == 0


def test_a_worker_that_ended_is_gone_at_once(idle, redis_url):
    idle.register_death()
    assert queue.workers_alive(redis_url) == 0


def test_long_work_is_no_reason_to_take_a_worker_for_dead(idle, redis_url):
    _last_sign(idle, timedelta(minutes=30))
    pulse = worker.Pulse(idle)
    pulse.beat()
    assert queue.workers_alive(redis_url) == 0, "while it waits its own signs count"
    idle.set_state(WorkerStatus.BUSY)
    pulse.beat()
    assert queue.workers_alive(redis_url) == 1


def test_a_worker_is_known_again_after_redis_lost_everything(idle, redis_url):
    Redis.from_url(redis_url).flushdb()
    idle.heartbeat()
    assert queue.workers_alive(redis_url) == 0
    worker.Pulse(idle).beat()
    assert queue.workers_alive(redis_url) == 1


def test_a_page_that_asks_for_workers_never_gets_the_patience_of_a_worker(idle, redis_url):
    queue.workers_alive(redis_url)
    settings = queue.redis_at(redis_url).connection_pool.connection_kwargs
    assert settings["socket_timeout"] <= 1
    assert settings["socket_connect_timeout"] <= 1
    assert settings["retry"].get_retries() == 0


def test_a_worker_waits_for_redis_and_says_so_calmly(monkeypatch, caplog):
    answers, pauses = iter([False] * 7 + [True]), []
    monkeypatch.setattr(queue, "answers", lambda _url: next(answers))
    monkeypatch.setattr(worker.time, "sleep", pauses.append)
    worker.wait_for_redis("redis://nobody")
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert {(line.levelname, line.getMessage()) for line in caplog.records} == {
        ("WARNING", "Redis does not answer: the worker waits")
    }


def test_a_redis_that_is_not_there_is_no_exception():
    assert not queue.answers("redis://127.0.0.1:1/0")


def test_a_worker_that_loses_redis_goes_on_and_one_that_was_asked_to_stop_does_not(app, monkeypatch):
    def lose(_self, **_kwargs):
        raise NoRedis

    url = app.extensions["settings"].redis_url
    monkeypatch.setattr(worker.signal, "signal", lambda *_: None)
    monkeypatch.setattr(worker.Taker, "work", lose)
    assert worker._take_until_stopped(url) is False

    def stop_without_redis(self, **_kwargs):
        self.asked_to_stop = True
        raise NoRedis  # it cannot say goodbye

    monkeypatch.setattr(worker.Taker, "work", stop_without_redis)
    assert worker._take_until_stopped(url) is True
