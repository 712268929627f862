"""Nothing that was typed about a contact is lost, and no form reaches a case of another desk."""

import pytest
from sqlalchemy import func, select

from spreekbuis.cases.contacts import read_contacts
from spreekbuis.cases.models import Case, Contact, Message
from spreekbuis.cases.opening import open_case
from spreekbuis.clock import today
from spreekbuis.directory.catalogue import DeskKind
from tests.cases.conftest import a_new_case
from tests.cases.test_pages import fields, new_contact, onward, opened, the_case, url


@pytest.fixture
def entity(world):
    return world.entity()


@pytest.fixture
def desk(world, entity):
    return world.handler(entity, DeskKind.INTEGRITY)


def notes(world, entity, case_id):
    with world.inside(entity):
        return [contact.note for contact in read_contacts(world.key(entity, case_id))]


def count(world, entity, of):
    with world.inside(entity) as session:
        return session.scalar(select(func.count()).select_from(of))


def test_another_note_from_the_same_form_on_a_case_is_given_back_and_not_called_kept(world, entity, desk):
    case_id = opened(world, entity)
    form = fields(desk.get(url(entity, case_id)).text, "contacts") | {"channel": "phone"}
    form["at"] = today().isoformat()
    first = desk.post(url(entity, case_id, "contacts"), {**form, "note": "Eerste"})
    again = desk.post(url(entity, case_id, "contacts"), {**form, "note": "Eerste"})
    other = desk.post(url(entity, case_id, "contacts"), {**form, "note": "Iets anders"})
    assert (first.status_code, again.location) == (303, first.location)
    assert other.status_code == 409
    assert "Iets anders</textarea>" in other.text
    assert notes(world, entity, case_id) == ["Eerste"]
    fresh = {**form, "note": "Iets anders", "version": str(the_case(world, entity, case_id).version)}
    assert desk.post(url(entity, case_id, "contacts"), fresh).status_code == 303
    assert sorted(notes(world, entity, case_id)) == ["Eerste", "Iets anders"]


def test_the_same_text_to_another_reader_is_another_message(world, entity, desk):
    case_id = opened(world, entity)
    form = fields(desk.get(url(entity, case_id)).text, "write") | {"text": "Hetzelfde"}
    assert desk.post(url(entity, case_id, "write"), {**form, "to": "note"}).status_code == 303
    form["version"] = str(the_case(world, entity, case_id).version)
    assert desk.post(url(entity, case_id, "write"), {**form, "to": "reporter"}).status_code == 303
    with world.inside(entity) as session:
        kept = session.execute(select(Message.author, Message.internal).order_by(Message.created_at)).all()
    assert kept == [("reporter", False), ("handler", True), ("handler", False)]


def test_another_call_from_the_same_form_is_kept_as_a_case_of_its_own(world, entity, desk):
    sent, first = new_contact(desk, entity, about="Eerste verhaal")
    again = desk.post(f"/desk/{entity.ovo}/contacts/new", sent)
    other = desk.post(f"/desk/{entity.ovo}/contacts/new", {**sent, "about": "Tweede verhaal"})
    assert onward(first) == onward(again) != onward(other)
    assert "Tweede verhaal" in desk.get(onward(other)).text
    assert count(world, entity, Case) == 2


def test_another_call_about_an_existing_case_from_the_same_form_is_kept_too(world, entity, desk):
    case = the_case(world, entity, opened(world, entity))
    number = f"I-{case.year}-{case.number:03d}"
    sent, _ = new_contact(desk, entity, number=number, category="", about="Eerste verhaal")
    for about in ("Eerste verhaal", "Tweede verhaal", "Tweede verhaal"):
        answer = desk.post(f"/desk/{entity.ovo}/contacts/new", {**sent, "about": about})
        assert answer.status_code == 303
    assert sorted(notes(world, entity, case.id)) == ["Eerste verhaal", "Tweede verhaal"]


@pytest.mark.parametrize("category", ["fraud", "bullying"])
def test_the_id_of_a_case_of_another_desk_opens_a_case_of_ones_own(world, entity, desk, category):
    with world.inside(entity):
        theirs = open_case(a_new_case(category="bullying")).id
    before = the_case(world, entity, theirs)
    _, answer = new_contact(desk, entity, once=str(theirs), category=category)
    _, unknown = new_contact(desk, entity, category=category)
    after = the_case(world, entity, theirs)
    assert (after.version, after.unread_by_desk, after.handler_id) == (before.version, True, None)
    assert str(theirs) not in onward(answer)
    assert answer.status_code == unknown.status_code == 200
    assert count(world, entity, Case) == 3
    with world.inside(entity) as session:
        assert session.scalar(select(func.count()).where(Contact.case_id == theirs)) == 0


def test_a_second_press_leaves_the_case_of_the_other_desk_as_that_desk_made_it(world, entity, desk):
    sent, _ = new_contact(desk, entity, category="bullying")
    with world.inside(entity) as session:
        made = session.scalars(select(Case)).one()
        made.unread_by_desk = False
        session.flush()
        case_id, version = made.id, made.version
    assert desk.post(f"/desk/{entity.ovo}/contacts/new", sent).status_code == 200
    after = the_case(world, entity, case_id)
    assert (after.version, after.unread_by_desk) == (version, False)
