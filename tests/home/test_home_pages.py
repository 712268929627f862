"""The public pages: start, the choice of an entity, and what explains."""

import re

import pytest
from sqlalchemy import delete, event, select

from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.models import Entity, EntityStatus, Organisation
from spreekbuis.directory.register import searchable
from spreekbuis.web.frame import FOOTER

PAGES = ["/", "/report", "/about", "/privacy", "/leave-no-traces", "/accessibility", "/contact", "/actors"]


def many_entities(number: int) -> None:
    with transaction(PLATFORM) as session:
        for n in range(number):
            code = f"OVO88{n:04d}"
            name = f"Agentschap {n // 2:04d}"  # every name twice
            session.merge(
                Organisation(
                    ovo_code=code, name=name, code_is_real=False, search_text=searchable(f"{name} {code}")
                )
            )
            session.flush()
            if session.scalar(select(Entity.id).where(Entity.ovo_code == code)) is None:
                session.add(Entity(ovo_code=code, name=name, policy_area="KBBJ", headcount=10))


@pytest.fixture
def without_extra_organisations(app):
    yield
    with transaction(PLATFORM) as session:
        session.execute(delete(Entity))
        session.execute(delete(Organisation).where(Organisation.ovo_code.startswith("OVO88")))


def codes(page) -> list[str]:
    return re.findall(r"/o/(OVO\d{6})/report", page.text)


@pytest.mark.parametrize("url", PAGES)
def test_every_public_page_opens_may_be_found_and_needs_no_script(world, url):
    page = world.browser().get(url)
    assert page.status_code == 200
    assert page.headers["X-Robots-Tag"] == "all"
    assert 'content="noindex"' not in page.text
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son[a-z]+=", page.text)
    assert page.text.count("<h1") == 1


@pytest.mark.parametrize("url", PAGES)
@pytest.mark.parametrize("lang", ["en", "fr", "de"])
def test_every_public_page_opens_in_every_language(world, url, lang):
    page = world.browser().get(url, query_string={"lang": lang})
    assert page.status_code == 200
    assert f'<html lang="{lang}">' in page.text


@pytest.mark.parametrize("url", PAGES)
def test_no_link_on_a_public_page_leads_nowhere(world, url):
    browser = world.browser()
    links = set(re.findall(r'href="(/[^"#?]*)(?:[#?][^"]*)?"', browser.get(url).text))
    for link in links - {"/static"}:
        assert browser.get(link).status_code in (200, 303), link


@pytest.mark.parametrize("url", PAGES)
def test_no_anchor_on_a_public_page_is_missing(world, url):
    browser = world.browser()
    for path, anchor in re.findall(r'href="(/[^"#?]*)#([^"]+)"', browser.get(url).text):
        assert f'id="{anchor}"' in browser.get(path).text, anchor


def test_the_footer_leads_to_the_pages_that_explain(world):
    page = world.browser().get("/")
    for _endpoint, label in FOOTER:
        with world.app.test_request_context():
            assert str(label) in page.text


def test_the_start_page_posts_the_receipt_code_to_the_mailbox(world):
    page = world.browser().get("/")
    assert re.search(r'<form[^>]*method="post"[^>]*action="/inbox/open"', page.text)
    assert re.search(r'<input[^>]*name="code"', page.text)
    assert 'name="csrf"' in page.text


def test_entities_are_found_by_name_or_code_and_lead_to_their_own_page(world):
    one = world.entity("OVO000067")
    world.entity("OVO000039")
    browser = world.browser()
    assert codes(browser.get("/report")) == ["OVO000039", one.ovo]
    assert codes(browser.get("/report", query_string={"q": "cultuur"})) == [one.ovo]
    assert codes(browser.get("/report/found", query_string={"q": "ovo000067"})) == [one.ovo]
    assert "<html" not in browser.get("/report/found").text


def test_an_organisation_that_is_not_enrolled_or_has_left_is_not_in_the_list(world):
    one = world.entity("OVO000067")
    with transaction(PLATFORM) as session:
        session.get_one(Entity, one.id).status = EntityStatus.LEFT
    page = world.browser().get("/report")
    assert codes(page) == []
    assert "/actors" in page.text


def test_an_entity_without_entitlement_stays_in_the_list_so_that_its_staff_hear_where_to_go(world):
    one = world.entity("OVO000067", entitled=False)
    assert codes(world.browser().get("/report")) == [one.ovo]


def test_the_list_walks_forth_and_back_and_shows_each_entity_once(world, without_extra_organisations):
    many_entities(60)
    browser = world.browser()

    def neighbour(page, rel):
        found = re.search(rf'href="([^"]*)" rel="{rel}"', page.text)
        return browser.get(found.group(1).replace("&amp;", "&")) if found else None

    first = browser.get("/report")
    second = neighbour(first, "next")
    third = neighbour(second, "next")
    assert [len(codes(p)) for p in (first, second, third)] == [25, 25, 10]
    assert len({*codes(first), *codes(second), *codes(third)}) == 60
    assert neighbour(third, "next") is None
    assert neighbour(first, "prev") is None
    assert codes(neighbour(third, "prev")) == codes(second)
    assert codes(neighbour(neighbour(third, "prev"), "prev")) == codes(first)


def test_paging_keeps_the_search(world, without_extra_organisations):
    many_entities(60)
    page = world.browser().get("/report/found", query_string={"q": "agentschap"})
    link = re.search(r'href="([^"]*after=[^"]*)"', page.text).group(1)
    assert link.startswith("/report?")
    assert "q=agentschap" in link


@pytest.mark.parametrize(
    "query",
    [
        {"q": "%"},
        {"q": "日本"},
        {"q": "a" * 9000},
        {"after": "onzin"},
        {"before": "01a2001e-d174-712e-ab09-053bb2a2c7e7"},
    ],
)
def test_a_search_or_place_that_fits_nothing_shows_nothing(world, query):
    world.entity("OVO000067")
    page = world.browser().get("/report", query_string=query)
    assert page.status_code == 200
    assert codes(page) == []


def test_a_character_that_no_text_holds_is_ignored(world):
    one = world.entity("OVO000067")
    for name in ("q", "after", "before"):
        assert codes(world.browser().get("/report", query_string={name: "\x00"})) == [one.ovo]


def test_the_list_costs_the_same_few_statements_however_many_entities(world, without_extra_organisations):
    statements: list[str] = []
    listen = ("before_cursor_execute", lambda *args: statements.append(args[2]))
    event.listen(db.engine, *listen)
    try:
        browser = world.browser()
        many_entities(1)
        statements.clear()
        browser.get("/report")
        few = len(statements)
        many_entities(40)
        statements.clear()
        browser.get("/report")
    finally:
        event.remove(db.engine, *listen)
    assert len(statements) == few <= 3
