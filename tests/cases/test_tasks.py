"""Checks for reprisals that follow from the case by themselves, and tasks of the desk's own."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest

from spreekbuis import clock
from spreekbuis.actor import Actor, acting_as
from spreekbuis.cases import reminders
from spreekbuis.cases.changes import CaseClosed
from spreekbuis.cases.checks import Moment, checks_of
from spreekbuis.cases.exclusion import exclude, withhold_from
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.models import CaseEvent
from spreekbuis.cases.tasks import NotYet, Sign, add_task, answer_check, finish_task, tasks_in
from spreekbuis.cases.work_list import Asked, View, counts, listed
from spreekbuis.cases.workflow import acknowledge, assign, close, mark_kind
from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CaseKind, DeskKind, ExclusionReason, Outcome
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.web.access import Role
from tests.cases.conftest import opened_with_key
from tests.cases.test_reminders import remind_on
from tests.intake.traces import found_in_database

RECEIVED = datetime(2026, 1, 12, 23, 30, tzinfo=UTC)
"""Already the 13th in Brussels."""
DAYS = {
    Moment.INTAKE: date(2026, 1, 20), Moment.DAY_30: date(2026, 2, 12), Moment.DAY_90: date(2026, 4, 13),
    Moment.DAY_180: date(2026, 7, 12),
}  # fmt: skip
TEXT, NOTE = "Vraag de offertes van vorig jaar op.", "Kreeg plots een ander rooster."


@pytest.fixture
def desk(world):
    """An integrity desk with two handlers and a case of one of them."""

    class Desk:
        entity = world.entity()
        first = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
        second = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
        desks = frozenset({entity.desks[DeskKind.INTEGRITY]})

        def __init__(self):
            with world.inside(self.entity), clock.at(RECEIVED):
                case, self.key = opened_with_key()
                self.case_id = case.id
                assign(case, self.first)
            self.url = f"/desk/{self.entity.ovo}/cases/{self.case_id}"

        def does(self, work, on=RECEIVED):
            """Do this with the case at a moment; gives what it gives."""
            with world.inside(self.entity), clock.at(on), acting_as(Actor("account", self.first)):
                return work(case_for(self.desks, self.case_id, lock=True))

        def next_task(self):
            return self.does(lambda case: case.next_task_on)

        def closes(self, on):
            def work(case):
                acknowledge(case, self.key, "Goed ontvangen.")
                mark_kind(case, CaseKind.REPORT)
                close(case, self.key, Outcome.UNFOUNDED, "Afgerond.")

            self.does(work, on)

        def seen(self, account_id, on):
            """The cases of the view, and the count beside it."""
            with world.inside(self.entity):
                withhold_from(account_id)
                page = listed(self.desks, account_id, Asked(View.TASKS), on)
                return [row.id for row in page.rows], counts(self.desks, account_id, on)[View.TASKS]

    return Desk()


def on(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


def test_the_checks_count_calendar_days_from_the_belgian_day_of_receipt_and_from_closing(desk):
    assert desk.does(lambda case: {c.moment: c.due_on for c in checks_of(case)}) == DAYS
    desk.closes(datetime(2026, 3, 31, 9, tzinfo=UTC))
    with_closing = desk.does(lambda case: {c.moment: c.due_on for c in checks_of(case)})
    assert with_closing == {**DAYS, Moment.CLOSED: date(2026, 4, 30)}


def test_an_answered_check_gives_way_to_the_next_one_and_the_first_answer_counts(desk):
    assert desk.next_task() == DAYS[Moment.INTAKE]
    for sign in (Sign.SIGNS, Sign.NO_SIGN):
        desk.does(lambda case, sign=sign: answer_check(case, desk.key, Moment.INTAKE, sign, NOTE))
    assert desk.next_task() == DAYS[Moment.DAY_30]
    (done,) = [task for task in desk.does(lambda case: tasks_in(case, desk.key)) if task.done_at is not None]
    assert (done.sign, done.note, done.moment) == (Sign.SIGNS, NOTE, Moment.INTAKE)
    kinds = desk.does(lambda case: [e.data for e in db.session.query(CaseEvent) if e.kind == "checked"])
    assert kinds == [{"moment": "intake", "sign": "signs"}]


def test_a_check_is_not_answered_long_before_its_day_and_is_asked_after_closing_too(desk):
    for moment in (Moment.DAY_30, Moment.CLOSED):
        with pytest.raises(NotYet):
            desk.does(lambda case, moment=moment: answer_check(case, desk.key, moment, Sign.NO_SIGN, ""))
    closed = on(date(2026, 3, 31))
    desk.closes(closed)
    for moment, _ in sorted(DAYS.items(), key=lambda item: item[1])[:3]:
        desk.does(lambda case, m=moment: answer_check(case, desk.key, m, Sign.NOT_REACHED, ""), closed)
    assert desk.next_task() == date(2026, 4, 30)


def test_an_information_request_has_no_checks(desk):
    desk.does(lambda case: mark_kind(case, CaseKind.INFORMATION_REQUEST))
    assert desk.next_task() is None


def test_a_task_is_made_once_done_once_and_unreadable_without_the_key(world, desk, database):
    once, day = new_id(), date(2026, 1, 15)
    for _ in range(2):
        desk.does(lambda case: add_task(case, desk.key, TEXT, day, once=once))
    assert desk.next_task() == day
    (task,) = [t for t in desk.does(lambda case: tasks_in(case, desk.key)) if t.moment is None]
    assert task.label == TEXT
    for _ in range(2):
        desk.does(lambda case: finish_task(case, task.id))
    assert desk.next_task() == DAYS[Moment.INTAKE]
    steps = desk.does(lambda case: [e.data["step"] for e in db.session.query(CaseEvent) if e.kind == "task"])
    assert steps == ["added", "done"]
    assert not found_in_database(database, TEXT)
    with pytest.raises(NotFound):
        desk.does(lambda case: finish_task(case, new_id()))


def test_a_day_that_is_past_and_a_closed_case_take_no_task(desk):
    for day in (date(2026, 1, 12), date(2029, 1, 1)):
        with pytest.raises(Invalid):
            desk.does(lambda case, day=day: add_task(case, desk.key, TEXT, day, once=new_id()))
    desk.closes(RECEIVED)
    with pytest.raises(CaseClosed):
        desk.does(lambda case: add_task(case, desk.key, TEXT, date(2026, 2, 1), once=new_id()))


def test_what_is_due_stands_in_the_list_of_its_handler_alone_also_when_closed(desk):
    before, due = DAYS[Moment.INTAKE] - timedelta(days=1), DAYS[Moment.INTAKE]
    assert desk.seen(desk.first, before) == ([], 0)
    assert desk.seen(desk.first, due) == ([desk.case_id], 1)
    assert desk.seen(desk.second, due) == ([], 0)
    desk.closes(RECEIVED)
    assert desk.seen(desk.first, due) == ([desk.case_id], 1)


def test_the_list_of_who_is_kept_out_counts_nothing(desk):
    desk.does(lambda case: assign(case, desk.second))
    assert desk.seen(desk.second, DAYS[Moment.INTAKE])[1] == 1
    desk.does(lambda case: exclude(case, desk.key, desk.second, ExclusionReason.NAMED), clock.now())
    assert desk.seen(desk.second, DAYS[Moment.INTAKE]) == ([], 0)


def test_the_daily_mail_counts_a_case_once_when_a_term_and_a_task_are_due(world, desk, monkeypatch):
    sent = []
    monkeypatch.setattr(
        reminders, "deliver", lambda template, to, language, **values: sent.append(values["cases"])
    )
    remind_on(on(DAYS[Moment.INTAKE]))
    assert sent == ["1 dossier", "1 dossier"]
    desk.closes(RECEIVED)
    sent.clear()
    remind_on(on(DAYS[Moment.INTAKE] + timedelta(days=1)))
    assert sent == ["1 dossier", "1 dossier"], "closed, and its check is still to be done"


# --- pages ----------------------------------------------------------------------------------------------------


def form(html, action):
    """The hidden fields of a form."""
    found = re.search(rf'<form[^>]*action="[^"]*/{action}".*?</form>', html, re.DOTALL)
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', found[0]))


def test_a_handler_answers_the_check_and_ticks_off_a_task_on_the_page(world, desk):
    browser = world.browser(desk.first)
    page = browser.get(desk.url).text
    sent = {**form(page, "checks"), "check_answer": "signs", "check_note": NOTE}
    for _ in range(2):
        assert browser.post(f"{desk.url}/checks", sent).status_code == 303
    page = browser.get(desk.url).text
    sent = {**form(page, "tasks"), "task_text": TEXT, "task_due": today().isoformat()}
    for _ in range(2):
        assert browser.post(f"{desk.url}/tasks", sent).status_code == 303
    page = unescape(browser.get(desk.url).text)
    assert "Er zijn gevolgen" in page
    assert page.count(TEXT) == 1
    (done,) = re.findall(r'action="([^"]+/done)"', page)
    work_list = browser.get(f"/desk/{desk.entity.ovo}/cases?view=tasks").text
    assert "Taak of controle" in work_list
    assert browser.post(done).status_code == 303
    assert not re.findall(r'action="([^"]+/done)"', browser.get(desk.url).text)


def test_what_is_wrong_is_said_and_kept(world, desk):
    browser = world.browser(desk.first)
    page = browser.get(desk.url).text
    wrong = browser.post(
        f"{desk.url}/tasks", {**form(page, "tasks"), "task_text": TEXT, "task_due": "2001-01-01"}
    )
    assert wrong.status_code == 422
    assert TEXT in wrong.text
    wrong = browser.post(f"{desk.url}/checks", {**form(page, "checks"), "check_note": NOTE})
    assert wrong.status_code == 422
    assert NOTE in wrong.text
    early = {**form(page, "checks"), "moment": "closed", "check_answer": "no_sign"}
    assert browser.post(f"{desk.url}/checks", early).status_code == 409
