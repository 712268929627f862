"""A report with the keyboard alone."""

import pytest

from tests.browser.conftest import NewPerson
from tests.browser.demo import ENTITY
from tests.browser.installation import Installation
from tests.browser.person import Person
from tests.browser.reporting import STORY, choose_topic, words_of

pytestmark = pytest.mark.browser

FOCUSED = """() => {
  const e = document.activeElement;
  return [e.labels?.length ? e.labels[0].textContent : e.textContent, e.type || e.tagName].map(s => s.trim());
}"""
SHOWS_FOCUS = """() => {
  const shown = e => { const s = getComputedStyle(e); return s.outlineStyle !== 'none' || s.boxShadow !== 'none'; };
  const e = document.activeElement;
  return shown(e) || (e.labels?.length ? [...e.labels].some(shown) : false);
}"""


def tab_to(person: Person, words: str) -> None:
    """Press Tab until something with these words has the focus, and shows that it has."""
    person.page.wait_for_load_state("load")
    for _ in range(80):
        person.page.keyboard.press("Tab")
        if words in person.page.evaluate(FOCUSED)[0]:
            assert person.page.evaluate(SHOWS_FOCUS), f"one does not see that '{words}' has the focus"
            return
    raise AssertionError(f"Tab never comes to '{words}'")


def pick(person: Person, words: str) -> None:
    """Go to a group of radio buttons with Tab, and with the arrows to the option with these words."""
    for _ in range(80):
        person.page.keyboard.press("Tab")
        passed: list[str] = []
        while (here := person.page.evaluate(FOCUSED))[1] == "radio" and here[0] not in passed:
            if words in here[0]:
                person.page.keyboard.press("Space")
                assert person.page.evaluate(SHOWS_FOCUS), f"one does not see that '{words}' has the focus"
                return
            passed.append(here[0])
            person.page.keyboard.press("ArrowDown")
    raise AssertionError(f"the keyboard never comes to '{words}'")


def test_a_report_is_made_with_the_keyboard_alone(demo_home: Installation, people: NewPerson) -> None:
    reporter = people(demo_home)
    keyboard = reporter.page.keyboard
    reporter.goto("/")
    keyboard.press("Tab")
    assert reporter.page.evaluate(FOCUSED)[0] == "Ga naar de inhoud"
    reporter.photo("b-skip-link")
    keyboard.press("Enter")
    tab_to(reporter, "Ik wil iets melden of vragen")
    keyboard.press("Enter")
    reporter.page.wait_for_url("**/report")
    tab_to(reporter, "Naam of OVO-code")
    keyboard.type("omgeving")
    found = reporter.page.locator(f'#found a[href*="{ENTITY}"]')
    found.wait_for()
    tab_to(reporter, found.inner_text())
    keyboard.press("Enter")
    reporter.page.wait_for_url(f"**/o/{ENTITY}/report")
    pick(reporter, "Integriteit")
    pick(reporter, "Diefstal van werkmiddelen")
    reporter.photo("b-topic-focus")
    tab_to(reporter, "Ga verder")
    keyboard.press("Enter")
    reporter.page.wait_for_url("**/story*")
    tab_to(reporter, "Ik begrijp het en ga verder")
    keyboard.press("Enter")
    reporter.page.locator("#text").wait_for()
    tab_to(reporter, "Je verhaal")
    keyboard.type(STORY.split("\n")[0])
    pick(reporter, "Zonder naam")
    pick(reporter, "Personeelslid")
    tab_to(reporter, "Kijk je melding na")
    keyboard.press("Enter")
    reporter.page.wait_for_url("**/check")
    tab_to(reporter, "Verstuur")
    keyboard.press("Enter")
    assert words_of(reporter)


def test_after_an_error_the_focus_is_on_what_has_to_be_looked_at(
    demo_home: Installation, people: NewPerson
) -> None:
    reporter = people(demo_home)
    reporter.goto(f"/o/{ENTITY}/report")
    choose_topic(reporter, "Welzijn", "Pesten")
    reporter.press("Kijk je melding na")
    assert reporter.page.evaluate("document.activeElement.id") == "summary"
    reporter.page.keyboard.press("Tab")
    reporter.page.keyboard.press("Enter")
    assert reporter.page.evaluate("document.activeElement.id") == "text"
