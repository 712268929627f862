"""The front office in a browser: a contact in at most three requests, with the keyboard alone."""

import pytest
from playwright.sync_api import Request

from spreekbuis.demo import people as demo_people
from tests.browser.accessible import nothing_serious
from tests.browser.conftest import NewPerson
from tests.browser.demo import ENTITY, HANDLER, enter
from tests.browser.installation import Installation
from tests.browser.person import Person
from tests.browser.reporting import return_with, words_of
from tests.browser.test_keyboard import pick, tab_to

pytestmark = pytest.mark.browser

AGENT = demo_people.FRONT_DESK.email
SUMMARY = "De beller zag hoe iemand geld uit de kassa nam."
PAGES = 3


class Counter:
    """The pages that somebody asks for; not the parts that come while somebody types."""

    def __init__(self, person: Person) -> None:
        self.asked: list[str] = []
        person.page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if request.resource_type == "document":
            self.asked.append(f"{request.method} {request.url}")


@pytest.fixture
def agent(demo_home: Installation, people: NewPerson) -> Person:
    made = people(demo_home)
    enter(made, AGENT)
    return made


def test_a_call_is_registered_with_the_keyboard_in_two_requests(
    agent: Person, demo_home: Installation, people: NewPerson
) -> None:
    pages, keyboard = Counter(agent), agent.page.keyboard
    agent.goto("/front/contacts/new")
    tab_to(agent, "Entiteit")
    keyboard.type("omg")
    agent.page.locator("#found input:checked").wait_for()
    tab_to(agent, "Onderwerp")
    keyboard.type("Dief")
    agent.page.locator("#scripts input").first.wait_for()
    nothing_serious(agent)
    tab_to(agent, "Waarover gaat het?")
    keyboard.type(SUMMARY)
    pick(agent, "Nieuw dossier")
    tab_to(agent, "Ik legde de spreekplicht uit")
    keyboard.press("Space")
    agent.photo("front-contact", narrow=True)
    tab_to(agent, "Leg vast")
    keyboard.press("Enter")
    assert agent.sees("Lees deze woorden voor")
    nothing_serious(agent)
    agent.photo("front-kept", narrow=True)
    code = words_of(agent)
    assert len(pages.asked) == 2 <= PAGES
    assert not any(SUMMARY[:5] in url for url in pages.asked)
    caller = people(demo_home)
    return_with(caller, code)
    assert caller.sees(SUMMARY)


def test_without_javascript_an_unclear_entity_takes_three_requests(
    demo_home: Installation, people: NewPerson
) -> None:
    agent = people(demo_home, javascript=False)
    enter(agent, AGENT)
    pages = Counter(agent)
    agent.goto("/front/contacts/new")
    agent.page.locator("#entity").fill("departement")
    agent.page.locator("#category").select_option("bullying")
    agent.page.locator("#about").fill(SUMMARY)
    agent.page.locator("#ended-answered").check()
    agent.page.locator("#answer").fill("Praat eerst met de vertrouwenspersoon.")
    agent.press("Leg vast")
    assert agent.page.locator("#about").input_value() == SUMMARY
    agent.choose("Departement Omgeving")
    agent.press("Leg vast")
    assert agent.sees("De vraag is beantwoord en geteld")
    assert len(pages.asked) == PAGES


def test_the_note_of_a_second_call_is_read_by_the_handler(
    agent: Person, demo_home: Installation, people: NewPerson
) -> None:
    handler = people(demo_home)
    enter(handler, HANDLER)
    handler.goto(f"/desk/{ENTITY}/cases")
    case = handler.page.locator("tbody th a").first
    number = case.inner_text().strip()
    agent.goto("/front/contacts/new")
    agent.page.locator("#entity").fill(ENTITY)
    agent.page.locator("#found input:checked").wait_for()
    agent.page.locator("#about").fill("De beller voegt er een datum aan toe.")
    agent.page.locator("#existing").fill(number)
    agent.press("Leg vast")
    assert agent.sees("Genoteerd bij het dossier")
    nothing_serious(agent)
    case.click()
    handler.unfold("Contacten")
    assert handler.sees("De beller voegt er een datum aan toe.")


def test_the_other_pages_of_the_front_office(
    agent: Person, demo_home: Installation, people: NewPerson
) -> None:
    for path in ("/front/scripts", "/front/scripts?q=bestaat-niet", "/front/counts"):
        agent.goto(path)
        agent.look_at_page()
        nothing_serious(agent)
        with agent.on_a_telephone():
            pass
    central = people(demo_home)
    enter(central, demo_people.ANALYST.email)
    central.goto("/central/scripts")
    nothing_serious(central)
    central.follow("Wat betekent spreekplicht?")
    assert central.sees("Bewaar deze versie")
    nothing_serious(central)
    central.photo("front-script", narrow=True)
    central.goto("/central/front-office")
    nothing_serious(central)
