"""Taking a copy of a case out, leaving passages out, and erasing it with two people, in a browser, with axe-core.

The application serves here itself: two handlers of one desk are made and signed in by the builders of the tests.
"""

import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from spreekbuis.web.cookies import SIGN_IN
from tests.browser.accessible import nothing_serious
from tests.browser.installation import Installation
from tests.browser.person import Person
from tests.keeping.conftest import Desk, run_all_jobs
from tests.keeping.conftest import desk as desk

pytestmark = pytest.mark.browser


@pytest.fixture
def served(app) -> Iterator[Installation]:
    """The application on a port of this machine; of an installation it is the address that people need."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield cast(Installation, SimpleNamespace(url=f"http://localhost:{server.server_port}"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def handlers(chromium: Browser, album: Path, served: Installation, desk: Desk) -> Iterator[list[Person]]:
    """The two handlers of the desk, signed in; in the end nothing may have been wrong on any page."""
    made = [Person(chromium, served, album) for _ in range(2)]
    for person, account_id in zip(made, (desk.one, desk.two), strict=True):
        name, value = desk.browser(account_id).cookie
        assert name == SIGN_IN
        person.context.add_cookies([{"name": name, "value": value, "url": served.url}])
    yield made
    assert [fault for person in made for fault in person.done()] == []


def look(person: Person, name: str) -> None:
    person.photo(name, narrow=True)
    nothing_serious(person)


def download(person: Person, button: str, to: Path) -> Path:
    with person.page.expect_download() as begun:
        person.press(button)
    begun.value.save_as(to)
    return to


def test_a_copy_of_the_case_and_a_version_to_share(
    desk: Desk, handlers: list[Person], tmp_path: Path
) -> None:
    case_id, _, _ = desk.closed_case()
    handler, _ = handlers
    handler.goto(desk.url(case_id))
    look(handler, "k-file")
    for notes in (False, True):
        if notes:
            handler.page.get_by_label("Met interne notities en contacten").check()
        with zipfile.ZipFile(download(handler, "Download de zip", tmp_path / f"{notes}.zip")) as archive:
            assert archive.testzip() is None
            assert ("Een interne gedachte" in archive.read("dossier.txt").decode()) == notes
    handler.follow("Maak een versie om te delen")
    handler.page.get_by_label("Naam of zin, letterlijk").fill("offertes")
    handler.page.locator("#why").select_option(label="gegevens van iemand anders")
    handler.inside("Wat wil je weglaten?").get_by_role("button", name="Laat weg").click()
    assert handler.sees("[weggelaten: gegevens van iemand anders]")
    look(handler, "k-redacted")
    made = download(handler, "Download de pdf", tmp_path / "delen.pdf")
    assert made.read_bytes().startswith(b"%PDF")


def test_two_people_erase_a_case(desk: Desk, handlers: list[Person]) -> None:
    case_id, _, _ = desk.closed_case()
    one, two = handlers
    one.goto(desk.url(case_id))
    one.select("Reden", "Vergissing, test of misbruik")
    one.fill("Uitleg voor je collega", "Twee keer ingestuurd.")
    one.press("Vraag om te wissen")
    assert one.sees("Een collega van je loket moet het bevestigen")
    look(one, "k-asked")
    two.goto(f"/desk/{desk.entity.ovo}/cases/keeping")
    assert two.sees("Wacht op bevestiging")
    look(two, "k-waiting")
    two.follow("I-", exact=False)
    assert two.sees("Twee keer ingestuurd.")
    look(two, "k-confirm")
    two.choose("Ik ben zeker: wis dit dossier")
    two.press("Wis het dossier")
    assert two.sees("Het dossier is gewist")
    look(two, "k-erased")
    run_all_jobs()
    assert one.goto(desk.url(case_id)) == 404
    assert desk.case(case_id) is None


def test_a_question_about_data(desk: Desk, handlers: list[Person]) -> None:
    case_id: UUID = desk.closed_case()[0]
    handler, _ = handlers
    handler.goto(desk.url(case_id, "file/requests"))
    look(handler, "k-questions")
    handler.choose("Inzage: welke gegevens heb je over mij?")
    handler.choose("Iemand over wie de melding gaat")
    handler.press("Noteer de vraag")
    assert handler.sees("Wat je nagaat")
    handler.unfold("Geweigerd")
    look(handler, "k-question")
