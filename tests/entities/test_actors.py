"""An entity's own actors: entered by its administrator, for everybody to see."""

import pytest
from sqlalchemy import func, select

from spreekbuis.audit.models import AuditEvent
from spreekbuis.db.session import db
from spreekbuis.entities.actors import OwnActor, own_actors, set_actor
from spreekbuis.errors import Invalid
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
