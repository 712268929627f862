"""Every page, for everybody who may see it: its frame, its headings and labels, wide and narrow, without a fault.

What is watched on each page (requests elsewhere, refused scripts, errors) stands in `person.py`.
"""

import os
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error

from spreekbuis.demo import people as demo_people
from tests.browser.conftest import NewPerson
from tests.browser.demo import ENTITY, HANDLER, enter
from tests.browser.installation import Installation
from tests.browser.person import Person

pytestmark = pytest.mark.browser

EVERYBODY = [
    "/", "/report", "/report?q=omgeving", "/report?q=bestaat-niet", "/about", "/actors", "/privacy",
    "/leave-no-traces", "/accessibility", "/contact", "/chat", "/enrol", "/enrol?q=departement", "/enrol/OVO000067",
    "/enrol/OVO990001", "/enrol/mailbox", "/enrol/confirmation/onzin", "/inbox/open", "/inbox", "/sign-in",
    "/password-reset", "/password-reset/onzin", "/invitation/onzin", f"/o/{ENTITY}/report", "/o/OVO000100/report",
    f"/o/{ENTITY}/report/stop", f"/o/{ENTITY}/report/story?topic=integrity&integrity=fraud",
    f"/o/{ENTITY}/report/story?topic=private", "/bestaat-niet",
    "/signpost", "/signpost?place=anywhere&topic=wellbeing&wish=talk&also=danger", "/protection",
    f"/o/{ENTITY}/signpost", f"/o/{ENTITY}/report/paper",
    f"/o/{ENTITY}/report/reopen", f"/o/{ENTITY}/signpost?place=inside&topic=integrity&wish=examine",
]  # fmt: skip
OF_THE_ROLES = {
    HANDLER: [
        "/workplaces", "/account", f"/desk/{ENTITY}/cases", f"/desk/{ENTITY}/cases?view=closed",
        f"/desk/{ENTITY}/cases?view=late", f"/desk/{ENTITY}/cases?number=2014-999", f"/desk/{ENTITY}/contacts/new",
        f"/desk/{ENTITY}/cases/keeping", "/central/figures",
    ],
    demo_people.ENTITY_ADMINISTRATOR.email: [
        "/workplaces", f"/entity/{ENTITY}/members", f"/entity/{ENTITY}/subscription", f"/entity/{ENTITY}/figures",
        f"/entity/{ENTITY}/figures?year=2014",
        f"/entity/{ENTITY}/actors", f"/entity/{ENTITY}/actors?kind=hr_partner",
    ],
    demo_people.ANALYST.email: [
        "/workplaces", "/central/figures", "/central/figures?year=2014", "/central/figures?year=2014&area=MOW",
        "/central/figures?year=2014&structure=now", "/central/figures/entities?year=2014", "/central/register",
        "/central/register?standing=ended&on=2030-01-01", "/central/register/organisations/OVO000039",
        "/central/register/imports",
        "/central/figures/entities", "/central/enrolments", "/central/enrolments?state=approved", "/central/merges",
        "/central/questionnaires", "/central/questionnaires/integrity",
        "/central/questionnaires/behaviour/preview",
        f"/desk/{ENTITY}/cases", "/central/scripts", "/central/front-office",
        "/central/chat-hours",
    ],
    demo_people.FRONT_DESK.email: [
        "/workplaces", "/front/contacts/new", "/front/scripts", "/front/scripts?q=bestaat-niet", "/front/counts",
        "/front/chat", "/central/figures",
    ],
    demo_people.TREASURER.email: [
        "/workplaces", "/admin/contributions", "/admin/contributions?q=bestaat-niet",
        f"/admin/contributions/{ENTITY}", "/admin/contributions/OVO000100",
    ],
    demo_people.OPERATOR.email: ["/workplaces", "/admin/jobs"],
}  # fmt: skip


def name_of(path: str) -> str:
    return re.sub(r"\W+", "-", path).strip("-") or "start"


def visit(person: Person, paths: list[str], who: str) -> None:
    """Open each page, wide and narrow. Pages with different addresses have different titles; refusals may share."""
    addresses: dict[str, set[str]] = {}
    for path in paths:
        status = person.goto(path)
        assert status < 500
        person.look_at_page()
        with person.on_a_telephone():
            pass
        if "SPREEKBUIS_SCREENSHOTS" in os.environ:
            person.photo(f"d-{who}-{name_of(path)}", narrow=True)
        address = urlsplit(person.page.url).path
        if status < 400:
            addresses.setdefault(person.page.title(), set()).add(address)
    assert not {title: shared for title, shared in addresses.items() if len(shared) > 1}


def test_the_public_pages(demo_home: Installation, people: NewPerson) -> None:
    visit(people(demo_home), EVERYBODY, "public")


@pytest.mark.parametrize("email", OF_THE_ROLES, ids=lambda email: email.partition("@")[0])
def test_the_pages_of_a_role(demo_home: Installation, people: NewPerson, email: str) -> None:
    person = people(demo_home)
    enter(person, email)
    visit(person, OF_THE_ROLES[email], email.partition("@")[0].replace(".", "-"))


def test_each_language_is_marked_as_such(demo_home: Installation, people: NewPerson) -> None:
    visitor = people(demo_home)
    for code, own_name in (("en", "English"), ("fr", "Français"), ("de", "Deutsch"), ("nl", "Nederlands")):
        visitor.goto("/")
        visitor.page.get_by_role("navigation").get_by_role("link", name=own_name).click()
        visitor.goto("/about")  # the choice stays
        assert visitor.page.locator("html").get_attribute("lang") == code


def test_leaving_the_site_quickly_leaves_no_page_to_go_back_to(
    demo_home: Installation, people: NewPerson
) -> None:
    visitor = people(demo_home)
    visitor.page.route(
        "https://www.vlaanderen.be/**", lambda route: route.fulfill(body="<title>Elders</title>")
    )
    visitor.goto("/")
    visitor.goto(f"/o/{ENTITY}/report")
    visitor.follow("Verlaat deze site")
    visitor.page.wait_for_url("https://www.vlaanderen.be/")
    visitor.wrong = [fault for fault in visitor.wrong if "www.vlaanderen.be" not in fault]
    try:
        visitor.page.go_back()
    except Error:
        return
    assert "/report" not in visitor.page.url
