"""What leaves the house with every page: headers, cookies, logs, and no trace of who asked.

One walk over every GET route by everybody who may enter (and every POST with an empty form) is asked many things.
"""

import json
import logging
import re
from base64 import b64encode
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from spreekbuis.app import create_app, import_models, rooms
from spreekbuis.db.security import mapped_tables
from spreekbuis.web import logs
from spreekbuis.web.access import Audience
from spreekbuis.web.frame import CONTENT_SECURITY_POLICY
from spreekbuis.web.room import Route
from tests.conftest import _settings
from tests.security.house import FORWARDED, HERE, SECRET_TEXT, House, Visitor, routes_by_id

import_models()
ROUTES = routes_by_id([route for room in rooms() for route in room.routes])
PAGES = {name: route for name, route in ROUTES.items() if route.may is not Audience.DIRECTORY}
"""What browsers ask; directories get no pages (tests/provisioning)."""
AWAY = "identity.go_elsewhere"
"""The way to an organisation where one signs in: it names that place, and keeps in a cookie what must come back."""
QUERY = "zoek=mijn-geheime-vraag"
IP_ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")


@dataclass
class Step:
    visitor: Visitor
    route: Route
    response: TestResponse


class Lines(logging.Handler):
    """Every log record of the process as the formatter of the product writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logs._Formatter("%(levelname)s %(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(scope="module")
def walk(house: House):
    """Everybody goes everywhere; gives the steps, the log lines, and the IP addresses that the database holds."""
    steps: list[Step] = []
    handler = Lines()
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        for route in ROUTES.values():
            people = [v for v in house.everybody if v.may(route)]
            if route.may is Audience.EVERYONE:
                people = [people[0], people[-1]]
            for visitor in [house.everybody[0], *people]:
                url = house.url(route, visitor)
                data = {"csrf": house.token(visitor), "name": SECRET_TEXT} if route.method == "POST" else None
                response = house.ask(visitor, route.method, f"{url}?{QUERY}", data=data)
                steps.append(Step(visitor, route, response))
        found = _addresses_in_the_database(house)
    finally:
        root.removeHandler(handler)
        house.restore()
    return steps, handler.lines, found


def _addresses_in_the_database(house: House) -> list[str]:
    with house.admin.connect() as connection:
        tables = connection.execute(
            text("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
        ).scalars()
        return [
            f"{table}: {row}"
            for table in tables
            for row in connection.execute(text(f'SELECT t::text FROM public."{table}" t')).scalars()
            if HERE in row or FORWARDED in row
        ]


def test_every_page_carries_the_headers_that_protect_it(walk):
    for step in walk[0]:
        headers, where = step.response.headers, f"{step.visitor.name}, {step.route.method} {step.route.rule}"
        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY, where
        assert headers["X-Content-Type-Options"] == "nosniff", where
        assert headers["Referrer-Policy"] == "no-referrer", where
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", where
        assert "no-store" in headers["Cache-Control"], where
        assert {"Cookie", "Accept-Language"} <= set(step.response.vary), where
        assert "Server" not in headers, where
        assert "X-Powered-By" not in headers, where


def test_the_policy_allows_nothing_but_this_site():
    allowed = {
        directive.split()[0]: directive.split()[1:] for directive in CONTENT_SECURITY_POLICY.split(";")
    }
    assert allowed["default-src"] == ["'none'"]
    assert allowed["frame-ancestors"] == ["'none'"]
    assert {source for sources in allowed.values() for source in sources} <= {"'self'", "'none'"}


LOADED = re.compile(
    r"""(?:src|action|srcset|poster|formaction|data-hx-\w+)\s*=\s*["']?([^"'\s>]+)|<link[^>]+href="([^"]+)"""
)
NAMED = re.compile(r"https?://[^\s\"'<]+")
NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink")
WAYS_OUT = {"www.vlaanderen.be"}
"""Other sites that a person may choose to go to: the button to leave this site quickly."""


def test_no_page_loads_anything_from_another_site(walk):
    for step in walk[0]:
        page = step.response.get_data(as_text=True) if step.response.mimetype == "text/html" else ""
        for found in LOADED.findall(page):
            address = found[0] or found[1]
            assert urlsplit(address).netloc in ("", "localhost"), f"{step.route.rule}: {address}"
            assert not address.startswith("data:"), step.route.rule


def test_no_page_names_another_site_but_the_way_out(walk):
    for step in walk[0]:
        if step.route.endpoint == AWAY:
            continue
        page = step.response.get_data(as_text=True) if step.response.mimetype == "text/html" else ""
        named = {urlsplit(a).netloc for a in NAMED.findall(page) if not a.startswith(NAMESPACES)}
        assert named <= {"localhost", *WAYS_OUT}, step.route.rule


def test_no_page_holds_a_script_or_a_style_of_its_own(walk):
    for step in walk[0]:
        if step.response.mimetype == "text/html":
            page = step.response.get_data(as_text=True)
            assert not re.search(r"<[^>]+\s(?:style|on\w+)\s*=", page), step.route.rule
            assert not re.search(r"<script(?![^>]*\ssrc=)", page), step.route.rule
            assert "<style" not in page, step.route.rule


def test_every_form_that_is_posted_carries_a_token(walk):
    for step in walk[0]:
        page = step.response.get_data(as_text=True) if step.response.mimetype == "text/html" else ""
        for form in re.findall(r"<form\b.*?</form>", page, re.DOTALL):
            if re.match(r"<form\b[^>]*method=\"?post", form, re.IGNORECASE):
                assert re.search(r'name="csrf" value="[0-9a-f]{64}"', form), (
                    f"{step.route.rule}: {form[:120]}"
                )
            else:
                assert 'name="csrf"' not in form, f"{step.route.rule}: a token in an address"


def test_a_visitor_gets_the_form_cookie_and_no_other(house: House):
    visitor = house.everybody[0]
    for name, route in ROUTES.items():
        if route.method == "GET" and route.endpoint != AWAY:
            response = house.ask(visitor, "GET", house.url(route, visitor), cookies=False)
            cookies = response.headers.getlist("Set-Cookie")
            assert len(cookies) <= 1, name
            for cookie in cookies:
                assert cookie.startswith("form="), name
                assert "HttpOnly" in cookie, name
                assert "SameSite=Strict" in cookie, name
                assert not re.search("expires|max-age|domain", cookie, re.IGNORECASE), name


def test_a_page_without_a_form_sets_no_cookie(house: House):
    visitor = house.everybody[0]
    for name, route in ROUTES.items():
        if route.method == "GET" and route.may is Audience.EVERYONE and route.endpoint != AWAY:
            response = house.ask(visitor, "GET", house.url(route, visitor), cookies=False)
            if "Set-Cookie" in response.headers:
                assert 'name="csrf"' in response.get_data(as_text=True), name


def test_no_log_line_holds_where_a_request_came_from(walk):
    for line in walk[1]:
        assert HERE not in line
        assert FORWARDED not in line
        assert not IP_ADDRESS.search(line), line


def test_no_log_line_holds_what_was_asked_or_sent(house: House, walk):
    steps, lines, _ = walk
    given = {value for place in (house.own, house.other) for value in place.values.values()}
    values = {value for value in given if len(value) > 4}  # shorter ones (a language) stand in every line
    cookies = {visitor.cookie[1] for visitor in house.everybody}
    for line in lines:
        assert "mijn-geheime-vraag" not in line
        assert SECRET_TEXT not in line
        assert not any(secret in line for secret in values | cookies), line
    asked = [json.loads(line) for line in lines if '"spreekbuis.request"' in line]
    assert len(asked) >= len(steps)
    rules = {route.rule for route in ROUTES.values()}
    assert {line["route"] for line in asked} <= rules | {"-"}


def test_no_table_holds_where_a_request_came_from(walk):
    assert walk[2] == []


def test_neither_the_case_text_nor_a_key_to_it_stands_in_any_table(house: House):
    """Row by row as PostgreSQL writes it out: text columns would show the words, others their bytes as digits."""
    hidden = [SECRET_TEXT, SECRET_TEXT.encode().hex(), b64encode(SECRET_TEXT.encode()).decode()[:20]]
    for place in (house.own, house.other):
        secrets = (place.case_key.secret, place.handler.secret, *place.entity.desk_secrets.values())
        hidden += [secret.hex() for secret in secrets]
    with house.admin.connect() as connection:
        for table in mapped_tables():
            rows = connection.execute(text(f'SELECT t::text FROM public."{table}" t')).scalars().all()
            for secret in hidden:
                assert not any(secret in row for row in rows), table


def test_the_content_of_a_file_stands_on_no_disk_but_sealed(house: House):
    folder = house.app.extensions["settings"].storage
    contents = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    assert len(contents) >= 2, "the test looks in the wrong place"
    assert not any(SECRET_TEXT.encode() in content for content in contents)


@pytest.mark.parametrize("route", PAGES.values(), ids=PAGES)
def test_a_wrong_method_gets_a_page_that_says_so(house: House, route: Route):
    visitor = house.everybody[0]
    url = house.url(route, visitor)
    for method in ("PUT", "DELETE"):
        response = house.ask(visitor, method, url)
        assert response.status_code == 405, method
        assert response.mimetype == "text/html"
        assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_a_wrong_method_is_told_the_right_ones(house: House):
    """RFC 9110, 15.5.6: an answer of 405 names the allowed methods."""
    response = house.ask(house.everybody[0], "PUT", "/sign-in")
    assert {"GET", "POST"} <= set(response.headers.get("Allow", "").replace(" ", "").split(","))


class Leak(Exception):
    pass


def test_an_unforeseen_error_shows_its_text_neither_in_the_log_nor_on_the_page(
    house: House, monkeypatch, capsys
):
    def broken(**_values):
        raise Leak(SECRET_TEXT) from ValueError(f"bij {SECRET_TEXT}")

    rule = next(r for r in house.app.url_map.iter_rules() if r.endpoint == "home.start")
    monkeypatch.setitem(house.app.view_functions, rule.endpoint, broken)
    handler = Lines()
    logging.getLogger().addHandler(handler)
    try:
        response = house.ask(house.everybody[0], "GET", "/")
    finally:
        logging.getLogger().removeHandler(handler)
    assert response.status_code == 500
    assert SECRET_TEXT not in response.get_data(as_text=True)
    assert any("Leak" in line for line in handler.lines)
    assert not any(SECRET_TEXT in line for line in handler.lines)


def test_a_failing_statement_quotes_no_value(house: House):
    """SQLAlchemy puts the parameters in its message, unless told not to."""
    from spreekbuis.db.session import db

    with house.app.app_context():
        assert db.engine.hide_parameters
        assert db.engines["figures"].hide_parameters


def test_behind_https_every_cookie_is_bound_to_the_host(database, tmp_path):
    settings = replace(
        _settings(database["app"], database["figures"], tmp_path), base_url="https://spreekbuis.example"
    )
    client = create_app(settings, pool_size=1).test_client()
    response = client.get("/inbox/open?lang=en", base_url="https://spreekbuis.example")
    cookies = response.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert "; Secure" in cookie
        assert "; HttpOnly" in cookie
        assert "; Path=/" in cookie
        assert "Domain" not in cookie
    assert "max-age=63072000" in response.headers["Strict-Transport-Security"]
