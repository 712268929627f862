"""What came of a case: measures, amounts in Dutch notation, what a central actor did."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
from sqlalchemy import select

from spreekbuis.actor import Actor, acting_as
from spreekbuis.cases.amounts import cents_in_words, read_cents
from spreekbuis.cases.export.dossier import take_out
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.models import CaseEvent
from spreekbuis.cases.results import (
    MOST_CENTS,
    MeasureKind,
    MeasureState,
    Result,
    add_measure,
    measures_in,
    move_measure,
    record_result,
    result_of,
)
from spreekbuis.cases.workflow import acknowledge, close, mark_kind
from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CaseKind, DeskKind, FollowUp, Outcome
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.figures.roll_up import verify
from spreekbuis.web.access import Role
from tests.cases.conftest import opened_with_key
from tests.figures.test_facts import shown
from tests.intake.traces import found_in_database

TEXT = "Twee handtekeningen vanaf duizend euro."


@pytest.fixture
def desk(world):
    """A handler of the integrity desk and a closed case."""

    class Desk:
        entity = world.entity()
        handler = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
        desks = frozenset({entity.desks[DeskKind.INTEGRITY]})

        def __init__(self):
            with world.inside(self.entity), acting_as(Actor("account", self.handler)):
                case, self.key = opened_with_key()
                self.case_id = case.id
                acknowledge(case, self.key, "Goed ontvangen.")
                mark_kind(case, CaseKind.REPORT)
                close(case, self.key, Outcome.FOUNDED, "Afgerond.")
            self.url = f"/desk/{self.entity.ovo}/cases/{self.case_id}"

        def does(self, work):
            with world.inside(self.entity), acting_as(Actor("account", self.handler)):
                return work(case_for(self.desks, self.case_id, lock=True))

        def result(self):
            return self.does(result_of)

        def hidden(self, browser, action):
            page = browser.get(f"{self.url}/result").text
            found = re.search(rf'<form[^>]*action="[^"]*/{action}".*?</form>', page, re.DOTALL)
            return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', found[0]))

    return Desk()


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("1.234,56", 123456), ("1234,5", 123450), ("€ 12", 1200), ("0", 0), ("1.000.000", 10**8), (" 7,05 ", 705),
        ("1.5", None), ("12.34,00", None), ("-1", None), ("1,234", None), ("1 000", None), ("tien", None), ("", None),
        ("٣", None), ("1" * 16, None), ("1,", None),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_it_is_written_in_dutch(text, cents):
    assert read_cents(text) == cents


@pytest.mark.parametrize("cents", [0, 5, 99, 100, 123456, MOST_CENTS])
def test_an_amount_that_is_shown_can_be_sent_back(cents):
    assert read_cents(cents_in_words(cents)) == cents


def test_the_result_is_kept_once_also_of_a_closed_case(desk):
    wanted = Result(123456, 0, FollowUp.FORENSIC_AUDIT, today())
    for _ in range(2):
        desk.does(lambda case: record_result(case, wanted))
    assert desk.result() == wanted
    events = desk.does(
        lambda _: db.session.scalars(select(CaseEvent).where(CaseEvent.kind == "result")).all()
    )
    assert len(events) == 1
    desk.does(lambda case: record_result(case, Result()))
    assert desk.result() == Result()


@pytest.mark.parametrize(
    "wrong",
    [
        Result(damage_cents=-1), Result(recovered_cents=MOST_CENTS + 1), Result(follow_up=FollowUp.WITH_COURT),
        Result(follow_up_on=date(2026, 1, 1)), Result(None, None, FollowUp.WITH_COURT, date(9999, 1, 1)),
    ],
)  # fmt: skip
def test_a_result_that_cannot_be_is_refused(desk, wrong):
    with pytest.raises(Invalid):
        desk.does(lambda case: record_result(case, wrong))
    assert desk.result() == Result()


def test_a_measure_is_added_once_moves_on_and_is_readable_with_the_key_only(desk, database):
    once = new_id()
    for _ in range(2):
        desk.does(lambda case: add_measure(case, desk.key, MeasureKind.MEASURE, TEXT, None, once=once))
    (measure,) = desk.does(lambda case: measures_in(case, desk.key))
    assert (measure.text, measure.state) == (TEXT, MeasureState.PROPOSED)
    for _ in range(2):
        desk.does(lambda case: move_measure(case, measure.id, MeasureState.DONE))
    (measure,) = desk.does(lambda case: measures_in(case, desk.key))
    assert measure.done_at is not None
    desk.does(lambda case: move_measure(case, measure.id, MeasureState.DECIDED))
    assert desk.does(lambda case: measures_in(case, desk.key))[0].done_at is None
    with pytest.raises(NotFound):
        desk.does(lambda case: move_measure(case, new_id(), MeasureState.DONE))
    assert not found_in_database(database, TEXT)


def test_a_measure_of_another_case_does_not_move(world, desk):
    with world.inside(desk.entity):
        other, key = opened_with_key()
        add_measure(other, key, MeasureKind.MEASURE, TEXT, None, once=new_id())
        (measure,) = measures_in(other, key)
    with pytest.raises(NotFound):
        desk.does(lambda case: move_measure(case, measure.id, MeasureState.DONE))


def test_a_changed_result_moves_the_figures_once(world, desk):
    for result in (Result(5000), Result(7000, 1000), Result(7000, 1000), Result(7000)):
        desk.does(lambda case, result=result: record_result(case, result))
    counted = shown(world, desk.entity)
    assert counted["law_money", "damage"] == (1, 7000)
    assert ("law_money", "recovered") not in counted
    assert (counted["law", "received"], counted["law_outcome", "founded"]) == ((1, 0), (1, 0))
    assert verify() == []


def test_the_dossier_tells_the_result(app, desk):
    desk.does(lambda case: record_result(case, Result(123456, None, FollowUp.BY_OMBUDSMAN, today())))
    desk.does(lambda case: add_measure(case, desk.key, MeasureKind.RECOMMENDATION, TEXT, None, once=new_id()))
    with app.test_request_context():
        dossier = desk.does(lambda case: take_out(case, desk.key, "Entiteit", notes=False, what="zip"))
    told = str(dossier.document.blocks)
    for words in ("1.234,56", "Opgenomen door de Vlaamse Ombudsdienst", TEXT, "Aanbeveling"):
        assert words in told


# --- pages ----------------------------------------------------------------------------------------------------


def test_a_handler_fills_in_the_result_and_a_measure_on_its_page(world, desk):
    browser = world.browser(desk.handler)
    form = {
        "damage": "1.234,56",
        "recovered": "",
        "follow_up": "improvement_letter",
        "follow_up_on": today().isoformat(),
    }
    sent = {**desk.hidden(browser, "result"), **form}
    for _ in range(2):
        assert browser.post(f"{desk.url}/result", sent).status_code == 303
    assert desk.result() == Result(123456, None, FollowUp.IMPROVEMENT_LETTER, today())
    sent = {**desk.hidden(browser, "measures"), "measure_kind": "measure", "measure_text": TEXT}
    for _ in range(2):
        assert browser.post(f"{desk.url}/measures", sent).status_code == 303
    page = unescape(browser.get(f"{desk.url}/result").text)
    assert page.count(TEXT) == 1
    assert 'value="1.234,56"' in page
    (address,) = set(re.findall(r'action="([^"]+/measures/[^"]+)"', page))
    sent = {**desk.hidden(browser, address.rpartition("/")[2]), "measure_state": "done"}
    assert browser.post(address, sent).status_code == 303
    assert "Uitgevoerd" in browser.get(f"{desk.url}/result").text


def test_what_is_wrong_or_stale_is_said_and_all_of_it_kept(world, desk):
    browser = world.browser(desk.handler)
    typed = {"damage": "1.5", "recovered": "12,00", "follow_up": "with_court", "follow_up_on": ""}
    refused = browser.post(f"{desk.url}/result", {**desk.hidden(browser, "result"), **typed})
    assert refused.status_code == 422
    assert all(f'value="{text}"' in refused.text for text in ("1.5", "12,00"))
    late = (today() + timedelta(days=1)).isoformat()
    for wrong in (
        {"damage": "1" * 12},
        {"follow_up": "with_court", "follow_up_on": late},
        {"follow_up": "eaten"},
    ):
        refused = browser.post(f"{desk.url}/result", {**desk.hidden(browser, "result"), **wrong})
        assert refused.status_code == 422, wrong
    stale = desk.hidden(browser, "measures")
    desk.does(lambda case: record_result(case, Result(1)))
    sent = {**stale, "measure_kind": "measure", "measure_text": TEXT}
    refused = browser.post(f"{desk.url}/measures", sent)
    assert refused.status_code == 409
    assert TEXT in refused.text
    assert desk.result() == Result(1)
