"""Step-up: before a dangerous act one proves again to be oneself, and nothing that was typed is lost."""

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from spreekbuis import clock
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.identity import confirming
from spreekbuis.identity.models import Account, AccountKey, SignInSession
from spreekbuis.web.limits import CONFIRMED
from tests.identity.authenticator import PRESENT, Authenticator
from tests.identity.conftest import PASSWORD, make_person
from tests.identity.passkey_pages import add
from tests.identity.test_sign_in import give_password

NEW = "nog eens vier andere woorden"
TITLE = "Bevestig dat jij het bent"


def wait(minutes=CONFIRMED.minutes):
    """The second factor of every session was given so long ago."""
    with transaction(PLATFORM) as session:
        session.execute(update(SignInSession).values(confirmed_at=clock.now() - timedelta(minutes=minutes)))


def kept_in(page):
    return html.unescape(re.search(r'name="kept" value="([^"]+)"', page)[1])


def change(browser, **more):
    return browser.post("/account/password", {"current_password": PASSWORD, "new_password": NEW, **more})


def lock_of(person):
    with transaction(PLATFORM) as session:
        return session.scalars(select(AccountKey.locked_by_password).filter_by(account_id=person.id)).one()


def test_within_ten_minutes_nobody_is_asked_again(world, person):
    browser = world.browser(person.id)
    wait(CONFIRMED.minutes - 1)
    assert change(browser).status_code == 303


def test_after_that_the_code_is_asked_and_what_was_typed_goes_on_with_it(world, person):
    browser, before = world.browser(person.id), lock_of(person)
    wait()
    asked = change(browser)
    assert asked.status_code == 401
    assert TITLE in asked.text
    assert "Wat je invulde, blijft bewaard." in asked.text
    assert lock_of(person) == before
    done = browser.post("/account/password", {"kept": kept_in(asked.text), "code": person.code()})
    assert (done.status_code, done.location) == (303, "/account?done=password-changed")
    assert give_password(world.browser(), person.email, NEW).status_code == 303
    assert browser.get("/account/second-factor").status_code == 200, "and is not asked again"


def test_what_waits_in_the_page_cannot_be_read_there(world, person):
    browser = world.browser(person.id)
    wait()
    page = change(browser).text
    assert PASSWORD not in page
    assert NEW not in page


def test_a_wrong_code_does_nothing_keeps_what_was_typed_and_five_lock(world, person):
    browser, before = world.browser(person.id), lock_of(person)
    wait()
    kept = kept_in(change(browser).text)
    for _ in range(4):
        answer = browser.post("/account/password", {"kept": kept, "code": "000000"})
        assert answer.status_code == 422
        kept = kept_in(answer.text)
    assert "klopt niet of is al gebruikt" in answer.text
    browser.post("/account/password", {"kept": kept, "code": "000000"})
    assert browser.post("/account/password", {"kept": kept, "code": person.code()}).status_code == 429
    assert lock_of(person) == before


def test_a_code_serves_once_also_when_the_act_itself_is_refused(world, person):
    browser = world.browser(person.id)
    wait()
    kept = kept_in(change(browser, new_password="kort").text)
    answer = browser.post("/account/password", {"kept": kept, "code": person.code()})
    assert (answer.status_code, "minstens 12 tekens" in answer.text) == (422, True)
    wait()
    kept = kept_in(change(browser).text)
    assert browser.post("/account/password", {"kept": kept, "code": person.code()}).status_code == 422


def test_what_waits_goes_on_by_itself_once_this_browser_confirmed_elsewhere(world, person):
    browser = world.browser(person.id)
    wait()
    kept = kept_in(change(browser).text)
    assert (
        browser.post("/account/confirm", {"code": person.code(), "next": "/account"}).location == "/account"
    )
    assert browser.post("/account/password", {"kept": kept}).status_code == 303


@pytest.mark.parametrize(
    "spoil", [lambda k: k[:-8] + "AAAAAAA=", lambda k: "zz", lambda k: "", lambda k: "é"]
)
def test_what_says_to_have_waited_and_was_not_ours_is_refused(world, person, spoil):
    browser = world.browser(person.id)
    wait()
    kept = spoil(kept_in(change(browser).text))
    answer = browser.post("/account/password", {"kept": kept, "code": person.code()})
    assert answer.status_code == 422
    assert "Dit formulier klopt niet" in answer.text


def test_what_waited_fits_one_account_and_one_address(world, person, app):
    browser = world.browser(person.id)
    wait()
    kept = kept_in(change(browser).text)
    other = make_person("audit@voorbeeld.example")
    for account_id, path in ((other.id, "/account/password"), (person.id, "/account/passkeys/remove")):
        with pytest.raises(confirming.NotKeptHere):
            confirming.what_waited(account_id, path, kept)
    assert ("new_password", NEW) in confirming.what_waited(person.id, "/account/password", kept)


def test_a_page_that_is_dangerous_to_open_asks_first_and_then_opens(world, person):
    browser = world.browser(person.id)
    wait()
    sent = browser.get("/account/second-factor")
    assert sent.location == "/account/confirm?next=/account/second-factor"
    assert TITLE in browser.get(sent.location).text
    answer = browser.post("/account/confirm", {"code": person.code(), "next": "/account/second-factor"})
    assert answer.location == "/account/second-factor"
    assert browser.get(answer.location).status_code == 200
    assert browser.get(sent.location).location == "/account/second-factor"


@pytest.mark.parametrize(
    "path",
    [
        "https://elders.example",
        "//elders.example",
        "/\\elders.example",
        "javascript:alert(1)",
        "/\t/elders.example",
    ],
)
def test_confirming_leads_to_no_other_site(world, person, path):
    browser = world.browser(person.id)
    wait()
    asked = browser.get("/account/confirm", query_string={"next": path}).text
    assert 'name="next" value=""' in asked
    answer = browser.post("/account/confirm", {"code": person.code(), "next": path})
    assert answer.location == "/workplaces"


def test_a_passkey_confirms_too_and_only_the_own_one(world, person):
    browser, phone = world.browser(person.id), Authenticator()
    add(browser, phone)
    other = make_person("audit@voorbeeld.example")
    world.secrets[other.id] = other.key_secret
    stranger, theirs = world.browser(other.id), Authenticator()
    add(stranger, theirs)
    wait()
    assert "Bevestig met je passkey" in change(browser).text
    asked = browser.post("/account/confirm/begin").json
    (credential,) = theirs.kept.values()
    assert (
        browser.post("/account/confirm/passkey", theirs.use(asked, credential=credential)).status_code == 422
    )
    assert change(browser).status_code == 401
    careless = Authenticator(flags=PRESENT, kept=phone.kept)
    asked = browser.post("/account/confirm/begin").json
    assert browser.post("/account/confirm/passkey", careless.use(asked)).status_code == 422
    asked = browser.post("/account/confirm/begin").json
    answer = browser.post("/account/confirm/passkey", phone.use(asked) | {"next": "/account"})
    assert answer.json == {"next": "/account"}
    assert change(browser).status_code == 303


def test_a_copy_of_a_passkey_betrays_itself_by_its_count(world, person):
    browser, phone = world.browser(person.id), Authenticator()
    add(browser, phone)
    (credential,) = phone.kept.values()
    for _ in range(3):
        assert browser.post(
            "/account/confirm/passkey", phone.use(browser.post("/account/confirm/begin").json)
        ).json
    credential.count = 1  # what the thief's copy had counted when it was made
    wait()
    answer = browser.post("/account/confirm/passkey", phone.use(browser.post("/account/confirm/begin").json))
    assert answer.status_code == 422
    assert change(browser).status_code == 401


def test_confirming_is_of_one_session_and_not_of_the_account(world, person):
    mine, left_open = world.browser(person.id), world.browser(person.id)
    wait()
    mine.post("/account/confirm", {"code": person.code()})
    assert change(left_open).status_code == 401
    assert change(mine).status_code == 303


def test_an_account_whose_session_ended_signs_in_and_its_form_still_goes_on(world, person):
    browser = world.browser(person.id)
    wait()
    kept = kept_in(change(browser).text)
    with transaction(PLATFORM) as session:
        session.execute(update(SignInSession).values(expires_at=clock.now()))
    again = browser.post("/account/password", {"kept": kept, "code": person.code()})
    assert again.status_code == 401
    assert kept in html.unescape(again.text)
    assert person.code() not in again.text
    back = world.browser(person.id)
    assert back.post("/account/password", {"kept": kept}).status_code == 303
    with transaction(PLATFORM) as session:
        assert session.get_one(Account, person.id).disabled_at is None
