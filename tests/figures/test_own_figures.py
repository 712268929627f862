"""What the employer sees of its own figures: nothing that points at a person, and no sign of a first case."""

import re

import pytest

from spreekbuis.clock import today
from spreekbuis.figures.facts import ContactFact
from spreekbuis.figures.roll_up import roll_up_all
from spreekbuis.web.access import Role
from tests.figures.samples import case, count
from tests.figures.test_figures_pages import table, words


@pytest.fixture
def mine(world):
    return world.entity()


@pytest.fixture
def page(world, mine):
    browser = world.browser(world.member(mine, Role.ENTITY_ADMINISTRATOR))
    return lambda year=2014: browser.get(f"/entity/{mine.ovo}/figures?year={year}").text


def main(html: str) -> str:
    """The content, without what differs from one answer to the other."""
    return re.sub(r'nonce="[^"]*"', "", re.search(r"<main.*</main>", html, re.S)[0])


def test_one_case_or_four_look_like_none(world, mine, page):
    nothing = main(page())
    assert "Dossiers in 2014 < 5" in words(nothing)
    assert "Te weinig dossiers in 2014" in words(nothing)
    for _ in range(4):
        count(
            world,
            mine,
            case(category="aggression", score=2, outcome="founded"),
            ContactFact(2014, 2, "email"),
        )
        assert main(page()) == nothing
    roll_up_all()
    assert main(page()) == nothing
    assert "Intern, niet publiceren" in nothing


def test_a_small_category_hides_like_one_without_cases(world, mine, page):
    count(world, mine, *[case()] * 20, *[case(category="fraud", topic="integrity")] * 9)
    count(world, mine, case(category="aggression"))
    rows = table(page(), "Dossiers per categorie")
    assert (rows["Pesten"], rows["Fraude"]) == (["20"], ["9"])
    assert rows["Agressie"] == rows["Burn-out"] == ["< 5"]


def test_a_number_that_would_give_a_small_one_away_is_hidden_with_it(world, mine, page):
    count(world, mine, *[case()] * 20, *[case(category="fraud", topic="integrity")] * 9)
    rows = table(page(), "Dossiers per categorie")
    assert rows["Fraude"] == ["verborgen"]
    assert rows["Pesten"] == ["20"]


def test_a_total_is_hidden_where_its_cell_is(world, mine, page):
    count(world, mine, *[case()] * 20, *[case(kind="information_request")] * 30)
    html = page()
    assert table(html, "Dossiers per soort")["Melding"] == ["verborgen"]
    assert "Dossiers in 2014 50 Meldingen verborgen Infovragen 30" in words(html)
    assert "Meldingen per thema" not in html


def test_satisfaction_is_shown_from_five_scores_and_never_beside_small_ones(world, mine, page):
    count(world, mine, *[case(score=5)] * 4, *[case()] * 9)
    assert "Tevredenheid verborgen" in words(page())
    count(world, mine, case(score=4))
    html = page()
    assert "Tevredenheid 4,80 op 5, 5 scores" in words(html)
    assert "Score op 5" not in html
    count(world, mine, *[case(score=score) for score in range(1, 6)] * 5)
    assert table(page(), "Tevredenheid")["1"] == ["5"]


def test_a_year_with_few_cases_is_not_seen_among_the_others(world, mine, page):
    count(world, mine, *[case(year=2012)] * 6, *[case(year=2014)] * 7)
    before = main(page())
    count(world, mine, case(year=2013), case(year=2010))
    assert main(page()) == before
    rows = table(before, "Dossiers per jaar")
    assert (rows["2012"], rows["2013"], rows["2014"]) == (["6"], ["< 5"], ["7"])
    assert list(rows) == ["2012", "2013", "2014", "…"]


def test_a_month_to_come_hides_nothing(world, mine, page):
    year = today().year
    count(world, mine, *[case(year=year, month=month) for month in range(1, 13) for _ in range(6)])
    assert len(table(page(year), "Dossiers per maand")) == 12
    count(world, mine, *[case(month=month) for month in range(1, 12) for _ in range(6)])
    assert table(page(), "Dossiers per maand")["December"] == ["< 5"]
