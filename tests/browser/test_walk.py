"""The main job, end to end, as people do it: an entity enrols, staff report, a desk handles, the centre counts.

The steps are those of the issue 'The main job, end to end'.
"""

import csv
import re

import pytest

from tests.browser.conftest import NewPerson
from tests.browser.enrolling import (
    CENTRAL,
    INTEGRITY,
    OVO,
    PASSWORD,
    REQUESTER,
    TREASURER,
    WELLBEING,
    an_organisation_asks_to_enrol,
    invite,
    the_administrator_joins,
    the_central_office_approves,
    the_contribution_is_paid,
    the_register_is_there,
    without_javascript_the_search_works_too,
    without_payment_the_page_shows_where_else_to_go,
)
from tests.browser.installation import Installation
from tests.browser.keeping import (
    a_part_is_printed_and_kept,
    the_recovery_kit_is_made,
    the_recovery_kit_is_safe,
    without_a_recovery_kit_no_report_is_taken,
)
from tests.browser.person import Person, link_in
from tests.browser.reporting import PDF, STORY, accept_duty, choose_topic, return_with, tell, words_of

pytestmark = pytest.mark.browser

NOTE, ANSWER = "Navragen bij de beheerder van het magazijn.", "Op welke dag zag je dit voor het laatst?"
REPLY, CLOSING = (
    "Vorige vrijdag, rond zes uur.",
    "We hebben het onderzocht. Het klopt, en er zijn maatregelen.",
)


def test_the_walk_from_enrolment_to_the_figures(home: Installation, people: NewPerson) -> None:
    for email, label, role in (
        (CENTRAL, "Centrale dienst", "central_analyst"),
        (TREASURER, "Beheerder bijdragen", "contribution_administrator"),
    ):
        home.command("account", "create", email, label, "--password", PASSWORD)
        home.command("account", "grant-role", email, role)
    requester, central = people(home), people(home)

    the_register_is_there(people(home))
    without_javascript_the_search_works_too(people(home, javascript=False))
    an_organisation_asks_to_enrol(requester)
    requester.goto(link_in(home.mail(REQUESTER, "Bevestig je aanvraag")))
    requester.photo("2-enrolment-confirm")
    requester.press("Ja, bevestig de aanvraag")
    assert requester.sees("Je aanvraag is bevestigd")
    requester.photo("2-enrolment-confirmed")

    the_central_office_approves(central)

    administrator = people(home)
    home.mail(REQUESTER, "aangesloten")
    the_administrator_joins(administrator, home.mail(REQUESTER, "Uitnodiging"))
    invite(administrator, INTEGRITY, "loket Integriteit")
    administrator.photo("2-members-invited", narrow=True)
    invite(administrator, WELLBEING, "loket Welzijn")
    handler, other_handler = people(home), people(home)
    handler.join(home.mail(INTEGRITY, "Uitnodiging"), "Behandelaar integriteit", PASSWORD)
    handler.photo("2-handler-joined")
    other_handler.join(home.mail(WELLBEING, "Uitnodiging"), "Behandelaar welzijn", PASSWORD)

    reporter = people(home)
    without_a_recovery_kit_no_report_is_taken(reporter)
    the_recovery_kit_is_made(administrator)
    for officer, email in ((administrator, REQUESTER), (other_handler, WELLBEING)):
        a_part_is_printed_and_kept(officer, home.mail(email, "herstelsleutel"))
    the_recovery_kit_is_safe(administrator)
    without_payment_the_page_shows_where_else_to_go(reporter)
    the_contribution_is_paid(people(home))

    words = a_report_is_sent(reporter)
    sending_again_changes_nothing(reporter, words)

    case_url = the_handler_answers(handler)
    the_other_desk_sees_nothing(other_handler, case_url)
    the_reporter_answers(people(home), words)
    the_handler_closes(handler, case_url)
    the_reporter_scores(people(home), words)

    the_central_office_counts(central, case_url)
    home.command("demo", "--year", "2014")
    the_year_2014_is_as_published(central)
    assert home.command("figures", "verify")
    assert STORY.split("\n")[0] not in home.log.read_text()
    nothing_on_the_disk_is_readable(home)


def nothing_on_the_disk_is_readable(home: Installation) -> None:
    """Neither a text nor a file of the case: in the database, its journal, Redis, the storage and the mailbox."""
    texts = [text.split("\n")[0].encode() for text in (STORY, NOTE, ANSWER, REPLY, CLOSING)]
    readable = [
        str(file.relative_to(home.data))
        for file in home.data.rglob("*")
        if file.is_file() and any(text in file.read_bytes() for text in (*texts, PDF["buffer"]))
    ]
    assert readable == []


# --- 4: the report -------------------------------------------------------------------------------------------


def a_report_is_sent(reporter: Person) -> str:
    reporter.goto("/")
    reporter.follow("Ik wil iets melden of vragen", exact=False)
    reporter.photo("4-choose-entity", narrow=True)
    reporter.page.get_by_label("Naam of OVO-code van je entiteit").press_sequentially("jeugd")
    reporter.page.locator(f'#found a[href*="{OVO}"]').click()
    reporter.photo("4-topic", narrow=True)
    choose_topic(reporter, "Integriteit", "Diefstal van werkmiddelen")
    assert reporter.sees("Hier geldt spreekplicht")
    reporter.photo("4-duty", narrow=True)
    accept_duty(reporter)
    reporter.press("Kijk je melding na")
    reporter.photo("4-story-errors")
    tell(reporter, file=PDF)
    assert reporter.sees("uurrooster.pdf")
    assert reporter.sees("Er verdwijnt elke week materiaal")
    reporter.photo("4-check", narrow=True)
    reporter.press("Wijzig")
    reporter.photo("4-story-again", narrow=True)
    reporter.press("Kijk je melding na")
    reporter.page.get_by_role("button", name="Verstuur", exact=True).dblclick()
    words = words_of(reporter)
    reporter.photo("4-receipt", narrow=True)
    return words


def sending_again_changes_nothing(reporter: Person, words: str) -> None:
    reporter.page.reload()
    assert words_of(reporter) == words
    assert reporter.sees("Er is niets dubbel verstuurd")
    reporter.go_back_to_a_form()
    reporter.page.get_by_role("button", name="Verstuur", exact=True).click()
    assert words_of(reporter) == words
    reporter.photo("4-receipt-again")


# --- 5: the desk ---------------------------------------------------------------------------------------------


def the_handler_answers(handler: Person) -> str:
    """Acknowledge, mark, write, keep a note, register a call; gives the address of the case."""
    handler.goto(f"/desk/{OVO}/cases")
    assert handler.page.locator("tbody tr").count() == 1
    handler.photo("5-work-list", narrow=True)
    handler.page.locator("tbody th a").click()
    assert handler.sees("Er verdwijnt elke week materiaal")
    handler.photo("5-case-new", narrow=True)
    with handler.page.expect_download() as download:
        handler.follow("uurrooster.pdf", exact=False)
    assert download.value.path().read_bytes() == PDF["buffer"]
    handler.press("Bevestig de ontvangst")
    assert handler.sees("De ontvangst is bevestigd.")
    handler.choose("Melding")
    handler.press("Kies")
    assert handler.sees("Het dossier is aangepast.")
    handler.choose("Bericht aan de melder")
    handler.fill("Tekst", ANSWER)
    handler.press("Verstuur")
    assert handler.sees("Je bericht staat klaar voor de melder.")
    handler.choose("Interne notitie")
    handler.fill("Tekst", NOTE)
    handler.press("Verstuur")
    assert handler.sees("Je notitie is bewaard.")
    handler.unfold("Contacten")
    handler.select("Hoe", "Telefoon")
    handler.fill_long("Wat werd gezegd", "De melder belde met een vraag over de termijn.")
    handler.press("Leg vast")
    assert handler.sees("Het contact is vastgelegd.")
    handler.photo("5-case-answered", narrow=True)
    return re.sub(r"\?.*", "", handler.page.url).removeprefix(handler.home.url)


def the_other_desk_sees_nothing(other: Person, case_url: str) -> None:
    other.goto(f"/desk/{OVO}/cases")
    assert other.page.locator("tbody tr").count() == 0
    other.photo("5-work-list-empty")
    assert other.goto(case_url) == 404
    other.photo("5-case-of-another-desk")


def the_reporter_answers(reporter: Person, words: str) -> None:
    return_with(reporter, words)
    assert reporter.sees(ANSWER)
    assert NOTE not in reporter.reads()
    reporter.photo("5-inbox", narrow=True)
    reporter.fill_long("Je bericht", REPLY)
    reporter.page.locator("#files").set_input_files({**PDF, "name": "foto-van-de-deur.pdf"})
    reporter.choose("Laat mijn bestanden precies zoals ze zijn")
    reporter.press("Verstuur bericht")
    assert reporter.sees("Je bericht is verstuurd.")
    assert reporter.sees("foto-van-de-deur.pdf")
    reporter.photo("5-inbox-answered")


def the_handler_closes(handler: Person, case_url: str) -> None:
    handler.goto(f"/desk/{OVO}/cases")
    assert handler.sees("nieuw bericht")
    handler.goto(case_url)
    assert handler.sees(REPLY)
    handler.select("Nieuwe stand", "In behandeling")
    handler.press("Pas aan")
    handler.unfold("Sluit het dossier af")
    handler.select("Uitkomst", "Gegrond")
    handler.fill("Slotbericht aan de melder", CLOSING)
    handler.photo("5-case-closing")
    handler.press("Sluit af")
    assert handler.sees("Het dossier is afgesloten.")
    handler.photo("5-case-closed", narrow=True)


def the_reporter_scores(reporter: Person, words: str) -> None:
    return_with(reporter, words.upper().replace(" ", ", "))
    assert reporter.sees(CLOSING)
    reporter.photo("5-inbox-closed", narrow=True)
    reporter.page.locator("#score-4").check()
    reporter.fill_long("Wat kan beter, of wat was goed?", "Het ging snel.")
    reporter.press("Geef je score")
    assert reporter.sees("Dank je voor je score.")
    reporter.photo("5-inbox-scored")
    reporter.press("Sluit mijn melding")
    assert reporter.sees("Je melding is gesloten op dit toestel.")
    assert reporter.goto("/inbox") in (200, 401)
    assert CLOSING not in reporter.reads()


# --- 6 and 7: the figures ------------------------------------------------------------------------------------


def the_central_office_counts(central: Person, case_url: str) -> None:
    central.goto("/central/figures")
    tiles = central.page.locator(".tiles").inner_text()
    assert re.search(r"Dossiers in \d{4}\s+1\b", tiles), tiles
    assert re.search(r"Meldingen\s+1\b", tiles), tiles
    central.photo("6-figures", narrow=True)
    with central.page.expect_download() as download:
        central.follow("CSV", exact=False)
    lines = list(csv.reader(download.value.path().read_text("utf-8-sig").splitlines()))
    assert len(lines) > 1, "the CSV holds no figures"
    assert central.goto(case_url) in (403, 404)
    central.photo("6-central-turned-away")
    assert central.goto(f"/desk/{OVO}/cases") in (403, 404)


def the_year_2014_is_as_published(central: Person) -> None:
    central.goto("/central/figures?year=2014")
    central.photo("7-figures-2014", narrow=True)
    assert re.search(r"Dossiers in 2014\s+87\b", central.page.locator(".tiles").inner_text())
    published = rows_of(central, 'section[aria-labelledby="published"]')
    assert {row[1] for row in published} >= {
        "87",
        "9",
        "78",
        "91",
        "183",
        "4,18",
        "84,6 %",
        "12,8 %",
        "2,6 %",
    }
    assert [row[1] for row in published] == [row[2] for row in published], "not what was published"
    assert rows_of(central, ".panel:has(h2:text-is('Meldingen per thema'))") == [
        ("Welzijn", "66"), ("Integriteit", "10"), ("Privé", "2"),
    ]  # fmt: skip
    central.goto("/central/figures/entities?year=2014")
    central.photo("7-figures-2014-entities")


def rows_of(person: Person, table: str) -> list[tuple[str, ...]]:
    """The cells of the table inside what the selector names."""
    return [
        tuple(" ".join(cell.split()) for cell in row.locator("th, td").all_inner_texts())
        for row in person.page.locator(f"{table} tbody tr").all()
    ]
