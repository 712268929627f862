"""An entity's own actors: entered by its administrator, for everybody to see."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from spreekbuis.audit.models import AuditEvent
from spreekbuis.clock import today
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.entities.actors import OwnActor, own_actors, set_actor, stale_own_actors
from spreekbuis.entities.models import EntityActor
from spreekbuis.entities.reminders import MAIL, look_for_stale_actors_of, mail_stale_actors
from spreekbuis.errors import Invalid
from spreekbuis.jobs.models import Job
from spreekbuis.web.access import Role
from tests.world import Tenant, World

COUNSELLOR = OwnActor("confidential_counsellor", email="vp@voorbeeld.example", reachable="elke dinsdag")


@pytest.fixture
def entity(world: World) -> Tenant:
    return world.entity()


@pytest.fixture
def administrator(world, entity):
    return world.browser(world.member(entity, Role.ENTITY_ADMINISTRATOR))


def trail(world, entity) -> list[str]:
    with world.inside(entity):
        kinds = (
            select(AuditEvent.kind).where(AuditEvent.kind.startswith("actor.")).order_by(AuditEvent.sequence)
        )
        return list(db.session.scalars(kinds))


def test_an_actor_is_kept_once_changed_and_taken_away(world, entity):
    changed = OwnActor("confidential_counsellor", phone="02 553 00 00")
    for actor in (
        COUNSELLOR,
        COUNSELLOR,
        changed,
        OwnActor("confidential_counsellor"),
        OwnActor("hr_partner"),
    ):
        with world.inside(entity):
            set_actor(actor)
        with world.inside(entity):
            assert own_actors() == ({} if actor.empty else {actor.kind: actor})
    assert trail(world, entity) == ["actor.set", "actor.set", "actor.removed"]


@pytest.mark.parametrize(
    ("actor", "field"),
    [
        (OwnActor("confidential_counsellor", email="geen adres"), "email"),
        (OwnActor("confidential_counsellor", phone="bel maar"), "phone"),
        (OwnActor("confidential_counsellor", name="Vertrouwenspersonen"), "email"),
        (OwnActor("hr_partner", email="p@voorbeeld.example", languages=("klingon",)), "languages"),
        (
            OwnActor(
                "hr_partner",
                email="p@voorbeeld.example",
                valid_from=date(2026, 2, 1),
                valid_to=date(2026, 1, 1),
            ),
            "valid_to",
        ),
        (OwnActor("line_manager", email="baas@voorbeeld.example"), "kind"),
        (OwnActor("ombudsman", email="o@voorbeeld.example"), "kind"),
        (OwnActor("onzin", email="o@voorbeeld.example"), "kind"),
    ],
)
def test_what_cannot_be_an_address_or_an_actor_is_refused(world, entity, actor, field):
    with world.inside(entity), pytest.raises(Invalid) as refused:
        set_actor(actor)
    assert set(refused.value.errors) == {field}


def test_the_administrator_fills_in_the_page_and_sees_it_in_the_list(entity, administrator):
    at = f"/entity/{entity.ovo}/actors"
    assert "Nog niet ingevuld" in administrator.get(at).text
    form = administrator.get(f"{at}?kind=confidential_counsellor")
    assert "Hoe heet deze functie bij jullie?" in form.text
    data = {"kind": "confidential_counsellor", "email": "vp@voorbeeld.example", "reachable": "elke dinsdag"}
    for _ in range(2):
        assert administrator.post(at, data).status_code == 303
    page = administrator.get(at).text
    assert "vp@voorbeeld.example" in page
    assert "elke dinsdag" in page


def test_what_was_not_accepted_stands_there_still(entity, administrator):
    data = {"kind": "hr_partner", "name": "P&O", "phone": "bel maar", "reachable": "x" * 300}
    page = administrator.post(f"/entity/{entity.ovo}/actors", data)
    assert page.status_code == 422
    assert "bel maar" in page.text
    assert "P&amp;O" in page.text


def test_an_actor_of_one_entity_is_none_of_another(world, entity):
    other = world.entity()
    with world.inside(entity):
        set_actor(COUNSELLOR)
    with world.inside(other):
        assert own_actors() == {}
        set_actor(OwnActor("confidential_counsellor"))
    with world.inside(entity):
        assert own_actors() == {COUNSELLOR.kind: COUNSELLOR}
        assert db.session.scalar(select(func.count()).select_from(AuditEvent)) == 1


def make_old(world, entity):
    with world.inside(entity) as session:
        session.execute(update(EntityActor).values(confirmed_on=today() - timedelta(days=366)))


def test_an_actor_is_shown_between_its_first_and_last_day_alone(world, entity, administrator):
    for first, last, there in (
        (today(), today(), True),
        (today() + timedelta(days=1), None, False),
        (None, today() - timedelta(days=1), False),
    ):
        with world.inside(entity):
            set_actor(replace(COUNSELLOR, valid_from=first, valid_to=last))
            assert (COUNSELLOR.kind in own_actors()) is there
        page = world.browser().get(f"/o/{entity.ovo}/signpost?topic=wellbeing&wish=talk&place=inside").text
        assert (COUNSELLOR.email in page) is there
        assert ("Niet op de wegwijzer" in administrator.get(f"/entity/{entity.ovo}/actors").text) is not there


def test_an_old_entry_is_marked_until_the_administrator_confirms_it_with_one_click(
    world, entity, administrator
):
    other = world.entity()
    for one in (entity, other):
        with world.inside(one):
            set_actor(COUNSELLOR)
        make_old(world, one)
    at = f"/entity/{entity.ovo}/actors"
    assert "Dit klopt nog" in administrator.get(at).text
    for _press in range(2):
        assert administrator.post(f"{at}/confirm", {"kind": COUNSELLOR.kind}).status_code == 303
    assert "Dit klopt nog" not in administrator.get(at).text
    assert administrator.post(f"{at}/confirm", {"kind": "hr_partner"}).status_code == 409
    assert trail(world, entity) == ["actor.set", "actor.confirmed"]
    with world.inside(other):
        assert stale_own_actors() == 1


def test_the_administrators_are_reminded_once_a_month_of_what_is_old(world, entity, administrator, app):
    with world.inside(entity):
        set_actor(COUNSELLOR)
        assert look_for_stale_actors_of() == {"actors": 0}
    make_old(world, entity)
    for _day in range(2):
        with world.inside(entity):
            assert look_for_stale_actors_of() == {"actors": 1}
    with transaction(PLATFORM):
        (asked,) = db.session.scalars(select(Job.args).where(Job.name == MAIL))
    with world.inside(entity):
        mail_stale_actors(**asked)
    folder = app.extensions["settings"].mail_folder
    (mail,) = [m for m in folder.glob("*.eml") if b"wegwijzer" in m.read_bytes()]
    assert f"/entity/{entity.ovo}/actors" in mail.read_text()


def test_the_entitys_actors_are_there_for_address_books_and_never_another_entitys(world, entity):
    other = world.entity()
    for one, email in ((entity, "vp@voorbeeld.example"), (other, "ander@voorbeeld.example")):
        with world.inside(one):
            set_actor(replace(COUNSELLOR, email=email, languages=("nl", "vgt")))
    for export in ("cards.vcf", "table.csv"):
        text = world.browser().get(f"/o/{entity.ovo}/actors/{export}").text
        assert "vp@voorbeeld.example" in text
        assert "ander@voorbeeld.example" not in text
        assert "melding.audit@voorbeeld.example" in text
