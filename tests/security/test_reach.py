"""Every page can be reached by following links and forms: no dead ends, no link that leads to nothing."""

import re
from html import unescape

import pytest
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect

from spreekbuis.web.access import Audience
from spreekbuis.web.room import routes_of
from tests.security.house import House, Visitor

LINK = re.compile(r'<[a-z]+\b[^>]*?\s(?:href|action|data-hx-get|data-chat)="([^"]*)"')
BY_MAIL = re.compile("token>")
BY_DEED = {
    "identity.second_factor", "entities.look_in_mailbox", "entities.fill_in", "report.story", "report.stop",
    "chat.part", "chat.events", "chat_desk.events",
}  # fmt: skip
"""Pages that come after a form was sent, or a choice was made; and what a page that waits asks by itself."""


def follow(house: House, visitor: Visitor, start: tuple[str, ...]) -> tuple[set[str], list[str]]:
    """Endpoints that links and forms lead to from `start`, and the links that lead to nothing."""
    adapter = house.app.url_map.bind("localhost")
    waiting, asked, seen, broken = list(start), set[str](), set[str](), list[str]()
    often: dict[str, int] = {}
    while waiting:
        url = waiting.pop()
        path = url.split("?")[0].split("#")[0]
        try:
            endpoint = adapter.match(path, "GET")[0]
        except MethodNotAllowed:
            seen.add(adapter.match(path, "POST")[0])
            continue
        except (RequestRedirect, HTTPException):
            broken.append(url)
            continue
        seen.add(endpoint)
        often[endpoint] = often.get(endpoint, 0) + 1
        if url in asked or often[endpoint] > 4 or endpoint == "static":
            continue
        asked.add(url)
        response = house.ask(visitor, "GET", url)
        if response.status_code == 404:
            broken.append(url)
        found = [response.location] if response.location else []
        if response.mimetype == "text/html":
            found += LINK.findall(response.get_data(as_text=True))
        waiting.extend(unescape(link) for link in found if link.startswith("/"))
        waiting.extend(path + unescape(link) for link in found if link.startswith("?"))
    return seen, broken


@pytest.fixture(scope="module")
def walked(house: House) -> dict[str, tuple[set[str], list[str]]]:
    """Each who has something to do here, from the start page, or from the work places after signing in."""
    insiders = [
        house.everybody[0],
        *(v for v in house.everybody if v.reporter or (v.roles and v.own and v.signed_in)),
    ]
    start = f"/o/{house.own.entity.ovo}/report"  # from the intranet of the entity
    return {
        v.name: follow(house, v, ("/", "/inbox", start) if v.reporter else ("/", "/workplaces", start))
        for v in insiders
    }


def test_no_link_leads_to_nothing(walked):
    assert {who: broken for who, (_, broken) in walked.items() if broken} == {}


def test_every_page_is_reached_from_another(house: House, walked):
    reached = set().union(*(seen for seen, _ in walked.values())) | BY_DEED
    routes = [
        r for r in routes_of(house.app) if r.may is not Audience.DIRECTORY
    ]  # a machine follows no links
    pages = [r for r in routes if r.method == "GET" and r.transactional]
    assert [r.rule for r in pages if r.endpoint not in reached and not BY_MAIL.search(r.rule)] == []
