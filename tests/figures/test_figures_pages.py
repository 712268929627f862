"""The pages of figures, as their readers see them."""

import csv
import io
import re
from html import unescape
from uuid import UUID

import pytest
from sqlalchemy import select, text

from spreekbuis.audit.models import AuditEvent
from spreekbuis.clock import today
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.models import Entity, Organisation
from spreekbuis.figures.facts import ContactFact
from spreekbuis.figures.roll_up import roll_up_all
from spreekbuis.jobs.worker import do
from spreekbuis.web.access import Role
from tests.figures.samples import case, count
from tests.statements import statements_sent


@pytest.fixture
def analyst(world):
    return world.browser(world.platform_member(Role.CENTRAL_ANALYST))


def words(html: str) -> str:
    """The page as somebody reads it: without tags, single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def table(html: str, caption: str) -> dict[str, list[str]]:
    """The rows of the table with this caption: first column → the others."""
    for body in re.findall(r"<table.*?</table>", html, re.S):
        if caption in body:
            rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.S)
            cells = [[words(c) for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)] for row in rows]
            return {row[0]: row[1:] for row in cells[1:]}
    raise AssertionError(f"no table {caption!r}")


def test_the_dashboard_counts_rolled_up_and_waiting_changes_together(world, analyst):
    one, two = world.entity("OVO990001"), world.entity("OVO000096")
    count(world, one, case(score=5), case(score=4, outcome="founded", status="closed"))
    roll_up_all()
    count(world, two, case(kind="information_request", category="fraud"), ContactFact(2014, 2, "email"))
    page = analyst.get("/central/figures?year=2014").text
    assert "Dossiers in 2014 3" in words(page)
    assert "Tevredenheid 4,50 op 5, 2 scores" in words(page)
    assert table(page, "Dossiers per soort") == {"Melding": ["2"], "Infovraag": ["1"]}
    assert table(page, "Contacten per kanaal")["E-mail"] == ["1"]
    assert table(page, "Dossiers per maand")["Maart"] == ["3"]
    assert table(page, "Dossiers per beleidsdomein") == {
        "Omgeving": ["2"], "Mobiliteit en Openbare Werken": ["1"],
    }  # fmt: skip


def test_the_dashboard_of_a_policy_area_counts_its_entities_only(world, analyst):
    count(world, world.entity("OVO990001"), case(), case())
    roll_up_all()
    count(world, world.entity("OVO000096"), case())
    page = words(analyst.get("/central/figures?year=2014&area=OMG").text)
    assert "Dossiers in 2014 2" in page
    assert "Gepubliceerd" not in page


def test_our_figures_stand_beside_the_published_ones_with_the_difference(world, analyst):
    count(world, world.entity(), case(), case(topic="integrity"), ContactFact(2014, 1, "phone"))
    rows = table(analyst.get("/central/figures?year=2014").text, "naast de gepubliceerde cijfers")
    assert rows["Dossiers"] == ["2", "87", "-85"]
    assert rows["Contacten via telefoon"] == ["1", "91", "-90"]
    assert rows["Aandeel welzijn in de meldingen"] == ["50,0 %", "84,6 %", "-34,6 %"]
    assert rows["Tevredenheid op 5"] == ["–", "4,18", "–"]


def test_figures_of_other_actors_are_shown_as_published(analyst):
    page = analyst.get("/central/figures?year=2014").text
    assert table(page, "Gepubliceerd door andere actoren")["1700"]


def test_the_line_of_years_joins_published_and_own_figures(world, analyst):
    count(world, world.entity(), case(year=2020))
    rows = table(analyst.get("/central/figures?year=2014").text, "Dossiers per jaar")
    assert rows == {
        "2012": ["45"], "2013": ["93"], "2014": ["87"], "2015": ["88"], "2016": ["97"], "2017": ["88"],
        "…": ["–"], "2020": ["1"],
    }  # fmt: skip


def test_a_year_without_figures_says_so(analyst):
    assert f"Nog geen cijfers voor {today().year}" in words(analyst.get("/central/figures").text)


def test_the_internal_figures_carry_their_warning(world, analyst):
    entity = world.entity()
    administrator = world.browser(world.member(entity, Role.ENTITY_ADMINISTRATOR))
    for browser, url in (
        (analyst, "/central/figures"), (analyst, "/central/figures/entities"),
        (administrator, f"/entity/{entity.ovo}/figures"),
    ):  # fmt: skip
        assert "Intern, niet publiceren" in browser.get(url).text


@pytest.mark.parametrize(
    "query",
    ["year=", "year=abc", "year=1", "year=99999999999999", "year=²⁰¹⁴", "year=-1", "area=XXX", "area='"],
)
def test_an_address_that_makes_no_sense_is_not_found(analyst, query):
    assert analyst.get(f"/central/figures?{query}").status_code == 404


def test_the_table_by_entity_turns_pages_both_ways(world, analyst):
    made = [world.entity(name=f"Entiteit {number:02d}") for number in range(24)]
    with transaction(PLATFORM) as session:
        last = session.get_one(Entity, made[-1].id)
        for number in range(24, 60):
            code = f"OVO8{number:05d}"
            session.add(Organisation(ovo_code=code, name=code, code_is_real=False, search_text=""))
            session.flush()
            session.add(
                Entity(
                    ovo_code=code, name=f"Entiteit {number:02d}", policy_area=last.policy_area, headcount=9
                )
            )
    try:
        count(world, made[3], case(score=4), case(kind="information_request"), ContactFact(2014, 1, "phone"))
        roll_up_all()
        count(world, made[3], ContactFact(2014, 1, "email"))
        pages = [analyst.get("/central/figures/entities?year=2014&structure=now")]
        assert table(pages[0].text, "Cijfers 2014 per entiteit")[f"Entiteit 03 {made[3].ovo}"][1:] == [
            "2",
            "1",
            "1",
            "2",
            "4,00",
        ]
        while found := re.search(r'href="([^"]+)" rel="next"', pages[-1].text):
            pages.append(analyst.get(unescape(found[1])))
        assert [len(table(page.text, "per entiteit")) for page in pages] == [25, 25, 10]
        back = re.search(r'href="([^"]+)" rel="prev"', pages[-1].text)
        assert table(analyst.get(unescape(back[1])).text, "per entiteit") == table(
            pages[1].text, "per entiteit"
        )
        assert 'rel="prev"' not in pages[0].text
        assert 'rel="next"' not in pages[-1].text
    finally:
        with transaction(PLATFORM) as session:
            session.execute(text("DELETE FROM entity WHERE ovo_code LIKE 'OVO8%'"))
            session.execute(text("DELETE FROM organisation WHERE ovo_code LIKE 'OVO8%'"))


def test_a_cursor_that_names_no_entity_is_not_found(analyst):
    assert analyst.get("/central/figures/entities?after=OVO999999").status_code == 404


def rows_of(answer) -> list[list[str]]:
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))


def test_the_export_holds_every_cell_of_the_year(world, analyst):
    entity = world.entity("OVO990001")
    count(world, entity, case(score=5), case(score=4))
    roll_up_all()
    count(world, entity, case(year=2013), case())
    answer = analyst.get("/central/figures.csv?year=2014")
    assert answer.content_type == "text/csv; charset=utf-8"
    rows = rows_of(answer)
    assert [
        "2014",
        "OVO990001",
        "Departement Omgeving",
        "OMG",
        "Dossiers",
        "Alle",
        "3",
        "",
        "cases.all",
    ] in rows
    assert [
        "2014",
        "OVO990001",
        "Departement Omgeving",
        "OMG",
        "Tevredenheid",
        "5",
        "1",
        "5",
        "score.5",
    ] in rows
    assert {row[0] for row in rows[1:]} == {"2014"}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_the_export_holds_no_formula(world, analyst, name):
    count(world, world.entity(name=name), case())
    assert {row[2] for row in rows_of(analyst.get("/central/figures.csv?year=2014&structure=now"))[1:]} == {
        f"'{name}"
    }


def test_a_name_with_separators_stays_in_its_cell(world, analyst):
    name = 'Dienst; "Water" ✓'
    count(world, world.entity(name=name), case())
    assert {row[2] for row in rows_of(analyst.get("/central/figures.csv?year=2014&structure=now"))[1:]} == {
        name
    }


def test_an_export_is_audited(world, analyst):
    analyst.get("/central/figures.csv?year=2014")
    with transaction(PLATFORM) as session:
        found = session.scalars(select(AuditEvent.data).where(AuditEvent.kind == "figures.exported")).all()
    assert found == [{"year": 2014}]


def test_an_entity_sees_its_own_figures_only(world):
    mine, other = world.entity(), world.entity()
    count(world, mine, *[case(score=3)] * 5)
    count(world, other, case(), case())
    roll_up_all()
    count(world, mine, case())
    count(world, other, case())
    page = world.browser(world.member(mine, Role.ENTITY_ADMINISTRATOR)).get(
        f"/entity/{mine.ovo}/figures?year=2014"
    )
    assert "Dossiers in 2014 6" in words(page.text)
    assert "3,00" in page.text


def test_figures_open_only_for_who_may_see_them(world, analyst):
    mine, other = world.entity(), world.entity()
    administrator = world.browser(world.member(mine, Role.ENTITY_ADMINISTRATOR))
    assert administrator.get(f"/entity/{other.ovo}/figures").status_code == 403
    assert analyst.get(f"/entity/{mine.ovo}/figures").status_code == 403
    for url in ("/central/figures", "/central/figures/entities", "/central/figures.csv"):
        assert administrator.get(url).status_code == 403
        assert (
            world.browser(world.platform_member(Role.CONTRIBUTION_ADMINISTRATOR)).get(url).status_code == 403
        )


def test_the_figures_pages_link_to_no_case(world, analyst):
    count(world, world.entity(), case())
    for url in ("/central/figures?year=2014", "/central/figures/entities?year=2014"):
        assert not re.search(r'href="[^"]*(/desk|/cases|/inbox)', analyst.get(url).text)


@pytest.mark.parametrize("url", ["/central/figures?year=2014", "/central/figures/entities?year=2014"])
def test_a_figures_page_asks_at_most_four_questions_of_the_figures(world, analyst, url):
    count(world, world.entity(), case(), ContactFact(2014, 1, "phone"))
    with statements_sent() as statements:
        assert analyst.get(url).status_code == 200
    role = db.engines["figures"].url.username
    assert 0 < len([sent for sent in statements if sent.role == role]) <= 4


def test_the_recount_that_the_central_office_asks_for_shows_how_far_it_is_and_what_it_found(world, analyst):
    count(world, world.entity(), case(), case())
    answer = analyst.post("/central/figures/verification")
    assert answer.status_code == 303
    assert "Alles klopt" not in analyst.get(answer.location).text
    do(UUID(answer.location.rsplit("/", 1)[1]))
    page = analyst.get(answer.location).text
    assert "Alles klopt" in page
    assert "100 %" in page or 'value="2" max="2"' in page
