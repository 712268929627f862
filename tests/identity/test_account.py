"""The account page, and the commands of the administrator of the machine."""

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.errors import Invalid
from spreekbuis.identity.accounts import create_account, email_address, grant_platform_role
from spreekbuis.identity.commands import commands
from spreekbuis.identity.models import Account, PlatformRole, SignInSession
from spreekbuis.web.access import Role
from spreekbuis.web.door import hash_token
from tests.identity.conftest import PASSWORD
from tests.identity.test_sign_in import give_password, token_of


def test_the_page_lists_the_sessions_and_ends_one(world, person):
    mine, other = world.browser(person.id), world.browser(person.id)
    page = mine.get("/account/sessions").text
    handle = hash_token(other.cookie[1]).hex()
    assert handle in page
    assert hash_token(mine.cookie[1]).hex() not in page
    assert other.cookie[1] not in page
    assert mine.post("/account/sessions/end", {"session": handle}).status_code == 303
    assert other.get("/account").status_code == 303
    assert mine.get("/account").status_code == 200


def test_ending_all_others_leaves_this_one(world, person):
    mine, others = world.browser(person.id), [world.browser(person.id) for _ in range(2)]
    assert mine.post("/account/sessions/end-others").status_code == 303
    assert [b.get("/account").status_code for b in others] == [303, 303]
    assert mine.get("/account").status_code == 200


@pytest.mark.parametrize("handle", ["", "zz", "00", "é" * 40])
def test_a_session_that_does_not_exist_changes_nothing(world, person, handle):
    mine = world.browser(person.id)
    assert mine.post("/account/sessions/end", {"session": handle}).status_code == 303
    assert mine.get("/account").status_code == 200


def test_nobody_ends_a_session_of_another_account(world, person):
    stranger, theirs = world.browser(world.account()), world.browser(person.id)
    stranger.post("/account/sessions/end", {"session": hash_token(theirs.cookie[1]).hex()})
    stranger.post("/account/sessions/end-others")
    assert theirs.get("/account").status_code == 200


def test_the_language_of_the_account_is_kept_and_shown_at_once(world, person):
    browser = world.browser(person.id)
    answer = browser.post("/account/language", {"language": "fr"})
    assert answer.location == "/account?lang=fr&done=language-changed"
    assert '<html lang="fr">' in browser.get(answer.location).text
    with transaction(PLATFORM) as session:
        assert session.get_one(Account, person.id).language == "fr"
    assert browser.post("/account/language", {"language": "xx"}).status_code == 422


def test_somebody_without_a_workplace_is_told_what_to_do(world, person):
    assert "Je hebt nog geen werkplek" in world.browser(person.id).get("/workplaces").text


@pytest.mark.parametrize("text", ["Loket@Voorbeeld.Example", "  loket@voorbeeld.example\n"])
def test_addresses_are_compared_in_lower_case(app, text):
    assert email_address(text) == "loket@voorbeeld.example"


def test_an_address_has_one_account(person):
    with pytest.raises(Invalid) as refused, transaction(PLATFORM):
        create_account("LOKET@voorbeeld.example", "Nog een", "nl", PASSWORD)
    assert list(refused.value.errors) == ["email"]


@pytest.mark.parametrize("label", ["", "   ", "x" * 121])
def test_an_account_needs_a_label(app, label):
    with pytest.raises(Invalid) as refused, transaction(PLATFORM):
        create_account("loket@voorbeeld.example", label, "nl", PASSWORD)
    assert list(refused.value.errors) == ["label"]


def test_a_role_of_one_entity_is_not_granted_on_the_platform(person):
    with pytest.raises(ValueError, match="handler"), transaction(PLATFORM):
        grant_platform_role(person.id, Role.HANDLER)


def run(app, *arguments, **more):
    with app.app_context():
        return CliRunner().invoke(commands, arguments, obj=lambda: app, **more)


def test_the_commands_make_an_account_with_a_role_and_close_it(world):
    made = run(world.app, "create", "beheer@voorbeeld.example", "Beheer", input=f"{PASSWORD}\n{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    assert PASSWORD not in made.output
    for _ in range(2):
        granted = run(world.app, "grant-role", "Beheer@voorbeeld.example", "platform_administrator")
        assert granted.exit_code == 0, granted.output
    with transaction(PLATFORM) as session:
        assert session.scalars(select(PlatformRole.role)).all() == ["platform_administrator"]
    assert give_password(world.browser(), "beheer@voorbeeld.example", PASSWORD).status_code == 303
    assert run(world.app, "reset-second-factor", "beheer@voorbeeld.example").exit_code == 0
    assert run(world.app, "disable", "beheer@voorbeeld.example").exit_code == 0
    assert give_password(world.browser(), "beheer@voorbeeld.example", PASSWORD).status_code == 422


def test_a_command_that_cannot_be_done_says_why_in_one_line(world):
    weak = run(world.app, "create", "beheer@voorbeeld.example", "Beheer", "--password", "kort")
    assert weak.exit_code == 1
    assert "minstens 12 tekens" in weak.output
    unknown = run(world.app, "disable", "niemand@voorbeeld.example")
    assert unknown.exit_code == 1
    assert "bestaat niet" in unknown.output
    assert "Traceback" not in weak.output + unknown.output


def test_signing_in_again_ends_the_session_that_this_browser_had(world, person):
    browser = world.browser()
    give_password(browser, person.email, person.password)
    first = token_of(browser)
    give_password(browser, person.email, person.password)
    with transaction(PLATFORM) as session:
        assert session.get(SignInSession, hash_token(first)) is None
