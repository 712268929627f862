"""Sign-in for years, in a real browser: sessions, recovery codes, another app, a passkey alone, and step-up."""

import json
from datetime import timedelta

import psycopg
import pytest

from spreekbuis.demo.people import ACCOUNTS, PASSWORD
from tests.browser.accessible import nothing_serious
from tests.browser.conftest import NewPerson
from tests.browser.demo import ENTITY, enter
from tests.browser.installation import Installation
from tests.browser.person import Person, next_code
from tests.browser.test_passkey import add_passkey, give_authenticator, named_home

pytestmark = pytest.mark.browser
__all__ = ["named_home"]

WHO = "beheerder@omg.voorbeeld.example"
ACCOUNT = next(account for account in ACCOUNTS if account.email == WHO)


def look(person: Person, name: str) -> None:
    person.photo(name, narrow=True)
    nothing_serious(person)


def away(home: Installation) -> None:
    """Everybody gave the second factor an hour ago."""
    told = json.loads((home.data / "environment.json").read_text())
    with psycopg.connect(told["DATABASE_URL"].replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "UPDATE sign_in_session SET confirmed_at = confirmed_at - %s", [timedelta(hours=1)]
        )


def test_sessions_codes_and_passkeys(named_home: Installation, people: NewPerson) -> None:
    person = people(named_home)
    person.goto("/sign-in")
    look(person, "si-sign-in")
    enter(person, WHO)
    person.goto("/account/sessions")
    look(person, "si-sessions")
    assert "Chrome op een Linux-computer" in person.reads()
    give_authenticator(person)
    add_passkey(person, "Computer op kantoor")
    assert person.sees("Je passkey is toegevoegd.")
    look(person, "si-account")
    person.press("Maak herstelcodes")
    assert person.sees("Bewaar ze op papier")
    look(person, "si-recovery-codes")
    code = person.page.locator("main li strong").first.inner_text()
    person.goto("/account/second-factor")
    look(person, "si-another-app")

    sign_out(person)
    person.goto("/sign-in")
    person.press("Meld je aan met een passkey")
    assert person.sees("Mijn werkplekken") or person.sees("Medewerkers")

    sign_out(person)
    half_way(person)
    look(person, "si-second-factor")
    person.press("Gebruik je passkey")
    person.page.wait_for_url(lambda url: "/sign-in" not in url)

    sign_out(person)
    half_way(person)
    person.unfold("Heb je je telefoon niet bij je?")
    person.fill("Herstelcode", "AAAA-AAAA-AAAA-AAAA")
    person.press("Meld je aan met een herstelcode")
    assert person.sees("Deze herstelcode klopt niet")
    look(person, "si-wrong-recovery-code")
    person.fill("Herstelcode", code.lower())
    person.press("Meld je aan met een herstelcode")
    person.page.wait_for_url(lambda url: "/sign-in" not in url)
    person.goto("/account")
    assert person.sees("Je hebt nog 9 codes.")


def test_a_dangerous_act_asks_again_and_keeps_what_was_typed(
    named_home: Installation, people: NewPerson
) -> None:
    person = people(named_home)
    enter(person, WHO)
    give_authenticator(person)
    add_passkey(person, "Telefoon")
    assert person.sees("Je passkey is toegevoegd.")
    invite(person, "eerste@omg.voorbeeld.example")
    away(named_home)
    person.press("Verstuur de uitnodiging")
    assert person.sees("Bevestig dat jij het bent")
    look(person, "si-confirm")
    person.fill("Code van 6 cijfers", next_code(ACCOUNT.totp_secret))
    person.press("Bevestig en ga verder")
    assert person.sees("eerste@omg.voorbeeld.example")

    invite(person, "tweede@omg.voorbeeld.example")
    away(named_home)
    person.press("Verstuur de uitnodiging")
    assert person.sees("Wat je invulde, blijft bewaard.")
    person.press("Bevestig met je passkey")
    assert person.sees("tweede@omg.voorbeeld.example")

    away(named_home)
    person.goto("/account/second-factor")
    assert person.sees("Bevestig dat jij het bent")
    look(person, "si-confirm-before-a-page")


def invite(person: Person, email: str) -> None:
    person.goto(f"/entity/{ENTITY}/members")
    person.fill("E-mailadres", email)
    person.choose("Beheerder van de entiteit")


def sign_out(person: Person) -> None:
    """As a browser that was closed: the mark of a known one stays."""
    person.context.clear_cookies(name="sign-in")


def half_way(person: Person) -> None:
    """The password was given, and the second factor is asked."""
    person.goto("/sign-in")
    person.fill("E-mailadres", WHO)
    person.fill("Wachtwoord", PASSWORD)
    person.press("Ga verder")
    assert person.sees("Vul je code in")
