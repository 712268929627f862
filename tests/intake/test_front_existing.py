"""The front office adds a contact to a case that exists: it writes, and the desk alone reads."""

import contextlib
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from spreekbuis.access.desk_keys import desk_secrets, desk_states, readers_of, renew_desk_key
from spreekbuis.access.models import CaseExclusion, DeskKey, LeftNote
from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases.contacts import read_contacts
from spreekbuis.cases.exclusion import admit, exclude
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.keys import key_of, left_binding, reseal
from spreekbuis.cases.left_notes import take_in_notes
from spreekbuis.cases.models import Case, Contact
from spreekbuis.clock import now
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind, ExclusionReason
from spreekbuis.identity.models import SignInAttempt
from spreekbuis.vault.sealing import CannotOpen, open_sealed
from spreekbuis.web.access import Role
from tests.intake.flow import Reporter, words
from tests.intake.front import Agent, cases, counted

NOTE = "Ze belde terug: het gebeurde opnieuw op maandag."
INTEGRITY = DeskKind.INTEGRITY


@pytest.fixture
def agent(world):
    return Agent(world)


@pytest.fixture
def abb(world):
    return world.entity("OVO001835")


@pytest.fixture
def case_id(world, abb):
    return world.case(abb)


def number(world, entity):
    (case,) = cases(world, entity)
    return f"I-{case.year}-{case.number:03d}"


def left(world, entity):
    with world.inside(entity) as session:
        return [(n.version, n.note_sealed) for n in session.scalars(select(LeftNote))]


def notes(world, entity, case_id):
    with world.inside(entity):
        return [(c.note, c.left) for c in read_contacts(world.key(entity, case_id))]


def add(agent, **typed):
    return agent.keep(about=NOTE, category="", ended="", **typed)


def test_a_second_call_comes_on_the_case_by_its_number(world, agent, abb, case_id):
    page = add(agent, entity="ABB", existing=number(world, abb))
    assert page.status_code == 200
    assert "Genoteerd bij het dossier" in page.text
    assert NOTE not in page.text
    assert len(left(world, abb)) == 1
    assert notes(world, abb, case_id) == [("", True)]
    assert counted() == [("phone", None, "added", True)]


def test_a_second_call_comes_on_the_case_by_the_words_of_its_receipt(world, agent, abb):
    code = words(Reporter(world.browser(), abb).report())
    page = add(agent, existing=" ".join(code))
    assert page.status_code == 200
    (case,) = cases(world, abb)
    assert f"{case.year}-{case.number:03d}" not in page.text
    assert len(left(world, abb)) == 1


def test_the_handler_who_opens_the_case_reads_the_note_and_so_does_the_next(world, agent, abb, case_id):
    with world.inside(abb) as session:
        session.execute(update(Contact).values(note_sealed=None))
    add(agent, entity="ABB", existing=number(world, abb), channel="visit")
    desk = world.handler(abb, INTEGRITY)
    page = desk.get(f"/desk/{abb.ovo}/cases/{case_id}")
    assert NOTE in page.text
    assert left(world, abb) == []
    assert notes(world, abb, case_id) == [(NOTE, False)]
    assert NOTE in world.handler(abb, INTEGRITY).get(f"/desk/{abb.ovo}/cases/{case_id}").text


def test_a_contact_marks_the_case_unread_and_is_no_first_conversation(world, agent, abb, case_id):
    world.handler(abb, INTEGRITY).get(f"/desk/{abb.ovo}/cases/{case_id}")
    add(agent, entity="ABB", existing=number(world, abb))
    (case,) = cases(world, abb)
    assert case.unread_by_desk
    assert case.conversation_at is None


def test_the_same_form_twice_is_one_contact(world, agent, abb, case_id):
    token = agent.token()
    for _ in range(2):
        assert add(agent, token=token, entity="ABB", existing=number(world, abb)).status_code == 200
    assert len(notes(world, abb, case_id)) == len(counted()) == 1


def test_a_note_that_was_left_opens_with_the_key_of_the_desk_alone(world, agent, abb, case_id):
    add(agent, entity="ABB", existing=number(world, abb))
    stranger = world.reader(world.member(abb, Role.HANDLER, DeskKind.WELLBEING))
    with world.inside(abb):
        take_in_notes(world.key(abb, case_id), stranger.account_id, stranger.secret)
    assert notes(world, abb, case_id) == [("", True)]


def test_a_note_that_was_moved_to_another_contact_does_not_open(world, agent, abb, case_id):
    for note in ("één", "twee"):
        agent.keep(about=note, entity="ABB", existing=number(world, abb))
    who = world.reader(world.member(abb, Role.HANDLER, INTEGRITY))
    with world.inside(abb) as session:
        one, two = session.scalars(select(LeftNote)).all()
        one.note_sealed = two.note_sealed
    with pytest.raises(CannotOpen), world.inside(abb):
        take_in_notes(world.key(abb, case_id), who.account_id, who.secret)


def newest(desk_id):
    return desk_states([desk_id])[0].newest


def test_a_note_moves_with_its_case_to_a_new_key_of_the_desk_and_the_old_key_goes(world, agent, abb, case_id):
    add(agent, entity="ABB", existing=number(world, abb))
    who = world.reader(world.member(abb, Role.HANDLER, INTEGRITY))
    desk_id = abb.desks[INTEGRITY]
    with world.inside(abb):
        renew_desk_key(desk_id, readers_of(desk_id))
    with world.inside(abb):
        assert reseal(desk_id, who, newest(desk_id)).left == 0
    assert [version for version, _ in left(world, abb)] == [2]
    with world.inside(abb) as session:
        assert session.scalars(select(DeskKey.version).where(DeskKey.desk_id == desk_id)).all() == [2]
        take_in_notes(key_of(case_id, who), who.account_id, who.secret)
        assert [c.note for c in read_contacts(key_of(case_id, who))] == [NOTE]


def test_a_key_stays_while_a_note_needs_it(world, agent, abb, case_id):
    """A note that came under the newest key, on a case that still has the old one."""
    who = world.reader(world.member(abb, Role.HANDLER, INTEGRITY))
    desk_id = abb.desks[INTEGRITY]
    for _ in range(2):
        with world.inside(abb):
            renew_desk_key(desk_id, readers_of(desk_id))
        add(agent, entity="ABB", existing=number(world, abb))
    assert sorted(version for version, _ in left(world, abb)) == [2, 3]
    with world.inside(abb):
        assert reseal(desk_id, who, newest(desk_id)).left == 0
    assert {version for version, _ in left(world, abb)} == {3}


@pytest.mark.parametrize("reference", ["I-2019-001", "W-2026-001", "onzin", "een twee drie"])
def test_a_case_that_is_not_there_is_not_confirmed_and_stands_in_a_trail(
    world, agent, abb, case_id, reference
):
    page = add(agent, entity="ABB", existing=reference)
    assert page.status_code == 422
    assert "We vinden geen dossier" in page.text
    assert NOTE in page.text
    assert counted() == []
    with world.inside(abb) as session:
        own = session.scalars(select(AuditEvent.actor).where(AuditEvent.kind == "contact.missed")).all()
    with transaction(PLATFORM) as session:
        general = session.scalars(select(AuditEvent.actor).where(AuditEvent.kind == "contact.missed")).all()
    (missed,) = [*own, *general]
    assert missed == f"account:{agent.account_id}"
    assert bool(own) == reference.startswith(("I", "W"))


def test_the_number_of_another_entity_is_not_there(world, agent, abb, case_id):
    world.entity("OVO990008")
    assert add(agent, entity="ANB", existing=number(world, abb)).status_code == 422
    assert notes(world, abb, case_id) == []


def test_a_number_needs_its_letter_and_its_entity(agent, abb, case_id):
    assert "met de letter ervoor" in add(agent, entity="ABB", existing="2026-001").text
    assert "Vul in bij welke entiteit" in add(agent, existing="I-2026-001").text


def test_after_five_wrong_numbers_the_agent_waits_and_right_ones_do_not_clear_the_count(
    world, agent, abb, case_id
):
    right = number(world, abb)
    for tried in range(4):
        assert add(agent, entity="ABB", existing=f"I-2019-00{tried + 1}").status_code == 422
    assert add(agent, entity="ABB", existing=right).status_code == 200
    assert add(agent, entity="ABB", existing="I-2019-009").status_code == 422
    locked = add(agent, entity="ABB", existing=right)
    assert locked.status_code == 429
    assert NOTE in locked.text
    assert re.search(r"Wacht een kwartier", locked.text)
    assert len(notes(world, abb, case_id)) == 1
    assert add(Agent(world), entity="ABB", existing=right).status_code == 200
    with transaction(PLATFORM) as session:
        session.execute(
            update(SignInAttempt).values(updated_at=now() - timedelta(hours=1), locked_until=None)
        )
    assert add(agent, entity="ABB", existing=right).status_code == 200


# --- while somebody is kept out of the case -------------------------------------------------------------------


def keep_out(world, abb, case_id, key):
    """A handler of the integrity desk who is kept out of the case, and a colleague who is not."""
    out, colleague = (world.member(abb, Role.HANDLER, INTEGRITY) for _ in range(2))
    with world.inside(abb), acting_as(Actor("account", colleague)):
        exclude(case_for(set(abb.desks.values()), case_id, lock=True), key, out, ExclusionReason.NAMED)
    return world.reader(out), world.browser(colleague)


def opens_a_note(world, abb, reader):
    """Whether this account's keys of the desk open anything that was left."""
    with world.inside(abb) as session:
        secrets = desk_secrets(abb.desks[INTEGRITY], reader.account_id, reader.secret)
        for note in session.scalars(select(LeftNote)):
            for version, secret in secrets.items():
                with contextlib.suppress(CannotOpen):
                    binding = left_binding(note.contact_id, note.desk_id, note.version and version)
                    open_sealed(secret, note.note_sealed, binding)
                    return True
    return False


def test_a_note_opens_for_nobody_who_is_kept_out_of_the_case(world, agent, abb, case_id):
    with world.inside(abb):
        key = world.key(abb, case_id)
    out, colleague = keep_out(world, abb, case_id, key)
    assert add(agent, entity="ABB", existing=number(world, abb)).status_code == 200
    assert [version for version, _ in left(world, abb)] == [None]
    assert not opens_a_note(world, abb, out)
    assert NOTE in colleague.get(f"/desk/{abb.ovo}/cases/{case_id}").text
    assert left(world, abb) == []


def test_a_note_that_waits_is_taken_in_before_somebody_is_kept_out(world, agent, abb, case_id):
    out, colleague = (world.member(abb, Role.HANDLER, INTEGRITY) for _ in range(2))
    assert add(agent, entity="ABB", existing=number(world, abb)).status_code == 200
    assert opens_a_note(world, abb, world.reader(out))
    page = f"/desk/{abb.ovo}/cases/{case_id}/exclusions"
    form = {"kept_out": str(out), "kept_out_reason": "reporting_line", "version": "1", "once": str(uuid4())}
    assert world.browser(colleague).post(page, form).status_code == 303
    assert left(world, abb) == []


def test_a_note_that_was_sealed_to_the_case_opens_after_the_exclusion_ended(world, agent, abb, case_id):
    with world.inside(abb):
        key = world.key(abb, case_id)
    out, _ = keep_out(world, abb, case_id, key)
    add(agent, entity="ABB", existing=number(world, abb))
    with world.inside(abb), acting_as(Actor("account", out.account_id)):
        admit(case_for(set(abb.desks.values()), case_id, lock=True), key, out.account_id)
    assert NOTE in world.browser(out.account_id).get(f"/desk/{abb.ovo}/cases/{case_id}").text


def test_an_agent_who_is_kept_out_of_a_case_as_a_handler_finds_none(world, agent, abb):
    code = " ".join(words(Reporter(world.browser(), abb).report(category="fraud")))
    with world.inside(abb) as session:
        case_id = session.scalars(select(Case.id)).one()
        key = world.key(abb, case_id)
    keep_out(world, abb, case_id, key)
    with world.inside(abb) as session:
        session.execute(update(CaseExclusion).values(account_id=agent.account_id))
    unknown = add(agent, entity="ABB", existing="I-2026-999")
    for reference in (number(world, abb), code):
        answer = add(agent, entity="ABB", existing=reference)
        assert answer.status_code == unknown.status_code == 422
        assert "We vinden geen dossier" in answer.text
    assert left(world, abb) == []
