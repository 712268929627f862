"""Five wrong tries lock, for known and unknown alike."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from spreekbuis import clock
from spreekbuis.audit.models import AuditEvent
from spreekbuis.audit.trail import Audited
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.identity import jobs, lockout
from spreekbuis.identity.lockout import LockedOut, count_try, key_of
from spreekbuis.identity.models import SignInAttempt
from tests.identity.test_sign_in import give_password

WRONG = "een verkeerd wachtwoord"


def lock(world, email):
    return [give_password(world.browser(), email, WRONG) for _ in range(5)]


def test_known_and_unknown_addresses_lock_alike_with_the_same_page(world, person):
    pages = {}
    for email in (person.email, "niemand@voorbeeld.example"):
        answers = lock(world, email)
        assert [a.status_code for a in answers] == [422] * 5
        locked = give_password(world.browser(), email, WRONG)
        assert locked.status_code == 429
        pages[email] = locked.text.replace(email, "ADRES")
    one, other = ([line for line in page.splitlines() if "csrf" not in line] for page in pages.values())
    assert one == other


def test_the_right_password_is_refused_while_locked_and_works_afterwards(world, person):
    start = clock.now()
    with clock.at(start):
        lock(world, person.email)
        assert give_password(world.browser(), person.email, person.password).status_code == 429
    with clock.at(start + timedelta(minutes=14, seconds=59)):
        assert give_password(world.browser(), person.email, person.password).status_code == 429
    with clock.at(start + timedelta(minutes=15)):
        assert give_password(world.browser(), person.email, person.password).status_code == 303


def test_tries_while_locked_do_not_make_the_lock_longer(app):
    key, start = key_of("sign-in", "a@voorbeeld.example"), clock.now()
    with clock.at(start):
        for _ in range(5):
            count_try(key)
    with clock.at(start + timedelta(minutes=10)), pytest.raises(LockedOut):
        count_try(key)
    with clock.at(start + timedelta(minutes=15)):
        assert count_try(key) is False


def test_other_addresses_are_not_locked(world, person):
    lock(world, "niemand@voorbeeld.example")
    assert give_password(world.browser(), person.email, person.password).status_code == 303


def test_the_right_password_clears_the_count(world, person):
    for _ in range(3):
        for _ in range(4):
            assert give_password(world.browser(), person.email, WRONG).status_code == 422
        assert give_password(world.browser(), person.email, person.password).status_code == 303


def test_a_quiet_quarter_of_an_hour_starts_the_count_again(app):
    key, start = key_of("sign-in", "a@voorbeeld.example"), clock.now()
    with clock.at(start):
        for _ in range(4):
            count_try(key)
    with clock.at(start + timedelta(minutes=15)):
        assert [count_try(key) for _ in range(5)] == [False, False, False, False, True]


def test_many_tries_at_the_same_moment_get_five_judged(app):
    key = key_of("sign-in", "a@voorbeeld.example")

    def attempt(_):
        with app.app_context():
            try:
                count_try(key)
            except LockedOut:
                return 0
            return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(24))) == lockout.TRIES


def test_wrong_codes_lock_the_second_factor_and_the_right_code_then_waits(world, person):
    start = clock.now()
    with clock.at(start):
        browser = world.browser()
        give_password(browser, person.email, person.password)
        for _ in range(5):
            assert browser.post("/sign-in/second-factor", {"code": "000000"}).status_code == 422
        assert browser.post("/sign-in/second-factor", {"code": person.code()}).status_code == 429
        # giving the password again does not give new tries for the code
        again = world.browser()
        give_password(again, person.email, person.password)
        assert again.post("/sign-in/second-factor", {"code": person.code()}).status_code == 429
    with clock.at(start + timedelta(minutes=16)):
        later = world.browser()
        give_password(later, person.email, person.password)
        assert later.post("/sign-in/second-factor", {"code": person.code()}).status_code == 303


def test_a_lock_is_in_the_trail_once_and_the_table_names_nobody(world, person):
    lock(world, person.email)
    give_password(world.browser(), person.email, WRONG)
    with transaction(PLATFORM) as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.kind == Audited.ACCOUNT_LOCKED)).all()
        assert [e.subject_id for e in events] == [person.id]
        (key,) = session.scalars(select(SignInAttempt.key_hash)).all()
    assert person.email.encode() not in key


def test_what_is_over_is_forgotten(world, person):
    lock(world, person.email)
    give_password(world.browser(), "niemand@voorbeeld.example", WRONG)
    world.browser(person.id)
    with clock.at(clock.now() + timedelta(days=1, minutes=1)):
        world.browser(person.id)
        with transaction(PLATFORM) as session:
            assert jobs.forget_old() == {"attempts": 2, "sessions": 1, "resets": 0, "used": 0}
            assert session.scalar(select(func.count()).select_from(SignInAttempt)) == 0
