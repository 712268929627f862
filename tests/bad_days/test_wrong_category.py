"""A wrong category that is corrected later: the figures follow, and a compartment stays a compartment."""

import re

import pytest

from spreekbuis.directory.catalogue import CATEGORIES, DeskKind, Topic
from spreekbuis.figures.roll_up import roll_up_all, verify
from tests.bad_days.conftest import Handler
from tests.figures.test_facts import shown
from tests.intake.flow import STORY, words
from tests.keeping.conftest import run_all_jobs

OTHER = next(c.code for c in CATEGORIES.values() if c.topic is Topic.WELLBEING and c.code != "bullying")


@pytest.fixture
def integrity(world, entity):
    return Handler(world.handler(entity, DeskKind.INTEGRITY), entity)


def of_categories(world, entity):
    return {
        value: n for (dimension, value), (n, _) in shown(world, entity).items() if dimension == "category"
    }


@pytest.mark.parametrize("rolled_up", [False, True], ids=["waiting changes", "rolled up between"])
def test_the_figures_move_with_the_category_and_count_once(world, entity, reporter, handler, rolled_up):
    reporter.report()
    (url,) = handler.numbers()
    assert handler.press(url, "kind", kind="report").status_code == 303
    assert of_categories(world, entity) == {"bullying": 1}
    if rolled_up:
        roll_up_all()
    for category in (OTHER, "bullying", OTHER, OTHER):
        assert handler.press(url, "category", category=category).status_code == 303
        assert of_categories(world, entity) == {category: 1}
    assert shown(world, entity)["cases", "all"] == (1, 0)
    roll_up_all()
    assert of_categories(world, entity) == {OTHER: 1}
    assert verify() == [], "the totals are what a recount of the facts gives"


def test_a_correction_never_hands_a_case_to_the_other_desk(world, entity, reporter, handler, integrity):
    """Wellbeing is a compartment of its own: only the reporter's yes opens the way."""
    reporter.report()
    (url,) = handler.numbers()
    assert (
        'value="fraud"' not in re.search(r'<form[^>]*/category".*?</form>', handler.read(url), re.DOTALL)[0]
    )
    refused = handler.press(url, "category", category="fraud")
    assert refused.status_code == 422
    assert handler.numbers() == [url]
    assert integrity.numbers() == []
    assert integrity.browser.get(url).status_code == 404


def test_a_case_of_the_other_desk_moves_with_the_yes_of_its_reporter_and_is_read_there_alone(
    world, entity, reporter, handler, integrity
):
    code = " ".join(words(reporter.report()))
    (url,) = handler.numbers()
    form = handler.read(f"{url}/refer")
    place = next(v for v in re.findall(r'name="to" value="([^"]+)"', form) if not v.startswith("actor"))
    once = re.search(r'name="once" value="([^"]+)"', form)[1]
    told = {
        "once": once,
        "to": place,
        "category": "fraud",
        "why": "better_placed",
        "explanation": "Dit is fraude.",
    }
    assert handler.browser.post(f"{url}/refer", told).status_code == 303
    assert integrity.numbers() == [], "nothing goes before the yes"
    reporter.open_mailbox(code)
    yes = re.search(r'action="(/inbox/referral/[^"]+/yes)"', reporter.browser.get("/inbox").text)[1]
    assert reporter.browser.post(yes).status_code == 303
    letters = integrity.read(f"/desk/{entity.ovo}/letters")
    letter = re.search(rf'href="(/desk/{entity.ovo}/letters/[0-9a-f-]+)"', letters)[1]
    there = integrity.browser.post(f"{letter}/accept").location.partition("?")[0]
    run_all_jobs()

    assert STORY in integrity.read(there)
    assert handler.browser.get(there).status_code == 404
    assert integrity.browser.get(url).status_code == 404
    assert handler.numbers() == []
    assert reporter.open_mailbox(code).status_code == 303, "the words stay the same"
    assert STORY in reporter.browser.get("/inbox").text
    roll_up_all()
    assert shown(world, entity)["cases", "all"] == (1, 0), "counted once"
    assert verify() == []
