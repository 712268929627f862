"""A report through the pages, as a member of staff fills them in."""

from pathlib import Path

from playwright.sync_api import FilePayload

from tests.browser.person import Person

STORY = "Er verdwijnt elke week materiaal uit het magazijn.\nHet gebeurt op vrijdag, na sluitingstijd."
PDF = FilePayload(
    name="uurrooster.pdf",
    mimeType="application/pdf",
    buffer=b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer <</Root 1 0 R>>\n%%EOF\n",
)


def choose_topic(reporter: Person, topic: str, category: str) -> None:
    """Step 1, with the duty to speak where it holds."""
    reporter.page.locator("label.card-pick", has_text=topic).click()
    reporter.choose(category)
    reporter.press("Ga verder")


def accept_duty(reporter: Person) -> None:
    reporter.press("Ik begrijp het en ga verder")


def tell(reporter: Person, story: str = STORY, file: FilePayload | Path | None = None) -> None:
    """Step 2, without a name."""
    reporter.fill_long("Je verhaal", story)
    reporter.choose("Zonder naam")
    reporter.choose("Personeelslid")
    if file is not None:
        reporter.page.locator("#files").set_input_files(file)
    reporter.press("Kijk je melding na")


def words_of(reporter: Person) -> str:
    """The receipt code on the page."""
    reporter.page.locator("#receipt-words").wait_for()
    words = reporter.page.locator("#receipt-words li").all_inner_texts()
    assert len(words) == 8
    return " ".join(words)


def report(
    reporter: Person,
    ovo_code: str,
    story: str = STORY,
    file: FilePayload | Path | None = None,
    category: str = "Diefstal van werkmiddelen",
) -> str:
    """The whole way to the receipt, about something of integrity; gives the words."""
    reporter.goto(f"/o/{ovo_code}/report")
    choose_topic(reporter, "Integriteit", category)
    accept_duty(reporter)
    tell(reporter, story, file)
    reporter.press("Verstuur")
    return words_of(reporter)


def return_with(reporter: Person, words: str) -> None:
    """From the start page into the mailbox of the report."""
    reporter.goto("/")
    reporter.fill("Je toegangscode", words)
    reporter.press("Open mijn melding")
    reporter.page.wait_for_url("**/inbox*")
