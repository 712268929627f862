"""The central actors, training, the library and an entity's directory in a browser, at both widths, with axe-core."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from playwright.sync_api import Browser
from sqlalchemy import update

from spreekbuis.access.provisioning.directory import GroupGiven, create_group
from spreekbuis.clock import today
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.entities.actors import OwnActor, set_actor
from spreekbuis.entities.models import EntityActor
from spreekbuis.instruments.library import publish
from spreekbuis.instruments.reading import ask_to_read
from spreekbuis.training.places import ask_place
from spreekbuis.training.sessions import plan_session
from spreekbuis.web.access import Role
from tests.browser.installation import Installation
from tests.browser.person import Person
from tests.browser.test_keeping import look
from tests.browser.test_keeping import pytestmark as pytestmark
from tests.browser.test_keeping import served as served
from tests.instruments.test_instruments import CODE
from tests.training.test_training import FUNCTION, GIVEN
from tests.world import World


def signed_in(world: World, chromium: Browser, album: Path, served: Installation, account_id: UUID) -> Person:
    person = Person(chromium, served, album)
    name, value = world.browser(account_id).cookie
    person.context.add_cookies([{"name": name, "value": value, "url": served.url}])
    return person


def test_the_pages_of_the_directories_are_clear_and_accessible(
    world: World, chromium: Browser, album: Path, served: Installation
) -> None:
    entity, session_id, instrument_id = world.entity(), uuid4(), uuid4()
    with transaction(PLATFORM):
        plan_session(session_id, replace(GIVEN, about="Wat je hoort, wat je doet en wat je laat."))
        plan_session(uuid4(), replace(GIVEN, kind="intervision", day=today() + timedelta(days=20), place=""))
        publish(instrument_id, 0, CODE)
    with world.inside(entity) as session:
        set_actor(OwnActor("confidential_counsellor", email="vp@voorbeeld.example", languages=("nl", "fr")))
        session.execute(update(EntityActor).values(confirmed_on=today() - timedelta(days=400)))
        ask_place(session_id, FUNCTION, 1)
        ask_to_read(instrument_id)
        create_group(GroupGiven("Loket integriteit", None, frozenset()))
    administrator = signed_in(world, chromium, album, served, world.member(entity, Role.ENTITY_ADMINISTRATOR))
    office = signed_in(world, chromium, album, served, world.platform_member(Role.CENTRAL_ANALYST))
    at = f"/entity/{entity.ovo}"
    for path, name in (
        (f"{at}/actors?kind=confidential_counsellor", "d-own-actors"), (f"{at}/training", "d-training"),
        (f"{at}/instruments", "d-to-read"), (f"{at}/instruments/asked", "d-asked"), (f"{at}/directory", "d-directory"),
        (f"/instruments/{instrument_id}", "d-instrument"), ("/actors", "d-actors"),
    ):  # fmt: skip
        administrator.goto(path)
        look(administrator, name)
    administrator.goto(f"{at}/instruments")
    administrator.press("Ik heb dit gelezen en begrepen")
    assert administrator.sees("Genoteerd dat je dit gelezen en begrepen hebt.")
    for path, name in (
        ("/central/actors", "d-central-actors"), ("/central/actors/ombudsman", "d-central-actor"),
        ("/central/training", "d-central-training"), (f"/central/training/{session_id}", "d-central-session"),
        ("/central/instruments", "d-central-instruments"),
        (f"/central/instruments/{instrument_id}", "d-central-instrument"),
    ):  # fmt: skip
        office.goto(path)
        look(office, name)
    assert administrator.done() + office.done() == []
