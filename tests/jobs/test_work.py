"""The outbox, the relay and the worker on real PostgreSQL and Valkey."""

from datetime import datetime, time, timedelta

import pytest
from redis import Redis
from sqlalchemy import func, select

from spreekbuis.clock import at, now
from spreekbuis.db.scope import PLATFORM, current_entity_id, tenant
from spreekbuis.db.session import db, transaction
from spreekbuis.jobs import queue, relay, worker
from spreekbuis.jobs.models import Job, JobState
from spreekbuis.jobs.outbox import DEFINED, Defined, enqueue, job
from spreekbuis.web.access import Role

done: list = []


@pytest.fixture(autouse=True, scope="module")
def _some_work():
    @job("test.note")
    def note(word: str) -> dict[str, str]:
        done.append((word, current_entity_id()))
        worker.report_progress(1, 2)
        return {"word": word}

    @job("test.fail", attempts=2)
    def fail() -> None:
        raise RuntimeError("a text that no log may hold")

    yield
    for name in ("test.note", "test.fail"):
        del DEFINED[name]


@pytest.fixture
def redis_url(app):
    url = app.extensions["settings"].redis_url
    Redis.from_url(url).flushdb()
    done.clear()
    return url


def _job(job_id) -> Job:
    with transaction(PLATFORM) as session:
        row = session.get_one(Job, job_id)
        session.expunge(row)
        return row


def test_work_runs_in_the_scope_of_its_tenant_and_is_marked_with_its_effect(world, redis_url):
    entity = world.entity()
    with transaction(tenant(entity.id)):
        job_id = enqueue("test.note", word="a")
    worker.do(job_id)
    assert done == [("a", entity.id)]
    row = _job(job_id)
    assert (row.state, row.result, row.progress_done) == (JobState.DONE, {"word": "a"}, 1)


def test_work_that_was_done_is_not_done_again(world, redis_url):
    with transaction(PLATFORM):
        job_id = enqueue("test.note", word="a")
    worker.do(job_id)
    worker.do(job_id)
    assert len(done) == 1


def test_nothing_is_promised_when_the_transaction_fails(app, redis_url):
    def promise_and_fail():
        with transaction(PLATFORM):
            enqueue("test.note", word="a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        promise_and_fail()
    with transaction(PLATFORM) as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 0


def test_the_relay_queues_what_is_due_and_nothing_else(app, redis_url):
    with transaction(PLATFORM):
        enqueue("test.note", word="now")
        enqueue("test.note", word="later", run_at=now() + timedelta(hours=1))
    assert relay.hand_over(redis_url) == 1
    assert queue.queue(redis_url).count == 1


def test_what_redis_lost_is_put_back(app, redis_url):
    with transaction(PLATFORM):
        job_id = enqueue("test.note", word="a")
    relay.hand_over(redis_url)
    Redis.from_url(redis_url).flushdb()
    with at(now() + timedelta(minutes=1)):
        assert relay.put_back_lost(redis_url) == 1
        assert relay.hand_over(redis_url) == 1
    assert _job(job_id).state == JobState.QUEUED


def test_work_whose_worker_died_is_put_back_but_not_while_it_runs(app, redis_url):
    with transaction(PLATFORM) as session:
        job_id = enqueue("test.note", word="a")
        session.flush()
        row = session.get_one(Job, job_id)
        row.state, row.queued_at, row.attempts = JobState.RUNNING, now(), 1
    later = now() + timedelta(minutes=1)
    with db.engine.connect() as alive:
        alive.execute(select(func.pg_advisory_lock(relay.lease_key(job_id))))
        with at(later):
            assert relay.put_back_lost(redis_url) == 0
        alive.execute(select(func.pg_advisory_unlock(relay.lease_key(job_id))))
    with at(later):
        assert relay.put_back_lost(redis_url) == 1


def test_a_failure_waits_longer_then_stands_apart_without_its_text(app, redis_url, caplog):
    with transaction(PLATFORM):
        job_id = enqueue("test.fail")
    worker.do(job_id)
    row = _job(job_id)
    assert (row.state, row.error, row.attempts) == (JobState.WAITING, "RuntimeError", 1)
    assert row.run_at > now()
    worker.do(job_id)
    assert _job(job_id).state == JobState.FAILED


def test_the_same_key_twice_is_one_job(app, redis_url):
    with transaction(PLATFORM) as session:
        enqueue("test.note", word="a", once_key="k")
        enqueue("test.note", word="b", once_key="k")
        assert session.scalar(select(func.count()).select_from(Job)) == 1


def test_two_relays_start_a_repeating_job_once(app, redis_url):
    relay.keep_schedule()
    with transaction(PLATFORM) as session:
        first = session.scalar(select(func.count()).select_from(Job))
    relay.keep_schedule()
    with transaction(PLATFORM) as session:
        assert session.scalar(select(func.count()).select_from(Job)) == first > 0


@pytest.mark.parametrize(
    ("moment", "slot"),
    [
        ("2026-12-31T22:59:59+00:00", "2026-12-30T23:00:00+00:00"),
        ("2026-12-31T23:00:00+00:00", "2026-12-31T23:00:00+00:00"),
        ("2026-07-14T22:30:00+00:00", "2026-07-14T22:00:00+00:00"),
    ],
)
def test_daily_work_begins_at_its_time_in_brussels_in_winter_and_in_summer(moment, slot):
    daily = Defined("test.daily", dict, None, time(0, 0), 8, None)
    assert daily.slot(datetime.fromisoformat(moment)) == datetime.fromisoformat(slot)


def test_daily_work_starts_once_a_day_however_late_the_relay_came(app, redis_url):
    @job("test.daily", at=time(7, 0))
    def daily() -> None:
        pass

    def started() -> int:
        with transaction(PLATFORM) as session:
            return session.scalar(select(func.count()).select_from(Job).where(Job.name == "test.daily"))

    try:
        for moment, times in (
            ("09T05:59", 1),
            ("09T06:01", 2),
            ("09T20:00", 2),
            ("11T12:00", 3),
            ("12T06:00", 4),
        ):
            with at(datetime.fromisoformat(f"2026-03-{moment}:00+00:00")):
                relay.keep_schedule()
            assert started() == times, moment
    finally:
        del DEFINED["test.daily"]


def test_a_burst_worker_empties_the_queue(app, redis_url, monkeypatch):
    from rq import SimpleWorker
    from rq.serializers import JSONSerializer

    monkeypatch.setattr(worker, "_app", app)
    with transaction(PLATFORM):
        enqueue("test.note", word="through redis")
    relay.hand_over(redis_url)
    taker = SimpleWorker(
        [queue.queue(redis_url)], connection=queue.worker_connection(redis_url), serializer=JSONSerializer
    )
    taker.work(burst=True, logging_level="WARNING")
    assert [word for word, _ in done] == ["through redis"]


def test_an_administrator_retries_and_drops_failed_work(world, redis_url):
    browser = world.browser(world.platform_member(Role.PLATFORM_ADMINISTRATOR))
    with transaction(PLATFORM):
        job_id = enqueue("test.fail")
    worker.do(job_id)
    worker.do(job_id)
    page = browser.get("/admin/jobs?state=failed")
    assert page.status_code == 200
    assert "test.fail" in page.text
    assert browser.post(f"/admin/jobs/{job_id}/retry").status_code == 303
    assert browser.post(f"/admin/jobs/{job_id}/retry").status_code == 409
    assert _job(job_id).state == JobState.WAITING


def test_progress_is_shown_to_whoever_asked_and_to_no_other(world, redis_url):
    one, other = (world.platform_member(Role.CENTRAL_ANALYST) for _ in range(2))
    from spreekbuis.actor import Actor, acting_as

    with acting_as(Actor("account", one)), transaction(PLATFORM):
        job_id = enqueue("test.note", word="a")
    worker.do(job_id)
    assert "Klaar" in world.browser(one).get(f"/jobs/{job_id}").text
    assert world.browser(other).get(f"/jobs/{job_id}").status_code == 404
