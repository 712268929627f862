"""The reporter's side as a person meets it: the signpost, six pages to a report, a draft, and the mailbox.

axe-core looks at each of these pages and finds nothing serious.
"""

import pytest

from tests.browser.accessible import nothing_serious
from tests.browser.conftest import NewPerson
from tests.browser.demo import ENTITY, HANDLER, enter
from tests.browser.installation import Installation
from tests.browser.person import Person
from tests.browser.reporting import STORY, accept_duty, choose_topic, return_with, tell, words_of

pytestmark = pytest.mark.browser

MINUTES = "Je vertelde dat het elke vrijdag gebeurt."
MOST_PAGES = 6
"""Of a reporter's complete path, from the start page to the receipt."""


def look(person: Person) -> None:
    """As the walks look at a page, and with axe-core where scripts run (it waits for its own)."""
    person.look_at_page()
    if person.javascript:
        nothing_serious(person)


def test_the_signpost_leads_to_somebody_and_on_to_a_report_without_javascript(
    demo_home: Installation, people: NewPerson
) -> None:
    visitor = people(demo_home, javascript=False)
    visitor.goto(f"/o/{ENTITY}/report")
    visitor.follow("Zie wie jou kan helpen")
    look(visitor)
    visitor.press("Toon wie kan helpen")
    assert visitor.sees("Kies waarover het gaat.")
    look(visitor)
    visitor.choose("Welzijn")
    visitor.choose("Met iemand praten")
    visitor.page.get_by_label("Er is nu gevaar voor mij of voor iemand anders").check()
    visitor.press("Toon wie kan helpen")
    assert visitor.sees("Bel 112.")
    assert visitor.sees("vertrouwenspersonen@omg.voorbeeld.example")
    look(visitor)
    visitor.photo("r-signpost", narrow=True)
    assert visitor.context.cookies() == []
    visitor.follow("Ik wil iets melden", exact=False)
    assert visitor.page.locator("#topic-wellbeing").is_checked()


def test_a_report_takes_no_more_than_six_pages(demo_home: Installation, people: NewPerson) -> None:
    reporter = people(demo_home)
    pages: list[str] = []
    reporter.page.on(
        "response",
        lambda answer: pages.append(answer.url) if answer.request.is_navigation_request() else None,
    )
    reporter.goto(f"/o/{ENTITY}/report")
    look(reporter)
    choose_topic(reporter, "Integriteit", "Diefstal van werkmiddelen")
    look(reporter)
    accept_duty(reporter)
    look(reporter)
    tell(reporter)
    look(reporter)
    reporter.press("Verstuur")
    words_of(reporter)
    look(reporter)
    assert len(pages) + 1 <= MOST_PAGES, pages  # the choice of the entity comes before


def test_a_text_that_was_saved_is_gone_on_with_elsewhere(demo_home: Installation, people: NewPerson) -> None:
    writer, elsewhere = people(demo_home, javascript=False), people(demo_home)
    writer.goto(f"/o/{ENTITY}/report/story?category=conflict")
    writer.fill_long("Je verhaal", STORY)
    writer.press("Bewaar en ga later verder")
    words = words_of(writer)
    look(writer)
    elsewhere.goto(f"/o/{ENTITY}/report")
    elsewhere.follow("Ga verder met wat je bewaarde")
    look(elsewhere)
    elsewhere.fill_long("Je woorden om verder te gaan", words)
    elsewhere.press("Open mijn tekst")
    assert elsewhere.page.locator("#text").input_value() == STORY
    look(elsewhere)


def test_the_mailbox_with_a_talk_consent_and_minutes(demo_home: Installation, people: NewPerson) -> None:
    reporter, handler = people(demo_home), people(demo_home)
    words = _report_with_a_name(reporter)
    return_with(reporter, words)
    look(reporter)

    reporter.unfold("Vraag een gesprek")
    reporter.choose("Telefonisch")
    reporter.fill_long("Wanneer en waar past het?", "Na 18 uur.")
    reporter.press("Vraag het gesprek")
    assert reporter.sees("Je vraag om een gesprek is verstuurd.")
    reporter.unfold("Zeg hoe het loket je mag bereiken")
    reporter.choose("Bel me")
    reporter.fill_long("Telefoonnummer of e-mailadres", "02 553 00 00")
    reporter.press("Bewaar")
    assert reporter.sees("Het loket weet nu hoe het je mag bereiken.")
    reporter.unfold("Beslis met wie we je naam delen")
    reporter.page.get_by_label("De preventieadviseur").check()
    look(reporter)
    reporter.press("Bewaar je keuze")
    assert reporter.sees("Je keuze is bewaard.")

    enter(handler, HANDLER)
    handler.goto(f"/desk/{ENTITY}/cases?category=theft&state=new")
    handler.page.locator("tbody th a").last.click()
    for text in ("Na 18 uur.", "Bel me, 02 553 00 00", "Mag je de naam delen?"):
        assert handler.sees(text)
    look(handler)
    handler.choose("Verslag van een gesprek")
    handler.fill_long("Tekst", MINUTES)
    handler.press("Verstuur")
    assert handler.sees("Je verslag staat klaar.")

    reporter.goto("/inbox")
    assert reporter.sees("Kijk dit verslag na")
    look(reporter)
    reporter.photo("r-minutes", narrow=True)
    reporter.unfold("Nee, ik wil iets verbeteren")
    reporter.fill_long("Je verbetering", "Het was donderdag.")
    reporter.press("Verstuur je verbetering")
    assert reporter.sees("Het was donderdag.")
    look(reporter)
    handler.page.reload()
    assert handler.sees("De melder stuurde een verbetering")


def _report_with_a_name(reporter: Person) -> str:
    """About theft, in confidence; gives the words."""
    reporter.goto(f"/o/{ENTITY}/report/story?category=theft&duty=accepted")
    reporter.fill_long("Je verhaal", STORY)
    reporter.choose("Vertrouwelijk")
    reporter.fill("Je naam", "Magazijnier")
    reporter.fill("Telefoonnummer", "02 553 00 00")
    reporter.choose("Personeelslid")
    reporter.press("Kijk je melding na")
    reporter.press("Verstuur")
    return words_of(reporter)


@pytest.mark.parametrize(
    "path", ["/signpost", "/protection", f"/o/{ENTITY}/report/paper", f"/o/{ENTITY}/report/reopen"]
)
def test_the_other_pages_of_a_reporter(demo_home: Installation, people: NewPerson, path: str) -> None:
    visitor = people(demo_home)
    visitor.goto(path)
    look(visitor)
    assert visitor.page.locator("a.exit").is_visible()
    with visitor.on_a_telephone():
        nothing_serious(visitor)
