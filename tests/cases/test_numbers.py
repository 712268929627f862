"""The number of a case says its desk and tells nothing about the other one."""

from itertools import pairwise

import pytest
from sqlalchemy import select

from spreekbuis.cases import numbers
from spreekbuis.cases.finding import case_by_number
from spreekbuis.cases.models import CaseCounter
from spreekbuis.cases.numbers import CaseNumber, number_of, read_number
from spreekbuis.cases.opening import open_case
from spreekbuis.directory.catalogue import CATEGORIES, DESK_OF_TOPIC, DeskKind
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.web.access import Role
from tests.cases.conftest import a_new_case


def test_numbers_of_a_desk_run_on_while_another_desk_opens_cases(world):
    entity = world.entity()
    with world.inside(entity) as session:
        mine = [open_case(a_new_case()).number]
        for _ in range(3):
            open_case(a_new_case(category="bullying"))
        mine.append(open_case(a_new_case()).number)
        counted = {c.desk_id: c.last for c in session.scalars(select(CaseCounter))}
    assert mine == [1, 2]
    assert counted == {entity.desks[DeskKind.INTEGRITY]: 2, entity.desks[DeskKind.WELLBEING]: 3}


def test_the_page_and_the_list_show_the_number_with_its_letter(world):
    entity = world.entity()
    with world.inside(entity):
        case = open_case(a_new_case(category="bullying"))
        path, number = f"/desk/{entity.ovo}/cases", f"W-{case.year}-001"
        one = f"{path}/{case.id}"
    desk = world.handler(entity, DeskKind.WELLBEING)
    assert number in desk.get(path).text
    assert number in desk.get(one).text


@pytest.mark.parametrize("category", sorted(CATEGORIES))
def test_what_is_shown_can_be_typed_back(category):
    topic = CATEGORIES[category].topic
    shown = number_of(topic.value, 2026, 8)
    assert read_number(shown, 1999) == CaseNumber(2026, 8, DESK_OF_TOPIC[topic])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("I-2026-008", (2026, 8, DeskKind.INTEGRITY)), (" w 2026/8 ", (2026, 8, DeskKind.WELLBEING)),
        ("W8", (2025, 8, DeskKind.WELLBEING)), ("2026-008", (2026, 8, None)), ("8", (2025, 8, None)),
        ("2026 - 24", (2026, 24, None)), ("X-2026-008", None), ("I", None), ("", None), ("abc", None),
        ("999999-1", None), ("-" * 5000, None), ("I" + " " * 5000 + "8", None),
    ],
)  # fmt: skip
def test_a_number_may_be_typed_with_and_without_letter_and_year(typed, meant):
    assert read_number(typed, 2025) == meant


def test_who_works_at_two_desks_finds_both_and_tells_them_apart_by_the_letter(world):
    entity = world.entity()
    account = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
    with world.inside(entity):
        cases = {kind: open_case(a_new_case(category=c)) for kind, c in (("I", "fraud"), ("W", "bullying"))}
        year, ids = cases["I"].year, {kind: case.id for kind, case in cases.items()}
        both, one = set(entity.desks.values()), {entity.desks[DeskKind.INTEGRITY]}
        for desk in entity.desks:
            assert case_by_number(both, CaseNumber(year, 1, desk)).id == ids[desk.value[0].upper()]
        with pytest.raises(Invalid):
            case_by_number(both, CaseNumber(year, 1))
        assert case_by_number(one, CaseNumber(year, 1)).id == ids["I"]
        with pytest.raises(NotFound):
            case_by_number(one, CaseNumber(year, 1, DeskKind.WELLBEING))
    browser = world.browser(account)
    found = browser.get(f"/desk/{entity.ovo}/cases?number=W-{year}-001").text
    assert str(ids["W"]) not in found
    assert str(ids["I"]) not in found


def test_a_gap_in_the_numbers_is_no_sign_since_about_half_of_them_stay_unused(world, monkeypatch):
    """Whoever is kept out of a case misses its number: among so many others, that says nothing."""
    monkeypatch.setattr(numbers, "UNUSED", 0.5)
    steps = [numbers.step() for _ in range(4000)]
    assert min(steps) == 1
    assert max(steps) > 6
    assert 0.45 < steps.count(1) / len(steps) < 0.55
    after_one = [b for a, b in pairwise(steps) if a == 1]
    assert 0.45 < after_one.count(1) / len(after_one) < 0.55, "whatever came before"
    entity = world.entity()
    with world.inside(entity):
        new = [a_new_case() for _ in range(8)]
        given = [open_case(case).number for case in new]
        assert [open_case(case).number for case in new] == given
    assert given == sorted(set(given))
