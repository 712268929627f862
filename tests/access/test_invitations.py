"""Invitations: sent once, accepted once, by the invited address only."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from spreekbuis import clock
from spreekbuis.access.invitations import LIFETIME, NotOpen, invite, open_invitations, withdraw_invitation
from spreekbuis.access.members import members
from spreekbuis.access.models import Invitation
from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.models import AuditEvent
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction, within
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.errors import Invalid
from spreekbuis.identity.models import Account
from spreekbuis.web import links
from spreekbuis.web.access import Role
from tests.access.test_members import administrator, roles

EMAIL = "welzijn@voorbeeld.example"
PASSWORD = "vier woorden op een rij"


def invited(world, entity, mailed, email=EMAIL, role=Role.HANDLER, desk=DeskKind.WELLBEING):
    """The path in the mail of a new invitation."""
    with world.inside(entity):
        invite(email, role, desk, "nl")
    return mailed()[-1]["path"]


def accept_new(browser, path, **more):
    return browser.post(path, {"label": "Loket Welzijn", "password": PASSWORD, **more})


def test_a_new_person_makes_an_account_and_gets_the_role_after_the_second_factor(world, mailed):
    entity = world.entity()
    path = invited(world, entity, mailed)
    browser = world.browser()
    page = browser.get(path)
    assert page.status_code == 200
    assert entity.name in page.text
    assert "Behandelaar, loket Welzijn" in page.text
    answer = accept_new(browser, path)
    assert answer.location == "/sign-in/second-factor"
    assert "<svg" in browser.get(answer.location).text
    assert browser.get("/workplaces").status_code == 303, "not before the second factor"
    with transaction(PLATFORM) as session:
        account_id = session.scalars(select(Account.id).where(Account.email == EMAIL)).one()
    assert roles(world, entity, account_id) == {Role.HANDLER}
    with world.inside(entity) as session:
        events = session.execute(
            select(AuditEvent.kind, AuditEvent.actor)
            .where(AuditEvent.entity_id == entity.id)
            .order_by(AuditEvent.sequence)
        ).all()
    assert events[-1] == ("member.joined", f"account:{account_id}")


def test_somebody_with_an_account_signs_in_and_accepts(world, mailed):
    entity, account_id = world.entity(), world.account(EMAIL)
    path = invited(world, entity, mailed, role=Role.ENTITY_ADMINISTRATOR, desk=None)
    page = world.browser().get(path).text
    assert "/sign-in?next=/invitation/" in page
    assert 'name="password"' not in page
    browser = world.browser(account_id)
    assert browser.get(path).status_code == 200
    assert browser.post(path).location == "/workplaces"
    assert roles(world, entity, account_id) == {Role.ENTITY_ADMINISTRATOR}


def test_an_invitation_is_for_the_invited_address_only(world, mailed):
    entity, stranger = world.entity(), world.account()
    world.account(EMAIL)
    path = invited(world, entity, mailed)
    browser = world.browser(stranger)
    assert "ander e-mailadres" in browser.get(path).text
    assert browser.post(path).status_code == 403
    assert roles(world, entity, stranger) == frozenset()
    assert accept_new(world.browser(), path).status_code == 422, (
        "an account cannot be taken over with the link"
    )


def test_used_withdrawn_expired_and_broken_links_get_different_answers(world, mailed):
    entity, account_id = world.entity(), world.account(EMAIL)
    used = invited(world, entity, mailed)
    world.browser(account_id).post(used)
    withdrawn = invited(world, entity, mailed, "een@voorbeeld.example")
    with world.inside(entity):
        withdraw_invitation(open_invitations()[0].id)
    old = invited(world, entity, mailed, "twee@voorbeeld.example")
    expected = [
        (used, 410, "al aanvaard"),
        (withdrawn, 410, "ingetrokken"),
        (old[:-3] + "abc", 404, "klopt niet"),
    ]
    for path, status, words in expected:
        for answer in (world.browser().get(path), accept_new(world.browser(), path)):
            assert answer.status_code == status
            assert words in answer.text
    with clock.at(clock.now() + LIFETIME - timedelta(minutes=1)):
        assert world.browser().get(old).status_code == 200
    with clock.at(clock.now() + LIFETIME):
        for answer in (world.browser().get(old), accept_new(world.browser(), old)):
            assert answer.status_code == 410
            assert "verlopen" in answer.text
    foreign = f"/invitation/{links.sign('password-reset', new_id())}"
    assert world.browser().get(foreign).status_code == 404


def test_an_invitation_works_once(world, mailed):
    entity = world.entity()
    path = invited(world, entity, mailed)
    assert accept_new(world.browser(), path).status_code == 303
    assert accept_new(world.browser(), path).status_code == 410


@pytest.mark.parametrize(
    ("given", "field"),
    [({"label": ""}, "label"), ({"label": "x" * 121}, "label"), ({"password": "kort"}, "password"),
     ({"password": "welzijn welzijn welzijn"}, "password")],
)  # fmt: skip
def test_a_bad_answer_keeps_what_was_written_and_makes_nothing(world, mailed, given, field):
    entity = world.entity()
    path = invited(world, entity, mailed)
    answer = accept_new(world.browser(), path, **given)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert ('value="Loket Welzijn"' in answer.text) is (field != "label")
    with transaction(PLATFORM) as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 0
    assert accept_new(world.browser(), path).status_code == 303


def test_the_form_invites_once_for_a_double_click_and_mails_the_link(world, mailed):
    entity = world.entity()
    me, _ = administrator(world, entity)
    browser, path = world.browser(me), f"/entity/{entity.ovo}/members"
    form = {
        "email": f" {EMAIL.upper()} ",
        "role": "handler",
        "desk": "wellbeing",
        "language": "fr",
        "once": str(new_id()),
    }
    for _ in range(2):
        assert browser.post(path, form).location == f"{path}?done=invited"
    (mail,) = mailed()
    assert (mail["template"], mail["to"], mail["language"], mail["entity"]) == (
        "invitation",
        EMAIL,
        "fr",
        entity.name,
    )
    assert EMAIL in browser.get(path).text


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email": ""}, "email"), ({"email": "geen adres"}, "email"),
        ({"email": "x" * 250 + "@voorbeeld.example"}, "email"),
        ({"role": "platform_administrator"}, "role"), ({"role": ""}, "role"), ({"desk": ""}, "desk"),
        ({"desk": "front"}, "desk"), ({"language": "xx"}, "language"),
    ],
)  # fmt: skip
def test_a_wrong_invitation_is_refused_with_everything_kept(world, mailed, given, field):
    entity = world.entity()
    me, _ = administrator(world, entity)
    form = {"email": EMAIL, "role": "handler", "desk": "wellbeing", "language": "nl", **given}
    answer = world.browser(me).post(f"/entity/{entity.ovo}/members", form)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    if field != "email":
        assert f'value="{EMAIL}"' in answer.text
    assert mailed() == []


def test_nobody_invites_themselves_a_member_or_the_same_address_twice(world):
    entity = world.entity()
    me = world.account("beheer@voorbeeld.example")
    handler = world.member(entity, Role.HANDLER, DeskKind.WELLBEING)
    with transaction(PLATFORM) as session:
        session.get_one(Account, handler).email = EMAIL
    with acting_as(Actor("account", me)):
        with pytest.raises(Invalid, match="Invalid"), world.inside(entity):
            invite("Beheer@voorbeeld.example", Role.HANDLER, DeskKind.WELLBEING, "nl")
        with pytest.raises(Invalid), world.inside(entity):
            invite(EMAIL, Role.HANDLER, DeskKind.WELLBEING, "nl")
        with world.inside(entity):
            invite(EMAIL, Role.HANDLER, DeskKind.INTEGRITY, "nl")
        with pytest.raises(Invalid), world.inside(entity):
            invite(EMAIL, Role.HANDLER, DeskKind.INTEGRITY, "nl")
    with clock.at(clock.now() + LIFETIME), world.inside(entity):
        invite(EMAIL, Role.HANDLER, DeskKind.INTEGRITY, "nl")


def test_a_withdrawn_invitation_sends_no_mail_and_is_withdrawn_once(world, mailed):
    entity = world.entity()
    me, _ = administrator(world, entity)
    with world.inside(entity):
        invitation_id = invite(EMAIL, Role.ENTITY_ADMINISTRATOR, None, "nl").id
    browser, path = world.browser(me), f"/entity/{entity.ovo}/invitations/{invitation_id}/withdraw"
    assert browser.post(path).status_code == 303
    assert browser.post(path).status_code == 409
    assert mailed() == []


def test_another_entity_neither_sees_nor_withdraws_an_invitation(world):
    one, other = world.entity(), world.entity()
    me, _ = administrator(world, other)
    with world.inside(one):
        invitation_id = invite(EMAIL, Role.ENTITY_ADMINISTRATOR, None, "nl").id
    with world.inside(other):
        assert open_invitations() == []
    with pytest.raises(NotOpen), world.inside(other):
        withdraw_invitation(invitation_id)
    browser = world.browser(me)
    assert browser.post(f"/entity/{other.ovo}/invitations/{invitation_id}/withdraw").status_code == 409
    assert browser.post(f"/entity/{one.ovo}/invitations/{invitation_id}/withdraw").status_code == 403
    assert EMAIL not in browser.get(f"/entity/{other.ovo}/members").text
    with world.inside(one):
        assert len(open_invitations()) == 1


def test_the_platform_invites_the_first_administrator_in_the_transaction_that_makes_the_entity(world, mailed):
    entity = world.entity()
    with transaction(PLATFORM), within(entity.id):
        invite(EMAIL, Role.ENTITY_ADMINISTRATOR, None, "nl")
    (mail,) = mailed()
    assert accept_new(world.browser(), mail["path"]).status_code == 303
    with transaction(PLATFORM) as session:
        assert session.scalars(select(Invitation.tenant_id)).all() == [entity.id]


def test_two_who_use_the_same_link_at_once_make_one_account(world, mailed):
    entity = world.entity()
    path = invited(world, entity, mailed)

    def accept(browser):
        with world.app.app_context():
            return accept_new(browser, path).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(accept, [world.browser(), world.browser()]))
    assert sorted(answers) == [303, 410]
    with world.inside(entity):
        assert len(members()) == 1


def test_two_presses_at_once_invite_once_and_an_id_of_another_entity_is_refused(world, mailed):
    entity, other = world.entity(), world.entity()
    browser = world.browser(administrator(world, entity)[0])
    path, once = f"/entity/{entity.ovo}/members", str(new_id())
    form = {"email": EMAIL, "role": "handler", "desk": "wellbeing", "language": "nl", "once": once}

    def press(_):
        again = world.browser()
        again.client.set_cookie(*browser.cookie)
        with world.app.app_context():
            return again.post(path, form).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(press, range(4))) == {303}
    assert len(mailed()) == 1
    stranger = world.browser(administrator(world, other)[0])
    assert stranger.post(f"/entity/{other.ovo}/members", form).status_code == 409
