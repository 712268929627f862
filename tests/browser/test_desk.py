"""The pages that a handler lives in (list, search, case) in a browser, with axe-core; and on a bad day."""

from tests.browser.person import Person
from tests.browser.test_keeping import handlers as handlers
from tests.browser.test_keeping import look
from tests.browser.test_keeping import pytestmark as pytestmark
from tests.browser.test_keeping import served as served
from tests.cases.conftest import opened_with_key
from tests.keeping.conftest import Desk
from tests.keeping.conftest import desk as desk


def test_from_the_list_by_search_to_the_case(desk: Desk, handlers: list[Person]) -> None:
    with desk.inside(desk.one):
        for number in range(30):
            opened_with_key(text=f"De {number}e melding over een laptop uit de loods.")
    handler, _ = handlers
    handler.goto(f"/desk/{desk.entity.ovo}/cases")
    look(handler, "d-list")
    handler.goto(f"/desk/{desk.entity.ovo}/search")
    look(handler, "d-search")
    handler.fill("Woorden", "laptop loods")
    handler.press("Zoek")
    assert handler.sees("dossiers gevonden")
    look(handler, "d-search-found")
    handler.page.locator("main ul a").first.click()
    assert handler.sees("uit de loods")
    look(handler, "d-case")


def test_a_lost_receipt_says_what_can_be_done(desk: Desk, handlers: list[Person]) -> None:
    visitor, _ = handlers
    visitor.goto("/inbox/open")
    assert visitor.sees("Niemand kan je nieuwe woorden geven")
    look(visitor, "d-lost-receipt")
    visitor.follow("Doe een nieuwe melding")
    assert visitor.page.url.endswith("/report")
