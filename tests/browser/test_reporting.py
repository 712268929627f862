"""A report under difficult circumstances: no JavaScript, the back button, a lost connection, an expired session."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error

from tests.browser.conftest import NewPerson
from tests.browser.demo import ENTITY, HANDLER, cases_counted, enter
from tests.browser.installation import Installation, until
from tests.browser.person import Person
from tests.browser.reporting import (
    PDF,
    STORY,
    accept_duty,
    choose_topic,
    report,
    return_with,
    tell,
    words_of,
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def central(demo_home: Installation, chromium: Browser, album: Path) -> Iterator[Person]:
    """The central office, signed in: it counts the cases."""
    person = Person(chromium, demo_home, album)
    enter(person, "centrale.dienst@voorbeeld.example")
    yield person
    assert not person.done()


# --- without JavaScript --------------------------------------------------------------------------------------


def test_everything_works_without_javascript(
    demo_home: Installation, people: NewPerson, central: Person
) -> None:
    reporter, handler = (people(demo_home, javascript=False) for _ in range(2))
    before = cases_counted(central)
    reporter.goto("/")
    reporter.follow("Ik wil iets melden of vragen", exact=False)
    reporter.fill("Naam of OVO-code van je entiteit", "omgeving")
    reporter.press("Zoek")
    reporter.page.locator(f'#found a[href*="{ENTITY}"]').click()
    choose_topic(reporter, "Integriteit", "Fraude")
    accept_duty(reporter)
    tell(reporter, "Een factuur werd twee keer betaald.", PDF)
    reporter.photo("c-check-no-javascript")
    reporter.page.get_by_role("button", name="Verstuur", exact=True).dblclick()
    words = words_of(reporter)
    reporter.photo("c-receipt-no-javascript")
    assert cases_counted(central) == before + 1

    enter(handler, HANDLER)
    handler.goto(f"/desk/{ENTITY}/cases?category=fraud&state=new")
    handler.photo("c-work-list-no-javascript")
    handler.page.locator("tbody th a").last.click()
    assert handler.sees("Een factuur werd twee keer betaald.")
    handler.photo("c-case-no-javascript")
    handler.press("Bevestig de ontvangst")
    assert handler.sees("De ontvangst is bevestigd.")

    return_with(reporter, words)
    assert reporter.sees("uurrooster.pdf")
    assert reporter.sees("We hebben het goed ontvangen")


def test_questions_of_the_topic_are_answered_without_javascript(
    demo_home: Installation, people: NewPerson
) -> None:
    """A question that waits for an answer shows when it is given; the answers come back in the mailbox."""
    reporter = people(demo_home, javascript=False)
    reporter.goto(f"/o/{ENTITY}/report")
    choose_topic(reporter, "Welzijn", "Pesten")
    reporter.unfold("vragen die ons helpen")
    whom = reporter.page.locator("#q-told_whom")
    assert not whom.is_visible()
    reporter.page.locator("#q-told-yes").check()
    whom.fill("Aan een collega")
    reporter.page.locator("#q-who-manager").check()
    reporter.look_at_page()
    with reporter.on_a_telephone():
        reporter.look_at_page()
    tell(reporter, "Ik word op elke vergadering uitgelachen.")
    assert reporter.sees("Aan een collega")
    reporter.press("Wijzig")
    assert whom.input_value() == "Aan een collega"
    assert reporter.page.locator("#q-who-manager").is_checked()
    reporter.press("Kijk je melding na")
    reporter.press("Verstuur")
    return_with(reporter, words_of(reporter))
    reporter.unfold("Wat je antwoordde op onze vragen")
    assert reporter.sees("Mijn leidinggevende")


def test_the_central_office_writes_and_publishes_a_version_by_keyboard_without_javascript(
    demo_home: Installation, people: NewPerson
) -> None:
    office, reporter = people(demo_home, javascript=False), people(demo_home)
    enter(office, "centrale.dienst@voorbeeld.example")
    office.goto("/central/questionnaires/burnout")
    office.press("Begin een nieuwe versie")
    office.look_at_page()
    office.fill("Vraag, in het Nederlands", "Wat gaf je vroeger energie?")
    office.page.keyboard.press("Enter")
    office.page.locator("#help_nl").wait_for()
    office.page.locator("#label_fr").fill("Qu’est-ce qui vous donnait de l’énergie ?")
    office.look_at_page()
    office.press("Bewaar")
    assert office.sees("Bewaard.")
    office.follow("Bekijk het voorbeeld")
    assert office.sees("Wat gaf je vroeger energie?")
    office.follow("Terug naar de vragenlijst")
    office.press("Publiceer versie 2")
    assert office.sees("Gepubliceerd.")
    reporter.goto(f"/o/{ENTITY}/report/story?category=burnout&lang=fr")
    reporter.unfold("questions qui nous aident")
    assert reporter.sees("Qu’est-ce qui vous donnait de l’énergie ?")


# --- the back button -----------------------------------------------------------------------------------------


def test_back_to_the_story_everything_still_stands_there(demo_home: Installation, people: NewPerson) -> None:
    reporter = people(demo_home)
    reporter.goto(f"/o/{ENTITY}/report")
    choose_topic(reporter, "Welzijn", "Conflict")
    tell(reporter)
    assert reporter.sees("We hebben nog niets van je ontvangen")
    reporter.page.go_back()
    assert reporter.page.locator("#text").input_value() == STORY
    assert reporter.page.get_by_label("Zonder naam", exact=True).is_checked()


def test_a_version_that_was_changed_after_sending_is_offered_as_an_addition(
    demo_home: Installation, people: NewPerson, central: Person
) -> None:
    reporter = people(demo_home)
    before = cases_counted(central)
    words = report(reporter, ENTITY)
    reporter.go_back_to_a_form()
    reporter.press("Wijzig")
    reporter.fill_long("Je verhaal", "Het gebeurt ook op maandag.")
    reporter.press("Kijk je melding na")
    reporter.press("Verstuur")
    assert words_of(reporter) == words
    reporter.photo("b-changed-after-sending", narrow=True)
    reporter.press("Voeg toe aan mijn melding")
    assert reporter.sees("Je aanvulling is ook ontvangen.")
    assert words_of(reporter) == words
    assert cases_counted(central) == before + 1
    return_with(reporter, words)
    assert reporter.sees("Er verdwijnt elke week materiaal")
    assert reporter.sees("Het gebeurt ook op maandag.")


# --- a lost connection ---------------------------------------------------------------------------------------


def kept_files(home: Installation) -> int:
    return sum(1 for file in (home.data / "files").rglob("*") if file.is_file())


def half_an_upload(reporter: Person) -> None:
    """What the network does when it breaks: half of the form and its file, then nothing any more."""
    fields = {
        e.get_attribute("name"): e.input_value()
        for e in reporter.page.locator('form[enctype] input[type="hidden"]').all()
    } | {"text": STORY, "identity": "anonymous", "reporter_class": "staff"}
    cookies = "; ".join(f"{c['name']}={c['value']}" for c in reporter.context.cookies())
    body = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ).encode()
    body += b'--b\r\nContent-Disposition: form-data; name="files"; filename="half.pdf"\r\n'
    body += b"Content-Type: application/pdf\r\n\r\n" + PDF["buffer"]
    head = (
        f"POST /o/{ENTITY}/report/check HTTP/1.1\r\nHost: 127.0.0.1:{reporter.home.port}\r\n"
        f"Cookie: {cookies}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {len(body) + 500_000}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", reporter.home.port)) as connection:
        connection.sendall(head.encode() + body)


def test_a_connection_lost_in_mid_upload_leaves_nothing_and_the_retry_works(
    demo_home: Installation, people: NewPerson, central: Person, tmp_path: Path
) -> None:
    reporter = people(demo_home)
    file = tmp_path / PDF["name"]  # a file of the disk, so that the browser can read it twice
    file.write_bytes(PDF["buffer"])
    cases, files = cases_counted(central), kept_files(demo_home)
    reporter.goto(f"/o/{ENTITY}/report")
    choose_topic(reporter, "Welzijn", "Conflict")
    half_an_upload(reporter)
    assert kept_files(demo_home) == files

    reporter.page.route("**/check", lambda route: route.abort("connectionreset"), times=1)
    reporter.expected_failures.add("net::ERR_CONNECTION_RESET")
    with pytest.raises(Error, match="ERR_CONNECTION_RESET"), reporter.page.expect_navigation():
        tell(reporter, file=file)
    until(reporter.reloads, "the page of the browser that offers to try again")
    assert reporter.sees("Er verdwijnt elke week materiaal")
    kept = reporter.page.locator("ul.files li").all_inner_texts()
    assert [told.splitlines()[0] for told in kept] == ["uurrooster.pdf"]
    reporter.press("Verstuur")
    words = words_of(reporter)
    assert cases_counted(central) == cases + 1
    return_with(people(demo_home), words)


def test_the_answer_that_got_lost_is_given_again(
    demo_home: Installation, people: NewPerson, central: Person
) -> None:
    reporter = people(demo_home)
    cases = cases_counted(central)
    reporter.goto(f"/o/{ENTITY}/report")
    choose_topic(reporter, "Welzijn", "Conflict")
    tell(reporter)

    def deliver_and_lose_the_answer(route) -> None:  # type: ignore[no-untyped-def]
        # What Playwright sends itself lacks the word of the browser about where the form stands.
        assert route.fetch(headers={**route.request.headers, "sec-fetch-site": "same-origin"}).ok
        route.abort("connectionreset")

    reporter.page.route("**/send", deliver_and_lose_the_answer, times=1)
    reporter.expected_failures.add("net::ERR_CONNECTION_RESET")
    with pytest.raises(Error, match="ERR_CONNECTION_RESET"), reporter.page.expect_navigation():
        reporter.press("Verstuur")
    until(reporter.reloads, "the page of the browser that offers to try again")
    assert words_of(reporter)
    assert reporter.sees("Er is niets dubbel verstuurd")
    assert cases_counted(central) == cases + 1


# --- an expired session --------------------------------------------------------------------------------------


def test_a_session_that_expired_on_the_last_page_loses_nothing(
    demo_home: Installation, people: NewPerson, central: Person
) -> None:
    reporter = people(demo_home)
    cases = cases_counted(central)
    reporter.goto(f"/o/{ENTITY}/report")
    choose_topic(reporter, "Welzijn", "Conflict")
    tell(reporter, file=PDF)
    reporter.context.clear_cookies()
    reporter.press("Verstuur")
    assert reporter.sees("Je formulier was verlopen")
    assert reporter.page.locator("textarea").first.input_value() == STORY
    reporter.photo("f-kept-reporter", narrow=True)
    reporter.press("Verstuur opnieuw")
    words = words_of(reporter)
    assert cases_counted(central) == cases + 1
    returned = people(demo_home)
    return_with(returned, words)
    assert returned.sees("uurrooster.pdf")


def test_a_handler_whose_session_ended_signs_in_again_and_sends_what_was_written(
    demo_home: Installation, people: NewPerson
) -> None:
    handler = people(demo_home)
    enter(handler, HANDLER)
    handler.goto(f"/desk/{ENTITY}/cases")
    handler.page.locator("tbody th a").first.click()
    handler.unfold("Schrijf een bericht, notitie of verslag")
    handler.choose("Interne notitie")
    handler.fill("Tekst", "Dit mag niet verloren gaan.")
    handler.context.clear_cookies()
    handler.press("Verstuur")
    assert handler.sees("Je was te lang weg")
    handler.photo("f-kept-handler", narrow=True)
    with handler.context.expect_page() as opened:
        handler.page.get_by_role("link", name=re.compile("nieuw tabblad")).click()
    first, handler.page = handler.page, opened.value
    enter(handler, HANDLER)
    handler.page = first
    handler.press("Verstuur opnieuw")
    assert handler.sees("Je notitie is bewaard.")
    assert handler.page.get_by_text("Dit mag niet verloren gaan.").count() == 1
