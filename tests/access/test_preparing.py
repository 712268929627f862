"""An entity without keys yet, and the pages that say beforehand what a change does to reading."""

import pytest
from sqlalchemy import select

from spreekbuis.access.models import Membership
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.directory.models import Entity, EntityStatus
from spreekbuis.web.access import Role


@pytest.fixture
def entity(world):
    return world.entity()


def preparing(entity):
    with transaction(PLATFORM) as session:
        session.get_one(Entity, entity.id).status = EntityStatus.PREPARING


def test_staff_read_that_their_entity_is_not_ready_and_where_else_to_go(world, entity):
    browser = world.browser()
    assert "nog niet klaar" not in browser.get(f"/o/{entity.ovo}/report").text
    preparing(entity)
    page = browser.get(f"/o/{entity.ovo}/report").text
    assert "is nog niet klaar om meldingen te ontvangen" in page
    assert "niet aangesloten" not in page
    assert "Hier kun je terecht" in page


def test_an_entity_whose_service_ended_is_not_called_unready(world):
    entity = world.entity(entitled=False)
    page = world.browser().get(f"/o/{entity.ovo}/report").text
    assert "niet aangesloten" in page
    assert "nog niet klaar" not in page


def test_a_text_that_was_sent_to_an_unready_entity_is_given_back(world, entity):
    preparing(entity)
    answer = world.browser().post(f"/o/{entity.ovo}/report/check", {"text": "Dit schreef ik al"})
    assert answer.status_code >= 400
    assert "nog niet klaar" in answer.text
    assert "Dit schreef ik al" in answer.text


def test_the_members_page_of_an_unready_entity_leads_to_the_keys(world, entity):
    browser = world.browser(world.member(entity, Role.ENTITY_ADMINISTRATOR))
    path = f"/entity/{entity.ovo}/members"
    assert "kan nog geen meldingen ontvangen" not in browser.get(path).text
    preparing(entity)
    page = browser.get(path).text
    assert "kan nog geen meldingen ontvangen" in page
    assert f'href="/entity/{entity.ovo}/keys"' in page.split("<main")[1]


@pytest.mark.parametrize(
    ("role", "desk"), [(Role.HANDLER, DeskKind.INTEGRITY), (Role.ENTITY_ADMINISTRATOR, None)]
)
def test_ending_a_handler_says_that_the_desk_gets_a_new_key(world, entity, role, desk):
    browser = world.browser(world.member(entity, Role.ENTITY_ADMINISTRATOR))
    leaver = world.member(entity, role, desk)
    with world.inside(entity) as session:
        membership = session.scalars(select(Membership.id).where(Membership.account_id == leaver)).one()
    page = browser.get(f"/entity/{entity.ovo}/members/{membership}/end").text
    assert ("krijgt meteen een nieuwe sleutel" in page) is (role is Role.HANDLER)


def test_before_a_new_password_the_page_says_what_is_lost(world):
    page = world.browser().get("/password-reset").text
    assert "Lees je dossiers?" in page
    assert "collega van je loket" in page
