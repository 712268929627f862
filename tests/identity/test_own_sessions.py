"""Where one is signed in: what the page tells, what it never keeps, and when a session is over."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from spreekbuis import clock
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.identity import jobs
from spreekbuis.identity.browser_kind import in_words, kind_of
from spreekbuis.identity.models import SignInSession
from spreekbuis.web.limits import IDLE, WHOLE
from tests.identity.test_sign_in import give_password, signed_in, token_of

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/139.0 Safari/537.36 Edg/139.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Safari/604"
CHROME = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/139.0 Mobile Safari/537.36"
NO_KIND = "Een browser die we niet herkennen"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (FIREFOX, "Firefox op een Linux-computer"),
        (EDGE, "Edge op een Windows-computer"),
        (SAFARI, "Safari op iPhone"),
        (CHROME, "Chrome op een Android-toestel"),
        ("", NO_KIND),
        ("<script>alert(1)</script>", NO_KIND),
        ("Firefox/1 op een koelkast", NO_KIND),
    ],
)
def test_a_browser_is_told_in_plain_words(app, line, words):
    with app.test_request_context():
        assert in_words(kind_of(line)) == words


def code_in(world, person, line=FIREFOX, steps=0):
    """Somebody signs in with both factors, in a browser that describes itself so."""
    browser = world.browser()
    give_password(browser, person.email, person.password)
    told = {"headers": {"User-Agent": line}, "environ_base": {"REMOTE_ADDR": "203.0.113.77"}}
    assert browser.post("/sign-in/second-factor", {"code": person.code(steps)}, **told).status_code == 303
    return browser


def test_the_page_tells_the_kind_of_browser_and_the_limits_with_their_reasons(world, person):
    browser = code_in(world, person)
    page = browser.get("/account/sessions").text
    assert "Firefox op een Linux-computer" in page
    assert "Deze browser" in page
    assert "Na 30 minuten zonder werk." in page
    assert str(IDLE.because) in page
    assert "Na 10 uur" in page
    assert "Beëindig alle andere" not in page


def test_neither_the_line_of_the_browser_nor_its_address_is_kept(world, person):
    code_in(world, person)
    with transaction(PLATFORM) as session:
        row = session.execute(select(*SignInSession.__table__.columns)).one()
    assert row.browser == "Firefox/linux"
    kept = " ".join(map(str, row))
    assert "Gecko" not in kept
    assert "203.0.113" not in kept


def test_a_session_ends_when_nothing_is_done_and_also_when_one_works_on(world, person):
    start = clock.now()
    idle, busy = world.browser(person.id), signed_in(world, person)
    with clock.at(start + IDLE.lasts - timedelta(minutes=1)):
        assert idle.get("/workplaces").status_code == 200
    with clock.at(start + 2 * IDLE.lasts):
        assert idle.get("/workplaces").status_code == 303
    for step in range(1, 24):
        with clock.at(start + step * (IDLE.lasts - timedelta(minutes=2))):
            answer = busy.get("/workplaces").status_code
        over = step * (IDLE.lasts - timedelta(minutes=2)) >= WHOLE.lasts
        assert answer == (303 if over else 200)


def test_a_cookie_that_was_copied_is_worth_nothing_after_signing_out(world, person):
    browser, thief = signed_in(world, person), world.browser()
    thief.client.set_cookie("sign-in", token_of(browser))
    assert thief.get("/account/sessions").status_code == 200
    browser.post("/sign-out")
    assert thief.get("/account/sessions").status_code == 303
    assert thief.post("/account/password", {}).status_code == 401


def test_a_cookie_that_a_stranger_planted_never_becomes_a_session(world, person):
    """Session fixation: the token changes when somebody signs in."""
    planted = "planted-by-somebody-who-waits"
    browser, stranger = world.browser(), world.browser()
    for each in (browser, stranger):
        each.client.set_cookie("sign-in", planted)
    give_password(browser, person.email, person.password)
    browser.post("/sign-in/second-factor", {"code": person.code()})
    assert token_of(browser) != planted
    assert stranger.get("/workplaces").status_code == 303


def test_a_sign_in_in_a_browser_that_is_not_known_is_told_by_mail_and_one_that_is_known_is_not(
    world, person, mails
):
    browser = code_in(world, person)
    told = mails(jobs.MAIL_NEW_BROWSER)
    assert told == [{"template": "new_browser", "to": person.email, "language": "nl"}]
    browser.post("/sign-out")
    give_password(browser, person.email, person.password)
    browser.post("/sign-in/second-factor", {"code": person.code(1)})
    assert len(mails(jobs.MAIL_NEW_BROWSER)) == 1


def test_a_wrong_code_in_an_unknown_browser_sends_no_mail(world, person, mails):
    browser = world.browser()
    give_password(browser, person.email, person.password)
    browser.post("/sign-in/second-factor", {"code": "000000"})
    assert mails(jobs.MAIL_NEW_BROWSER) == []


def test_the_pages_of_signing_in_say_the_same_whether_there_is_such_an_account_or_not(world, person, mails):
    known, unknown = (
        give_password(world.browser(), email, "een ander wachtwoord")
        for email in (person.email, "niemand@voorbeeld.example")
    )
    plain = [
        " ".join(
            line for line in answer.text.splitlines() if "csrf" not in line and 'name="email"' not in line
        )
        for answer in (known, unknown)
    ]
    assert plain[0] == plain[1]
    assert known.status_code == unknown.status_code
    assert mails(jobs.MAIL_NEW_BROWSER) == []


def test_another_owner_ends_none_of_mine(world, person):
    mine, stranger = world.browser(person.id), world.browser(world.account())
    with transaction(PLATFORM) as session:
        handles = session.scalars(select(SignInSession.token_hash).filter_by(account_id=person.id)).all()
    stranger.post("/account/sessions/end", {"session": handles[0].hex()})
    assert mine.get("/account/sessions").status_code == 200
    with transaction(PLATFORM) as session:
        session.execute(update(SignInSession).values(browser="x/y"))
    assert NO_KIND in mine.get("/account/sessions").text
