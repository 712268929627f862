"""Which passwords are good enough, and how they are changed."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest

from spreekbuis import clock
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.identity import jobs, lockout, passwords
from spreekbuis.identity.accounts import create_account, disable_account
from spreekbuis.identity.password_policy import weakness
from spreekbuis.vault.sealing import new_secret
from spreekbuis.web import links, server
from tests.conftest import REAL_WORK
from tests.identity.conftest import PASSWORD, make_person
from tests.identity.test_sign_in import give_password, signed_in

NEW = "nog eens vier andere woorden"
EMAIL = "integriteit@voorbeeld.example"
SECRET, BOUND = new_secret(), b"an account"


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("kort", "minstens 12 tekens"),
        ("elf tekens!", "minstens 12 tekens"),
        ("", "minstens 12 tekens"),
        ("ab " * 100, "hoogstens 256 tekens"),
        ("ik werk bij SpreekBuis", "spreekbuis"),
        ("mijn Integriteit 77", "begin van je e-mailadres"),
        ("1qaz2wsx3edc", "gelekte"),
        ("PASSWORDPASSWORD", "te raden"),
        ("qwertyuiop12", "gelekte"),
        ("aaaaaaaaaaaaaaaa", "te raden"),
        ("123456789012", "te raden"),
        ("wachtwoord123", "te raden"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(app, password, why):
    with app.test_request_context("/?lang=nl"):
        assert why in str(weakness(password, EMAIL))


@pytest.mark.parametrize(
    "password",
    ["vier woorden op een rij", "x9fk2mvq81lz",
     "éénœuvre-çà-et-là", "密码 一二三四五六七八九十", "🔑🦉🌧️🪵🧭🏔️🪁🐌🧦🫖🥕🛶",
     "a" * 20 + "zonder reeks", "w" + "é×7k" * 60],
)  # fmt: skip
def test_a_long_password_in_any_script_is_good(app, password):
    assert weakness(password, EMAIL) is None


def locked_with(password: str, bound_to: bytes = BOUND) -> bytes:
    return passwords.lock_with_password(password, SECRET, bound_to)


def opened(password: str, locked: bytes | None, bound_to: bytes = BOUND) -> bytes | None:
    return passwords.open_with_password(password, locked, bound_to)


def test_the_same_characters_fit_however_the_keyboard_composed_them():
    locked = locked_with("caf\u00e9 en vier woorden")
    assert opened("cafe\u0301 en vier woorden", locked) == SECRET
    assert opened("cafe en vier woorden", locked) is None


@pytest.mark.parametrize(
    "stored",
    [
        None,
        b"",
        b"geen slot",
        b"$argon2id$v=19$m=1$x",
        b"\x01" + b"kort",
        b"\x02" + bytes(200),
        b"\x00" * 200,
    ],
)
def test_without_a_usable_lock_no_password_fits(stored):
    assert opened("", stored) is None
    assert opened(PASSWORD, stored) is None


def test_a_lock_that_was_changed_cut_off_or_moved_opens_no_more():
    locked = locked_with(PASSWORD)
    assert opened(PASSWORD, locked) == SECRET
    for n in range(
        10, len(locked)
    ):  # the salt and all that follows; the parameters before it have their own test
        assert opened(PASSWORD, locked[:n] + bytes([locked[n] ^ 1]) + locked[n + 1 :]) is None, n
    assert opened(PASSWORD, locked[:-1]) is None
    assert opened(PASSWORD, locked[:30]) is None
    assert opened(PASSWORD, locked, b"another account") is None


def test_the_same_password_twice_gives_two_locks_that_look_alike_in_nothing():
    one, other = locked_with(PASSWORD), locked_with(PASSWORD)
    assert one[10:] != other[10:]
    assert SECRET not in one + other
    assert PASSWORD.encode() not in one + other


def test_the_lock_says_with_which_work_it_was_made_and_opens_with_that(monkeypatch):
    locked = locked_with(PASSWORD)
    assert not passwords.is_outdated(locked)
    for change in ({"passes": 2}, {"memory": 16}, {"memory": 32, "lanes": 2}):
        monkeypatch.setattr(passwords, "WORK", passwords.WORK._replace(**change))
        assert passwords.is_outdated(locked)
        assert opened(PASSWORD, locked) == SECRET
        assert not passwords.is_outdated(locked_with(PASSWORD))


@pytest.mark.parametrize(
    "asked",
    [(8, 100 << 20, 1), (1 << 31, 8, 1), (1, 64 * 1024, 255), (0, 64, 1), (1, 0, 1), (1, 64, 0), (1, 16, 4)],
)
def test_a_row_that_was_changed_to_ask_other_work_is_refused_and_that_is_logged(monkeypatch, caplog, asked):
    """Passes, KiB and lanes: 100 GiB, hours, more lanes than there are, and less than Argon2 can do."""
    locked, tried = locked_with(PASSWORD), []
    real = passwords.Argon2id
    monkeypatch.setattr(passwords, "Argon2id", lambda **values: tried.append(values) or real(**values))
    head = passwords._HEAD.pack(passwords.ARGON2ID, *asked, locked[10:26])
    assert opened(PASSWORD, head + locked[26:]) is None
    (work,) = tried
    assert (work["iterations"], work["memory_cost"], work["lanes"]) == passwords.WORK
    assert "asks work that we never ask" in caplog.text


def test_there_is_room_to_grow_and_it_ends_at_a_quarter_of_a_gibibyte():
    assert all(most >= 4 * now for most, now in zip(passwords.MOST, REAL_WORK, strict=True))
    assert passwords.MOST.memory <= 256 * 1024


def test_a_password_costs_at_least_what_rfc_9106_asks(monkeypatch):
    """Its second choice, where memory is scarce: 3 passes over 64 MiB, a salt of 128 bits and a tag of 256."""
    assert REAL_WORK.passes >= 3
    assert REAL_WORK.memory >= 64 * 1024
    asked = []
    real = passwords.Argon2id
    monkeypatch.setattr(passwords, "WORK", REAL_WORK)
    monkeypatch.setattr(passwords, "Argon2id", lambda **values: asked.append(values) or real(**values))
    assert opened(PASSWORD, locked_with(PASSWORD)) == SECRET
    assert opened(PASSWORD, None) is None
    for values in asked:
        assert (values["iterations"], values["memory_cost"], values["lanes"]) == REAL_WORK
        assert (len(values["salt"]), values["length"]) == (16, 32)
    assert len(asked) == 3


def test_no_more_passwords_are_worked_on_at_once_than_memory_allows(monkeypatch):
    monkeypatch.setattr(passwords, "LONGEST_WAIT", 0.01)
    locked = locked_with(PASSWORD)
    with all_at_work():
        with pytest.raises(passwords.Busy):
            locked_with(PASSWORD)
        with pytest.raises(passwords.Busy):
            opened(PASSWORD, locked)
        with pytest.raises(passwords.Busy):
            opened(PASSWORD, None)
    assert opened(PASSWORD, locked) == SECRET


@contextmanager
def all_at_work() -> Iterator[None]:
    """As many as there may be are working on a password at this moment."""
    with ExitStack() as stack:
        for _ in range(passwords.AT_ONCE):
            stack.enter_context(passwords._turns.one(known=True))
        yield


def test_more_than_may_wait_are_told_at_once_and_hold_no_thread():
    locked = locked_with(PASSWORD)
    with ExitStack() as stack:
        for _ in range(passwords.AT_ONCE + passwords.WAITING):
            stack.enter_context(passwords._line)
        with pytest.raises(passwords.Busy):
            opened(PASSWORD, locked)
        assert passwords.open_with_password(PASSWORD, locked, BOUND, known=True) == SECRET
        for _ in range(passwords.WAITING_KNOWN):
            stack.enter_context(passwords._line_of_known)
        with pytest.raises(passwords.Busy):
            passwords.open_with_password(PASSWORD, locked, BOUND, known=True)
    assert opened(PASSWORD, locked) == SECRET


def test_whoever_is_known_comes_before_the_strangers_that_wait():
    turns, served = passwords._turns, []
    waits = {True: threading.Event(), False: threading.Event()}
    real = turns._is_next

    def wait(*, known: bool) -> None:
        with turns.one(known=known):
            served.append(known)

    def watched(*, known: bool) -> bool:
        waits[known].set()
        return real(known=known)

    threads = [threading.Thread(target=wait, kwargs={"known": known}) for known in (False, False, True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(turns, "_is_next", watched)
        with turns.one(known=False):
            for thread, known in zip(threads, (False, False, True), strict=True):
                waits[known].clear()
                thread.start()
                assert waits[known].wait(10)
        for thread in threads:
            thread.join(10)
    assert served == [True, False, False]


def test_all_who_wait_leave_threads_to_those_who_report():
    left = server.threads - passwords.AT_ONCE - passwords.WAITING - passwords.WAITING_KNOWN
    assert left >= 2


def test_a_busy_moment_is_a_page_that_says_so(world, person, monkeypatch):
    monkeypatch.setattr(passwords, "LONGEST_WAIT", 0.01)
    with all_at_work():
        answer = give_password(world.browser(), person.email, person.password)
    assert answer.status_code == 503
    assert "druk" in answer.text


def test_a_try_that_nobody_had_time_for_does_not_lock_anybody_out(world, person, monkeypatch):
    monkeypatch.setattr(passwords, "LONGEST_WAIT", 0.01)
    browser = signed_in(world, person)
    with all_at_work():
        for _ in range(lockout.TRIES):
            assert give_password(world.browser(), person.email, person.password).status_code == 503
            assert change(browser, PASSWORD, NEW).status_code == 503
    assert give_password(world.browser(), person.email, person.password).status_code == 303
    for _ in range(lockout.TRIES - 1):
        assert give_password(world.browser(), person.email, "verkeerd wachtwoord").status_code == 422
    with all_at_work():
        assert give_password(world.browser(), person.email, "verkeerd wachtwoord").status_code == 503
    assert give_password(world.browser(), person.email, "verkeerd wachtwoord").status_code == 422
    assert give_password(world.browser(), person.email, PASSWORD).status_code == 429


def change(browser, current, new):
    return browser.post("/account/password", {"current_password": current, "new_password": new})


def test_changing_the_password_ends_the_other_sessions_and_sends_a_mail(world, person, mails):
    browser, other = signed_in(world, person), world.browser(person.id)
    assert change(browser, PASSWORD, NEW).location == "/account?done=password-changed"
    assert browser.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    assert give_password(world.browser(), person.email, PASSWORD).status_code == 422
    assert give_password(world.browser(), person.email, NEW).status_code == 303
    assert mails(jobs.MAIL_PASSWORD_CHANGED) == [
        {"template": "password_changed", "to": person.email, "language": "nl"}
    ]


def test_changing_needs_the_current_password_and_wrong_ones_lock(world, person):
    browser = signed_in(world, person)
    for _ in range(5):
        answer = change(browser, "niet het huidige", NEW)
        assert answer.status_code == 422
        assert "niet je huidige wachtwoord" in answer.text
    assert change(browser, PASSWORD, NEW).status_code == 429


def test_a_weak_new_password_changes_nothing(world, person):
    browser = signed_in(world, person)
    answer = change(browser, PASSWORD, "wachtwoord123")
    assert answer.status_code == 422
    assert "te raden" in answer.text
    assert give_password(world.browser(), person.email, PASSWORD).status_code == 303


def ask(world, email):
    return world.browser().post("/password-reset", {"email": email})


def link_for(world, mails, email):
    ask(world, email)
    (mail,) = mails(jobs.MAIL_PASSWORD_RESET)
    assert (mail["template"], mail["to"]) == ("password_reset", email)
    return mail["path"]


def test_a_mailed_link_sets_a_password_once_and_ends_all_sessions(world, person, mails):
    browser = world.browser(person.id)
    path = link_for(world, mails, person.email)
    guest = world.browser()
    assert guest.get(path).status_code == 200
    assert guest.get(path).status_code == 200, "looking at the link does not use it"
    weak = guest.post(path, {"new_password": "kort"})
    assert weak.status_code == 422
    assert guest.post(path, {"new_password": NEW}).location == "/sign-in?done=password-set"
    assert browser.get("/account").status_code == 303
    assert guest.get(path).status_code == 410
    assert guest.post(path, {"new_password": "weer een heel ander wachtwoord"}).status_code == 410
    again = world.browser()
    assert give_password(again, person.email, NEW).status_code == 303
    assert '<svg class="icon"' in again.get("/sign-in/second-factor").text
    assert again.post("/sign-in/second-factor", {"code": person.code()}).status_code == 303, (
        "same second factor"
    )


def test_the_answer_does_not_tell_whether_an_account_exists(world, person, mails):
    known, unknown = ask(world, person.email), ask(world, "niemand@voorbeeld.example")
    assert known.status_code == unknown.status_code == 303
    assert known.location == unknown.location == "/sign-in?done=reset-asked"
    assert [m["to"] for m in mails(jobs.MAIL_PASSWORD_RESET)] == [person.email]


def test_a_link_is_over_after_an_hour_and_when_the_password_changed_meanwhile(world, person, mails):
    path = link_for(world, mails, person.email)
    with clock.at(clock.now() + timedelta(hours=1)):
        answer = world.browser().get(path)
        assert answer.status_code == 410
        assert "verlopen" in answer.text
    change(signed_in(world, person), PASSWORD, NEW)
    assert world.browser().post(path, {"new_password": "weer een heel ander wachtwoord"}).status_code == 410
    assert give_password(world.browser(), person.email, NEW).status_code == 303


def test_a_link_that_was_changed_or_made_for_something_else_does_not_work(world, person, mails, app):
    path = link_for(world, mails, person.email)
    assert world.browser().get(path[:-2] + "xx").status_code == 404
    assert world.browser().get(f"/password-reset/{links.sign('invitation', new_id())}").status_code == 404
    assert world.browser().get(f"/password-reset/{links.sign('password-reset', new_id())}").status_code == 410


def test_a_link_ends_the_lock_out_of_its_owner(world, person, mails):
    for _ in range(5):
        give_password(world.browser(), person.email, "verkeerd wachtwoord")
    path = link_for(world, mails, person.email)
    world.browser().post(path, {"new_password": NEW})
    assert give_password(world.browser(), person.email, NEW).status_code == 303


def test_nobody_can_fill_a_mailbox_with_links(world, person, mails):
    for _ in range(9):
        assert ask(world, person.email).status_code == 303
    assert len(mails(jobs.MAIL_PASSWORD_RESET)) == 5


def test_a_disabled_account_gets_no_link_and_an_earlier_link_stops(world, person, mails):
    path = link_for(world, mails, person.email)
    with transaction(PLATFORM):
        disable_account(person.id)
    assert world.browser().get(path).status_code == 410
    ask(world, person.email)
    assert mails(jobs.MAIL_PASSWORD_RESET) == []


def test_an_account_without_a_password_gets_one_by_link(world, mails):
    with transaction(PLATFORM):
        create_account("zonder@voorbeeld.example", "Loket", "nl", None)
    assert give_password(world.browser(), "zonder@voorbeeld.example", "").status_code == 422
    path = link_for(world, mails, "zonder@voorbeeld.example")
    world.browser().post(path, {"new_password": NEW})
    assert give_password(world.browser(), "zonder@voorbeeld.example", NEW).status_code == 303


@pytest.mark.parametrize("email", ["", "geen adres", "a@b@c", "x" * 300 + "@voorbeeld.example"])
def test_what_is_no_address_is_named(world, email):
    answer = ask(world, email)
    assert answer.status_code == 422
    assert 'href="#email"' in answer.text


def test_somebody_elses_link_changes_their_password_only(world, person, mails):
    other = make_person("audit@voorbeeld.example")
    path = link_for(world, mails, other.email)
    world.browser().post(path, {"new_password": NEW})
    assert give_password(world.browser(), person.email, PASSWORD).status_code == 303
    assert give_password(world.browser(), other.email, PASSWORD).status_code == 422
