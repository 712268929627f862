"""A case goes to another desk: the handler proposes, the reporter says yes, the other desk takes it over."""

import pytest

from tests.browser.conftest import NewPerson
from tests.browser.demo import ENTITY, HANDLER, enter
from tests.browser.installation import Installation
from tests.browser.reporting import report, return_with

pytestmark = pytest.mark.browser
OTHER_HANDLER = "behandelaar.welzijn@omg.voorbeeld.example"


def test_a_case_goes_on_at_another_desk_under_the_same_words(
    demo_home: Installation, people: NewPerson
) -> None:
    reporter, handler, receiver = (people(demo_home) for _ in range(3))
    words = report(reporter, ENTITY, category="Omkoping")  # no other test opens a case about it

    enter(handler, HANDLER)
    handler.goto(f"/desk/{ENTITY}/cases?category=bribery&state=new")
    handler.page.locator("tbody th a").first.click()
    handler.follow("Verwijs door")
    handler.fill("Een andere entiteit? Zoek op naam of afkorting", "zorg")
    handler.press("Zoek")
    assert handler.sees("Departement Zorg")
    handler.choose("Het andere loket van je entiteit: loket Welzijn")
    handler.select("Onderwerp daar", "Pesten")
    handler.choose("De ander kan beter helpen")
    handler.fill_long("Leg uit waarom", "Zij luisteren naar pesterijen.")
    handler.photo("r-propose", narrow=True)
    handler.press("Stel het voor")
    assert handler.sees("De melder leest je vraag")

    return_with(reporter, words)
    assert reporter.sees("Zij luisteren naar pesterijen.")
    reporter.photo("r-asked", narrow=True)
    reporter.press("Ja, geef mijn melding door")
    assert reporter.sees("Je melding is onderweg")
    reporter.photo("r-on-its-way", narrow=True)

    enter(receiver, OTHER_HANDLER)
    receiver.goto(f"/desk/{ENTITY}/letters")
    receiver.follow("Departement Omgeving")
    receiver.photo("r-letter", narrow=True)
    receiver.press("Neem het dossier aan")
    assert receiver.sees("Het dossier is nu van jullie.")

    return_with(reporter, words)
    assert reporter.sees("Pesten, ontvangen op")


def test_who_called_is_asked_in_a_talk(demo_home: Installation, people: NewPerson) -> None:
    handler = people(demo_home)
    enter(handler, HANDLER)
    handler.follow("Nieuw contact")
    handler.select("Onderwerp", "Diefstal van werkmiddelen (loket Integriteit)")
    handler.fill_long("Waarover gaat het?", "Iemand belde over gereedschap dat verdwijnt.")
    handler.press("Leg vast")
    handler.page.locator('main a[href*="/cases/"]').first.click()
    handler.follow("Verwijs door")
    handler.choose("Het andere loket van je entiteit: loket Welzijn")
    handler.select("Onderwerp daar", "Pesten")
    handler.choose("De ander kan beter helpen")
    handler.fill_long("Leg uit waarom", "Besproken aan de telefoon, vandaag om tien uur.")
    handler.press("Stel het voor")
    assert handler.sees("Deze melder kwam niet via de website.")
    handler.photo("r-talk", narrow=True)
    handler.choose("De melder ging akkoord in een gesprek")
    handler.press("Stel het voor")
    assert handler.sees("De melding is doorgestuurd.")
