"""A passkey alone signs in, and a passkey stands for the code after the password."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from spreekbuis import clock
from spreekbuis.audit.models import AuditEvent
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.identity import jobs, keys
from spreekbuis.identity.accounts import disable_account, reset_second_factor
from spreekbuis.identity.keys import secret_in_session
from spreekbuis.identity.models import SignInSession, UsedOnce
from spreekbuis.identity.passkey_lock import CHALLENGE_LIFETIME
from tests.identity.authenticator import PRESENT, Authenticator, Credential, decoded, encoded
from tests.identity.passkey_pages import add
from tests.identity.test_sign_in import give_password, token_of


@pytest.fixture
def phone(world, person):
    """A telephone with a passkey of the person."""
    made = Authenticator()
    assert add(world.browser(person.id), made).status_code == 200
    return made


def question(browser):
    asked = browser.post("/sign-in/passkey/begin")
    assert asked.status_code == 200, asked.text
    return asked.json


def enter(browser, phone, **other):
    return browser.post("/sign-in/passkey", phone.use(question(browser), **other) | {"next": "/account"})


def is_in(browser):
    return browser.get("/workplaces").status_code == 200


def test_the_question_names_no_passkey_and_wants_the_owner_verified(world, person):
    asked = question(world.browser())
    assert asked["allowCredentials"] == []
    assert asked["userVerification"] == "required"
    assert asked["extensions"]["prf"]["eval"]["first"]


def test_without_a_password_the_owner_is_in_and_can_read(world, person, phone, mails):
    browser = world.browser()
    answer = enter(browser, phone)
    assert answer.json == {"next": "/account"}
    assert is_in(browser)
    with transaction(PLATFORM) as session:
        assert secret_in_session(token_of(browser)) == person.key_secret
        event = session.scalars(select(AuditEvent).filter_by(kind="account.signed_in")).one()
        assert (event.actor, event.data) == (f"account:{person.id}", {"by": "passkey_alone"})
    assert len(mails(jobs.MAIL_NEW_BROWSER)) == 1
    assert "known-browser" in " ".join(answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize(
    "other",
    [{"domain": "elders.example"}, {"challenge": encoded(bytes(52))}, {"kind": "webauthn.create"}],
    ids=["domain", "challenge", "kind"],
)
def test_an_answer_that_is_no_proof_opens_nothing(world, phone, other):
    browser = world.browser()
    assert enter(browser, phone, **other).status_code == 422
    assert not is_in(browser)


def test_without_its_owner_or_on_another_site_a_passkey_opens_nothing(world, phone):
    for thief in (
        Authenticator(flags=PRESENT, kept=phone.kept),
        Authenticator(origin="https://el.example", kept=phone.kept),
    ):
        browser = world.browser()
        assert enter(browser, thief).status_code == 422
        assert not is_in(browser)


def test_an_answer_serves_once(world, phone):
    browser = world.browser()
    used = phone.use(question(browser))
    assert browser.post("/sign-in/passkey", used).status_code == 200
    browser.post("/sign-out")
    assert browser.post("/sign-in/passkey", used).status_code >= 400
    assert not is_in(browser)


def test_the_same_answer_of_an_authenticator_that_does_not_count_serves_once_too(world, person):
    """Many count nothing: then the challenge alone is what stops a second time."""
    phone = Authenticator()
    add(world.browser(person.id), phone)
    (credential,) = phone.kept.values()
    credential.count = -1
    browser = world.browser()
    used = phone.use(question(browser))
    assert browser.post("/sign-in/passkey", used).status_code == 200
    again = world.browser()
    again.client.set_cookie("form", browser.client.get_cookie("form").value)
    answer = again.post("/sign-in/passkey", used)
    assert (answer.status_code, "duurde te lang" in answer.json["title"]) == (409, True)
    assert not is_in(again)
    with transaction(PLATFORM) as session:
        assert len(session.scalars(select(UsedOnce.until)).all()) == 1


def test_an_answer_belongs_to_the_browser_that_asked(world, phone):
    asked, other = world.browser(), world.browser()
    used = phone.use(question(asked))
    assert other.post("/sign-in/passkey", used).status_code == 422
    assert not is_in(other)


def test_a_question_is_over_after_five_minutes(world, phone):
    browser = world.browser()
    used = phone.use(question(browser))
    with clock.at(clock.now() + CHALLENGE_LIFETIME + timedelta(seconds=1)):
        assert browser.post("/sign-in/passkey", used).status_code == 409
        assert not is_in(browser)


def test_a_passkey_that_nobody_has_and_one_of_a_closed_account_get_the_same_answer(world, person, phone):
    with transaction(PLATFORM):
        disable_account(person.id)
    closed, unknown = (
        enter(world.browser(), phone),
        enter(world.browser(), Authenticator(), credential=Credential()),
    )
    assert (closed.status_code, closed.json) == (unknown.status_code, unknown.json)
    assert closed.status_code == 422


def test_a_copy_of_a_passkey_betrays_itself_by_its_count(world, phone):
    for _ in range(3):
        assert enter(world.browser(), phone).status_code == 200
    (credential,) = phone.kept.values()
    credential.count = 1
    browser = world.browser()
    assert enter(browser, phone).status_code == 422
    assert not is_in(browser)


def test_another_output_opens_nothing_though_the_signature_is_good(world, phone):
    browser = world.browser()
    for output in ("", encoded(bytes(32))):
        answer = browser.post("/sign-in/passkey", phone.use(question(browser)) | {"output": output})
        assert answer.status_code == 422
        assert not is_in(browser)


def test_a_passkey_of_an_earlier_pair_and_one_after_a_reset_of_the_second_factor_are_not_enough(
    world, person, phone
):
    with transaction(PLATFORM):
        keys.make_key(person.id, "een heel ander wachtwoord")
    browser = world.browser()
    answer = enter(browser, phone)
    assert (answer.status_code, "nu niet aanmelden" in answer.json["title"]) == (409, True)
    assert not is_in(browser)


def test_when_the_telephone_was_lost_its_passkey_alone_is_not_enough_nor_after_the_password(
    world, person, phone
):
    with transaction(PLATFORM):
        reset_second_factor(person.id)
    browser = world.browser()
    assert enter(browser, phone).status_code == 409
    give_password(browser, person.email, person.password)
    asked = browser.post("/sign-in/second-factor/passkey/begin").json
    assert browser.post("/sign-in/second-factor/passkey", phone.use(asked)).status_code == 422
    assert not is_in(browser)


def test_the_token_of_before_is_over_and_a_planted_one_never_serves(world, person, phone):
    browser, stranger = world.browser(), world.browser()
    give_password(browser, person.email, person.password)
    stranger.client.set_cookie("sign-in", token_of(browser))
    assert enter(browser, phone).status_code == 200
    assert not is_in(stranger)
    with transaction(PLATFORM) as session:
        assert all(session.scalars(select(SignInSession.complete)).all())


@pytest.mark.parametrize("path", ["https://elders.example", "//elders.example", "/\\elders.example"])
def test_it_leads_to_no_other_site(world, phone, path):
    browser = world.browser()
    answer = browser.post("/sign-in/passkey", phone.use(question(browser)) | {"next": path})
    assert answer.json == {"next": "/workplaces"}


@pytest.mark.parametrize(
    "told", ["", "{}", "null", '{"response": {"clientDataJSON": "zz"}}', json.dumps({"response": 1})]
)
def test_nonsense_is_refused(world, told):
    assert world.browser().post("/sign-in/passkey", {"answer": told}).status_code == 422


# -- after the password --------------------------------------------------------------------------------------------


def after_password(world, person):
    browser = world.browser()
    give_password(browser, person.email, person.password)
    return browser


def test_after_the_password_a_passkey_stands_for_the_code(world, person, phone):
    browser = after_password(world, person)
    assert "Gebruik je passkey" in browser.get("/sign-in/second-factor").text
    asked = browser.post("/sign-in/second-factor/passkey/begin").json
    assert [decoded(known["id"]) for known in asked["allowCredentials"]] == list(phone.kept)
    answer = browser.post("/sign-in/second-factor/passkey", phone.use(asked))
    assert answer.json == {"next": "/workplaces"}
    assert is_in(browser)


def test_without_the_password_it_does_not(world, person, phone):
    browser = world.browser()
    assert browser.post("/sign-in/second-factor/passkey/begin").json == {"next": "/sign-in"}
    assert browser.post("/sign-in/second-factor/passkey", phone.use(question(browser))).json == {
        "next": "/sign-in"
    }
    assert not is_in(browser)


def test_an_answer_for_one_half_way_session_does_not_end_another(world, person, phone):
    mine, other = after_password(world, person), after_password(world, person)
    used = phone.use(mine.post("/sign-in/second-factor/passkey/begin").json)
    other.post("/sign-in/second-factor/passkey/begin")
    assert other.post("/sign-in/second-factor/passkey", used).status_code == 422
    assert not is_in(other)


def test_a_page_without_passkeys_offers_none(world, person):
    assert "Gebruik je passkey" not in after_password(world, person).get("/sign-in/second-factor").text
