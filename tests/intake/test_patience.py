import itertools
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from spreekbuis.clock import at, now
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.intake import patience
from spreekbuis.intake.patience import SLOWEST_ANSWER, WAITING_AT_ONCE, WRONG_PER_MINUTE, Patience

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture(params=["redis", "no redis"])
def url(app, request) -> str:
    """Counting works for all processes together, and on its own while Redis is away."""
    return app.extensions["settings"].redis_url if request.param == "redis" else NOWHERE


@pytest.fixture(autouse=True)
def another_minute() -> Iterator[None]:
    """Every test counts in a minute of its own."""
    with at(now() + next(_minutes) * MINUTE):
        yield


MINUTE = timedelta(minutes=1)
_minutes = itertools.count(1000, 10)


def test_only_what_is_left_of_the_time_is_waited(url):
    waits: list[float] = []
    assert Patience(url, waits.append).wait(time.monotonic() - SLOWEST_ANSWER - 5)
    assert waits == [0.0]


def test_a_minute_has_so_many_slow_answers_and_the_next_minute_begins_anew(url):
    waits: list[float] = []
    one = Patience(url, waits.append)
    answers = [one.wait(time.monotonic()) for _ in range(WRONG_PER_MINUTE + 3)]
    assert answers == [True] * WRONG_PER_MINUTE + [False] * 3
    with at(now() + MINUTE):
        assert one.wait(time.monotonic())


def test_processes_count_together_through_redis(app):
    shared = app.extensions["settings"].redis_url
    one, other = Patience(shared, lambda _seconds: None), Patience(shared, lambda _seconds: None)
    for _ in range(WRONG_PER_MINUTE):
        assert one.wait(time.monotonic())
    assert not other.wait(time.monotonic())


def test_three_people_in_one_room_who_mistype_at_once_all_learn_which_word_is_wrong(app):
    together = threading.Barrier(3)
    one = Patience(NOWHERE, lambda _seconds: together.wait(10) and None)
    answers: list[bool] = []

    def ask() -> None:
        with app.app_context():
            answers.append(one.wait(time.monotonic()))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert answers == [True] * 3


def test_few_wait_at_once_and_the_others_are_answered_without_waiting(app):
    waiting, release = threading.Semaphore(0), threading.Event()

    def hold(_seconds: float) -> None:
        waiting.release()
        release.wait(10)

    one = Patience(NOWHERE, hold)

    def ask() -> None:
        with app.app_context():
            one.wait(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(WAITING_AT_ONCE)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert waiting.acquire(timeout=10)
    assert not one.wait(time.monotonic())
    release.set()
    for thread in threads:
        thread.join(10)
    assert one.wait(time.monotonic())


def test_nobody_holds_a_connection_while_waiting(app):
    held: list[bool] = []
    with transaction(PLATFORM) as session:
        session.execute(select(1))
        Patience(NOWHERE, lambda _seconds: held.append(session.in_transaction())).wait(time.monotonic())
    assert held == [False]


def test_the_process_has_one_counter(app):
    assert patience.patience() is patience.patience()
