"""Codes on paper for who has no telephone at hand, and another app for the codes."""

import html
import re

import pyotp
import pytest
from sqlalchemy import select

from spreekbuis.audit.models import AuditEvent
from spreekbuis.clock import now
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.identity import jobs, recovery_codes
from spreekbuis.identity.accounts import reset_second_factor
from spreekbuis.identity.models import RecoveryCode
from tests.identity.conftest import make_person
from tests.identity.test_sign_in import give_password, token_of

CODE = re.compile(r"<strong>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})</strong>")


def make(browser):
    page = browser.post("/account/recovery-codes")
    assert page.status_code == 200
    return CODE.findall(page.text)


def half_way(world, person):
    browser = world.browser()
    give_password(browser, person.email, person.password)
    return browser


def give(browser, code):
    return browser.post("/sign-in/recovery-code", {"recovery_code": code})


@pytest.fixture
def codes(world, person):
    return make(world.browser(person.id))


def test_there_are_ten_they_differ_and_the_table_has_none_of_them(world, person, codes, mails):
    assert len(set(codes)) == 10
    with transaction(PLATFORM) as session:
        kept = session.scalars(select(RecoveryCode.code_hash)).all()
    assert len(kept) == 10
    assert not any(code.replace("-", "").encode() in row for code in codes for row in kept)
    assert mails(jobs.MAIL_RECOVERY_CODES_MADE)[0]["to"] == person.email


def test_they_are_shown_once_and_the_account_page_says_how_many_are_left(world, person, codes):
    browser = world.browser(person.id)
    page = browser.get("/account").text
    assert "Je hebt nog 10 codes." in page
    assert not CODE.search(page)
    assert browser.get("/account/recovery-codes").status_code == 405


@pytest.mark.parametrize("write", [str, str.lower, lambda c: c.replace("-", " "), lambda c: f"  {c}  "])
def test_a_code_stands_for_the_second_factor_however_it_is_typed(world, person, codes, mails, write):
    browser = half_way(world, person)
    before = token_of(browser)
    assert give(browser, write(codes[3])).status_code == 303
    assert token_of(browser) != before
    page = browser.get("/account").text
    assert "Je hebt nog 9 codes." in page
    assert mails(jobs.MAIL_RECOVERY_CODE_USED) == [
        {"template": "recovery_code_used", "to": person.email, "language": "nl"}
    ]
    with transaction(PLATFORM) as session:
        event = session.scalars(select(AuditEvent).filter_by(kind="recovery_codes.used")).one()
        assert (event.actor, event.data) == (f"account:{person.id}", {"left": 9})


def test_a_code_works_once(world, person, codes):
    give(half_way(world, person), codes[0])
    again = half_way(world, person)
    assert give(again, codes[0]).status_code == 422
    assert again.get("/workplaces").status_code == 303


def test_a_new_set_replaces_the_one_before(world, person, codes):
    newer = make(world.browser(person.id))
    browser = half_way(world, person)
    assert give(browser, codes[0]).status_code == 422
    assert give(browser, newer[0]).status_code == 303


def test_codes_of_somebody_else_and_nonsense_open_nothing_and_count_with_the_tries_of_the_app(
    world, person, codes
):
    other = make_person("audit@voorbeeld.example")
    world.secrets[other.id] = other.key_secret
    theirs = make(world.browser(other.id))
    browser = half_way(world, person)
    for wrong in (theirs[0], "", "AAAA-AAAA-AAAA-AAAA", "' OR 1=1 --"):
        assert give(browser, wrong).status_code == 422
    browser.post("/sign-in/second-factor", {"code": "000000"})
    give(browser, "AAAA-AAAA-AAAA-AAAA")
    assert give(browser, codes[0]).status_code == 429
    assert browser.post("/sign-in/second-factor", {"code": person.code()}).status_code == 429


def test_without_the_password_a_code_opens_nothing(world, person, codes):
    browser = world.browser()
    assert give(browser, codes[0]).location == "/workplaces"
    assert browser.get("/workplaces").status_code == 303
    with transaction(PLATFORM):
        assert recovery_codes.left(person.id) == 10


def test_a_typed_code_is_not_written_into_a_page(world, person, codes):
    browser = half_way(world, person)
    assert "AAAA-AAAA-AAAA-AAAB" not in give(browser, "AAAA-AAAA-AAAA-AAAB").text


def test_with_a_second_factor_that_was_reset_the_codes_are_worthless(world, person, codes):
    with transaction(PLATFORM):
        reset_second_factor(person.id)
    browser = half_way(world, person)
    assert give(browser, codes[0]).status_code == 422
    assert browser.get("/workplaces").status_code == 303


# -- another app --------------------------------------------------------------------------------------------------


def another_app(browser):
    page = browser.get("/account/second-factor").text
    secret = re.search(r'<strong class="num" translate="no">([A-Z2-7 ]+)</strong>', page)[1].replace(" ", "")
    sealed = html.unescape(re.search(r'name="sealed" value="([^"]+)"', page)[1])
    return secret, sealed


def test_another_app_takes_over_once_it_showed_a_code(world, person, mails):
    browser, elsewhere = world.browser(person.id), world.browser(person.id)
    secret, sealed = another_app(browser)
    assert browser.post("/account/second-factor", {"sealed": sealed, "code": "000000"}).status_code == 422
    assert elsewhere.get("/workplaces").status_code == 200
    code = pyotp.TOTP(secret).at(now())
    done = browser.post("/account/second-factor", {"sealed": sealed, "code": code})
    assert done.location == "/account?done=second-factor-changed"
    assert elsewhere.get("/workplaces").status_code == 303
    assert mails(jobs.MAIL_SECOND_FACTOR_CHANGED)[0]["to"] == person.email
    entering = half_way(world, person)
    assert entering.post("/sign-in/second-factor", {"code": person.code()}).status_code == 422
    assert entering.post("/sign-in/second-factor", {"code": code}).status_code == 422, "it served already"
    next_code = pyotp.TOTP(secret).at(now(), counter_offset=1)
    assert entering.post("/sign-in/second-factor", {"code": next_code}).status_code == 303


@pytest.mark.parametrize("sealed", ["", "AAAA", "zz", "é", "A" * 80])
def test_a_secret_that_is_not_ours_is_not_taken(world, person, sealed):
    browser = world.browser(person.id)
    answer = browser.post("/account/second-factor", {"sealed": sealed, "code": "123456"})
    assert answer.location == "/account/second-factor"
    assert half_way(world, person).post("/sign-in/second-factor", {"code": person.code()}).status_code == 303


def test_the_secret_of_another_account_is_not_taken(world, person):
    other = make_person("audit@voorbeeld.example")
    world.secrets[other.id] = other.key_secret
    secret, sealed = another_app(world.browser(other.id))
    answer = world.browser(person.id).post(
        "/account/second-factor", {"sealed": sealed, "code": pyotp.TOTP(secret).at(now())}
    )
    assert answer.location == "/account/second-factor"
