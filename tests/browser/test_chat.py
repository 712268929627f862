"""The chat between two people in two browsers: what one says appears with the other, also after a reload."""

import pytest

from spreekbuis.demo import people as demo_people
from tests.browser.accessible import nothing_serious
from tests.browser.conftest import NewPerson
from tests.browser.demo import enter
from tests.browser.installation import Installation
from tests.browser.person import Person
from tests.browser.reporting import return_with, words_of

pytestmark = pytest.mark.browser

WORRY = "Mijn collega wordt elke dag uitgelachen."


@pytest.fixture
def agent(demo_home: Installation, people: NewPerson) -> Person:
    made = people(demo_home)
    enter(made, demo_people.FRONT_DESK.email)
    made.goto("/front/chat")
    return made


def write(person: Person, text: str) -> None:
    person.page.locator("#text").fill(text)
    person.press("Verstuur")


def test_two_people_talk_and_the_visitor_keeps_it(
    agent: Person, demo_home: Installation, people: NewPerson
) -> None:
    nothing_serious(agent)
    visitor, later = people(demo_home), people(demo_home)
    visitor.goto("/")
    visitor.follow("Liever chatten")
    nothing_serious(visitor)
    visitor.photo("chat-door", narrow=True)
    visitor.press("Start de chat")
    assert visitor.sees("Je bent nummer 1 in de wachtrij.")
    nothing_serious(visitor)
    visitor.photo("chat-waiting", narrow=True)
    later.goto("/chat")
    later.press("Start de chat")
    assert later.sees("Je bent nummer 2 in de wachtrij.")
    assert agent.sees("Er wachten 2 bezoekers."), "without anybody pressing anything"
    agent.photo("chat-desk-free", narrow=True)
    agent.press("Neem de volgende")
    assert later.sees("Je bent nummer 1 in de wachtrij.")
    assert visitor.sees("Je praat met een medewerker van Spreekbuis.")
    write(visitor, WORRY)
    assert agent.sees(WORRY)
    agent.page.locator("#text").fill("Nog niet verstuurd")
    write(visitor, "Wat kan ik doen?")
    assert agent.sees("Wat kan ik doen?")
    assert agent.page.locator("#text").input_value() == "Nog niet verstuurd"
    write(agent, "Fijn dat je het vertelt.")
    assert visitor.sees("Fijn dat je het vertelt.")
    for person in (visitor, agent):
        person.page.reload()
        assert person.sees(WORRY)
        assert person.sees("Fijn dat je het vertelt.")
        nothing_serious(person)
    visitor.photo("chat-talk", narrow=True)
    agent.photo("chat-desk-talk", narrow=True)
    later.press("Verlaat de wachtrij")
    assert later.sees("Alles wat er stond, is gewist.")
    visitor.press("Stop het gesprek")
    assert agent.sees("Leg nog vast waarover het ging")
    nothing_serious(visitor)
    visitor.photo("chat-closing", narrow=True)
    nothing_serious(agent)
    agent.select("Thema", "Welzijn")
    agent.choose("Meteen beantwoord")
    agent.press("Sluit af")
    assert agent.sees("Het gesprek is afgesloten en geteld.")
    visitor.fill("Waar werk je?", "Departement Omgeving")
    visitor.page.locator("#category").select_option("fraud")
    visitor.press("Bewaar het gesprek")
    visitor.choose("Ik begrijp het en ga verder")
    nothing_serious(visitor)
    visitor.photo("chat-duty", narrow=True)
    visitor.press("Bewaar het gesprek")
    assert visitor.sees("Je gesprek staat in een dossier")
    code = words_of(visitor)
    nothing_serious(visitor)
    visitor.photo("chat-kept", narrow=True)
    visitor.press("Ik heb de woorden opgeschreven")
    assert visitor.sees("Je gesprek staat in een dossier. Met je toegangscode lees je ons antwoord.")
    return_with(later, code)
    assert later.sees(WORRY)


def test_without_javascript_the_talk_goes_on_with_buttons(demo_home: Installation, people: NewPerson) -> None:
    agent, visitor = people(demo_home, javascript=False), people(demo_home, javascript=False)
    enter(agent, demo_people.FRONT_DESK.email)
    agent.goto("/front/chat")
    visitor.goto("/chat")
    visitor.press("Start de chat")
    assert visitor.sees("Deze pagina ververst zichzelf elke 10 tellen.")
    agent.press("Neem de volgende")
    assert visitor.sees("Je praat met een medewerker van Spreekbuis."), "the page asks again by itself"
    agent.page.locator("#text").fill("Dag, waarmee kan ik helpen?")
    agent.press("Verstuur")
    visitor.page.locator("#text").fill("Ik typ nog")
    visitor.press("Toon nieuwe berichten")
    assert visitor.sees("Dag, waarmee kan ik helpen?")
    assert visitor.page.locator("#text").input_value() == "Ik typ nog"
    visitor.press("Verstuur")
    agent.press("Toon nieuwe berichten")
    assert agent.sees("Ik typ nog")
    agent.select("Thema", "Integriteit")
    agent.choose("Doorverwezen")
    agent.press("Sluit af")
    visitor.press("Toon nieuwe berichten")
    assert visitor.sees("Wissen of bewaren?")
    visitor.press("Wis het gesprek")
    assert visitor.sees("Alles wat er stond, is gewist.")


def test_the_hours_of_the_chat(demo_home: Installation, people: NewPerson) -> None:
    central = people(demo_home)
    enter(central, demo_people.ANALYST.email)
    central.goto("/central/chat-hours")
    nothing_serious(central)
    central.photo("chat-hours", narrow=True)
    central.page.locator("#day").fill(central.page.locator("#valid_from").input_value())
    central.press("Sluit de chat op deze dag")
    assert central.sees("De openingsuren zijn bewaard.")
    visitor = people(demo_home)
    visitor.goto("/chat")
    assert visitor.sees("De chat is nu gesloten")
    nothing_serious(visitor)
    visitor.photo("chat-shut", narrow=True)
    central.press("Toch open")
    assert central.sees("Er zijn geen gesloten dagen.")
