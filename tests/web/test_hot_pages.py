"""What the pages that people use most ask of the database: a number that somebody must choose to raise.

Counted without BEGIN, SET and COMMIT. A page that asks more with more cases or messages is another fault, for which
each room has its own test (tests/cases/test_work_list_cost.py).
"""

import pytest

from spreekbuis.directory.catalogue import DeskKind
from tests.intake.flow import Reporter, words
from tests.statements import statements_sent

MOST = {"list": 7, "number": 7, "case": 18, "search form": 3, "account": 5, "mailbox": 4, "report": 21}


@pytest.fixture
def pages(world):
    """Each page by its name; all were opened once, so that what is done the first time only is done."""
    entity = world.entity()
    handler, reporter = world.handler(entity, DeskKind.WELLBEING), Reporter(world.browser(), entity)
    reporter.open_mailbox(" ".join(words(reporter.report())))
    other = Reporter(world.browser(), entity)
    desk = f"/desk/{entity.ovo}"
    case = handler.get(f"{desk}/cases").text.split(f'href="{desk}/cases/')[1].split('"')[0]
    found = {
        "list": lambda: handler.get(f"{desk}/cases"),
        "number": lambda: handler.get(f"{desk}/cases?number=2020-1"),
        "case": lambda: handler.get(f"{desk}/cases/{case}"),
        "search form": lambda: handler.get(f"{desk}/search"),
        "account": lambda: handler.get("/account"),
        "mailbox": lambda: reporter.browser.get("/inbox"),
        "report": lambda: (other.browser.get(other.at), other.report())[1],
    }
    for page in found.values():
        assert page().status_code == 200
    return found


@pytest.mark.parametrize("name", MOST)
def test_a_page_asks_no_more_than_it_did(pages, name):
    with statements_sent() as sent:
        assert pages[name]().status_code == 200
    assert len(sent) <= MOST[name], [one.text for one in sent]
