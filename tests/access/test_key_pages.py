"""The administrator's page on keys: make the kit, replace it, see who reads, open a desk where nobody can."""

import re
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from spreekbuis import clock
from spreekbuis.access import recovery
from spreekbuis.access.key_changes import waiting_changes
from spreekbuis.access.models import DeskKey, DeskKeyGrant, RecoveryKey, RecoveryShare
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.directory.models import Entity, EntityStatus
from spreekbuis.identity.models import Account, AccountKey
from spreekbuis.vault.recovery_share import short_name
from spreekbuis.web.access import Role
from tests.access.test_recovery import Office

INTEGRITY, WELLBEING = DeskKind.INTEGRITY, DeskKind.WELLBEING


@pytest.fixture
def office(world):
    return Office(world)


@pytest.fixture
def admin(office, world):
    return world.browser(office.administrator)


def address(office, rest=""):
    return f"/entity/{office.entity.ovo}/keys{rest}"


def without_kit(office, world):
    """As after the approval: no kit, no keys, no reports."""
    with transaction(PLATFORM) as session:
        session.get_one(Entity, office.entity.id).status = EntityStatus.PREPARING
    with world.inside(office.entity) as session:
        for table in (DeskKeyGrant, DeskKey, RecoveryKey):
            for row in session.scalars(select(table)):
                session.delete(row)
            session.flush()


def kits(office, world):
    with world.inside(office.entity) as session:
        return session.scalar(select(func.count()).select_from(RecoveryKey))


def form(office, kit="", **more):
    return {"kit": str(kit), "officer_a": office.administrator, "officer_b": office.handler} | more


def leave_only_the_administrator(office, world):
    with transaction(PLATFORM) as session:
        for account in (office.handler, office.listener):
            session.delete(session.get_one(AccountKey, account))


def test_the_first_visit_explains_and_asks_for_two_officers(office, world, admin):
    without_kit(office, world)
    page = admin.get(address(office)).text
    assert "Maak eerst de herstelsleutel" in page
    assert "kan je entiteit geen meldingen ontvangen" in page
    assert re.search(rf'<option value="{office.administrator}" selected', page), "myself is chosen already"
    assert page.count(f'value="{office.handler}"') == 2
    assert "Wie kan lezen" not in page


def test_the_first_kit_is_made_and_the_page_says_who_must_print(office, world, admin):
    without_kit(office, world)
    answer = admin.post(address(office, "/kit"), form(office))
    assert answer.location == address(office) + "?done=kit-made"
    page = admin.get(answer.location).text
    assert page.count("Nog af te drukken") == 2
    assert "Druk jouw deel af" in page
    assert page.count("Kan alles lezen") == 2
    with transaction(PLATFORM) as session:
        assert session.get_one(Entity, office.entity.id).status == EntityStatus.ACTIVE


def test_a_second_press_makes_no_second_kit(office, world, admin):
    without_kit(office, world)
    for _ in range(2):
        assert admin.post(address(office, "/kit"), form(office)).status_code == 303
    assert kits(office, world) == 1


def test_an_administrator_alone_is_told_to_invite_somebody_first(office, world, admin):
    without_kit(office, world)
    leave_only_the_administrator(office, world)
    page = admin.get(address(office)).text
    assert "Nodig eerst iemand uit" in page
    assert f'href="/entity/{office.entity.ovo}/members"' in page
    assert 'name="officer_a"' not in page
    answer = admin.post(address(office, "/kit"), form(office, officer_b=office.administrator))
    assert answer.status_code == 422
    assert kits(office, world) == 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"officer_b": ""}, "Kies wie deel B bewaart"),
        ({"officer_a": "", "officer_b": ""}, "Kies wie deel A bewaart"),
        ({"officer_b": "x"}, "Kies een van de mogelijkheden"),
        ({"officer_b": str(uuid4())}, "Kies een van de mogelijkheden"),
    ],
)
def test_a_bad_choice_of_officers_makes_no_kit(office, world, admin, given, words):
    without_kit(office, world)
    answer = admin.post(address(office, "/kit"), form(office, **given))
    assert answer.status_code == 422
    assert words in answer.text
    assert "Maak eerst de herstelsleutel" in answer.text
    assert kits(office, world) == 0


def test_the_same_officer_twice_or_somebody_of_another_entity_holds_no_kit(office, world, admin):
    without_kit(office, world)
    stranger = Office(world)
    for second in (office.administrator, stranger.administrator):
        answer = admin.post(address(office, "/kit"), form(office, officer_b=second))
        assert answer.status_code == 422
        assert "Maak eerst de herstelsleutel" in answer.text
    assert kits(office, world) == 0


def test_replacing_a_kit_asks_for_a_tick(office, world, admin):
    kit = office.make_kit()
    office.print_parts()
    refused = admin.post(address(office, "/kit"), form(office, kit))
    assert refused.status_code == 422
    assert "Vink aan dat de oude bladen vervallen" in refused.text
    assert office.kit().id == kit
    answer = admin.post(address(office, "/kit"), form(office, kit, replace="yes"))
    assert answer.location == address(office, "/changes") + "?done=kit-asked"
    assert office.kit().id == kit, "it takes a second person (test_key_changes)"


def test_a_form_of_an_older_kit_asks_for_nothing(office, world, admin):
    kit = office.make_kit()
    now = office.make_kit()
    answer = admin.post(address(office, "/kit"), form(office, kit, replace="yes"))
    assert answer.location == address(office)
    assert office.kit().id == now
    with world.inside(office.entity):
        assert waiting_changes() == []


def test_a_safe_kit_and_older_papers_that_still_open_something_are_told(office, world, admin):
    world.case(office.entity)
    old = office.make_kit()
    office.print_parts()
    world.case(office.entity)
    page = admin.get(address(office)).text
    assert page.count("Op papier sinds") == 2
    assert "Nog niet klaar" not in page
    assert "Bewaar ook de bladen" not in page
    office.make_kit()
    page = admin.get(address(office)).text
    assert short_name(old) in page.split("Bewaar ook de bladen")[1].split("</")[0]
    assert short_name(old) in admin.get(address(office, "/recover")).text


def test_cases_of_a_kit_that_never_came_on_paper_are_warned_about(office, world, admin):
    never = office.make_kit()
    world.case(office.entity)
    assert "Sommige oudere dossiers" not in admin.get(address(office)).text
    office.make_kit()
    page = admin.get(address(office)).text
    assert "Sommige oudere dossiers" in page
    assert "Bewaar ook de bladen" not in page
    assert short_name(never) not in admin.get(address(office, "/recover")).text


def test_a_lost_part_asks_for_a_new_kit(office, admin):
    office.make_kit()
    office.forget_everything()
    page = admin.get(address(office)).text
    assert "Deel B is verloren" in page
    assert '<details class="more" open>' in page


def test_a_part_that_a_former_colleague_keeps_asks_for_a_new_kit(office, world, admin):
    office.make_kit()
    office.print_parts()
    with transaction(PLATFORM) as session:
        session.get_one(Account, office.handler).disabled_at = session.get_one(
            Account, office.handler
        ).created_at
    assert "maar werkt niet meer voor je entiteit" in admin.get(address(office)).text


def test_a_desk_where_nobody_reads_is_red_and_opens_for_new_cases(office, world, admin):
    world.case(office.entity)
    office.make_kit()
    lost = office.forget_everything()
    page = admin.get(address(office)).text
    assert "Hier kan niemand lezen" in page
    assert "notice--stop" in page
    way_out = address(office, f"/desks/{office.entity.desks[INTEGRITY]}/open")
    assert way_out in page
    answer = admin.post(way_out)
    assert answer.location == address(office, "/changes") + "?done=desk-asked"
    assert "Hier kan niemand lezen" in admin.get(address(office)).text
    with world.inside(office.entity):
        (asked,) = waiting_changes()
    with clock.at(asked.due_at):
        late = world.browser(office.administrator)
        assert late.post(address(office, f"/changes/{asked.id}/carry-out")).status_code == 303
    assert max(office.secrets(lost)) == 3
    page = admin.get(address(office)).text
    assert "Leest alleen nieuwe dossiers" in page
    assert "Oudere dossiers zijn dicht" in page
    assert way_out not in page
    assert admin.post(way_out).status_code == 409, "a second press makes no other key"


def test_a_desk_without_handlers_asks_to_invite_one(world):
    entity = world.entity()
    browser = world.browser(world.member(entity, Role.ENTITY_ADMINISTRATOR))
    page = browser.get(f"/entity/{entity.ovo}/keys").text
    assert page.count("Hier werkt nog niemand") == 2


def test_a_handler_without_a_password_is_told_apart(office, world, admin):
    with transaction(PLATFORM) as session:
        session.delete(session.get_one(AccountKey, office.handler))
    page = admin.get(address(office)).text
    assert "Heeft nog geen wachtwoord" in page
    assert "Wachtwoord vergeten" in page


def test_who_waits_beside_a_reader_needs_that_colleague(office, world, admin):
    newcomer = world.member(office.entity, Role.HANDLER, INTEGRITY)
    with world.inside(office.entity) as session:
        session.delete(session.scalars(select(DeskKeyGrant).where(DeskKeyGrant.account_id == newcomer)).one())
    page = admin.get(address(office)).text
    assert "Wacht op toegang" in page
    assert "Er wacht iemand op toegang" in page
    assert "Hier kan niemand lezen" not in page


def test_only_an_administrator_of_this_entity_sees_and_changes_keys(office, world):
    desk = office.entity.desks[INTEGRITY]
    for account in (
        office.handler,
        Office(world).administrator,
        world.platform_member(Role.PLATFORM_ADMINISTRATOR),
    ):
        browser = world.browser(account)
        assert browser.get(address(office)).status_code == 403
        assert browser.get(address(office, "/recover")).status_code == 403
        for rest in ("/kit", f"/desks/{desk}/open", "/recover"):
            assert browser.post(address(office, rest), form(office)).status_code == 403
    assert kits(office, world) == 1


def test_a_desk_of_another_entity_is_not_there(office, world, admin):
    other = world.entity()
    for desk in (other.desks[INTEGRITY], uuid4()):
        assert admin.post(address(office, f"/desks/{desk}/open")).status_code == 404


def test_the_kit_of_the_page_is_that_of_the_operations(office, world, admin):
    kit = office.make_kit()
    with world.inside(office.entity) as session:
        held = session.scalars(select(RecoveryShare.account_id).where(RecoveryShare.kit_id == kit)).all()
        assert recovery.kit_in_force().id == kit
    page = admin.get(address(office)).text
    assert short_name(kit) in page
    assert set(held) == {office.administrator, office.handler}
