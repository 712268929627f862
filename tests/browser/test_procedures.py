"""The central office makes a new version of a procedure; a handler uses an exception that the law allows. Every page
is looked at, wide and narrow (see `person.py`)."""

import pytest

from tests.browser.accessible import nothing_serious
from tests.browser.conftest import NewPerson
from tests.browser.demo import ENTITY, HANDLER, enter
from tests.browser.installation import Installation

pytestmark = pytest.mark.browser


def test_a_new_version_without_programming_and_without_javascript(
    demo_home: Installation, people: NewPerson
) -> None:
    central = people(demo_home, javascript=False)
    enter(central, "centrale.dienst@voorbeeld.example")
    central.follow("Procedures")
    central.photo("e-procedures", narrow=True)
    central.follow("1700: vraag of klacht van een burger of onderneming")
    central.photo("e-procedure", narrow=True)
    central.press("Maak een nieuwe versie")
    central.photo("e-procedure-draft", narrow=True)
    central.page.locator('[id="terms.1.step"] > summary').click()
    central.page.locator('[name="terms.1.days"]').fill("")
    central.press("Bewaar het ontwerp")
    assert central.sees("Kijk nog 1 ding na")
    assert central.page.locator(".workbar").inner_text().startswith("1 fout")
    central.photo("e-procedure-draft-not-ready", narrow=True)
    central.page.locator('[name="terms.1.days"]').fill("40")
    central.press("Bewaar het ontwerp")
    central.press("Publiceer deze versie")
    assert central.sees("De versie is gepubliceerd.")
    assert central.sees("Versie 2")


def test_the_drafts_of_the_central_office_are_accessible(demo_home: Installation, people: NewPerson) -> None:
    central = people(demo_home)
    enter(central, "centrale.dienst@voorbeeld.example")
    central.goto("/central/procedures/integrity_report")
    central.press("Maak een nieuwe versie")
    nothing_serious(central)
    central.unfold("Ontvangst bevestigen")
    nothing_serious(central)
    central.goto("/central/questionnaires/safety")
    central.press("Begin een nieuwe versie")
    assert central.sees("Geen fouten")
    nothing_serious(central)


def test_a_handler_says_that_an_acknowledgement_is_not_needed(
    demo_home: Installation, people: NewPerson
) -> None:
    handler = people(demo_home)
    enter(handler, HANDLER)
    handler.goto(f"/desk/{ENTITY}/cases?state=new")
    handler.page.locator("tbody th a").last.click()
    handler.follow("Procedure, uitzondering of verlenging")
    handler.unfold("Een stap is niet nodig")
    handler.photo("e-terms", narrow=True)
    handler.choose("Ontvangst bevestigen: De melder wil geen bevestiging")
    handler.fill("Motivering", "Zo gevraagd aan de telefoon.")
    handler.press("Leg de uitzondering vast")
    assert handler.sees("Niet nodig: De melder wil geen bevestiging")
    handler.photo("e-terms-excused", narrow=True)
