"""Two colleagues of one desk: cases handed over with the keyboard, and a declared conflict after which one is gone."""

import re

import pytest

from spreekbuis.demo.people import COLLEAGUE
from tests.browser.accessible import nothing_serious
from tests.browser.conftest import NewPerson
from tests.browser.demo import ENTITY, HANDLER, enter
from tests.browser.installation import Installation
from tests.browser.person import Person
from tests.browser.test_keyboard import tab_to

pytestmark = pytest.mark.browser
WORK_LIST = f"/desk/{ENTITY}/cases"


def numbers(person: Person, view: str) -> list[str]:
    """The numbers of the cases in a view of the work list."""
    person.goto(f"{WORK_LIST}?view={view}")
    return person.page.locator("tbody th a").all_inner_texts()


def count(person: Person, view: str) -> str:
    """What stands beside a view of the work list."""
    person.goto(WORK_LIST)
    return person.page.get_by_role("link", name=re.compile(f"^{view} ")).locator(".count").inner_text()


def test_cases_change_hands_with_the_keyboard_and_a_declared_conflict_takes_one_away(
    demo_home: Installation, people: NewPerson
) -> None:
    handler, colleague = people(demo_home), people(demo_home)
    enter(handler, HANDLER)
    enter(colleague, COLLEAGUE.email)
    chosen = numbers(handler, "mine")[:2]
    nothing_serious(handler)

    keyboard = handler.page.keyboard
    for number in chosen:
        tab_to(handler, f"Kies {number}")
        keyboard.press("Space")
    tab_to(handler, "Geef de aangevinkte dossiers aan")
    keyboard.type("Collega")
    handler.photo("e-assign", narrow=True)
    tab_to(handler, "Wijs toe")
    keyboard.press("Enter")
    assert handler.sees("De gekozen dossiers zijn toegewezen.")
    assert not set(chosen) & set(numbers(handler, "mine"))
    assert set(numbers(colleague, "mine")) == set(chosen)

    gone, stays = chosen
    before = int(count(colleague, "Alle open"))
    numbers(colleague, "mine")
    colleague.follow(gone)
    colleague.page.wait_for_url("**/cases/*-*")
    address = colleague.page.url.removeprefix(demo_home.url)
    nothing_serious(colleague)
    colleague.unfold("Ik mag dit dossier niet behandelen")
    colleague.press("Meld een belangenconflict")
    assert colleague.sees("Vink aan dat je dit dossier daarna niet meer ziet.")
    nothing_serious(colleague)
    colleague.photo("e-conflict", narrow=True)
    colleague.choose("Ik begrijp dat ik dit dossier daarna niet meer zie")
    colleague.press("Meld een belangenconflict")
    assert colleague.sees("Je ziet dat dossier niet meer.")

    assert numbers(colleague, "mine") == [stays]
    assert int(count(colleague, "Alle open")) == before - 1
    assert colleague.goto(address) == 404
    assert colleague.sees("Deze pagina bestaat niet")
    colleague.goto(f"{WORK_LIST}?number={gone}")
    assert colleague.sees("Geen dossier past bij je keuze")
    assert gone in numbers(handler, "free"), "the desk goes on with it"
    handler.follow(gone)
    handler.unfold("Wie dit dossier niet mag zien")
    assert handler.sees("Meldde zelf een belangenconflict")
    nothing_serious(handler)


def test_a_filter_is_kept_under_a_name_without_a_mouse(demo_home: Installation, people: NewPerson) -> None:
    handler = people(demo_home)
    enter(handler, HANDLER)
    handler.goto(f"{WORK_LIST}?view=late&category=fraud")
    tab_to(handler, "Bewaar deze selectie")
    handler.page.keyboard.press("Enter")
    tab_to(handler, "Naam van de selectie")
    handler.page.keyboard.type("Fraude te laat")
    handler.page.keyboard.press("Enter")
    assert handler.sees("Je selectie is bewaard.")
    nothing_serious(handler)
    handler.goto(WORK_LIST)
    handler.follow("Fraude te laat")
    assert "view=late" in handler.page.url
    assert "category=fraud" in handler.page.url
