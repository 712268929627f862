"""The people of the demo, as the browser tests meet them."""

import re

from spreekbuis.demo.people import ACCOUNTS, PASSWORD
from tests.browser.person import Person

ENTITY = "OVO990001"
HANDLER = "behandelaar.integriteit@omg.voorbeeld.example"


def enter(person: Person, email: str) -> None:
    """Sign in with an account of the demo, on the page that the browser shows."""
    account = next(a for a in ACCOUNTS if a.email == email)
    person.sign_in(email, PASSWORD, account.totp_secret)


def cases_counted(central: Person) -> int:
    """How many cases of this year the central office sees, over all entities."""
    central.goto("/central/figures")
    found = re.search(r"Dossiers in \d{4}\s+(\d+)", central.page.locator(".tiles").inner_text())
    assert found
    return int(found[1])
