"""A passkey in a real browser: added, and after a forgotten password the way back to the texts of the cases."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import CDPSession

from spreekbuis.demo.people import ACCOUNTS
from tests.browser.conftest import NewPerson
from tests.browser.demo import ENTITY, HANDLER, enter
from tests.browser.installation import Installation
from tests.browser.person import Person, link_in

pytestmark = pytest.mark.browser

SECRET = next(account.totp_secret for account in ACCOUNTS if account.email == HANDLER)
OTHER = "behandelaar.welzijn@omg.voorbeeld.example"
NEW = "zeven groene fietsen aan de vaart"
CASE = "tbody th a"


class AtLocalhost(Installation):
    """With a name for its address: browsers keep no passkey for a number."""

    def __init__(self) -> None:
        super().__init__()
        self.url = f"http://localhost:{self.port}"

    def _env(self) -> dict[str, str]:
        return {**super()._env(), "BASE_URL": self.url}


@pytest.fixture(scope="module")
def named_home() -> Iterator[Installation]:
    made = AtLocalhost()
    try:
        made.start(demo=True)
        yield made
        made.stop()
    finally:
        made.discard()


def give_authenticator(person: Person, *, has_prf: bool = True) -> tuple[CDPSession, str]:
    """An authenticator built into this browser, whose owner always agrees."""
    chromium = person.context.new_cdp_session(person.page)
    chromium.send("WebAuthn.enable", {"enableUI": False})
    made = chromium.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": True,
                "hasUserVerification": True, "hasPrf": has_prf, "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip
    return chromium, made["authenticatorId"]


def add_passkey(person: Person, label: str) -> None:
    person.goto("/account/passkeys/new")
    person.fill("Naam van de nieuwe passkey", label)
    person.press("Voeg een passkey toe")


def test_a_passkey_is_the_way_back_after_a_forgotten_password(
    named_home: Installation, people: NewPerson
) -> None:
    person = people(named_home)
    enter(person, HANDLER)
    person.goto(f"/desk/{ENTITY}/cases")
    person.page.locator(CASE).first.click()
    person.page.wait_for_url("**/cases/*-*")
    case_url = person.page.url.removeprefix(named_home.url)
    told = person.page.locator(".talk").first.inner_text()
    assert told

    give_authenticator(person)
    person.goto("/account")
    person.photo("p-account-no-passkeys", narrow=True)
    add_passkey(person, "Computer op kantoor")
    assert person.sees("Je passkey is toegevoegd.")
    person.photo("p-account-one-passkey", narrow=True)
    assert named_home.mail(HANDLER, "passkey")

    the_password_is_forgotten(person)
    person.goto("/account")
    assert person.sees("Van je vorige sleutel")
    person.photo("p-account-earlier-passkey", narrow=True)
    assert person.goto(case_url) == 403
    person.photo("p-case-shut")
    person.follow("Ga naar Toegang")
    person.photo("p-access-with-passkey", narrow=True)
    person.follow("Haal je toegang terug met je passkey")
    person.photo("p-restore", narrow=True)
    person.press("Gebruik je passkey")
    assert person.sees("Je toegang is terug.")
    person.photo("p-restored")
    assert person.goto(case_url) == 200
    assert person.page.locator(".talk").first.inner_text() == told
    person.goto("/account/restore-access")
    person.photo("p-nothing-to-restore", narrow=True)


def the_password_is_forgotten(person: Person) -> None:
    person.goto("/password-reset")
    person.fill("E-mailadres", HANDLER)
    person.press("Stuur me een link")
    person.goto(link_in(person.home.mail(HANDLER, "nieuw wachtwoord")))
    person.fill("Nieuw wachtwoord", NEW)
    person.press("Bewaar je wachtwoord")
    assert person.sees("Je nieuwe wachtwoord is bewaard.")
    person.sign_in(HANDLER, NEW, SECRET)


def test_what_goes_wrong_is_said_on_the_page(named_home: Installation, people: NewPerson) -> None:
    person = people(named_home)
    enter(person, OTHER)
    chromium, without = give_authenticator(person, has_prf=False)
    add_passkey(person, "Te oud")
    assert person.sees("Deze passkey kan je sleutel niet bewaren")
    person.photo("p-refused", narrow=True)
    chromium.send("WebAuthn.setUserVerified", {"authenticatorId": without, "isUserVerified": False})
    add_passkey(person, "Van een ander")
    assert person.sees("Je stopte, of je toestel antwoordde niet.")
    chromium.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": without})
    give_authenticator(person)
    add_passkey(person, "Goed")
    assert person.sees("Je passkey is toegevoegd.")
    add_passkey(person, "Nog eens")
    assert person.sees("Dit toestel heeft al een passkey van je account")
    person.goto("/account")
    person.press("Verwijder")
    assert person.sees("Je passkey is verwijderd.")
    # the browser itself reports the refusal above as a failed request
    person.wrong = [fault for fault in person.wrong if not fault.startswith("422")]


GIVES_NOTHING_YET = """
const create = navigator.credentials.create.bind(navigator.credentials);
navigator.credentials.create = async (options) => {
  const made = await create(options);
  made.getClientExtensionResults = () => ({ prf: { enabled: true } });
  return made;
};
const get = navigator.credentials.get.bind(navigator.credentials);
navigator.credentials.get = (options) => { sessionStorage.asked = "again"; return get(options); };
"""
"""As many security keys do: the PRF of a passkey comes when the passkey is used, and not when it is made."""


def test_an_authenticator_that_gives_its_prf_later_is_asked_again(
    named_home: Installation, people: NewPerson
) -> None:
    person = people(named_home)
    enter(person, OTHER)
    give_authenticator(person)
    person.page.add_init_script(GIVES_NOTHING_YET)
    add_passkey(person, "Sleutel aan mijn sleutelbos")
    assert person.sees("Je passkey is toegevoegd.")
    assert person.page.evaluate("sessionStorage.asked") == "again"


def test_without_javascript_the_page_says_what_needs_it(named_home: Installation, people: NewPerson) -> None:
    person = people(named_home, javascript=False)
    enter(person, OTHER)
    person.goto("/account/passkeys/new")
    assert "Voor passkeys heeft je browser JavaScript nodig." in person.reads()
    assert not person.page.get_by_role("button", name="Voeg een passkey toe").is_visible()
    person.photo("p-no-javascript")


def test_at_a_number_for_an_address_the_page_says_so(demo_home: Installation, people: NewPerson) -> None:
    person = people(demo_home)
    enter(person, OTHER)
    person.goto("/account/passkeys/new")
    assert "Passkeys werken alleen op een beveiligd adres met een naam." in person.reads()
    person.photo("p-no-name")
