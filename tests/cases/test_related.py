"""Cases of one desk that belong together: linked, or merged so that it can be undone."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from threading import Barrier
from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, select, update

from spreekbuis import clock
from spreekbuis.access.desk_keys import NoKeyYet
from spreekbuis.access.models import CaseKey
from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases import related
from spreekbuis.cases.changes import CaseClosed
from spreekbuis.cases.deadlines import deadlines, next_deadline
from spreekbuis.cases.dialogue import read_dialogue
from spreekbuis.cases.exclusion import exclude
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.models import Attachment, Case, CaseMerge
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.procedures import OUTCOMES, State
from spreekbuis.cases.satisfaction import score_case
from spreekbuis.cases.workflow import acknowledge, change_state, close, give_feedback, mark_kind
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
            with world.inside(self.entity), acting_as(Actor("account", self.first)):
                self.a, self.b, self.c = self.made(), self.made(), self.made()
                self.elsewhere = self.made(category="bullying")

        def made(self, **changes):
            case, key = opened_with_key(**changes)
            acknowledge(case, key, "Goed ontvangen.")
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


# --- what each reporter is owed (directive 2019/1937, article 9) ------------------------------------------------


def test_a_case_is_merged_only_once_its_reporter_had_the_acknowledgement(world, desk):
    with world.inside(desk.entity):
        case, key = opened_with_key()
        new = SimpleNamespace(id=case.id, key=key)
    with pytest.raises(Invalid) as refused:
        desk.does(related.merge, new, desk.a)
    assert "Bevestig eerst de ontvangst" in str(refused.value.errors["link_how"])


def test_the_feedback_of_the_main_case_is_given_to_each_duplicate_on_the_earliest_day(world, desk):
    early = now() - timedelta(days=30)
    with clock.at(early), world.inside(desk.entity), acting_as(Actor("account", desk.first)):
        old = desk.made()
    own_day = desk.does(lambda case: case.next_due_on, desk.a)
    desk.does(related.merge, old, desk.a)
    desk.does(related.merge, desk.b, desk.a)
    due = desk.does(lambda case: (case.next_step, case.next_due_on), desk.a)
    old_day = desk.does(lambda case: deadlines(case)[-1].due_on, old)
    assert due == ("feedback", old_day)
    assert old_day < own_day
    assert desk.does(lambda case: next_deadline(case).due_on, desk.a) == old_day, "as the page says"
    keys = {one.id: one.key for one in (old, desk.b)}
    desk.does(lambda case: change_state(case, State.IN_PROGRESS), desk.a)
    with pytest.raises(NoKeyYet):
        desk.does(lambda case: give_feedback(case, desk.a.key, "Dit deden we."), desk.a)
    desk.does(lambda case: give_feedback(case, desk.a.key, "Dit deden we.", also=keys), desk.a)
    for one in (old, desk.b, desk.a):
        assert desk.does(lambda case: case.feedback_at is not None, one)
        told = desk.does(lambda _, key=one.key: read_dialogue(key, internal=False)[-1].text, one)
        assert told == "Dit deden we."
    assert desk.does(lambda case: (case.next_due_on, case.duplicates_due_on), desk.a) == (None, None)


def test_undoing_a_merge_gives_the_days_back_and_leaves_what_was_unread(desk):
    before = desk.does(lambda case: (case.unread_by_desk, case.next_due_on), desk.b)
    main = desk.does(lambda case: case.next_due_on, desk.a)
    desk.does(related.merge, desk.b, desk.a)
    desk.does(related.undo_merge, desk.b)
    assert desk.does(lambda case: (case.unread_by_desk, case.next_due_on), desk.b) == before
    assert before[0]
    assert desk.does(lambda case: (case.next_due_on, case.duplicates_due_on), desk.a) == (main, None)


def test_a_case_that_will_give_no_feedback_takes_no_duplicate_that_is_owed_it(desk):
    for one in (desk.a, desk.b):
        desk.does(lambda case: change_state(case, State.IN_PROGRESS), one)
    desk.does(lambda case: give_feedback(case, desk.a.key, "Dit deden we."), desk.a)
    with pytest.raises(Invalid) as refused:
        desk.does(related.merge, desk.b, desk.a)
    assert "terugkoppeling" in str(refused.value.errors["link_how"])
    desk.does(lambda case: give_feedback(case, desk.b.key, "Dit deden we."), desk.b)
    desk.does(related.merge, desk.b, desk.a)


def test_when_the_main_case_goes_elsewhere_its_duplicates_come_back(desk):
    desk.does(related.merge, desk.b, desk.a)
    with clock.at(now() + timedelta(days=60)):
        desk.does(related.let_go, desk.a)
    assert desk.does(lambda case: (case.state, case.closed_at), desk.b) == (State.ACKNOWLEDGED, None)
    assert desk.related(desk.a) == []


def test_undoing_says_so_when_the_main_case_was_erased(world, desk):
    desk.does(related.merge, desk.b, desk.a)
    with world.inside(desk.entity) as session:
        session.execute(delete(Case).where(Case.id == desk.a.id))
    with pytest.raises(related.MainErased):
        desk.does(related.undo_merge, desk.b)
    answer = world.browser(desk.first).post(f"{desk.b.url}/merge/undo")
    assert answer.status_code == 409
    assert "is gewist" in answer.text


# --- who is kept out of one is kept out of all ------------------------------------------------------------------


@pytest.mark.parametrize("which", ["a", "b", "c"])
def test_keeping_out_and_admitting_follow_a_merge_in_every_direction(world, desk, which):
    for one in (desk.b, desk.c):
        desk.does(related.merge, one, desk.a)
    third = world.member(desk.entity, Role.HANDLER, DeskKind.INTEGRITY)
    handler, seen, ones = world.browser(desk.first), world.browser(third), (desk.a, desk.b, desk.c)
    asked = getattr(desk, which)
    with pytest.raises(NoKeyYet):
        desk.does(lambda case: exclude(case, asked.key, third, ExclusionReason.NAMED), asked)
    sent = desk.post(handler, asked, "exclusions", kept_out=str(third), kept_out_reason="reporting_line")
    assert sent.status_code == 303
    assert [seen.get(one.url).status_code for one in ones] == [404] * 3
    with world.inside(desk.entity) as session:
        assert session.scalars(select(CaseKey).where(CaseKey.case_id.in_([o.id for o in ones]))).all() == []
    assert handler.post(f"{asked.url}/exclusions/{third}/end").status_code == 303
    assert [seen.get(one.url).status_code for one in ones] == [200] * 3


def test_a_link_to_a_case_with_other_exclusions_says_so(world, desk):
    desk.does(related.link, desk.a, desk.b)
    browser = world.browser(desk.first)
    assert "niet dezelfde collega’s" not in browser.get(desk.a.url).text
    desk.does(lambda case: exclude(case, desk.b.key, desk.second, ExclusionReason.NAMED), desk.b)
    assert "niet dezelfde collega’s" in browser.get(desk.a.url).text
    assert "niet dezelfde collega’s" not in world.browser(desk.second).get(desk.a.url).text


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
        assert sorted(pool.map(press, range(2))) == [303, 409]
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
    own = into_a(world, desk)
    page = unescape(reporter.browser.get("/inbox").text)
    assert "je melding wordt samen behandeld met een andere" in page
    assert desk.a.number not in page
    assert "Duplicaat" not in page
    assert 'name="score"' not in page
    assert "Je melding is afgerond" not in page
    assert "Uiterlijk" in page, "when the answer comes stays promised"
    form = {"once": field(reporter.browser.get("/inbox"), "once"), "aftercare": "Ik heb nog een vraag."}
    assert reporter.browser.post("/inbox/aftercare", form).status_code == 409, "it is not over"

    with world.inside(desk.entity) as session:
        session.execute(update(Case).values(unread_by_desk=False))
    form = {
        "once": field(reporter.browser.get("/inbox"), "once"),
        "text": "Ik zag het ook.",
        "files": upload(),
    }
    assert reporter.browser.post("/inbox/messages", form).status_code == 303
    for action, typed in (("meeting", {"meeting_how": "phone"}), ("contact", {"contact_reach": "mailbox"})):
        sent = reporter.browser.post(f"/inbox/{action}", {"once": str(uuid4()), **typed})
        assert sent.status_code == 303, action
    with world.inside(desk.entity) as session:
        assert (
            session.scalar(select(func.count()).select_from(Attachment).where(Attachment.case_id == own)) == 1
        )
        unread = set(session.scalars(select(Case.id).where(Case.unread_by_desk)))
        assert unread == {own, desk.a.id}, "the desk sees it where it works"

    handler = world.browser(desk.first)
    assert "Nieuw bericht" in handler.get(desk.a.url).text
    url = f"/desk/{desk.entity.ovo}/cases/{own}"
    own_page = SimpleNamespace(url=url)
    sent = desk.post(handler, own_page, "write", to="reporter", text="Wanneer was dat?")
    assert sent.status_code == 303
    assert "Wanneer was dat?" in reporter.browser.get("/inbox").text

    desk.does(lambda case: change_state(case, State.IN_PROGRESS), desk.a)
    assert "Je tekst gaat ook naar de melders van" in handler.get(desk.a.url).text
    assert desk.post(handler, desk.a, "feedback", feedback="We onderzoeken het.").status_code == 303
    page = unescape(reporter.browser.get("/inbox").text)
    assert "We onderzoeken het." in page
    assert "je kreeg antwoord van het loket" in page
    desk.does(lambda case: mark_kind(case, CaseKind.REPORT), desk.a)
    sent = desk.post(handler, desk.a, "close", outcome="founded", closing="Het is opgelost.")
    assert sent.status_code == 303
    page = unescape(reporter.browser.get("/inbox").text)
    assert "Het is opgelost." in page
    assert "Je melding is afgerond" in page
    form = {"once": field(reporter.browser.get("/inbox"), "once"), "text": "En nu?"}
    assert reporter.browser.post("/inbox/messages", form).status_code == 409


def upload():
    return (io.BytesIO(b"Een lijst"), "lijst.txt")


def into_a(world, desk):
    """Acknowledge the newest case and merge it into a; gives its id."""
    with world.inside(desk.entity), acting_as(Actor("account", desk.first)):
        asked = select(Case.id).order_by(Case.received_at.desc()).limit(1)
        own = case_for(desk.desks, db.session.scalars(asked).one(), lock=True)
        acknowledge(own, world.key(desk.entity, own.id), "Goed ontvangen.")
        related.merge(own, case_for(desk.desks, desk.a.id, lock=True))
        return own.id
