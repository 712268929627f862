"""A browser in which an account signed in before: strangers neither lock it out nor crowd it out."""

import re
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from spreekbuis import clock
from spreekbuis.app import create_app
from spreekbuis.audit.models import AuditEvent
from spreekbuis.audit.trail import Audited
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.identity import known_browser, lockout, passwords
from spreekbuis.identity.models import Account, SignInAttempt
from tests.conftest import _settings
from tests.identity.conftest import PASSWORD, make_person
from tests.identity.test_lockout import WRONG, lock
from tests.identity.test_passwords import NEW, change, link_for
from tests.identity.test_sign_in import give_password, signed_in

NAME = "known-browser"
AT = "/sign-in"


def mark_of(browser) -> str | None:
    cookie = browser.client.get_cookie(NAME, path=AT)
    return None if cookie is None else cookie.value


def showing(world, mark):
    """A new browser that shows this mark, and holds nothing else."""
    browser = world.browser()
    browser.client.set_cookie(NAME, mark, path=AT)
    return browser


@pytest.fixture
def known(world, person):
    """The owner's browser, signed out."""
    browser = signed_in(world, person)
    browser.post("/sign-out")
    browser.client.set_cookie(*world.browser().cookie)
    return browser


def test_the_owner_signs_in_while_strangers_lock_the_address(world, person, known):
    lock(world, person.email)
    assert give_password(world.browser(), person.email, PASSWORD).status_code == 429
    assert give_password(known, person.email, PASSWORD).status_code == 303
    assert give_password(world.browser(), person.email, PASSWORD).status_code == 429, "strangers wait on"


def test_the_owner_signs_in_while_strangers_fill_the_queue(world, person, known):
    with ExitStack() as stack:
        for _ in range(passwords.AT_ONCE + passwords.WAITING):
            stack.enter_context(passwords._line)
        assert give_password(world.browser(), person.email, PASSWORD).status_code == 503
        assert give_password(known, person.email, PASSWORD).status_code == 303


def test_whoever_is_signed_in_changes_the_password_meanwhile(world, person):
    browser = signed_in(world, person)
    lock(world, person.email)
    with ExitStack() as stack:
        for _ in range(passwords.AT_ONCE + passwords.WAITING):
            stack.enter_context(passwords._line)
        assert change(browser, PASSWORD, NEW).location == "/account?done=password-changed"


def test_wrong_tries_in_a_known_browser_lock_it_alone_and_are_in_the_trail(world, person, known):
    mark = mark_of(known)
    for _ in range(lockout.TRIES):
        assert give_password(showing(world, mark), person.email, WRONG).status_code == 422
    assert give_password(showing(world, mark), person.email, PASSWORD).status_code == 429
    assert give_password(world.browser(), person.email, PASSWORD).status_code == 303
    with transaction(PLATFORM) as session:
        locked = select(AuditEvent.subject_id).where(AuditEvent.kind == Audited.ACCOUNT_LOCKED)
        assert session.scalars(locked).all() == [person.id]


def test_a_try_that_nobody_had_time_for_does_not_lock_a_known_browser(person, known, monkeypatch):
    monkeypatch.setattr(passwords, "LONGEST_WAIT", 0.01)
    with passwords._turns.one(known=False):
        for _ in range(lockout.TRIES):
            assert give_password(known, person.email, PASSWORD).status_code == 503
    assert give_password(known, person.email, PASSWORD).status_code == 303


def test_whoever_has_an_earlier_mark_does_not_lock_out_the_owner(world, person, known):
    stolen = mark_of(known)
    with transaction(PLATFORM) as session:
        session.get_one(Account, person.id).totp_last_counter = 0
    give_password(known, person.email, PASSWORD)
    known.post("/sign-in/second-factor", {"code": person.code()})
    known.post("/sign-out")
    known.client.set_cookie(*world.browser().cookie)
    assert mark_of(known) != stolen
    for _ in range(lockout.TRIES + 1):
        give_password(showing(world, stolen), person.email, WRONG)
    assert give_password(known, person.email, PASSWORD).status_code == 303


def test_a_mark_opens_nothing_by_itself(world, person, known):
    thief = showing(world, mark_of(known))
    assert thief.get("/account").status_code == 303
    assert give_password(thief, person.email, WRONG).status_code == 422
    assert give_password(thief, person.email, PASSWORD).location == "/sign-in/second-factor"
    assert thief.get("/workplaces").location.startswith("/sign-in/second-factor")


def test_nothing_but_a_complete_sign_in_gives_a_mark_and_signing_out_keeps_it(world, person):
    browser = world.browser()
    give_password(browser, person.email, WRONG)
    give_password(browser, person.email, PASSWORD)
    assert mark_of(browser) is None
    answer = browser.post("/sign-in/second-factor", {"code": person.code()})
    mark = mark_of(browser)
    (cookie,) = (c for c in answer.headers.getlist("Set-Cookie") if c.startswith(NAME))
    for part in ("HttpOnly", "SameSite=Strict", "Path=/sign-in", f"Max-Age={180 * 24 * 60 * 60}"):
        assert part in cookie.split("; ")
    browser.post("/sign-out")
    assert mark_of(browser) == mark


def test_it_names_nobody_and_is_kept_nowhere(world, person, known):
    mark = mark_of(known)
    for told in (person.email, str(person.id), person.id.hex):
        assert told not in mark
    give_password(known, person.email, WRONG)
    with transaction(PLATFORM) as session:
        assert session.scalar(select(func.count()).select_from(SignInAttempt)) == 1
        assert mark.split(".")[1].encode() not in session.scalars(select(SignInAttempt.key_hash)).one()


def test_another_account_of_the_same_browser_is_a_stranger(world, person, known):
    other = make_person("audit@voorbeeld.example")
    lock(world, other.email)
    assert give_password(known, other.email, PASSWORD).status_code == 429
    assert give_password(known, "niemand@voorbeeld.example", PASSWORD).status_code == 422


def test_what_is_no_mark_of_ours_is_a_stranger(world, person, known):
    mark = mark_of(known)
    minute, name, code = mark.split(".")
    later = f"{int(minute, 16) + 1:x}"
    lock(world, person.email)
    forged = [
        "", "x", f"{minute}.{name}", f"{minute}.{name}.{'0' * 64}", f"{later}.{name}.{code}", mark + "0",
        f"{minute}.{name[:-1]}{'A' if name[-1] != 'A' else 'B'}.{code}", mark.upper(), "é.é.é", mark * 20,
    ]  # fmt: skip
    for each in forged:
        assert give_password(showing(world, each), person.email, PASSWORD).status_code == 429, each
    with world.app.test_request_context():
        assert known_browser.lane_of(mark, person.id, new_id()) is None
        assert known_browser.lane_of(None, person.id, new_id()) is None


def test_a_mark_is_over_after_half_a_year(world, person, known):
    start = clock.now()
    for later, status in ((timedelta(days=179), 303), (timedelta(days=180), 429)):
        with clock.at(start + later):
            lock(world, person.email)
            assert give_password(known, person.email, PASSWORD).status_code == status


def test_a_reset_makes_every_earlier_mark_worthless_and_a_change_of_password_does_not(
    world, person, known, mails
):
    other = signed_in_again(world, person)
    change(other, PASSWORD, NEW)
    lock(world, person.email)
    assert give_password(known, person.email, NEW).status_code == 303
    path = link_for(world, mails, person.email)
    assert world.browser().post(path, {"new_password": PASSWORD}).status_code == 303
    lock(world, person.email)
    known.client.set_cookie(*world.browser().cookie)
    assert give_password(known, person.email, PASSWORD).status_code == 429


def signed_in_again(world, person):
    with transaction(PLATFORM) as session:
        session.get_one(Account, person.id).totp_last_counter = 0
    return signed_in(world, person)


def test_it_never_comes_along_with_a_report(world, person, known):
    entity = world.entity()
    for path in ("/", f"/o/{entity.ovo}/report", "/inbox/open", "/workplaces"):
        sent = known.get(path).request.headers.get("Cookie", "")
        assert NAME not in sent, path
    assert NAME in known.get("/sign-in").request.headers["Cookie"]


def test_behind_https_it_is_sent_over_https_alone(database, tmp_path, world, person):
    settings = replace(
        _settings(database["app"], database["figures"], tmp_path), base_url="https://spreekbuis.example"
    )
    client = create_app(settings, pool_size=1).test_client()

    def post(path, **form):
        page = client.get(path, base_url="https://spreekbuis.example").text
        found = re.search(r'name="csrf" value="([^"]*)"', page)
        return client.post(path, data={"csrf": found[1], **form}, base_url="https://spreekbuis.example")

    post("/sign-in", email=person.email, password=PASSWORD)
    cookies = post("/sign-in/second-factor", code=person.code()).headers.getlist("Set-Cookie")
    (cookie,) = (c for c in cookies if NAME in c)
    assert cookie.startswith("__Secure-known-browser=")
    assert "Secure" in cookie.split("; ")
    assert "Domain" not in cookie
