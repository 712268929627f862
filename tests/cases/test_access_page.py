"""The handler's page on access: who reads, letting colleagues read, and renewing older cases with progress."""

import re

import pytest
from sqlalchemy import select, update

from spreekbuis.access.desk_keys import (
    desk_secrets,
    handlers_with_key,
    readers_of,
    renew_desk_key,
    take_desk_keys,
)
from spreekbuis.access.models import CaseKey, DeskKeyGrant, RecoveryKey
from spreekbuis.cases import access_page
from spreekbuis.cases.keys import to_reseal
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.identity.keys import make_key
from spreekbuis.identity.models import Account, SignInSession
from spreekbuis.web.access import Role
from tests.at_once import beside

INTEGRITY, WELLBEING = DeskKind.INTEGRITY, DeskKind.WELLBEING


@pytest.fixture
def entity(world):
    return world.entity()


@pytest.fixture
def reader(world, entity):
    return named(world, world.member(entity, Role.HANDLER, INTEGRITY), "Leeft al mee")


def named(world, account, label):
    with transaction(PLATFORM) as session:
        session.get_one(Account, account).label = label
    return account


def waiting(world, entity, desk=INTEGRITY, label="Nieuweling"):
    account = named(world, world.member(entity, Role.HANDLER, desk), label)
    with world.inside(entity) as session:
        for grant in session.scalars(select(DeskKeyGrant).where(DeskKeyGrant.account_id == account)):
            session.delete(grant)
    return account


def reads(world, entity, account, desk=INTEGRITY):
    with world.inside(entity):
        return set(desk_secrets(entity.desks[desk], account, world.secrets[account]))


def address(entity, rest="access"):
    return f"/desk/{entity.ovo}/{rest}"


def form(entity, *accounts, desk=INTEGRITY):
    return {"desk": str(entity.desks[desk]), f"to_{desk}": [str(account) for account in accounts]}


def test_who_can_read_lets_everybody_who_waits_read_with_one_button(world, entity, reader):
    newcomers = [waiting(world, entity, label=f"Nieuw {n}") for n in range(3)]
    browser = world.browser(reader)
    page = browser.get(address(entity)).text
    assert page.count("Wacht op toegang") == 3
    answer = browser.post(address(entity), form(entity, *newcomers))
    assert answer.location == address(entity) + "?done=access-granted"
    assert all(reads(world, entity, account) == {1} for account in newcomers)
    page = browser.get(answer.location).text
    assert "Wacht op toegang" not in page
    assert "Geef toegang" not in page


def test_nobody_who_waits_is_ticked_and_each_stands_there_with_the_address(world, entity, reader):
    newcomers = [waiting(world, entity, label="Dezelfde naam") for _ in range(2)]
    page = world.browser(reader).get(address(entity)).text
    assert page.count('type="checkbox"') == 2
    assert " checked>" not in page
    form_shown = page.split("Wie mag meelezen?")[1].split("</form>")[0]
    assert all(email_of(account) in form_shown for account in newcomers)


def email_of(account):
    with transaction(PLATFORM) as session:
        return session.get_one(Account, account).email


def test_one_of_two_can_be_chosen(world, entity, reader):
    one, two = waiting(world, entity), waiting(world, entity)
    world.browser(reader).post(address(entity), form(entity, two))
    assert reads(world, entity, one) == set()
    assert reads(world, entity, two) == {1}


def test_choosing_nobody_is_an_error_and_ticks_nobody_again(world, entity, reader):
    waiting(world, entity)
    answer = world.browser(reader).post(address(entity), form(entity))
    assert answer.status_code == 422
    assert 'href="#to_integrity"' in answer.text
    assert 'id="to_integrity"' in answer.text
    assert " checked>" not in answer.text


def test_who_waits_reads_whom_to_ask(world, entity, reader):
    newcomer = waiting(world, entity)
    browser = world.browser(newcomer)
    page = browser.get(address(entity)).text
    assert "Je kunt hier nog niet lezen" in page
    assert "Leeft al mee" in page
    assert "Geef toegang" not in page
    assert browser.post(address(entity), form(entity, newcomer)).location.endswith("?done=nobody-waits")
    assert reads(world, entity, newcomer) == set()


def test_where_nobody_reads_the_administrator_is_the_way(world, entity):
    page = world.browser(waiting(world, entity)).get(address(entity)).text
    assert "Vraag aan de beheerder van je entiteit om het loket te openen" in page


def test_who_reads_new_cases_alone_is_told_and_helps_those_who_read_nothing(world, entity):
    partly, nothing = waiting(world, entity), waiting(world, entity)
    world.case(entity)
    with world.inside(entity):
        desk = entity.desks[INTEGRITY]
        renew_desk_key(desk, [h for h in handlers_with_key(desk) if h.account_id == partly])
    browser = world.browser(partly)
    page = browser.get(address(entity)).text
    assert "Je leest hier alleen nieuwe dossiers" in page
    assert "herstelsleutel te gebruiken" in page
    browser.post(address(entity), form(entity, nothing))
    assert reads(world, entity, nothing) == {2}
    assert browser.post(address(entity), form(entity, nothing)).location.endswith("?done=nobody-waits")


def test_people_of_another_desk_or_entity_get_nothing_from_me(world, entity, reader):
    waiting(world, entity)
    others = [waiting(world, entity, WELLBEING), waiting(world, world.entity())]
    answer = world.browser(reader).post(address(entity), form(entity, *others))
    assert answer.status_code == 422
    for desk in (WELLBEING, INTEGRITY):
        assert reads(world, entity, others[0], desk) == set()


@pytest.mark.parametrize("desk", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_at_a_desk_that_is_not_mine_i_give_nothing(world, entity, reader, desk):
    other, stranger = world.entity(), waiting(world, entity, WELLBEING)
    browser = world.browser(reader)
    for value in (desk, str(entity.desks[WELLBEING]), str(other.desks[INTEGRITY])):
        given = {"desk": value, "to_wellbeing": [str(stranger)], "to_integrity": [str(stranger)]}
        assert browser.post(address(entity), given).status_code == 409
    assert reads(world, entity, stranger, WELLBEING) == set()
    assert browser.get(address(other)).status_code == 403


def test_only_handlers_of_the_entity_see_access(world, entity):
    for account in (
        world.member(entity, Role.ENTITY_ADMINISTRATOR),
        world.member(world.entity(), Role.HANDLER, INTEGRITY),
        world.platform_member(Role.CENTRAL_ANALYST),
    ):
        browser = world.browser(account)
        for rest in ("access", "reseal"):
            assert browser.get(address(entity, rest)).status_code == 403
            assert browser.post(address(entity, rest), {}).status_code == 403


def test_without_a_kit_the_page_waits_for_the_administrator(world, entity, reader):
    with world.inside(entity) as session:
        kit = session.scalars(select(RecoveryKey)).one()
        kit.ended_at = kit.made_at
    assert "Je entiteit heeft nog geen herstelsleutel" in world.browser(reader).get(address(entity)).text


# -- renewing older cases ----------------------------------------------------------------------------------------------


def somebody_left(world, entity, reader, cases=3):
    """Cases under a key that a former colleague had."""
    leaver = world.member(entity, Role.HANDLER, INTEGRITY)
    for _ in range(cases):
        world.case(entity)
    with world.inside(entity):
        take_desk_keys(entity.desks[INTEGRITY], [leaver])


def shown(browser, entity, total="3"):
    """The form as the page on renewing gives it: whom it showed as readers."""
    page = browser.get(address(entity, "reseal")).text
    return {"total": total, "shown": re.findall(r'name="shown" value="(\w+)"', page)}


def left(world, entity):
    with world.inside(entity):
        return to_reseal([entity.desks[INTEGRITY]]).get(entity.desks[INTEGRITY], 0)


def test_after_somebody_left_the_page_leads_to_renewing_and_it_ends(world, entity, reader):
    somebody_left(world, entity, reader)
    browser = world.browser(reader)
    page = browser.get(address(entity)).text
    assert "3 dossiers zijn nog te openen met een sleutel van vroeger" in page
    assert address(entity, "reseal") in page
    page = browser.get(address(entity, "reseal")).text
    assert "0 van 3 dossiers vernieuwd" in page
    assert "data-hx-trigger" not in page, "nothing starts by itself"
    answer = browser.post(address(entity, "reseal"), shown(browser, entity))
    assert answer.location == address(entity, "reseal") + "?total=3"
    page = browser.get(answer.location).text
    assert "Klaar." in page
    assert "<form" not in page.split("<main")[1].split("</main")[0]
    assert left(world, entity) == 0
    assert "sleutel van vroeger" not in browser.get(address(entity)).text


def test_what_does_not_fit_in_a_second_goes_on_by_itself_or_with_a_button(world, entity, reader, monkeypatch):
    somebody_left(world, entity, reader)
    steps = access_page.reseal
    monkeypatch.setattr(access_page, "STRETCH", 60)
    taken = []

    def one(desk_id, me, to):
        """A step of one case, once a request."""
        taken.append(desk_id)
        return steps(desk_id, me, to, len(taken) % 2)

    monkeypatch.setattr(access_page, "reseal", one)
    browser = world.browser(reader)
    for done in (1, 2):
        answer = browser.post(address(entity, "reseal"), shown(browser, entity))
        page = browser.get(answer.location).text
        assert f"{done} van 3 dossiers vernieuwd" in page
        assert "data-hx-trigger" not in page
        assert "Ga verder" in page
    assert left(world, entity) == 1


def test_after_the_button_the_part_for_htmx_goes_on_by_itself_until_all_is_done(
    world, entity, reader, monkeypatch
):
    somebody_left(world, entity, reader, cases=2)
    monkeypatch.setattr(access_page, "STRETCH", 60)
    steps, taken = access_page.reseal, []

    def one(desk_id, me, to):
        taken.append(desk_id)
        return steps(desk_id, me, to, len(taken) % 2)

    monkeypatch.setattr(access_page, "reseal", one)
    browser = world.browser(reader)
    begun, ended = (
        browser.post(
            address(entity, "reseal"), shown(browser, entity, "2"), headers={"HX-Request": "true"}
        ).text
        for _ in range(2)
    )
    assert begun.startswith('<div id="reseal"')
    assert 'data-hx-trigger="load' in begun
    assert "1 van 2" in begun
    assert "Klaar." in ended
    assert "data-hx-trigger" not in ended


@pytest.mark.parametrize("query", ["", "?total=1", "?total=99"])
def test_opening_the_page_on_renewing_starts_nothing_whatever_the_address(world, entity, reader, query):
    """A link that somebody else made must not move cases to a key of their choice."""
    somebody_left(world, entity, reader)
    browser = world.browser(reader)
    for headers in ({}, {"HX-Request": "true"}):
        assert "data-hx-trigger" not in browser.get(address(entity, "reseal") + query, headers=headers).text
    assert left(world, entity) == 3


def test_before_renewing_the_page_says_who_will_read_those_cases(world, entity, reader):
    somebody_left(world, entity, reader)
    newcomer = waiting(world, entity, label="Leest nog niet")
    page = browser_text(world, reader, address(entity, "reseal"))
    told = page.split("Wie deze dossiers daarna kan lezen")[1].split("<form")[0]
    assert "Leeft al mee" in told
    assert email_of(reader) in told
    assert email_of(newcomer) not in page
    world.browser(reader).post(address(entity), form(entity, newcomer))
    assert email_of(newcomer) in browser_text(world, reader, address(entity, "reseal"))


@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize("change", ["renewed", "granted", "nothing shown", "another desk shown"])
def test_when_others_will_read_than_the_page_showed_nothing_moves_and_one_looks_again(
    world, entity, reader, change, part
):
    somebody_left(world, entity, reader)
    newcomer, browser, desk = waiting(world, entity), world.browser(reader), entity.desks[INTEGRITY]
    given = shown(browser, entity)
    if change == "renewed":
        with world.inside(entity):
            renew_desk_key(desk, handlers_with_key(desk))
    elif change == "granted":
        browser.post(address(entity), form(entity, newcomer))
    else:
        given["shown"] = [] if change == "nothing shown" else ["0" * 64]
    answer = browser.post(address(entity, "reseal"), given, headers={"HX-Request": "true"} if part else {})
    assert (answer.headers["HX-Redirect"] if part else answer.location).endswith(
        "?total=3&done=readers-changed"
    )
    assert left(world, entity) == 3
    page = browser.get(address(entity, "reseal") + "?total=3&done=readers-changed").text
    assert "Kijk opnieuw wie er nu bij staat" in page
    assert (email_of(newcomer) in page) == (change in ("renewed", "granted"))
    browser.post(address(entity, "reseal"), shown(browser, entity))
    assert left(world, entity) == 0


def test_a_renewal_between_two_steps_of_a_run_stops_it(world, entity, reader, monkeypatch):
    """The next step tells whom the first page showed, and not who reads by now."""
    somebody_left(world, entity, reader)
    steps, taken = access_page.reseal, []

    def one(desk_id, me, to):
        taken.append(to)
        return steps(desk_id, me, to, len(taken) % 2)

    monkeypatch.setattr(access_page, "STRETCH", 60)
    monkeypatch.setattr(access_page, "reseal", one)
    browser, desk = world.browser(reader), entity.desks[INTEGRITY]
    step = browser.post(address(entity, "reseal"), shown(browser, entity), headers={"HX-Request": "true"})
    assert "1 van 3" in step.text
    following = {"total": "3", "shown": re.findall(r'name="shown" value="(\w+)"', step.text)}
    with world.inside(entity):
        renew_desk_key(desk, handlers_with_key(desk))
    answer = browser.post(address(entity, "reseal"), following, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"].endswith("done=readers-changed")
    assert set(taken) == {2}
    assert left(world, entity) == 3


def test_a_renewal_at_the_very_moment_of_a_step_stops_it(world, entity, reader, monkeypatch):
    somebody_left(world, entity, reader)
    steps, desk, browser = access_page.reseal, entity.desks[INTEGRITY], world.browser(reader)
    given = shown(browser, entity)

    def renewed_meanwhile(desk_id, me, to):
        beside(world, entity, lambda: renew_desk_key(desk, handlers_with_key(desk)))
        return steps(desk_id, me, to)

    monkeypatch.setattr(access_page, "reseal", renewed_meanwhile)
    answer = browser.post(address(entity, "reseal"), given)
    assert answer.location.endswith("done=readers-changed")
    assert left(world, entity) == 3


def browser_text(world, account, url):
    return world.browser(account).get(url).text


def test_cases_that_only_a_colleague_can_open_are_told(world, entity, reader):
    somebody_left(world, entity, reader)
    newcomer = waiting(world, entity)
    with world.inside(entity):
        renew_desk_key(entity.desks[INTEGRITY], readers_of(entity.desks[INTEGRITY]))
    browser = world.browser(newcomer)
    assert browser.post(address(entity, "reseal"), {}).status_code == 303
    page = browser.get(address(entity, "reseal")).text
    assert "3 dossiers kun jij niet openen" in page
    assert "sleutel van vroeger" not in browser.get(address(entity)).text
    assert left(world, entity) == 3


def test_cases_of_another_desk_are_left_alone(world, entity, reader):
    somebody_left(world, entity, reader)
    browser = world.handler(entity, WELLBEING)
    browser.post(address(entity, "reseal"), {})
    assert left(world, entity) == 3


@pytest.mark.parametrize("total", ["", "x", "-1", "9" * 400, "٣"])
def test_a_total_that_makes_no_sense_is_none(world, entity, reader, total):
    somebody_left(world, entity, reader)
    browser = world.browser(reader)
    assert browser.get(address(entity, "reseal"), query_string={"total": total}).status_code == 200
    assert browser.post(address(entity, "reseal"), shown(browser, entity, total)).location.endswith(
        "?total=3"
    )


# -- pages for what cannot be opened -----------------------------------------------------------------------------------


def test_a_case_that_i_cannot_read_yet_leads_to_the_page_on_access(world, entity):
    case_id = world.case(entity)
    answer = world.browser(waiting(world, entity)).get(address(entity, f"cases/{case_id}"))
    assert answer.status_code == 403
    assert "Je kunt de teksten van dit loket nog niet lezen" in answer.text
    assert f'href="{address(entity)}"' in answer.text


def test_a_session_without_its_key_asks_to_sign_in_again(world, entity, reader):
    case_id = world.case(entity)
    browser = world.browser(reader)
    with transaction(PLATFORM) as session:
        session.execute(update(SignInSession).values(key_locked=None))
    answer = browser.get(address(entity, f"cases/{case_id}"))
    assert answer.status_code == 403
    assert "Meld je opnieuw aan" in answer.text
    assert 'action="/sign-out"' in answer.text


def test_a_case_whose_key_was_changed_is_a_calm_page_and_a_line_in_the_log(world, entity, reader, caplog):
    case_id = world.case(entity, text="Een heel geheime zin")
    with world.inside(entity) as session:
        row = session.scalars(select(CaseKey).where(CaseKey.case_id == case_id)).one()
        row.secret_sealed = row.secret_sealed[:-1] + bytes([row.secret_sealed[-1] ^ 1])
    answer = world.browser(reader).get(address(entity, f"cases/{case_id}"))
    assert answer.status_code == 500
    assert "Dit kan niet geopend worden" in answer.text
    assert "beheerder van het platform" in answer.text
    (line,) = [record for record in caplog.records if record.name == "spreekbuis.error"]
    assert line.getMessage() == "a sealed text does not open"
    assert str(case_id) not in caplog.text
    assert "geheime" not in caplog.text


def test_after_a_new_password_the_page_says_that_a_colleague_must_grant_again(world, entity, reader):
    named(world, world.member(entity, Role.HANDLER, INTEGRITY), "De collega")
    with transaction(PLATFORM):
        world.secrets[reader] = make_key(reader, "een heel ander wachtwoord dan voorheen")
    page = world.browser(reader).get(address(entity)).text
    assert "Je kunt hier nog niet lezen" in page
    assert "De collega" in page
