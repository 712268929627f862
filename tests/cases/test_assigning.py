"""Several cases to one handler at once, and filters that a handler keeps."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from spreekbuis.actor import Actor, acting_as
from spreekbuis.cases.assigning import NotAll, assign_together
from spreekbuis.cases.exclusion import exclude
from spreekbuis.cases.models import Case
from spreekbuis.cases.opening import open_case
from spreekbuis.cases.saved_filters import MOST, filters_of, forget_filter, keep_filter
from spreekbuis.cases.work_list import Asked, View
from spreekbuis.cases.workflow import acknowledge, assign, close, mark_kind
from spreekbuis.db.base import new_id
from spreekbuis.directory.catalogue import CaseKind, DeskKind, ExclusionReason, Outcome
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.web.access import Role
from tests.cases.conftest import a_new_case
from tests.statements import statements_sent


@pytest.fixture
def desk(world):
    class Desk:
        entity = world.entity()
        first = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
        second = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
        desks = frozenset({entity.desks[DeskKind.INTEGRITY]})
        url = f"/desk/{entity.ovo}/cases"

        def __init__(self):
            with world.inside(self.entity):
                self.cases = [open_case(a_new_case()).id for _ in range(3)]

        def handlers(self):
            with world.inside(self.entity) as session:
                return [session.get_one(Case, (self.entity.id, case_id)).handler_id for case_id in self.cases]

        def give(self, account_id, shown=None):
            with world.inside(self.entity), acting_as(Actor("account", self.first)):
                return assign_together(self.desks, dict.fromkeys(self.cases) | (shown or {}), account_id)

    return Desk()


def test_all_of_the_chosen_cases_go_to_one_handler_and_again_changes_nothing(desk):
    assert desk.give(desk.second) == 3
    assert desk.handlers() == [desk.second] * 3
    assert desk.give(desk.second) == 0


def test_when_one_case_cannot_be_given_none_is_and_the_reason_is_told(world, desk):
    with world.inside(desk.entity) as session, acting_as(Actor("account", desk.first)):
        closed, taken, forbidden = (session.get_one(Case, (desk.entity.id, one)) for one in desk.cases)
        key = world.key(desk.entity, closed.id)
        mark_kind(closed, CaseKind.REPORT)
        acknowledge(closed, key, "Goed ontvangen.")
        close(closed, key, Outcome.FOUNDED, "Afgerond.")
        assign(taken, desk.first)
        exclude(forbidden, world.key(desk.entity, forbidden.id), desk.second, ExclusionReason.NAMED)
    with pytest.raises(NotAll) as refusal:
        desk.give(desk.second)
    whys = [str(one.why) for one in sorted(refusal.value.refused)]
    assert whys == [
        "Dit dossier is intussen afgesloten.",
        "Intussen kreeg dit dossier een andere behandelaar.",
        "Deze collega kan dit dossier niet behandelen.",
    ]
    assert desk.handlers() == [desk.first, desk.first, None]


def test_nobody_outside_the_desk_gets_a_case_and_no_case_outside_it_can_be_given(world, desk):
    with pytest.raises(NotAll):
        desk.give(world.member(desk.entity, Role.HANDLER, DeskKind.WELLBEING))
    with pytest.raises(NotAll):
        desk.give(new_id())
    with world.inside(desk.entity):
        elsewhere = open_case(a_new_case(category="bullying")).id
    for unknown in (elsewhere, new_id()):
        with pytest.raises(NotFound):
            desk.give(desk.second, {unknown: None})
    assert desk.handlers() == [None] * 3


def test_two_who_assign_the_same_cases_at_once_do_not_overwrite_each_other(world, desk, app):
    start = Barrier(2)

    def give(account_id):
        with app.app_context():
            start.wait(timeout=10)
            try:
                return desk.give(account_id)
            except NotAll as refusal:
                return len(refusal.refused)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(give, (desk.first, desk.second))) == [3, 3]
    assert len(set(desk.handlers())) == 1, "one of them was told, and nothing of hers is left"


def ticked(page):
    return re.findall(r'name="case" value="([^"]+)"', page)


def test_from_the_list_rows_are_ticked_and_given_and_the_filter_stays(world, desk):
    browser = world.browser(desk.first)
    page = browser.get(f"{desk.url}?category=fraud").text
    rows = ticked(page)
    assert len(rows) == 3
    done = browser.post(f"{desk.url}/assign?category=fraud", {"case": rows[:2], "to": str(desk.second)})
    assert (done.status_code, done.location) == (303, f"{desk.url}?category=fraud&done=cases-assigned")
    assert desk.handlers().count(desk.second) == 2


def test_what_was_ticked_stays_ticked_when_something_is_missing_or_changed(world, desk):
    browser = world.browser(desk.first)
    rows = ticked(browser.get(desk.url).text)
    for form, words in (
        ({"case": rows[:1]}, "Kies een behandelaar."),
        ({"to": str(desk.second)}, "Vink minstens één dossier aan."),
        ({"case": ["onzin"], "to": "onzin"}, "Vink minstens één dossier aan."),
    ):
        answer = browser.post(f"{desk.url}/assign", form)
        assert answer.status_code == 422
        assert words in answer.text
        assert answer.text.count(" checked") == len([row for row in form.get("case", []) if row in rows])
    desk.give(desk.second)
    answer = browser.post(f"{desk.url}/assign", {"case": rows, "to": str(desk.first)})
    assert answer.status_code == 409
    assert answer.text.count("Intussen kreeg dit dossier een andere behandelaar.") == 3
    assert desk.handlers() == [desk.second] * 3


def test_a_case_that_is_withheld_is_answered_as_one_that_does_not_exist(world, desk):
    browser = world.browser(desk.second)
    rows = ticked(browser.get(desk.url).text)
    with world.inside(desk.entity) as session, acting_as(Actor("account", desk.first)):
        case = session.get_one(Case, (desk.entity.id, desk.cases[0]))
        exclude(case, world.key(desk.entity, case.id), desk.second, ExclusionReason.NAMED)
    hidden = browser.post(f"{desk.url}/assign", {"case": rows, "to": str(desk.second)})
    unknown = browser.post(f"{desk.url}/assign", {"case": [f"{new_id()}/"], "to": str(desk.second)})
    assert hidden.status_code == unknown.status_code == 404
    assert set(desk.handlers()) == {None}


def test_assigning_many_costs_no_more_questions_per_case_than_it_writes(world, desk):
    with statements_sent() as of_three:
        desk.give(desk.second)
    with world.inside(desk.entity):
        desk.cases = [open_case(a_new_case()).id for _ in range(20)]
    with statements_sent() as of_twenty:
        desk.give(desk.second)
    selects = [sum(s.text.lstrip().startswith("SELECT") for s in sent) for sent in (of_three, of_twenty)]
    assert selects[0] == selects[1]


def test_a_filter_is_kept_under_a_name_and_the_same_name_replaces_it(world, desk):
    with world.inside(desk.entity):
        keep_filter(desk.first, "Fraude", Asked(View.OPEN, category="fraud"))
        keep_filter(desk.first, "Fraude", Asked(View.LATE, category="fraud", kind=CaseKind.REPORT))
        assert filters_of(desk.first) == {"Fraude": Asked(View.LATE, category="fraud", kind=CaseKind.REPORT)}
        assert filters_of(desk.second) == {}
        forget_filter(desk.first, "Fraude")
        assert filters_of(desk.first) == {}


def test_a_handler_keeps_ten_filters_at_most(world, desk):
    with world.inside(desk.entity):
        for n in range(MOST):
            keep_filter(desk.first, f"Nummer {n}", Asked(View.LATE))
        with pytest.raises(Invalid):
            keep_filter(desk.first, "Nog een", Asked(View.LATE))
        keep_filter(desk.first, "Nummer 1", Asked(View.MINE))


def test_a_filter_is_kept_and_wiped_from_the_list_by_its_owner_alone(world, desk):
    mine, other = world.browser(desk.first), world.browser(desk.second)
    query = "?view=late&category=fraud"
    assert "Bewaar deze selectie" not in mine.get(desk.url).text
    assert "Bewaar deze selectie" in mine.get(desk.url + query).text
    refused = mine.post(f"{desk.url}/filters{query}", {"filter_name": ""})
    assert refused.status_code == 422
    done = mine.post(f"{desk.url}/filters{query}", {"filter_name": "Dringende <fraude>"})
    assert done.location == f"{desk.url}{query}&done=filter-kept"
    page = mine.get(desk.url).text
    assert "Dringende &lt;fraude&gt;" in page
    assert f'href="{desk.url}?view=late&amp;category=fraud"' in page
    assert "Dringende" not in other.get(desk.url).text
    other.post(f"{desk.url}/filters/forget", {"filter_name": "Dringende <fraude>"})
    assert "Dringende" in mine.get(desk.url).text
    mine.post(f"{desk.url}/filters/forget", {"filter_name": "Dringende <fraude>"})
    assert "Dringende" not in mine.get(desk.url).text
