"""Signing in, through the pages."""

from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import select

from spreekbuis import clock
from spreekbuis.audit.models import AuditEvent
from spreekbuis.audit.trail import Audited
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.identity import accounts, keys, passwords
from spreekbuis.identity.models import AccountKey, SignInSession
from spreekbuis.web.access import Role
from spreekbuis.web.limits import HALF_WAY
from tests.identity.conftest import PASSWORD


def give_password(browser, email, password, **more):
    return browser.post("/sign-in", {"email": email, "password": password, **more})


def token_of(browser):
    cookie = browser.client.get_cookie("sign-in")
    return None if cookie is None else cookie.value


def signed_in(world, person):
    browser = world.browser()
    give_password(browser, person.email, person.password)
    assert browser.post("/sign-in/second-factor", {"code": person.code()}).status_code == 303
    return browser


def test_password_and_code_together_sign_in_and_are_in_the_trail(world, person):
    browser = world.browser()
    first = give_password(browser, "  LOKET@Voorbeeld.example ", person.password)
    assert (first.status_code, first.location) == (303, "/sign-in/second-factor")
    assert browser.get("/workplaces").location.startswith("/sign-in/second-factor")
    second = browser.post("/sign-in/second-factor", {"code": person.code()})
    assert (second.status_code, second.location) == (303, "/workplaces")
    assert browser.get("/workplaces").status_code == 200
    with transaction(PLATFORM) as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.kind == Audited.ACCOUNT_SIGNED_IN)).one()
        assert event.actor == f"account:{person.id}"


@pytest.mark.parametrize("path", ["/workplaces", "/account"])
def test_a_password_alone_opens_no_page(world, person, path):
    browser = world.browser()
    give_password(browser, person.email, person.password)
    assert browser.get(path).status_code == 303
    changed = browser.post(
        "/account/password", {"current_password": PASSWORD, "new_password": "nog eens vier woorden"}
    )
    assert changed.status_code == 401


def test_the_token_changes_at_each_step_and_the_old_one_no_longer_works(world, person):
    browser = world.browser()
    give_password(browser, person.email, person.password)
    half_way = token_of(browser)
    browser.post("/sign-in/second-factor", {"code": person.code()})
    assert token_of(browser) not in (None, half_way)
    stolen = world.browser()
    stolen.client.set_cookie("sign-in", half_way)
    assert stolen.get("/workplaces").status_code == 303
    assert stolen.get("/sign-in/second-factor").location == "/sign-in"


def test_the_cookie_is_unreadable_for_scripts_and_the_table_does_not_hold_it(world, person):
    browser = world.browser()
    answer = give_password(browser, person.email, person.password)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires" not in cookie
    with transaction(PLATFORM) as session:
        kept = session.scalars(select(SignInSession.token_hash)).one()
    assert token_of(browser).encode() not in kept


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("loket@voorbeeld.example", "een ander wachtwoord"),
        ("niemand@voorbeeld.example", PASSWORD),
        ("loket@voorbeeld.example", PASSWORD.upper()),
        ("loket@voorbeeld.example", PASSWORD + " "),
        ("loket@voorbeeld.example", "x" * 100_000),
        ("geen adres", "\x00'; DROP TABLE account"),
        ("𝔩𝔬𝔨𝔢𝔱@voorbeeld.example", "👩‍💼\u202e"),
    ],
)
def test_every_wrong_pair_gets_the_same_answer(world, person, email, password):
    answer = give_password(world.browser(), email, password)
    assert answer.status_code == 422
    assert "Je e-mailadres of je wachtwoord klopt niet." in answer.text
    assert "Set-Cookie" not in answer.headers
    assert password not in answer.text


def test_an_unknown_address_costs_as_much_work_as_a_known_one(world, person, monkeypatch):
    tried = []
    real = passwords.Argon2id
    monkeypatch.setattr(passwords, "Argon2id", lambda **values: tried.append(values) or real(**values))
    give_password(world.browser(), person.email, "verkeerd wachtwoord")
    give_password(world.browser(), "niemand@voorbeeld.example", "verkeerd wachtwoord")
    assert len(tried) == 2
    known, unknown = ({name: v for name, v in values.items() if name != "salt"} for values in tried)
    assert known == unknown


def test_a_disabled_account_gets_the_same_answer_and_its_sessions_have_ended(world, person):
    browser = signed_in(world, person)
    with transaction(PLATFORM):
        accounts.disable_account(person.id)
    with transaction(PLATFORM) as session:
        assert session.scalars(select(SignInSession.account_id)).all() == []
    assert browser.get("/account").status_code == 303
    assert give_password(world.browser(), person.email, person.password).status_code == 422


def test_empty_fields_are_named_and_count_as_no_try(world, person):
    for _ in range(7):
        answer = give_password(world.browser(), "", "")
    assert answer.status_code == 422
    assert "Vul je e-mailadres in." in answer.text
    assert "Vul je wachtwoord in." in answer.text
    assert 'href="#email"' in answer.text


@pytest.mark.parametrize(
    "elsewhere",
    ["//kwaad.example", "https://kwaad.example", "/\\kwaad.example", "\\/kwaad.example", "/\t/kwaad.example",
     "javascript:alert(1)", "kwaad.example", "///kwaad.example", "/ok\r\nSet-Cookie: x=y", "/" + "a" * 3000],
)  # fmt: skip
def test_next_never_leads_to_another_site(world, person, elsewhere):
    browser = world.browser()
    answer = give_password(browser, person.email, person.password, next=elsewhere)
    assert answer.location == "/sign-in/second-factor"
    answer = browser.post("/sign-in/second-factor", {"code": person.code(), "next": elsewhere})
    assert answer.location == "/workplaces"
    assert browser.get("/sign-in", query_string={"next": elsewhere}).location == "/workplaces"


def test_next_brings_back_to_the_page_that_asked_to_sign_in(world, person):
    browser = world.browser()
    asked = browser.get("/account")
    assert asked.location == "/sign-in?next=/account"
    assert 'name="next" value="/account"' in browser.get(asked.location).text
    answer = give_password(browser, person.email, person.password, next="/account")
    assert answer.location == "/sign-in/second-factor?next=/account"
    assert 'name="next" value="/account"' in browser.get(answer.location).text
    answer = browser.post("/sign-in/second-factor", {"code": person.code(), "next": "/account"})
    assert answer.location == "/account"


def test_a_session_ends_after_half_an_hour_without_work_and_after_ten_hours_with_it(world, person):
    browser = signed_in(world, person)
    start = clock.now()
    for minutes in range(20, 600, 20):
        with clock.at(start + timedelta(minutes=minutes)):
            assert browser.get("/account").status_code == 200, minutes
    with clock.at(start + timedelta(hours=10, minutes=1)):
        assert browser.get("/account").status_code == 303
    idle = world.browser(person.id)
    with clock.at(start + timedelta(minutes=31)):
        assert idle.get("/account").status_code == 303


def test_half_way_lasts_a_quarter_of_an_hour(world, person):
    browser = world.browser()
    give_password(browser, person.email, person.password)
    with clock.at(clock.now() + HALF_WAY.lasts + timedelta(seconds=1)):
        assert browser.get("/sign-in/second-factor").location == "/sign-in"
        assert browser.post("/sign-in/second-factor", {"code": person.code()}).location == "/workplaces"
        assert browser.get("/workplaces").status_code == 303


def test_signing_out_ends_the_session_in_the_database(world, person):
    browser = signed_in(world, person)
    token = token_of(browser)
    answer = browser.post("/sign-out")
    assert answer.location == "/sign-in?done=signed-out"
    assert token_of(browser) is None
    browser.client.set_cookie("sign-in", token)
    assert browser.get("/account").status_code == 303


def test_signing_out_takes_a_form_of_ours_and_a_link_does_nothing(world, person):
    browser = signed_in(world, person)
    assert browser.get("/sign-out").status_code == 405
    assert browser.client.post("/sign-out", data={"csrf": "x"}).status_code == 409
    assert browser.get("/account").status_code == 200


def test_somebody_with_one_workplace_goes_straight_there(world, person):
    with transaction(PLATFORM):
        accounts.grant_platform_role(person.id, Role.PLATFORM_ADMINISTRATOR)
    browser = world.browser()
    give_password(browser, person.email, person.password)
    with world.app.test_request_context():
        entry = next(e for e in world.app.extensions["nav"] if e.may == "manage_platform")
    answer = browser.post("/sign-in/second-factor", {"code": person.code()})
    assert answer.status_code == 303
    assert world.app.url_map.bind("localhost").match(answer.location)[0] == entry.endpoint
    assert "Alle entiteiten" in browser.get("/workplaces").text


def test_who_signs_in_at_a_busy_moment_keeps_the_older_lock_until_the_next_time(world, person, monkeypatch):
    old = stored_key(person).locked_by_password
    monkeypatch.setattr(passwords, "WORK", passwords.Work(passes=2, memory=64, lanes=1))

    def busy(*_):
        raise passwords.Busy

    with monkeypatch.context() as patch:
        patch.setattr(keys, "lock_with_password", busy)
        assert give_password(world.browser(), person.email, person.password).status_code == 303
    assert stored_key(person).locked_by_password == old
    assert give_password(world.browser(), person.email, person.password).status_code == 303
    assert not passwords.is_outdated(stored_key(person).locked_by_password)


def stored_key(person) -> AccountKey:
    with transaction(PLATFORM) as session:
        key = session.get_one(AccountKey, person.id)
        session.expunge(key)
        return key


def test_a_lock_made_with_less_work_is_made_again_at_sign_in_around_the_same_key(world, person, monkeypatch):
    old = stored_key(person)
    assert give_password(world.browser(), person.email, person.password).status_code == 303
    assert stored_key(person).locked_by_password == old.locked_by_password, "nothing to renew"
    monkeypatch.setattr(passwords, "WORK", passwords.Work(passes=2, memory=64, lanes=1))
    assert give_password(world.browser(), person.email, "verkeerd wachtwoord").status_code == 422
    assert stored_key(person).locked_by_password == old.locked_by_password, (
        "only who knows the password renews"
    )
    assert give_password(world.browser(), person.email, person.password).status_code == 303
    fresh = stored_key(person)
    assert passwords.is_outdated(old.locked_by_password)
    assert not passwords.is_outdated(fresh.locked_by_password)
    assert (fresh.key_id, fresh.public_key) == (old.key_id, old.public_key)
    binding = keys.password_binding(person.id, fresh.key_id)
    opened = passwords.open_with_password(person.password, fresh.locked_by_password, binding)
    assert opened == person.key_secret
    assert give_password(world.browser(), person.email, person.password).status_code == 303


def test_a_sign_in_during_a_change_of_password_does_not_bring_the_old_password_back(
    world, person, monkeypatch
):
    """The old password was proved, then the change came, then the older work is renewed: too late."""
    monkeypatch.setattr(passwords, "WORK", passwords.Work(passes=2, memory=64, lanes=1))
    lock_again, other = keys.lock_with_password, "een heel ander wachtwoord 42"
    key_id = stored_key(person).key_id

    def change_elsewhere(secret):
        with world.app.app_context(), transaction(PLATFORM):
            keys.change_lock(person.id, key_id, secret, other)

    def change_comes_first(password, secret, binding):
        monkeypatch.setattr(keys, "lock_with_password", lock_again)
        change = Thread(target=change_elsewhere, args=(secret,))
        change.start()
        change.join(20)
        return lock_again(password, secret, binding)

    monkeypatch.setattr(keys, "lock_with_password", change_comes_first)
    give_password(world.browser(), person.email, person.password)
    binding = keys.password_binding(person.id, stored_key(person).key_id)
    locked = stored_key(person).locked_by_password
    assert passwords.open_with_password(other, locked, binding) == person.key_secret
    assert passwords.open_with_password(person.password, locked, binding) is None
