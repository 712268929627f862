"""The page of a case says what comes first: one main button, the story after it, and what is empty folded."""

import re
from datetime import timedelta

import pytest

from spreekbuis.cases.dialogue import write_message
from spreekbuis.cases.models import Case
from spreekbuis.cases.opening import open_case
from spreekbuis.db.base import new_id
from spreekbuis.directory.catalogue import DeskKind
from tests.cases.conftest import REPORT, a_new_case
from tests.cases.test_pages import submit


@pytest.fixture
def desk(world):
    """A case at its desk, and the browser of a handler."""

    class AtDesk:
        entity = world.entity()
        browser = world.handler(entity, DeskKind.INTEGRITY)

        def __init__(self):
            with world.inside(self.entity):
                self.id = open_case(a_new_case()).id

        def page(self):
            return self.browser.get(f"/desk/{self.entity.ovo}/cases/{self.id}").text

        def sends(self, action, **typed):
            assert submit(self.browser, self.entity, self.id, action, **typed).status_code == 303

        def begins(self):
            self.sends("kind", kind="report")
            self.sends("acknowledge", acknowledgement="Goed ontvangen.")
            self.sends("state", state="in_progress")

        def says(self, text, author="reporter"):
            with world.inside(self.entity) as session:
                case = session.get_one(Case, (self.entity.id, self.id))
                write_message(case, world.key(self.entity, self.id), author=author, text=text, once=new_id())

        def acknowledged_days_ago(self, days):
            with world.inside(self.entity) as session:
                case = session.get_one(Case, (self.entity.id, self.id))
                case.acknowledged_at -= timedelta(days=days)

    return AtDesk()


def main_buttons(page):
    return [
        re.sub(r"<[^>]*>", "", words)
        for words in re.findall(r'<button[^>]*class="button"[^>]*>(.*?)</button>', page)
    ]


def in_order(page, *parts):
    """Whether these stand on the page, each after the one before."""
    places = [page.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def test_of_a_new_case_the_acknowledgement_comes_before_the_story_and_the_acts(desk):
    page = desk.page()
    assert main_buttons(page) == ["Bevestig de ontvangst"]
    assert in_order(
        page,
        'name="acknowledgement"',
        REPORT,
        'name="text"',
        'id="time-title"',
        'id="act-title"',
        'id="rest"',
    )


def test_of_a_case_in_hand_writing_comes_first_and_an_answer_that_is_waited_for_is_said(desk):
    desk.begins()
    assert main_buttons(desk.page()) == ["Verstuur"]
    assert "wacht op je antwoord" not in desk.page()
    desk.says("Hebben jullie al nieuws?")
    page = desk.page()
    assert in_order(page, "wacht op je antwoord", "Hebben jullie al nieuws?")
    desk.sends("write", to="note", text="Ik bel morgen.")
    assert "wacht op je antwoord" in desk.page(), "a note is no answer"
    desk.sends("write", to="reporter", text="Volgende week.")
    assert "wacht op je antwoord" not in desk.page()


def test_when_feedback_is_due_it_comes_first_and_after_it_closing(desk):
    desk.begins()
    desk.acknowledged_days_ago(91)
    page = desk.page()
    assert main_buttons(page) == ["Geef terugkoppeling"]
    assert in_order(page, 'name="feedback"', REPORT, 'id="act-title"')
    desk.sends("feedback", feedback="Dit gebeurde er.")
    assert main_buttons(desk.page()) == ["Sluit af"]
    desk.sends("close", outcome="founded", closing="Afgerond.")
    assert main_buttons(desk.page()) == []


def test_a_long_dialogue_shows_the_story_and_the_newest_messages(desk):
    desk.begins()
    for number in range(8):
        desk.says(f"Bericht nummer {number}.")
    page = desk.page()
    assert in_order(
        page,
        REPORT,
        "Berichten daartussen (4)",
        "Bericht nummer 2.",
        "Bericht nummer 3.",
        "Bericht nummer 7.",
    )


def test_what_is_empty_is_one_line_and_what_presses_is_open(desk):
    desk.begins()
    page = desk.page()
    for part in ("contact", "people", "kept-out", "related"):
        assert f'id="{part}-title">' in page, "folded"
    assert 'id="tasks-title" open>' in page, "the first check is due"
    assert in_order(page, 'id="people-title"', "Nog niemand")


def test_a_refused_form_comes_back_unfolded(desk):
    refused = submit(
        desk.browser, desk.entity, desk.id, "contacts", channel="phone", at="gisteren", note="Belde."
    )
    assert refused.status_code == 422
    assert 'id="contact-title" open>' in refused.text
