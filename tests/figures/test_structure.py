"""Figures of a past year in the structure of then or of today: each case is counted once, in one area, either way."""

import csv
import io
import re
from collections import Counter
from datetime import date, timedelta
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.models import OPEN_ENDED, SINCE_EVER
from spreekbuis.directory.register_history import follow_register, put_areas, put_organisations
from spreekbuis.directory.timeline import AreaState, History, OrganisationState, Period
from spreekbuis.figures import reading
from spreekbuis.figures.roll_up import restructure, roll_up, roll_up_all, verify
from spreekbuis.figures.structure import Structure
from spreekbuis.web.access import Role
from tests.directory.registers import areas, imported, organisations, own_register, quiet
from tests.figures.samples import case, count

OMG, AWV = "OVO990001", "OVO990007"


@pytest.fixture
def register(world, _cleaner):
    with own_register(_cleaner):
        yield world


@pytest.fixture
def analyst(register):
    return register.browser(register.platform_member(Role.CENTRAL_ANALYST))


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def merge(world) -> None:
    """A case of 2014 in each of two areas, which merged in 2020, and where one organisation has another name now."""
    count(world, world.entity(OMG), case(), case())
    roll_up_all()
    count(world, world.entity(AWV), case())
    imported(
        areas(
            "LEEF,Leefomgeving,2020-01-01,,",
            "OMG,Omgeving,,2019-12-31,LEEF",
            "MOW,Mobiliteit,,2019-12-31,LEEF",
        )
    )
    imported(organisations("OVO990001,Departement Leefomgeving,LEEF,,,2020-01-01,"))
    restructure()


def test_figures_of_a_past_year_are_in_the_areas_of_that_year_or_of_today(register, analyst):
    merge(register)
    then = words(analyst.get("/central/figures?year=2014").text)
    assert "Omgeving 2 Mobiliteit 1" in then or "Omgeving 2 Mobiliteit en Openbare Werken 1" in then
    now = words(analyst.get("/central/figures?year=2014&structure=now").text)
    assert "Leefomgeving 3" in now
    assert "Dossiers in 2014 3" in then
    assert "Dossiers in 2014 3" in now
    for area, structure, cases in (
        ("OMG", "then", 2),
        ("LEEF", "then", 0),
        ("LEEF", "now", 3),
        ("OMG", "now", 0),
    ):
        page = words(analyst.get(f"/central/figures?year=2014&area={area}&structure={structure}").text)
        assert f"Dossiers in 2014 {cases}" in page
    assert verify() == []


def test_an_area_that_is_gone_can_be_chosen_for_its_own_years_only(register, analyst):
    merge(register)
    assert '<option value="OMG"' in analyst.get("/central/figures?year=2014").text
    assert '<option value="LEEF"' not in analyst.get("/central/figures?year=2014").text
    assert '<option value="OMG"' not in analyst.get("/central/figures?year=2014&structure=now").text
    assert '<option value="LEEF"' in analyst.get("/central/figures?year=2014&structure=now").text


def test_an_entity_has_the_name_of_then_with_that_of_now_beside_it(register, analyst):
    merge(register)
    then = words(analyst.get("/central/figures/entities?year=2014").text)
    assert "Departement Omgeving OVO990001, nu Departement Leefomgeving OMG" in then
    now = words(analyst.get("/central/figures/entities?year=2014&structure=now").text)
    assert "Departement Leefomgeving OVO990001 LEEF" in now
    assert "Departement Omgeving" not in now


def test_the_export_follows_the_choice(register, analyst):
    merge(register)
    for structure, expected in (
        ("then", {("Departement Omgeving", "OMG"), ("Agentschap Wegen en Verkeer", "MOW")}),
        ("now", {("Departement Leefomgeving", "LEEF"), ("Agentschap Wegen en Verkeer", "LEEF")}),
    ):
        sent = analyst.get(f"/central/figures.csv?year=2014&structure={structure}").text.lstrip("\ufeff")
        rows = list(csv.reader(io.StringIO(sent), delimiter=";"))
        assert {(row[2], row[3]) for row in rows[1:]} == expected


def test_the_links_of_a_page_keep_the_choice(register, analyst):
    page = analyst.get("/central/figures?year=2014&structure=now").text
    assert "/central/figures/entities?year=2014&amp;structure=now" in page
    assert "/central/figures.csv?year=2014&amp;structure=now" in page


@pytest.mark.parametrize("structure", ["", "later", "then:OMG"])
def test_another_structure_does_not_exist(register, analyst, structure):
    for page in ("", "/entities", ".csv"):
        assert analyst.get(f"/central/figures{page}?year=2014&structure={structure}").status_code == 404


def test_an_entity_reads_how_it_was_called_then(register):
    entity = register.entity(OMG)
    administrator = register.browser(register.member(entity, Role.ENTITY_ADMINISTRATOR))
    imported(organisations("OVO990001,Departement Leefomgeving,OMG,,,2020-01-01,"))
    assert "heette in 2014 Departement Omgeving" in words(
        administrator.get(f"/entity/{OMG}/figures?year=2014").text
    )
    assert "heette in" not in words(administrator.get(f"/entity/{OMG}/figures?year=2021").text)


# --- any history -----------------------------------------------------------------------------------------------

AREAS, YEARS, CODES = ("A", "B", "C"), (2012, 2013, 2014), (OMG, AWV, "OVO990008")
OPEN = (Period(SINCE_EVER, OPEN_ENDED, AreaState("Een")),)
HISTORIES = st.lists(
    st.tuples(st.integers(-400, 1500), st.integers(0, 600), st.sampled_from(AREAS)), min_size=1, max_size=4
)
FACTS = st.lists(st.tuples(st.sampled_from(CODES), st.sampled_from(YEARS)), max_size=6)


def timeline(told: list[tuple[int, int, str]]) -> tuple[Period, ...]:
    """Periods in their order, cut where the next begins; the first is as long as it says, in days from 2012 on."""
    found: list[Period] = []
    for start, length, area in sorted(told):
        first = date(2012, 1, 1) + timedelta(start)
        if found and found[-1].last >= first:
            first = found[-1].last + timedelta(1)
        found.append(Period(first, first + timedelta(length), OrganisationState("Naam", "", None, area)))
    return tuple(found)


def area_in(history: tuple[Period, ...], year: int) -> str:
    """The plain model: the last area it was in by the end of the year, else the first it ever was in."""
    begun = [period for period in history if period.first <= date(year, 12, 31)]
    return (begun[-1] if begun else history[0]).state.policy_area


def test_whatever_merges_splits_moves_and_ends_each_case_is_counted_once(register):
    tenants = {code: register.entity(code) for code in CODES}
    seen: list[tuple[str, int]] = []

    @settings(max_examples=25, deadline=None)
    @given(st.data())
    def holds(data):
        for code, year in data.draw(FACTS):
            count(register, tenants[code], case(year=year))
            seen.append((code, year))
        data.draw(st.sampled_from([lambda: None, roll_up_all, lambda: roll_up(1)]))()
        histories = {code: timeline(data.draw(HISTORIES)) for code in CODES}
        heir = data.draw(st.sampled_from(["", "B"]))
        give(histories, heir)
        for year in YEARS:  # also before the totals follow
            assert sum(by_area(year, Structure.THEN).values()) == sum(of == year for _, of in seen)
        restructure()
        assert verify() == []
        for year in YEARS:
            expected = Counter(area_in(histories[code], year) for code, of in seen if of == year)
            assert by_area(year, Structure.THEN) == expected
            assert sum(by_area(year, Structure.NOW).values()) == expected.total()
            assert not (heir and "A" in by_area(year, Structure.NOW))

    holds()


def give(histories: dict[str, tuple[Period, ...]], heir: str) -> None:
    """The register has these histories; with `heir`, area A went over into it in the summer of 2013."""
    ended = (Period(SINCE_EVER, date(2013, 6, 30), AreaState("Een")),)
    with transaction(PLATFORM):
        first = History(ended, (heir,)) if heir else History(OPEN)
        put_areas({"B": History(OPEN), "C": History(OPEN), "A": first})
        put_organisations({code: History(periods) for code, periods in histories.items()}, quiet)
        follow_register()


def by_area(year: int, structure: Structure) -> dict[str, int]:
    with reading.reading() as connection:
        names = reading.policy_areas(connection, year, structure)
        found = reading.overview(connection, year, structure, areas=names)
    assert found.figures.cases == sum(found.cases_by_area.values())
    return found.cases_by_area
