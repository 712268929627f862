"""The second factor: set-up, codes that work once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select

from spreekbuis import clock
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.identity import accounts, second_factor
from spreekbuis.identity.models import Account
from spreekbuis.identity.second_factor import WrongCode
from tests.identity.conftest import PASSWORD
from tests.identity.test_sign_in import give_password

STEP = timedelta(seconds=30)


def check(person, code):
    with transaction(PLATFORM):
        second_factor.check(person.id, code)


def test_a_code_works_once(person):
    with clock.at(clock.now()):
        check(person, person.code())
        with pytest.raises(WrongCode):
            check(person, person.code())


def test_the_code_before_a_used_one_no_longer_works(person):
    with clock.at(clock.now()):
        check(person, person.code())
        with pytest.raises(WrongCode):
            check(person, person.code(-1))


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_telephone_may_be_one_step_off(person, steps):
    with clock.at(clock.now()):
        check(person, person.code(steps))


@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
def test_two_steps_off_is_too_far(person, steps):
    with clock.at(clock.now()), pytest.raises(WrongCode):
        check(person, person.code(steps))


@pytest.mark.parametrize("code", ["", "0", "abcdef", "12345", "1234567", "١٢٣٤٥٦", "²³⁴⁵⁶⁷", "-12345"])
def test_what_is_no_code_is_refused(person, code):
    with pytest.raises(WrongCode):
        check(person, code)


def test_spaces_in_a_code_do_no_harm(person):
    with clock.at(clock.now()):
        code = person.code()
        check(person, f" {code[:3]} {code[3:]} ")


def test_a_sealed_secret_opens_for_its_own_account_only(app):
    one, other = new_id(), new_id()
    sealed = second_factor.seal_secret(one, "GEHEIM")
    assert b"GEHEIM" not in sealed
    assert second_factor.open_secret(one, sealed) == "GEHEIM"
    with pytest.raises(InvalidTag):
        second_factor.open_secret(other, sealed)


def new_account(email="nieuw@voorbeeld.example"):
    with transaction(PLATFORM):
        return accounts.create_account(email, "Loket", "nl", PASSWORD).id


def secret_of(account_id):
    with transaction(PLATFORM):
        return second_factor.secret_to_set_up(account_id)


def test_the_first_sign_in_leads_to_the_set_up_and_the_next_one_does_not(world):
    account_id = new_account()
    browser = world.browser()
    give_password(browser, "nieuw@voorbeeld.example", PASSWORD)
    page = browser.get("/sign-in/second-factor")
    assert "<svg" in page.text
    assert "data:" not in page.text
    assert "style=" not in page.text
    secret = secret_of(account_id)
    assert " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)) in page.text
    assert browser.get("/account").status_code == 303
    wrong = browser.post("/sign-in/second-factor", {"code": "000000"})
    assert wrong.status_code == 422
    assert "<svg" in wrong.text
    with clock.at(clock.now()):
        done = browser.post("/sign-in/second-factor", {"code": pyotp.TOTP(secret).at(clock.now())})
    assert done.status_code == 303
    assert browser.get("/account").status_code == 200
    again = world.browser()
    give_password(again, "nieuw@voorbeeld.example", PASSWORD)
    assert secret[:4] not in again.get("/sign-in/second-factor").text
    assert secret_of(account_id) is None


def test_the_code_that_confirmed_does_not_sign_in_again(world):
    account_id = new_account()
    with transaction(PLATFORM):
        second_factor.begin_set_up(account_id)
    with clock.at(clock.now()):
        code = pyotp.TOTP(secret_of(account_id)).at(clock.now())
        with transaction(PLATFORM):
            second_factor.confirm(account_id, code)
        with pytest.raises(WrongCode), transaction(PLATFORM):
            second_factor.check(account_id, code)


def test_each_password_before_the_set_up_makes_a_fresh_secret(world):
    account_id = new_account()
    give_password(world.browser(), "nieuw@voorbeeld.example", PASSWORD)
    first = secret_of(account_id)
    give_password(world.browser(), "nieuw@voorbeeld.example", PASSWORD)
    assert secret_of(account_id) not in (None, first)


def test_a_confirmed_second_factor_is_not_replaced_by_signing_in(world, person):
    give_password(world.browser(), person.email, person.password)
    with transaction(PLATFORM) as session:
        sealed = session.scalar(select(Account.totp_sealed).where(Account.id == person.id))
    assert second_factor.open_secret(person.id, sealed) == person.secret


def test_a_reset_ends_the_sessions_and_asks_for_a_new_set_up(world, person):
    browser = world.browser(person.id)
    with transaction(PLATFORM):
        accounts.reset_second_factor(person.id)
    assert browser.get("/account").status_code == 303
    again = world.browser()
    give_password(again, person.email, person.password)
    assert "<svg" in again.get("/sign-in/second-factor").text
    assert again.post("/sign-in/second-factor", {"code": person.code()}).status_code == 422


def test_of_two_who_send_the_same_code_at_once_one_comes_in(app, person):
    for _ in range(5):
        with transaction(PLATFORM) as session:
            session.get_one(Account, person.id).totp_last_counter = 0

        moment = clock.now()
        code = pyotp.TOTP(person.secret).at(moment)

        def attempt(_, moment=moment, code=code):
            with app.app_context(), clock.at(moment):
                try:
                    check(person, code)
                except WrongCode:
                    return 0
                return 1

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(attempt, range(2))) == 1
