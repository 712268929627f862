"""Two handlers write at once: whatever was typed in whichever form of the case, nobody loses it."""

import re
from html import unescape
from io import BytesIO

import pytest

from spreekbuis.cases.opening import open_case
from spreekbuis.clock import today
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.web.access import Role
from tests.cases.conftest import a_new_case

FORMS = {
    "acknowledge": {"acknowledgement": "Een eigen bevestiging."},
    "write": {"to": "note", "text": "Een lange notitie."},
    "feedback": {"feedback": "Wat er gebeurde, en waarom."},
    "close": {"outcome": "founded", "closing": "Het slotbericht."},
    "contacts": {"channel": "phone", "at": today().isoformat(), "note": "Wat er gezegd werd."},
    "people": {
        "person_role": "witness", "person_name": "Iemand van Inkoop", "person_function": "aankoper",
        "person_contact": "via de balie", "person_description": "Zag de offertes liggen.",
    },
    "tasks": {"task_text": "Vraag de offertes op.", "task_due": today().isoformat()},
    "links": {"link_how": "link", "link_number": "I-2020-001"},
    "checks": {"check_answer": "signs", "check_note": "Kreeg plots een ander rooster."},
}  # fmt: skip
"""Every form of the case in which somebody types."""
CHOSEN = ("to", "outcome", "channel", "at", "person_role", "task_due", "check_answer", "link_how")
"""What is chosen instead of typed."""


@pytest.fixture
def case(world):
    """Two handlers of one desk, and the address of a case that both have open."""

    class Both:
        entity = world.entity()
        mine = world.handler(entity, DeskKind.INTEGRITY)
        other = world.handler(entity, DeskKind.INTEGRITY)

        def __init__(self):
            with world.inside(self.entity):
                self.url = f"/desk/{self.entity.ovo}/cases/{open_case(a_new_case()).id}"

        def form(self, action, page=None):
            """The hidden fields of a form on my page."""
            html = page or self.mine.get(self.url).text
            found = re.search(rf'<form[^>]*action="[^"]*/{action}".*?</form>', html, re.DOTALL)
            return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', found[0]))

        def send(self, browser, action, **typed):
            html = browser.get(self.url).text
            return browser.post(f"{self.url}/{action}", {**self.form(action, html), **typed})

        def reaches(self, action):
            """Bring the case to where this form stands on the page."""
            if action == "links":
                with world.inside(self.entity):
                    other = open_case(a_new_case())
                    other.year, other.number = 2020, 1
            if action in ("feedback", "close"):
                self.send(self.other, "kind", kind="report")
                self.send(self.other, "acknowledge", acknowledgement="Goed ontvangen.")
                self.send(self.other, "state", state="in_progress")

        def closes(self):
            self.send(self.other, "kind", kind="report")
            if 'action="' + self.url + '/acknowledge"' in self.other.get(self.url).text:
                self.send(self.other, "acknowledge", acknowledgement="Goed ontvangen.")
            done = self.send(self.other, "close", outcome="founded", closing="Afgerond.")
            assert done.status_code == 303

    return Both()


def test_every_form_in_which_somebody_types_is_asked_here(case):
    """A new form on the page of a case comes into `FORMS`."""
    for action in ("acknowledge", "close"):
        case.reaches(action)
        html = case.mine.get(case.url).text
        for target, inside in re.findall(r'<form[^>]*action="([^"]*)"(.*?)</form>', html, re.DOTALL):
            if "<textarea" in inside or 'type="text"' in inside:
                assert target.rpartition("/")[2] in FORMS, target


@pytest.mark.parametrize("action", FORMS)
def test_what_i_typed_is_given_back_when_a_colleague_was_first_and_can_be_sent_again(case, action):
    case.reaches(action)
    hidden = case.form(action)
    assert case.send(case.other, "write", to="note", text="De collega was eerst.").status_code == 303
    refused = case.mine.post(f"{case.url}/{action}", {**hidden, **FORMS[action]})
    assert refused.status_code == 409
    for typed in FORMS[action].values():
        assert typed in unescape(refused.text)
    assert "De collega was eerst." in refused.text, "what the colleague did is there to read"
    again = case.mine.post(f"{case.url}/{action}", {**case.form(action, refused.text), **FORMS[action]})
    assert again.status_code == 303
    html = unescape(case.mine.get(case.url).text)
    kept = [typed for name, typed in FORMS[action].items() if name not in CHOSEN]
    assert [typed for typed in kept if typed not in html] == []
    assert "De collega was eerst." in html


@pytest.mark.parametrize("action", FORMS)
def test_what_i_typed_is_not_lost_when_a_colleague_closed_the_case(case, action):
    """The form itself is gone then: the text is there to copy."""
    case.reaches(action)
    hidden = case.form(action)
    case.closes()
    refused = case.mine.post(f"{case.url}/{action}", {**hidden, **FORMS[action]})
    assert refused.status_code == 409
    for name, typed in FORMS[action].items():
        if name not in CHOSEN:
            assert typed in unescape(refused.text), name


def test_files_that_were_chosen_are_asked_again(case):
    hidden = case.form("write")
    case.send(case.other, "write", to="note", text="De collega was eerst.")
    file = (BytesIO(b"inhoud"), "nota.txt")
    for version, status in ((hidden["version"], 409), (None, 422)):
        typed = {"to": "note", "text": "Met een bijlage." if status == 409 else ""}
        sent = {**hidden, **typed, "files": (BytesIO(file[0].getvalue()), file[1])}
        answer = case.mine.post(f"{case.url}/write", sent, content_type="multipart/form-data")
        assert answer.status_code == status, version
        assert "Kies je bestanden opnieuw." in answer.text


def test_keeping_a_colleague_out_does_not_wait_for_a_fresh_page(world, case):
    """It overwrites nothing, and must not fail because somebody wrote a note."""
    third = world.member(case.entity, Role.HANDLER, DeskKind.INTEGRITY)
    hidden = case.form("exclusions")
    case.send(case.other, "write", to="note", text="De collega was eerst.")
    form = {**hidden, "kept_out": str(third), "kept_out_reason": "reporting_line"}
    assert case.mine.post(f"{case.url}/exclusions", form).status_code == 303
    assert world.browser(third).get(case.url).status_code == 404


def test_two_who_are_kept_out_by_each_other_are_both_out(world, case):
    """Who comes second finds no case any more: the first one decided."""
    account = re.search(
        r'name="kept_out"[^>]*>.*?<option value="([0-9a-f-]{36})"', case.mine.get(case.url).text
    )
    hidden = case.form("exclusions")
    form = {**hidden, "kept_out": account[1], "kept_out_reason": "reporting_line"}
    assert case.mine.post(f"{case.url}/exclusions", form).status_code == 303
    assert case.other.get(case.url).status_code == 404
    assert case.other.post(f"{case.url}/conflict", {"conflict": "yes"}).status_code == 404
