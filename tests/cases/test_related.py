"""Cases of one desk that belong together: linked, or merged so that it can be undone."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from threading import Barrier
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from spreekbuis import clock
from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases import related
from spreekbuis.cases.changes import CaseClosed
from spreekbuis.cases.exclusion import exclude
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.models import Case, CaseMerge
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.procedures import OUTCOMES, State
from spreekbuis.cases.satisfaction import score_case
from spreekbuis.cases.workflow import acknowledge, change_state, close, mark_kind
from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CaseKind, DeskKind, ExclusionReason, Outcome
from spreekbuis.errors import Conflict, Invalid
from spreekbuis.figures.models import FigureDelta
from spreekbuis.web.access import Role
from tests.cases.conftest import opened_with_key
from tests.intake.flow import Reporter, field, words


@pytest.fixture
def desk(world):
    """An integrity desk with two handlers and three cases: a, b, and one of the other desk."""

    class Desk:
        entity = world.entity()
        first = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
        second = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
        desks = frozenset({entity.desks[DeskKind.INTEGRITY]})

        def __init__(self):
            with world.inside(self.entity):
                self.a, self.b, self.c = self.made(), self.made(), self.made()
                self.elsewhere = self.made(category="bullying")

        def made(self, **changes):
            case, key = opened_with_key(**changes)
            number = number_of(case.topic, case.year, case.number)
            return SimpleNamespace(
                id=case.id, key=key, number=number, url=f"/desk/{self.entity.ovo}/cases/{case.id}"
            )

        def case(self, one):
            return case_for(self.desks, one.id, lock=True)

        def does(self, work, *ones):
            """Do this with these cases; gives what it gives."""
            with world.inside(self.entity), acting_as(Actor("account", self.first)):
                return work(*(self.case(one) for one in ones))

        def related(self, one):
            return self.does(lambda case: [(r.number, r.how) for r in related.related_to(case)], one)

        def figures(self):
            with world.inside(self.entity):
                asked = select(FigureDelta.dimension, func.sum(FigureDelta.n)).group_by(FigureDelta.dimension)
                found = dict(db.session.execute(asked).all())
            return found["cases"], found.get("duplicates", 0)

        def audited(self, kind):
            with world.inside(self.entity):
                return db.session.scalar(select(func.count(AuditEvent.id)).where(AuditEvent.kind == kind))

        def post(self, browser, one, action, **typed):
            page = browser.get(one.url).text
            hidden = re.search(rf'<form[^>]*action="[^"]*/{action}".*?</form>', page, re.DOTALL)
            fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', hidden[0]))
            return browser.post(f"{one.url}/{action}", {**fields, **typed})

    return Desk()


# --- links ----------------------------------------------------------------------------------------------------


def test_two_linked_cases_show_each_other_until_either_lets_go(desk):
    for pair in ((desk.a, desk.b), (desk.b, desk.a)):
        desk.does(related.link, *pair)
    assert desk.related(desk.a) == [(desk.b.number, "link")]
    assert desk.related(desk.b) == [(desk.a.number, "link")]
    for _ in range(2):
        desk.does(lambda case: related.unlink(case, desk.a.id), desk.b)
    assert desk.related(desk.a) == desk.related(desk.b) == []
    assert (desk.audited("case.linked"), desk.audited("case.unlinked")) == (1, 1)


def test_whoever_is_kept_out_of_one_case_does_not_notice_it_on_the_other(world, desk):
    desk.does(related.link, desk.a, desk.b)
    desk.does(lambda case: exclude(case, desk.b.key, desk.second, ExclusionReason.NAMED), desk.b)
    for account, sees in ((desk.first, True), (desk.second, False)):
        page = world.browser(account).get(desk.a.url).text
        assert (desk.b.number in page) == sees
        assert ("Dit dossier verwijst naar geen ander." in unescape(page)) != sees


# --- merging --------------------------------------------------------------------------------------------------


def test_a_merged_case_is_closed_counts_once_and_comes_back_as_it_was(desk):
    desk.does(lambda case: acknowledge(case, desk.b.key, "Goed ontvangen."), desk.b)
    desk.does(lambda case: mark_kind(case, CaseKind.REPORT), desk.b)
    desk.does(lambda case: change_state(case, State.IN_PROGRESS), desk.b)
    before = desk.figures()
    desk.does(related.merge, desk.b, desk.a)
    assert desk.does(lambda case: (case.state, case.outcome), desk.b) == (State.CLOSED, Outcome.DUPLICATE)
    assert desk.figures() == (before[0] - 1, 1)
    assert desk.related(desk.a) == [(desk.b.number, "duplicate")]
    assert desk.related(desk.b) == [(desk.a.number, "into")]
    desk.does(related.undo_merge, desk.b)
    facts = desk.does(lambda case: (case.state, case.outcome, case.closed_at, case.next_step), desk.b)
    assert facts == (State.IN_PROGRESS, None, None, "feedback")
    assert desk.figures() == before
    assert desk.related(desk.a) == desk.related(desk.b) == []
    assert (desk.audited("case.merged"), desk.audited("case.unmerged")) == (2, 2), "once on each of the two"
    desk.does(related.undo_merge, desk.b)
    assert desk.figures() == before, "twice is once"


def test_no_hand_chooses_the_outcome_duplicate_and_nobody_scores_it(desk):
    assert not any(Outcome.DUPLICATE in outcomes for outcomes in OUTCOMES.values())
    desk.does(lambda case: mark_kind(case, CaseKind.REPORT), desk.b)
    with pytest.raises(Invalid):
        desk.does(lambda case: close(case, desk.b.key, Outcome.DUPLICATE, "Dubbel."), desk.b)
    desk.does(related.merge, desk.b, desk.a)
    with pytest.raises(Conflict):
        desk.does(lambda case: score_case(case, desk.b.key, 5, ""), desk.b)


def test_what_cannot_be_merged_stays_as_it_is(desk):
    desk.does(related.merge, desk.b, desk.a)
    for case, into in ((desk.a, desk.c), (desk.c, desk.b)):
        with pytest.raises(Invalid):
            desk.does(related.merge, case, into)
    with pytest.raises(CaseClosed):
        desk.does(related.merge, desk.b, desk.c)


def test_cases_are_merged_only_when_the_same_members_are_kept_out(desk):
    """Else the closed one would tell somebody that the other one exists."""
    desk.does(lambda case: exclude(case, desk.a.key, desk.second, ExclusionReason.NAMED), desk.a)
    with pytest.raises(Invalid):
        desk.does(related.merge, desk.b, desk.a)
    desk.does(lambda case: exclude(case, desk.b.key, desk.second, ExclusionReason.NAMED), desk.b)
    desk.does(related.merge, desk.b, desk.a)


def test_after_thirty_days_a_merge_stays(world, desk):
    desk.does(related.merge, desk.b, desk.a)
    with clock.at(now() + timedelta(days=30, minutes=1)), pytest.raises(related.TooLate):
        desk.does(related.undo_merge, desk.b)


def test_two_who_merge_each_others_case_at_once_close_one_of_them(world, desk):
    ready = Barrier(2)
    browsers = [world.browser(desk.first), world.browser(desk.second)]

    def press(which):
        mine, other = ((desk.a, desk.b), (desk.b, desk.a))[which]
        page = browsers[which].get(mine.url).text
        version = re.search(r'name="version" value="(\d+)"', page)[1]
        ready.wait(10)
        form = {"version": version, "link_number": other.number, "link_how": "merge"}
        with world.app.app_context():
            return browsers[which].post(f"{mine.url}/links", form).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, range(2))) == [303, 422]
    with world.inside(desk.entity):
        assert db.session.scalar(select(func.count()).select_from(CaseMerge)) == 1


# --- pages ----------------------------------------------------------------------------------------------------


def test_a_handler_links_merges_and_undoes_it_on_the_page(world, desk):
    browser = world.browser(desk.first)
    assert desk.post(browser, desk.b, "links", link_number=desk.c.number, link_how="link").status_code == 303
    assert desk.c.number in browser.get(desk.b.url).text
    for _ in range(2):
        sent = desk.post(browser, desk.b, "links", link_number=desk.a.number, link_how="merge")
        assert sent.status_code == 303
    page = browser.get(desk.b.url).text
    assert f"Gaat verder in {desk.a.number}" in page
    assert f"{desk.b.number} is hiermee samengevoegd" in browser.get(desk.a.url).text
    assert browser.post(f"{desk.b.url}/merge/undo").status_code == 303
    assert browser.post(f"{desk.b.url}/links/{desk.c.id}/end").status_code == 303
    assert desk.related(desk.b) == []


def test_a_number_that_is_none_of_the_desk_is_refused_and_kept(world, desk):
    browser = world.browser(desk.first)
    for number in ("", "I-1999-001", "onzin", desk.b.number, desk.elsewhere.number):
        answer = desk.post(browser, desk.b, "links", link_number=number, link_how="merge")
        assert answer.status_code == 422, number
        assert number in answer.text
    assert desk.post(browser, desk.b, "links", link_number=desk.a.number, link_how="eat").status_code == 422


def test_the_reporter_reads_that_it_is_handled_together_and_nothing_of_the_other_case(world, desk):
    reporter = Reporter(world.browser(), desk.entity)
    reporter.open_mailbox(" ".join(words(reporter.report(category="fraud"))))
    with world.inside(desk.entity):
        own = db.session.scalars(select(Case).order_by(Case.received_at.desc()).limit(1)).one()
        into = case_for(desk.desks, desk.a.id, lock=True)
        related.merge(own, into)
        number = number_of(into.topic, into.year, into.number)
    page = unescape(reporter.browser.get("/inbox").text)
    assert "je melding wordt samen behandeld met een andere" in page
    assert number not in page
    assert "Duplicaat" not in page
    assert 'name="score"' not in page
    form = {"once": field(reporter.browser.get("/inbox"), "once"), "aftercare": "Ik heb nog een vraag."}
    assert reporter.browser.post("/inbox/aftercare", form).status_code == 303
