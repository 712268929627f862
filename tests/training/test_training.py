"""Training of contact persons: planned by the central office, for people of whom it knows a number."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.errors import Conflict, Invalid, NotFound
from spreekbuis.figures.reading import own_overview
from spreekbuis.figures.roll_up import rebuild, roll_up_all, verify
from spreekbuis.jobs.models import Job
from spreekbuis.training.mails import mail, remind, tell_administrators
from spreekbuis.training.models import TrainingPlace, TrainingSession
from spreekbuis.training.places import PlaceState, TooLate, ask_place, cancel_place, own_places, own_trained
from spreekbuis.training.sessions import (
    CalledOff,
    NotYet,
    Planned,
    call_off,
    note_attendance,
    participants,
    plan_session,
)
from spreekbuis.web.access import Role
from tests.at_once import one_then_other
from tests.world import Tenant, World

FUNCTION = "integrity_contact"
GIVEN = Planned("course", "coordinator", "", today() + timedelta(days=5), "9 tot 17 uur", "Brussel", "nl", 2)


@pytest.fixture
def entity(world: World) -> Tenant:
    return world.entity()


@pytest.fixture
def other(world: World) -> Tenant:
    return world.entity()


def planned(given: Planned = GIVEN, session_id: UUID | None = None) -> UUID:
    session_id = session_id or new_id()
    with transaction(PLATFORM):
        plan_session(session_id, given)
    return session_id


def ask(world, entity, session_id, number, function=FUNCTION) -> PlaceState:
    with world.inside(entity):
        return ask_place(session_id, function, number)


def place(session_id, entity, number) -> UUID:
    with transaction(PLATFORM):
        return next(p.id for p in participants(session_id) if (p.tenant_id, p.number) == (entity.id, number))


def move_to(session_id, day):
    with transaction(PLATFORM) as session:
        session.execute(update(TrainingSession).where(TrainingSession.id == session_id).values(day=day))


def states(session_id) -> dict[tuple[UUID, int], str]:
    with transaction(PLATFORM):
        return {(p.tenant_id, p.number): p.state for p in participants(session_id)}


def promised(name: str, **args: str) -> int:
    with transaction(PLATFORM):
        found = db.session.scalars(select(Job.args).where(Job.name == name)).all()
        return sum(1 for one in found if args.items() <= one.items())


def test_who_comes_when_it_is_full_waits_and_gets_the_place_that_comes_free(world, entity, other):
    session_id = planned()
    assert ask(world, entity, session_id, 1) is PlaceState.BOOKED
    assert ask(world, entity, session_id, 1) is PlaceState.BOOKED
    assert ask(world, entity, session_id, 2) is PlaceState.BOOKED
    assert ask(world, other, session_id, 1) is PlaceState.WAITING
    mine = place(session_id, entity, 1)
    for _press in range(2):
        with world.inside(entity):
            cancel_place(mine)
    assert states(session_id) == {(entity.id, 2): "booked", (other.id, 1): "booked"}
    assert promised("training.tell_administrators", kind="training.mail_place") == 1
    assert ask(world, entity, session_id, 1) is PlaceState.WAITING


def test_the_last_place_is_given_once_to_who_ask_at_the_same_moment(world, entity):
    session_id = planned(replace(GIVEN, places=1))
    one, other = (lambda n=n: ask_place(session_id, FUNCTION, n) for n in (1, 2))
    assert one_then_other(world, entity, one, other) is PlaceState.WAITING
    assert states(session_id) == {(entity.id, 1): "booked", (entity.id, 2): "waiting"}


def test_more_places_are_for_who_waits(world, entity):
    session_id = planned(replace(GIVEN, places=1))
    assert [ask(world, entity, session_id, n).value for n in (1, 2, 3)] == ["booked", "waiting", "waiting"]
    planned(replace(GIVEN, places=2), session_id)
    assert states(session_id) == {
        (entity.id, 1): "booked",
        (entity.id, 2): "booked",
        (entity.id, 3): "waiting",
    }


@pytest.mark.parametrize(
    ("function", "number", "field"),
    [
        ("ombudsman", 1, "function"),
        ("onzin", 1, "function"),
        (FUNCTION, 0, "number"),
        (FUNCTION, 1000, "number"),
    ],
)
def test_who_cannot_be_sent_is_refused(world, entity, function, number, field):
    session_id = planned()
    with world.inside(entity), pytest.raises(Invalid) as refused:
        ask_place(session_id, function, number)
    assert set(refused.value.errors) == {field}
    with world.inside(entity), pytest.raises(NotFound):
        ask_place(new_id(), FUNCTION, 1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "picnic"}, "kind"),
        ({"giver": "onzin"}, "giver"),
        ({"language": "klingon"}, "language"),
        ({"day": today() - timedelta(days=1)}, "day"),
        ({"places": 0}, "places"),
        ({"places": 501}, "places"),
    ],
)
def test_what_cannot_be_planned_is_refused(app, change, field):
    with transaction(PLATFORM), pytest.raises(Invalid) as refused:
        plan_session(new_id(), replace(GIVEN, **change))
    assert set(refused.value.errors) == {field}


def test_an_entity_cancels_and_sees_its_own_places_alone(world, entity, other):
    session_id = planned()
    ask(world, entity, session_id, 1)
    mine = place(session_id, entity, 1)
    for not_theirs in (mine, new_id()):
        with world.inside(other), pytest.raises(NotFound):
            cancel_place(not_theirs)
    with world.inside(other):
        assert own_places() == []
    assert states(session_id) == {(entity.id, 1): "booked"}


def test_what_is_over_or_called_off_takes_nobody_and_lets_nobody_go(world, entity):
    session_id = planned()
    ask(world, entity, session_id, 1)
    move_to(session_id, today() - timedelta(days=1))
    with world.inside(entity), pytest.raises(TooLate):
        ask_place(session_id, FUNCTION, 2)
    mine = place(session_id, entity, 1)
    with world.inside(entity), pytest.raises(TooLate):
        cancel_place(mine)
    move_to(session_id, today())
    for _press in range(2):
        with transaction(PLATFORM):
            call_off(session_id)
    assert promised("training.tell_administrators", kind="training.mail_called_off") == 1
    with world.inside(entity), pytest.raises(TooLate):
        ask_place(session_id, FUNCTION, 2)
    with transaction(PLATFORM), pytest.raises(CalledOff):
        note_attendance(session_id, ())
    with transaction(PLATFORM), pytest.raises(CalledOff):
        plan_session(session_id, replace(GIVEN, places=3))


def trained(world, entity) -> dict[str, int]:
    with world.inside(entity):
        return own_overview(today().year).figures.of("trained")


def test_who_was_there_is_counted_once_for_the_entity_and_can_be_corrected(world, entity, other):
    session_id, second = planned(replace(GIVEN, places=3)), planned(replace(GIVEN, kind="intervision"))
    for one, number in ((entity, 1), (entity, 2), (other, 1)):
        ask(world, one, session_id, number)
    ask(world, entity, second, 1)
    with transaction(PLATFORM), pytest.raises(NotYet):
        note_attendance(session_id, ())
    for one in (session_id, second):
        move_to(one, today())
    everybody = {place(session_id, one, n) for one, n in ((entity, 1), (entity, 2), (other, 1))}
    mine = place(session_id, entity, 1)
    at_second = place(second, entity, 1)
    for _press in range(2):
        with transaction(PLATFORM):
            note_attendance(session_id, everybody)
    with transaction(PLATFORM):
        note_attendance(second, {at_second})
    assert trained(world, entity) == {"course": 2, "intervision": 1}
    assert trained(world, other) == {"course": 1}
    with world.inside(entity):
        assert own_trained(today().year) == 2
        assert own_trained(today().year - 1) == 0
        assert {p.certificate_on for p, _ in own_places()} == {today()}
    with transaction(PLATFORM):
        note_attendance(session_id, {mine})
    assert trained(world, entity) == {"course": 1, "intervision": 1}
    assert trained(world, other) == {}
    roll_up_all()
    assert verify() == []
    rebuild()
    assert trained(world, entity) == {"course": 1, "intervision": 1}
    with transaction(PLATFORM), pytest.raises(Conflict):
        call_off(session_id)
    with world.inside(entity), pytest.raises(TooLate):
        cancel_place(mine)


def test_the_administrators_are_told_once_a_week_before(world, entity, app):
    account_id = world.member(entity, Role.ENTITY_ADMINISTRATOR)
    session_id = planned()
    ask(world, entity, session_id, 1)
    planned(replace(GIVEN, day=today() + timedelta(days=30)))
    for _day in range(2):
        with transaction(PLATFORM):
            assert remind() == {"sessions": 1}
    assert promised("training.tell_administrators", kind="training.mail_soon") == 1
    with world.inside(entity):
        tell_administrators(str(session_id), "training.mail_soon")
    assert promised("training.mail", account_id=str(account_id)) == 1
    with world.inside(entity):
        mail(str(session_id), "training.mail_soon", str(account_id))
    folder = app.extensions["settings"].mail_folder
    (sent,) = [m.read_text() for m in folder.glob("*.eml") if "opleiding" in m.read_text()]
    assert f"/entity/{entity.ovo}/training" in sent


def test_the_administrator_sends_somebody_and_the_central_office_notes_that_they_came(world, entity):
    office = world.browser(world.platform_member(Role.CENTRAL_ANALYST))
    administrator = world.browser(world.member(entity, Role.ENTITY_ADMINISTRATOR))
    session_id = new_id()
    form = {
        "kind": "course", "giver": "coordinator", "day": today().isoformat(), "hours": "9 tot 17 uur", "place": "",
        "language": "nl", "places": "1", "about": "",
    }  # fmt: skip
    assert (
        office.post(f"/central/training/{session_id}", form | {"day": "morgen", "places": "veel"}).status_code
        == 422
    )
    for _press in range(2):
        assert office.post(f"/central/training/{session_id}", form).status_code == 303
    at = f"/entity/{entity.ovo}/training"
    assert "1 plaats vrij" in administrator.get(at).text
    wrong = administrator.post(at, {"session": "x", "function": "baas", "number": "Jan"})
    assert wrong.status_code == 422
    asked = {"session": str(session_id), "function": FUNCTION, "number": "7"}
    for _press in range(2):
        assert administrator.post(at, asked).status_code == 303
    assert "training-waiting" in administrator.post(at, asked | {"number": "8"}).location
    page = administrator.get(at).text
    assert "Contactpersoon integriteit 7" in page
    assert "Op de wachtlijst" in page
    waiting, name = place(session_id, entity, 8), str(place(session_id, entity, 7))
    assert administrator.post(f"{at}/places/{waiting}/cancel").status_code == 303
    assert name in office.get(f"/central/training/{session_id}").text
    answer = office.post(f"/central/training/{session_id}/attendance", {"present": [name, "onzin"]})
    assert answer.status_code == 303
    assert "Gevolgd" in administrator.get(at).text
    assert entity.name in office.get("/central/training/trained").text
    assert "1 van 1" in office.get("/central/training").text
    with transaction(PLATFORM):
        assert db.session.scalar(select(func.count()).select_from(TrainingPlace)) == 2
