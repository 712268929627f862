"""Back with a passkey after a forgotten password: what was granted to the pair before is granted to the pair of now."""

import pytest
from sqlalchemy import select, update

from spreekbuis.access import members, recovery
from spreekbuis.access.desk_keys import NoKeyYet, give_desk_keys, open_shut_desk, renew_desk_key
from spreekbuis.access.models import Membership
from spreekbuis.access.recovery import Kept
from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases.keys import Reader, key_of
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.security import mapped_tables
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.identity.keys import secret_in_session
from spreekbuis.identity.models import Account, AccountKey
from spreekbuis.vault.sealing import public_key_of
from spreekbuis.web.access import Role
from tests.identity.authenticator import PRESENT, Authenticator, encoded
from tests.identity.conftest import make_person
from tests.identity.passkey_pages import LABEL, add, question, restore, rows
from tests.identity.test_passwords import NEW, link_for
from tests.identity.test_sign_in import signed_in, token_of

INTEGRITY, WELLBEING = DeskKind.INTEGRITY, DeskKind.WELLBEING
DONE = "/workplaces?done=access-restored"


@pytest.fixture
def entity(world):
    return world.entity()


@pytest.fixture
def phone() -> Authenticator:
    return Authenticator()


@pytest.fixture
def handler(world, entity, person, phone):
    """Somebody who reads at the integrity desk, and has a passkey."""
    take_in(world, entity, person)
    assert add(signed_in(world, person), phone).status_code == 200
    return person


def take_in(world, entity, person, desk=INTEGRITY):
    with world.inside(entity):
        members.join(person.id, Role.HANDLER, entity.desks[desk])
        give_desk_keys(entity.desks[desk], {1: entity.desk_secrets[entity.desks[desk]]}, [person.id])


def make_kit(world, entity, *officers):
    """A recovery kit, which also gives the desks a new key: held by these and by as many others as it takes."""
    others = [world.member(entity, Role.ENTITY_ADMINISTRATOR) for _ in range(2 - len(officers))]
    with world.inside(entity):
        recovery.make_kit([*officers, *others])


def forget(world, mails, person, password=NEW):
    """The password is forgotten: a new one by the mailed link."""
    answer = world.browser().post(link_for(world, mails, person.email), {"new_password": password})
    assert answer.location == "/sign-in?done=password-set"
    person.password = password


def back(world, person):
    """Signed in with the password of now and the code of the telephone, which may be the same as a moment ago."""
    with transaction(PLATFORM) as session:
        session.execute(update(Account).values(totp_last_counter=0))
    return signed_in(world, person)


def secret_of(world, browser) -> bytes:
    with transaction(PLATFORM):
        return secret_in_session(token_of(browser))


def opens(world, entity, person, browser, case_id) -> bool:
    """Whether this browser opens the key of the case."""
    secret = secret_of(world, browser)
    with world.inside(entity):
        try:
            return key_of(case_id, Reader(person.id, secret)).subject_id == case_id
        except NoKeyYet:
            return False


def test_a_passkey_brings_back_what_a_new_password_closed(world, entity, handler, phone, mails):
    case_id = world.case(entity)
    forget(world, mails, handler)
    browser = back(world, handler)
    assert not opens(world, entity, handler, browser, case_id)
    assert "Dit kan met een van deze passkeys" in browser.get("/account/restore-access").text
    assert restore(browser, phone).json == {"next": DONE}
    assert opens(world, entity, handler, browser, case_id)
    assert opens(world, entity, handler, back(world, handler), case_id), "signed in again"
    with world.inside(entity) as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.kind == "desk_key.restored")).one()
        assert event.actor == f"account:{handler.id}"
        assert event.subject_id == entity.desks[INTEGRITY]
    with transaction(PLATFORM) as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.kind == "passkey.used")).one()
        assert event.data == {"restored": 1}


def test_the_page_of_a_case_opens_again(world, entity, handler, phone, mails):
    case_id = world.case(entity, text="Er verdween een doos uit de kelder.")
    forget(world, mails, handler)
    browser = back(world, handler)
    page = f"/desk/{entity.ovo}/cases/{case_id}"
    assert browser.get(page).status_code == 403
    restore(browser, phone)
    assert "Er verdween een doos uit de kelder." in browser.get(page).text


def test_what_was_granted_in_between_stays(world, entity, handler, phone, mails):
    """The administrator opened the desk again: its new key was granted to the new pair, and there alone."""
    before = world.case(entity)
    make_kit(world, entity)
    forget(world, mails, handler)
    browser = back(world, handler)
    with world.inside(entity):
        open_shut_desk(entity.desks[INTEGRITY])
    after = world.case(entity)
    assert opens(world, entity, handler, browser, after)
    assert not opens(world, entity, handler, browser, before)
    assert restore(browser, phone).status_code == 200
    assert opens(world, entity, handler, browser, after)
    assert opens(world, entity, handler, browser, before)


def test_it_comes_back_in_every_entity_and_no_other(world, entity, handler, phone, mails):
    second, third = world.entity(), world.entity()
    take_in(world, second, handler, WELLBEING)
    colleague = make_person("collega@voorbeeld.example")
    take_in(world, third, colleague)
    forget(world, mails, handler)
    browser = back(world, handler)
    assert restore(browser, phone).status_code == 200
    assert opens(world, entity, handler, browser, world.case(entity))
    with transaction(PLATFORM) as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.kind == "passkey.used")).one()
        assert event.data == {"restored": 2}
    with world.inside(third) as session:
        assert not session.scalars(select(AuditEvent).where(AuditEvent.kind == "desk_key.restored")).all()


def test_whoever_left_the_desk_meanwhile_gets_nothing_back(world, entity, handler, phone, mails):
    case_id = world.case(entity)
    make_kit(world, entity)
    forget(world, mails, handler)
    with world.inside(entity) as session:
        members.end_membership(
            session.scalars(select(Membership.id).where(Membership.account_id == handler.id)).one()
        )
    browser = back(world, handler)
    assert restore(browser, phone).json == {"next": "/workplaces?done=nothing-restored"}
    assert not opens(world, entity, handler, browser, case_id)


def test_an_officer_has_the_part_of_the_recovery_kit_again(world, entity, handler, phone, mails):
    make_kit(world, entity, handler.id)
    forget(world, mails, handler)
    assert part_of(world, entity, handler).lost
    browser = back(world, handler)
    restore(browser, phone)
    assert not part_of(world, entity, handler).lost
    secret = secret_of(world, browser)
    with world.inside(entity):
        assert recovery.my_part(handler.id, secret)


def part_of(world, entity, person) -> Kept:
    with world.inside(entity):
        kit = recovery.kit_in_force()
        assert kit is not None
        return next(part for part in kit.parts if part.officer.account_id == person.id)


def test_password_pair_and_sessions_stay_as_they_are(world, entity, handler, phone, mails):
    forget(world, mails, handler)
    browser = back(world, handler)
    with transaction(PLATFORM) as session:
        before = session.get_one(AccountKey, handler.id).key_id
    secret = secret_of(world, browser)
    restore(browser, phone)
    with transaction(PLATFORM) as session:
        pair = session.get_one(AccountKey, handler.id)
        assert (pair.key_id, pair.public_key) == (before, public_key_of(secret))
    assert secret_of(world, browser) == secret
    assert browser.get("/account").status_code == 200


def test_the_passkey_locks_the_pair_of_today_and_serves_again_after_the_next_time(
    world, entity, handler, phone, mails
):
    case_id = world.case(entity)
    for password in (NEW, "weer vier heel andere woorden"):
        forget(world, mails, handler, password)
        browser = back(world, handler)
        assert "Van je vorige sleutel" in browser.get("/account").text
        assert restore(browser, phone).json == {"next": DONE}
        assert "Van je vorige sleutel" not in browser.get("/account").text
        assert opens(world, entity, handler, browser, case_id)


def test_of_two_pairs_ago_too(world, entity, handler, phone, mails):
    case_id = world.case(entity)
    forget(world, mails, handler)
    forget(world, mails, handler, "weer vier heel andere woorden")
    browser = back(world, handler)
    add(browser, Authenticator())
    restore(browser, phone)
    assert opens(world, entity, handler, browser, case_id)


def test_with_a_passkey_of_today_there_is_nothing_to_restore(world, entity, handler, phone):
    browser = world.browser(handler.id)
    assert "niets terug te halen" in browser.get("/account/restore-access").text
    assert browser.post("/account/restore-access/begin").status_code == 409
    asked = question(browser)  # a challenge all the same
    own = next(iter(phone.kept.values()))
    answer = browser.post("/account/restore-access", phone.use(known(asked), credential=own))
    assert answer.status_code == 409
    assert "niets terug te halen" in answer.json["title"]


def known(asked):
    """A question for a new passkey, put as one for a known passkey."""
    return asked | {"rpId": asked["rp"]["id"], "allowCredentials": []}


@pytest.fixture
def locked_out(world, handler, mails):
    """The browser of the handler, who chose a new password."""
    forget(world, mails, handler)
    return back(world, handler)


@pytest.mark.parametrize(
    ("change", "other"),
    [
        ({"origin": "https://elders.example"}, {}),
        ({}, {"domain": "elders.example"}),
        ({}, {"challenge": encoded(bytes(32))}),
        ({}, {"kind": "webauthn.create"}),
        ({"flags": PRESENT}, {}),
        ({"flags": 0}, {}),
        ({"has_prf": False}, {}),
    ],
    ids=["site", "domain", "challenge", "kind", "unverified", "nobody", "without PRF"],
)
def test_an_answer_that_is_no_proof_restores_nothing(
    world, entity, handler, phone, locked_out, change, other
):
    for name, value in change.items():
        setattr(phone, name, value)
    answer = restore(locked_out, phone, **other)
    assert answer.status_code == 422
    assert "niet aanvaard" in answer.json["title"]
    assert not opens(world, entity, handler, locked_out, world.case(entity))


def test_what_another_passkey_gives_opens_nothing(world, entity, handler, phone, locked_out):
    asked = question(locked_out, "restore-access")
    used = phone.use(asked)
    for output in (encoded(bytes(32)), encoded(bytes(31)), "", "é"):
        assert locked_out.post("/account/restore-access", used | {"output": output}).status_code in (409, 422)
        used = phone.use(question(locked_out, "restore-access"))
    assert not opens(world, entity, handler, locked_out, world.case(entity))


def test_a_passkey_of_somebody_else_or_of_nobody_is_refused(world, entity, handler, locked_out):
    other, theirs = make_person("audit@voorbeeld.example"), Authenticator()
    world.secrets[other.id] = other.key_secret
    add(world.browser(other.id), theirs)
    own = next(iter(theirs.kept.values()))
    assert restore(locked_out, theirs, credential=own).status_code == 422
    stranger = Authenticator()
    stranger.make(question(locked_out))
    own = next(iter(stranger.kept.values()))
    assert restore(locked_out, stranger, credential=own).status_code == 422


def test_an_answer_serves_once_and_a_copy_of_the_passkey_is_noticed(world, handler, phone, locked_out):
    asked = question(locked_out, "restore-access")
    used = phone.use(asked)
    assert locked_out.post("/account/restore-access", used).status_code == 200
    assert locked_out.post("/account/restore-access", used).status_code == 409
    assert rows()[0].sign_count == 1


def test_a_count_that_does_not_grow_is_a_copy(world, handler, phone, locked_out, mails):
    own = next(iter(phone.kept.values()))
    own.count = 7
    assert restore(locked_out, phone).status_code == 200
    forget(world, mails, handler, "weer vier heel andere woorden")
    own.count = 3
    assert restore(back(world, handler), phone).status_code == 422


def test_somebody_elses_grants_do_not_move(world, entity, handler, phone, locked_out):
    colleague = make_person("collega@voorbeeld.example")
    take_in(world, entity, colleague)
    restore(locked_out, phone)
    with world.inside(entity):
        assert key_of(world.case(entity), Reader(colleague.id, colleague.key_secret))


def test_a_desk_key_that_was_made_since_and_not_granted_stays_closed(world, entity, handler, phone, mails):
    make_kit(world, entity)
    old = world.case(entity)
    forget(world, mails, handler)
    with world.inside(entity):
        renew_desk_key(entity.desks[INTEGRITY], [])
    new = world.case(entity)
    browser = back(world, handler)
    restore(browser, phone)
    assert opens(world, entity, handler, browser, old)
    assert not opens(world, entity, handler, browser, new)


def test_the_page_names_the_passkeys_that_can(world, handler, locked_out):
    page = locked_out.get("/account/restore-access").text
    assert LABEL in page
    assert "/account/restore-access/begin" in page


def test_everything_that_is_sealed_to_an_account_is_known_here():
    """Whoever seals something else to the pair of an account, has it sealed again (access.new_pair)."""
    named = {name for name, table in mapped_tables().items() if "key_id" in table.__table__.columns}
    assert named == {"account_key", "passkey", "case_key_copy", "desk_key_grant", "recovery_share"}
