"""Forms that come from elsewhere are refused, and whatever somebody sends never makes a page crash."""

import io
import re
import secrets
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from spreekbuis.app import import_models, rooms
from spreekbuis.web.access import Audience
from spreekbuis.web.cookies import FORM
from spreekbuis.web.room import Route
from tests.house.sources import modules
from tests.security.house import House, Visitor, routes_by_id

import_models()
BY_PEOPLE = [route for room in rooms() for route in room.routes if route.may is not Audience.DIRECTORY]
"""Directories send no forms: their doors have their own tests (tests/provisioning)."""
POSTS = routes_by_id([route for route in BY_PEOPLE if route.method == "POST"])
OURS = {name: route for name, route in POSTS.items() if not route.from_server}
"""What our own forms post; the rest comes from servers that prove who they are by what they send."""
every_post = pytest.mark.parametrize("route", POSTS.values(), ids=POSTS)
every_form = pytest.mark.parametrize("route", OURS.values(), ids=OURS)


def who_may(house: House, route: Route) -> Visitor:
    return next(visitor for visitor in reversed(house.everybody) if visitor.may(route))


@every_form
def test_a_form_without_our_token_changes_nothing(house: House, route: Route):
    visitor = who_may(house, route)
    stranger = house.everybody[0] if visitor is not house.everybody[0] else house.everybody[1]
    url = house.url(route, visitor)
    before = house.state()
    for token in (None, "", "x", "é", house.token(stranger), "0" * 64):
        data = {} if token is None else {"csrf": token}
        response = house.ask(visitor, "POST", url, data=data)
        assert response.status_code == 409, f"token {token!r}: {response.status}"
    in_the_address = house.ask(visitor, "POST", f"{url}?csrf={house.token(visitor)}")
    assert in_the_address.status_code == 409
    assert house.changed_since(before) <= {"sign_in_session", "reporter_session"}


ELSEWHERE = {
    "the browser says another site": {"Sec-Fetch-Site": "cross-site"},
    "the browser says a sister site": {"Sec-Fetch-Site": "same-site"},
    "another origin": {"Origin": "https://elders.example"},
    "an origin that begins like ours": {"Origin": "http://localhost.elders.example"},
    "our name on another port": {"Origin": "http://localhost:8080"},
}


@every_form
def test_a_form_from_another_site_changes_nothing_even_with_our_token(house: House, route: Route):
    visitor = who_may(house, route)
    url = house.url(route, visitor)
    before = house.state()
    for name, headers in ELSEWHERE.items():
        response = house.ask(visitor, "POST", url, data={"csrf": house.token(visitor)}, headers=headers)
        assert response.status_code == 403, f"{name}: {response.status}"
    assert house.changed_since(before) <= {"sign_in_session", "reporter_session"}


@every_post
def test_a_form_of_our_own_is_taken(house: House, route: Route):
    visitor = who_may(house, route)
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}, {}):
        with house.as_it_was():
            url = house.url(route, visitor)
            response = house.ask(visitor, "POST", url, data={"csrf": house.token(visitor)}, headers=headers)
        page = response.get_data().decode(errors="replace")  # or the file that was asked
        assert "kwam niet van deze site" not in page
        assert "formulier was verlopen" not in page


def test_a_token_of_the_form_cookie_does_not_serve_a_signed_in_browser_of_somebody_else(house: House):
    """A site that plants its own form cookie has a token for it, but not the sign-in cookie to go with it."""
    planted = Visitor("an attacker", (FORM, secrets.token_urlsafe(24)))
    handler = house.everybody[-1]
    route = next(r for r in POSTS.values() if r.may is Audience.SIGNED_IN)
    response = house.ask(handler, "POST", house.url(route, handler), data={"csrf": house.token(planted)})
    assert response.status_code == 409


LONG = "a" * 100_000
FIELDS = {
    "text", "name", "email", "password", "current_password", "new_password", "code", "category", "kind", "topic",
    "identity", "channel", "status", "state", "reason", "once", "language", "lang", "day", "valid_from", "from",
    "until", "date", "date_day", "date_month", "date_year", "headcount", "affiliated", "role", "desk", "handler",
    "handler_id", "account_id", "score", "comment", "outcome", "year", "version", "token", "draft", "words",
    "body", "message", "note", "phone", "contact", "function", "label", "session", "next", "duty", "agree", "files",
    "file", "reporter_class", "ovo", "organisation", "internal", "remove", "step", "answer", "confirm", "feedback",
}  # fmt: skip
"""The words for fields; what the forms on the pages really use is added to them."""
VALUES = {
    "a very long text": LONG,
    "a NUL": "voor\x00na",
    "lone surrogates": "\ud800\udfff",
    "emoji and directions": "🧨\u202egnp.exe\u2066👩‍👩‍👧",
    "a date that does not exist": "2026-02-31",
    "a year beyond the calendar": "99999-01-01",
    "a huge number": "9" * 400,
    "a number below zero": "-1",
    "other digits": "٣٤",
    "a float": "NaN",
    "SQL": '\'; DROP TABLE "case"; --',
    "a template": "{{ 7*7 }}{% raw %}",
    "markup": "<script>alert(1)</script>",
    "an identifier of nothing": "00000000-0000-0000-0000-000000000000",
    "a path": "../../../../etc/passwd",
    "spaces": " \t\r\n\u00a0\u2028",
    "an address": "iemand@voorbeeld.example\r\nBcc: x@voorbeeld.example",
}


def fields_of(house: House) -> set[str]:
    """The names in the forms of all pages that the template tree holds, besides the usual words."""
    found = set(FIELDS)
    for folder in house.app.jinja_loader.searchpath:  # type: ignore[union-attr]
        for page in Path(folder).rglob("*.html"):
            source = page.read_text()
            found.update(re.findall(r'name="([a-z_]+)"', source))
            found.update(
                re.findall(r"(?:field|textarea|select|picks|checks|cards|checkbox|file)\('([a-z_]+)'", source)
            )
            for name in re.findall(r"date_field\('([a-z_]+)'", source):
                found.update((f"{name}_day", f"{name}_month", f"{name}_year"))
    return found - {"csrf"}


@pytest.fixture(scope="module")
def fields(house: House) -> set[str]:
    return fields_of(house)


@every_post
def test_hostile_values_never_crash_a_page(house: House, route: Route, fields: set[str]):
    visitor = who_may(house, route)
    url = house.url(route, visitor)
    with house.as_it_was():
        for name, value in VALUES.items():
            safe = value.encode("utf-8", "surrogatepass")
            some = [field for field in sorted(fields) if not (value is LONG and field > "n")]
            data = dict.fromkeys(some, safe) | {"csrf": house.token(visitor)}
            body = "&".join(f"{k}={_quoted(v)}" for k, v in data.items())
            response = house.ask(
                visitor, "POST", url, data=body, content_type="application/x-www-form-urlencoded"
            )
            assert response.status_code < 500, f"{name}: {response.status}"
            if response.status_code == 401:
                break  # signed out by its own doing
            page = response.get_data().decode(errors="replace")
            if value == VALUES["markup"]:
                assert value not in page
            if value == VALUES["a template"]:
                assert "49{%" not in page


def _quoted(value: str | bytes) -> str:
    return quote_plus(value)


BODIES = {
    "arrays": ("application/x-www-form-urlencoded", "text=a&text=b&text[]=c&category=x&category=y&once=1&once=2"),
    "JSON": ("application/json", '{"text": ["a"], "category": {"$ne": 1}}'),
    "no body": ("application/x-www-form-urlencoded", ""),
    "half a form": ("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\na"),
    "no boundary": ("multipart/form-data", "--x\r\n"),
    "bytes that are no text": ("application/x-www-form-urlencoded", b"text=\xff\xfe%ff%fe&category=%00"),
    "a thousand fields": ("application/x-www-form-urlencoded", "&".join(f"f{n}=1" for n in range(1000))),
    "XML": ("application/xml", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'),
}  # fmt: skip


@every_post
def test_hostile_bodies_never_crash_a_page(house: House, route: Route):
    visitor = who_may(house, route)
    url = house.url(route, visitor)
    with house.as_it_was():
        for name, (kind, body) in BODIES.items():
            sent = f"csrf={house.token(visitor)}&" if kind.startswith("application/x-www") else ""
            whole = sent.encode() + (body if isinstance(body, bytes) else body.encode())
            response = house.ask(visitor, "POST", url, data=whole, content_type=kind)
            assert response.status_code < 500, f"{name}: {response.status}"
            if response.status_code == 401:
                break


@every_post
def test_hostile_files_never_crash_a_page(house: House, route: Route):
    visitor = who_may(house, route)
    url = house.url(route, visitor)
    files = [
        ("../../../etc/passwd", b"x"), ("a.pdf", b""), ("b.pdf", b"MZ\x90\x00" + bytes(200)),
        ("c\u202efdp.exe", b"%PDF-1.7"), ("\x00.txt", b"\xff\xfe"), ("x" * 3000 + ".txt", b"tekst"),
        ("d.docx", b"PK\x03\x04"),
    ]  # fmt: skip
    with house.as_it_was():
        data = {"csrf": house.token(visitor), "text": "x"} | {
            name: [(io.BytesIO(content), filename) for filename, content in files]
            for name in ("files", "file")
        }
        response = house.ask(visitor, "POST", url, data=data, content_type="multipart/form-data")
        assert response.status_code < 500, response.status


QUESTIONS = {
    "nothing": "", "a NUL": "%00", "no UTF-8": "%ff%ed%a0%80", "a huge number": "9" * 400, "below zero": "-1",
    "another site": "//elders.example", "another site in full": "https://elders.example/", "SQL": "%27%20OR%201=1--",
    "something long": "a" * 2000, "a date that does not exist": "2026-02-31", "an emoji": "%F0%9F%92%A3",
    "a cursor of nothing": "e30", "a dunder": "__class__",
}  # fmt: skip


def questions() -> list[str]:
    """The names that the views read from addresses."""
    source = "\n".join(module.read_text() for module in modules())
    return sorted(
        {*re.findall(r"""args\.get(?:list)?\(\s*["']([a-z_]+)["']""", source), "lang", "done", "next"}
    )


GETS = routes_by_id([route for route in BY_PEOPLE if route.method == "GET"])


@pytest.mark.parametrize("route", GETS.values(), ids=GETS)
def test_hostile_queries_never_crash_a_page_nor_lead_away(house: House, route: Route):
    visitor = who_may(house, route)
    url = house.url(route, visitor)
    names = questions()
    together = ["&".join(f"{name}={value}" for name in names) for value in QUESTIONS.values()]
    alone = [f"{name}={value}" for name in names for value in ("%00", "9" * 30, "x")]
    for query in together + alone:
        response = house.ask(visitor, "GET", f"{url}?{query}")
        assert response.status_code < 500 or route.rule == "/readyz", f"{query[:200]}: {response.status}"
        assert "elders.example" not in response.headers.get("Location", ""), query
        page = response.get_data(as_text=True) if response.mimetype == "text/html" else ""
        assert not re.search('(?:href|action)="(https:)?//elders', page), query


HOSTILE_ADDRESSES = (
    "/o/OVO000000/report", "/o/OVO99/report", "/o/ovo001234/report", "/desk/%00/cases", "/desk/OVO000001/cases/x",
    "/%2e%2e/%2e%2e/etc/passwd", "/static/../app.py", "/static/%2e%2e/door.py", "/\\elders.example",
    "/jobs/00000000-0000-0000-0000-00000000000g", "/enrol/%F0%9F%92%A3", "/invitation/" + "a" * 4000,
    "/password-reset/%00", "/.git/config", "/.env", "/admin", "/%ff",
)  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES)
def test_an_address_of_nothing_gives_the_page_for_that(house: House, address: str):
    for visitor in (house.everybody[0], house.everybody[-1]):
        response = house.ask(visitor, "GET", address)
        assert response.status_code in (303, 308, 400, 401, 403, 404), response.status
        assert "elders.example" not in response.headers.get("Location", "")
        assert b"root:" not in response.get_data()


def test_a_browser_that_hides_its_origin_is_judged_by_the_token(house: House):
    """Without Sec-Fetch-Site, our own no-referrer policy makes a browser send `Origin: null`."""
    visitor = house.everybody[0]
    with_token = house.ask(
        visitor, "POST", "/sign-in", data={"csrf": house.token(visitor)}, headers={"Origin": "null"}
    )
    assert with_token.status_code == 422
    forged = house.ask(visitor, "POST", "/sign-in", data={"csrf": "forged"}, headers={"Origin": "null"})
    assert forged.status_code == 409
