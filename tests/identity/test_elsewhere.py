"""Signing in at an organisation, against a real provider on this machine, and against what dishonest ones would do."""

import json
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from types import SimpleNamespace

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select, update

from spreekbuis import clock
from spreekbuis.access.invitations import invite
from spreekbuis.access.jobs import LINK as INVITATION
from spreekbuis.access.models import Membership, ProviderRule
from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.models import AuditEvent
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.identity import jobs, keys
from spreekbuis.identity.accounts import disable_account
from spreekbuis.identity.models import Account, AccountKey, ProviderIdentity, SignInDomain, SignInSession
from spreekbuis.identity.oidc import outside
from spreekbuis.identity.oidc.providers import read
from spreekbuis.settings import SettingsError
from spreekbuis.web import links
from spreekbuis.web.access import Role
from spreekbuis.web.limits import CONFIRMED
from tests.identity.authenticator import Authenticator, encoded
from tests.identity.passkey_pages import add
from tests.identity.provider import (
    CLIENT,
    CODE,
    RealProvider,
    answer_in,
    come_back,
    logout_claims,
    real_provider,
)
from tests.identity.test_sign_in import give_password, token_of

PASSPHRASE = "zes blauwe boten in de haven"
START = f"/sign-in/organisation/{CODE}/go"


@pytest.fixture(scope="module")
def running():
    with real_provider() as made:
        yield made


@pytest.fixture
def there(running: RealProvider, app, monkeypatch):
    """The provider, with the domain of the tests."""
    monkeypatch.setitem(app.extensions, "sign_in_providers", {CODE: running.provider()})
    monkeypatch.setattr(outside, "_published", {})
    monkeypatch.setattr(outside, "_keys", {})
    monkeypatch.setattr(outside, "_away_until", {})
    running.asked.clear()
    with transaction(PLATFORM) as session:
        session.add(SignInDomain(domain="voorbeeld.example", provider=CODE))
    return running


def begin(browser, **more):
    sent = browser.get(START, query_string=more)
    assert sent.status_code == 303, sent.text
    return sent.location


def sign_in(browser, there, subject, **more):
    return come_back(browser, there.agree(begin(browser, **more), subject))


def known(there, person, subject="s-1", **more):
    there.knows(subject, email=person.email, **more)
    return subject


def is_in(browser):
    return browser.get("/workplaces").status_code == 200


def test_the_question_has_a_state_a_nonce_and_a_challenge_and_keeps_nothing_in_the_database(world, there):
    browser = world.browser()
    address = begin(browser)
    asked = answer_in(address)
    assert address.startswith(f"{there.issuer}/oauth2/authorize?")
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"http://localhost/sign-in/organisation/{CODE}/back"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert begin(world.browser()) != address
    with transaction(PLATFORM) as session:
        assert session.scalars(select(SignInSession.token_hash)).all() == []


def test_an_account_with_an_address_of_the_domain_is_in_without_a_password(world, there, person, mails):
    browser = world.browser()
    answer = sign_in(browser, there, known(there, person), next="/account")
    assert (answer.status_code, answer.location) == (303, "/account/vault?next=/account")
    assert is_in(browser)
    (posted,) = there.asked
    challenge = encoded(sha256(posted["code_verifier"].encode()).digest())
    assert len(posted["code_verifier"]) >= 43
    assert challenge not in posted.values()
    assert b64decode(posted["authorization"].removeprefix("Basic ")).startswith(CLIENT.encode())
    with transaction(PLATFORM) as session:
        assert session.scalars(select(ProviderIdentity.account_id)).all() == [person.id]
        kinds = session.execute(select(AuditEvent.kind, AuditEvent.data).order_by(AuditEvent.sequence)).all()
        assert ("account.signed_in", {"by": CODE}) in [tuple(row) for row in kinds]
    assert mails(jobs.MAIL_ACCOUNT_LINKED)[0]["to"] == person.email
    sign_in(world.browser(), there, "s-1")
    assert len(mails(jobs.MAIL_ACCOUNT_LINKED)) == 1


def test_the_verifier_fits_the_challenge_that_was_sent(world, there, person):
    browser = world.browser()
    address = begin(browser)
    come_back(browser, there.agree(address, known(there, person)))
    (posted,) = there.asked
    assert encoded(sha256(posted["code_verifier"].encode()).digest()) == answer_in(address)["code_challenge"]


def test_who_is_not_invited_gets_no_account(world, there):
    there.knows("s-2", email="niemand@voorbeeld.example")
    browser = world.browser()
    answer = sign_in(browser, there, "s-2")
    assert answer.status_code == 403
    assert "niet uitgenodigd" in answer.text
    assert not is_in(browser)
    with transaction(PLATFORM) as session:
        assert session.scalars(select(Account.id)).all() == []


@pytest.mark.parametrize("told", [{"email": "loket@elders.example"}, {"email": "geen adres"}, {}])
def test_a_provider_vouches_for_its_own_domains_alone(world, there, person, told):
    with transaction(PLATFORM) as session:
        session.execute(update(Account).values(email="loket@elders.example"))
    there.knows("s-3", **told)
    assert sign_in(world.browser(), there, "s-3").status_code == 403


def test_an_address_that_was_not_verified_and_a_closed_account_get_the_same_answer(world, there, person):
    there.knows("s-4", email=person.email, email_verified=False)
    unverified = sign_in(world.browser(), there, "s-4")
    sign_in(world.browser(), there, known(there, person, "s-5"))
    with transaction(PLATFORM):
        disable_account(person.id)
    closed = sign_in(world.browser(), there, "s-5")
    assert unverified.status_code == closed.status_code == 403
    assert "niet uitgenodigd" in unverified.text
    assert "niet uitgenodigd" in closed.text


def test_the_name_that_a_provider_has_for_somebody_counts_and_not_an_address_that_changed_hands(
    world, there, person
):
    sign_in(world.browser(), there, known(there, person, "s-6"))
    there.knows("s-7", email=person.email)
    assert sign_in(world.browser(), there, "s-7").status_code == 403, "one name per provider and account"


# -- answers that are no proof ------------------------------------------------------------------------------------


def test_an_answer_without_the_cookie_or_with_that_of_another_browser_opens_nothing(world, there, person):
    known(there, person)
    browser, other = world.browser(), world.browser()
    answer = there.agree(begin(browser), "s-1")
    assert come_back(other, answer).status_code == 422
    begin(other)
    assert come_back(other, answer).status_code == 422
    assert not is_in(other)


def test_an_answer_serves_once(world, there, person):
    known(there, person)
    browser, thief = world.browser(), world.browser()
    answer = there.agree(begin(browser), "s-1")
    thief.client.set_cookie(
        "elsewhere", browser.client.get_cookie("elsewhere", path="/sign-in").value, path="/sign-in"
    )
    assert come_back(browser, answer).status_code == 303
    assert browser.client.get_cookie("elsewhere", path="/sign-in") is None
    assert come_back(thief, answer).status_code == 422
    assert not is_in(thief)


def test_a_code_of_somebody_else_that_is_put_in_the_answer_is_refused(world, there, person):
    """Code injection: the thief's code, of a question with another nonce and verifier, in the victim's answer."""
    known(there, person)
    victim, thief = world.browser(), world.browser()
    stolen = there.agree(begin(thief), "s-1")
    own = there.agree(begin(victim), "s-1")
    assert come_back(victim, own | {"code": stolen["code"]}).status_code == 422
    assert not is_in(victim)


def test_an_answer_that_names_another_issuer_or_none_where_one_is_promised_is_refused(
    world, there, person, app, monkeypatch
):
    """Mix-up (RFC 9207)."""
    known(there, person)
    browser = world.browser()
    answer = there.agree(begin(browser), "s-1")
    assert come_back(browser, answer | {"iss": "https://elders.example"}).status_code == 422
    assert come_back(browser, answer | {"iss": there.issuer}).status_code == 303
    published = outside.published(there.provider())._replace(names_itself=True)
    monkeypatch.setitem(outside._published, there.issuer, published)
    browser = world.browser()
    assert come_back(browser, there.agree(begin(browser), "s-1")).status_code == 422


def test_an_answer_at_the_address_of_another_provider_is_refused(world, there, person, app, monkeypatch):
    known(there, person)
    other = replace(there.provider(), code="ander")
    monkeypatch.setitem(app.extensions["sign_in_providers"], "ander", other)
    browser = world.browser()
    answer = there.agree(begin(browser), "s-1")
    assert browser.get("/sign-in/organisation/ander/back", query_string=answer).status_code == 422
    assert browser.get("/sign-in/organisation/geen/back", query_string=answer).status_code == 404


@pytest.mark.parametrize(
    "spoil", [{"state": "x"}, {"state": ""}, {"code": ""}, {"code": "x"}, {"state": "é"}]
)
def test_another_state_or_code_is_refused(world, there, person, spoil):
    known(there, person)
    browser = world.browser()
    assert come_back(browser, there.agree(begin(browser), "s-1") | spoil).status_code == 422
    assert not is_in(browser)


def test_who_says_no_at_the_organisation_is_not_in(world, there):
    browser = world.browser()
    state = answer_in(begin(browser))["state"]
    answer = come_back(browser, {"error": "access_denied", "error_description": "<script>", "state": state})
    assert answer.status_code == 422
    assert "<script>" not in answer.text.replace("<script ", "")


def test_ten_minutes_later_it_is_over(world, there, person):
    known(there, person)
    browser = world.browser()
    answer = there.agree(begin(browser), "s-1")
    with clock.at(clock.now() + timedelta(minutes=10, seconds=1)):
        assert come_back(browser, answer).status_code == 422


def identity(there, **other):
    moment = int(clock.now().timestamp())
    claims = {
        "iss": there.issuer,
        "aud": CLIENT,
        "sub": "s-1",
        "iat": moment,
        "exp": moment + 60,
        "nonce": "n",
    }
    return {name: value for name, value in (claims | other).items() if value is not None}


FORGED = {
    "another issuer": {"iss": "https://elders.example"},
    "no issuer": {"iss": None},
    "for somebody else": {"aud": "een-ander"},
    "for several, and not made for us": {"aud": [CLIENT, "een-ander"], "azp": "een-ander"},
    "for several, and for whom is not said": {"aud": [CLIENT, "een-ander"]},
    "over": {"exp": 1},
    "without an end": {"exp": None},
    "of tomorrow": {"iat": 4_102_444_800},
    "another nonce": {"nonce": "een andere"},
    "no nonce": {"nonce": None},
    "nobody": {"sub": None},
}


class Answers:
    """Stands for the talk about a code: gives this identity token."""

    def __init__(self, token):
        self.token = token

    def __call__(self, *_args):
        return SimpleNamespace(fetch_token=lambda *_a, **_k: {"id_token": self.token})


def judged(there, token, **more):
    provider = there.provider(**more)
    return outside.claims_for(provider, "http://localhost/back", "code", "verifier", "n")


def test_the_token_below_is_good_before_it_is_spoilt(app, there, monkeypatch):
    monkeypatch.setattr(outside, "_client", Answers(there.sign(identity(there))))
    assert judged(there, None)["sub"] == "s-1"


@pytest.mark.parametrize("other", FORGED.values(), ids=FORGED)
def test_an_identity_token_that_is_not_for_us_now_is_refused(app, there, monkeypatch, other):
    monkeypatch.setattr(outside, "_client", Answers(there.sign(identity(there, **other))))
    with pytest.raises(outside.NotVouchedFor):
        judged(there, None)


def test_a_token_with_another_key_with_our_own_secret_or_without_a_signature_is_refused(
    app, there, monkeypatch
):
    claims = identity(there)
    header, body = (encoded(part) for part in (b'{"alg":"none"}', str(claims).replace("'", '"').encode()))
    shared = OctKey.import_key(there.provider().secret.encode())
    for token in (
        jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048)),
        jwt.encode({"alg": "HS256"}, claims, shared),
        f"{header}.{body}.",
        "", "a.b.c", "nonsense",
    ):  # fmt: skip
        monkeypatch.setattr(outside, "_client", Answers(token))
        with pytest.raises(outside.NotVouchedFor):
            judged(there, None)


def test_the_level_of_authentication_that_was_asked_is_checked(app, there, monkeypatch):
    for told, good in (({"acr": "hoog"}, True), ({"acr": "laag"}, False), ({}, False)):
        monkeypatch.setattr(outside, "_client", Answers(there.sign(identity(there, **told))))
        if good:
            assert judged(there, None, acr="hoog")
        else:
            with pytest.raises(outside.NotVouchedFor):
                judged(there, None, acr="hoog")


def test_a_provider_that_is_away_says_so_in_plain_words(world, there, monkeypatch):
    monkeypatch.setattr(there, "issuer", "http://localhost:9")
    world.app.extensions["sign_in_providers"] = {CODE: there.provider()}
    answer = world.browser().get(START)
    assert answer.status_code == 503
    assert "Je organisatie antwoordt niet" in answer.text
    monkeypatch.setattr(outside.requests, "get", lambda *_a, **_k: pytest.fail("left alone for a while"))
    assert world.browser().get(START).status_code == 503


def test_a_provider_that_publishes_another_issuer_is_not_believed(world, there, monkeypatch):
    other = there.issuer.replace("127.0.0.1", "localhost")
    monkeypatch.setattr(there, "issuer", other)
    told = outside._asked(f"{other}/.well-known/openid-configuration") | {"issuer": "https://elders.example"}
    monkeypatch.setattr(outside, "_asked", lambda _address: told)
    world.app.extensions["sign_in_providers"] = {CODE: there.provider()}
    assert world.browser().get(START).status_code == 503


@pytest.mark.parametrize("path", ["https://elders.example", "//elders.example", "/\\elders.example"])
def test_it_leads_to_no_other_site(world, there, person, path):
    answer = sign_in(world.browser(), there, known(there, person), next=path)
    assert answer.location == "/account/vault"


def test_we_prove_who_we_are_with_a_private_key_where_that_is_asked(world, there, person, monkeypatch):
    pem = RSAKey.generate_key(2048)
    provider = there.provider(secret="", private_key=pem.as_pem(private=True).decode())
    world.app.extensions["sign_in_providers"] = {CODE: provider}
    sign_in(world.browser(), there, known(there, person))
    (posted,) = there.asked
    assert posted["client_assertion_type"].endswith("jwt-bearer")
    told = jwt.decode(posted["client_assertion"], pem, algorithms=["RS256"])
    assert told.claims["iss"] == told.claims["sub"] == CLIENT
    assert told.claims["aud"] == f"{there.issuer}/oauth2/token"
    assert posted["authorization"] == ""


# -- who may join ---------------------------------------------------------------------------------------------------


def test_an_invitation_makes_an_account_without_a_password_that_no_password_opens(world, there, mails):
    entity = world.entity()
    administrator = world.member(entity, Role.ENTITY_ADMINISTRATOR)
    with acting_as(Actor("account", administrator)), transaction(tenant(entity.id)):
        invited = invite("nieuw@voorbeeld.example", Role.ENTITY_ADMINISTRATOR, None, "nl")
        link = f"/invitation/{links.sign(INVITATION, invited.id)}"
    browser = world.browser()
    assert "Meld je aan bij Voorbeeldorganisatie" in browser.get(link).text
    there.knows("s-8", email="nieuw@voorbeeld.example", name="Loket van de toekomst")
    answer = sign_in(browser, there, "s-8", next=link)
    assert answer.location == f"/account/vault?next={link}"
    assert "Kies je kluiswoord" in browser.get(answer.location).text
    assert browser.post(link).location == "/workplaces"
    assert entity.name in browser.get("/workplaces").text
    browser.post("/account/vault/choose", {"new_passphrase": PASSPHRASE})
    assert give_password(world.browser(), "nieuw@voorbeeld.example", PASSPHRASE).status_code == 422
    world.browser().post("/password-reset", {"email": "nieuw@voorbeeld.example"})
    assert mails(jobs.MAIL_PASSWORD_RESET) == []


def rule(entity, role, group="dossiers", desk=None):
    with transaction(tenant(entity.id)) as session:
        session.add(
            ProviderRule(
                entity_id=entity.id,
                provider=CODE,
                group_name=group,
                role=role,
                desk_id=desk and entity.desks[desk],
            )
        )


def roles_of(entity, account_id):
    with transaction(tenant(entity.id)) as session:
        return session.execute(
            select(Membership.role, Membership.until).filter_by(account_id=account_id)
        ).all()


def test_a_rule_of_an_entity_gives_a_group_its_role_there_and_nowhere_else(world, there, person):
    entity, other, third = world.entity(), world.entity(), world.entity()
    rule(entity, Role.HANDLER, desk=DeskKind.INTEGRITY)
    rule(entity, Role.ENTITY_ADMINISTRATOR, group="beheer")
    rule(other, Role.ENTITY_ADMINISTRATOR)
    known(there, person, "s-9", ovo=[entity.ovo, third.ovo], groepen="dossiers")
    for _ in range(2):
        sign_in(world.browser(), there, "s-9")
    assert roles_of(entity, person.id) == [(Role.HANDLER, None)]
    assert roles_of(other, person.id) == roles_of(third, person.id) == []


@pytest.mark.parametrize(
    "told", [{}, {"groepen": ["dossiers"]}, {"ovo": "OVO000001"}, {"ovo": 7, "groepen": {"a": 1}}]
)
def test_without_a_rule_or_without_the_claims_nobody_gets_a_role(world, there, person, told):
    entity = world.entity()
    rule(entity, Role.HANDLER, group="andere", desk=DeskKind.INTEGRITY)
    known(there, person, "s-10", **told)
    sign_in(world.browser(), there, "s-10")
    assert roles_of(entity, person.id) == []


def test_a_rule_does_not_give_back_what_somebody_was_taken_from(world, there, person):
    entity = world.entity()
    rule(entity, Role.HANDLER, desk=DeskKind.INTEGRITY)
    known(there, person, "s-11", ovo=entity.ovo, groepen="dossiers")
    sign_in(world.browser(), there, "s-11")
    ended = clock.today() - timedelta(days=1)
    with transaction(tenant(entity.id)) as session:
        session.execute(update(Membership).values(since=ended, until=ended))
    sign_in(world.browser(), there, "s-11")
    assert roles_of(entity, person.id) == [(Role.HANDLER, ended)]


def test_the_administrator_of_the_entity_makes_and_ends_rules(world, there):
    entity = world.entity()
    browser = world.browser(world.member(entity, Role.ENTITY_ADMINISTRATOR))
    path = f"/entity/{entity.ovo}/members/organisation"
    form = {"provider": CODE, "group": "dossiers", "role": "handler", "desk": "integrity"}
    for _ in range(2):
        assert browser.post(path, form).status_code == 303
    page = browser.get(path).text
    assert page.count('<th role="rowheader"') == 1
    for spoil in ({"provider": "ander"}, {"group": ""}, {"role": "platform_administrator"}, {"desk": ""}):
        assert browser.post(path, form | spoil).status_code == 422
    with transaction(tenant(entity.id)) as session:
        rule_id = session.scalars(select(ProviderRule.id)).one()
    assert browser.post(f"{path}/{rule_id}/end").status_code == 303
    assert browser.post(f"{path}/{rule_id}/end").status_code == 404
    assert "Er zijn geen regels" in browser.get(path).text


# -- the key ----------------------------------------------------------------------------------------------------


@pytest.fixture
def guest(world, there, person):
    """Somebody who has no password here, signed in at the organisation."""
    with transaction(PLATFORM) as session:
        session.delete(session.get_one(AccountKey, person.id))
        session.execute(update(Account).values(elsewhere=True, totp_sealed=None, totp_confirmed_at=None))
    browser = world.browser()
    sign_in(browser, there, known(there, person, "s-20", sid="zitting-1"))
    return browser


def carried(browser):
    with transaction(PLATFORM):
        return keys.secret_in_session(token_of(browser))


def test_the_organisation_opens_no_key_and_what_needs_none_works(world, guest):
    with pytest.raises(keys.VaultShut):
        carried(guest)
    assert guest.get("/account").status_code == 200
    assert "Kies je kluiswoord" in guest.get("/account/vault").text


def test_a_passphrase_is_chosen_once_and_opens_the_key_the_next_time(world, there, guest, mails):
    assert guest.post("/account/vault/choose", {"new_passphrase": "kort"}).status_code == 422
    assert guest.post("/account/vault/choose", {"new_passphrase": PASSPHRASE}).status_code == 303
    secret = carried(guest)
    assert len(mails(jobs.MAIL_VAULT_CHOSEN)) == 1
    again = world.browser()
    sign_in(again, there, "s-20")
    assert "Open je kluis" in again.get("/account/vault").text
    assert again.post("/account/vault", {"passphrase": "een ander woord"}).status_code == 422
    assert again.post("/account/vault", {"passphrase": PASSPHRASE}).status_code == 303
    assert carried(again) == secret
    assert again.get("/account/vault").status_code == 303


def test_five_wrong_passphrases_lock_that_session_alone(world, there, guest):
    guest.post("/account/vault/choose", {"new_passphrase": PASSPHRASE})
    thief, owner = world.browser(), world.browser()
    for browser in (thief, owner):
        sign_in(browser, there, "s-20")
    for _ in range(5):
        thief.post("/account/vault", {"passphrase": "een ander woord"})
    assert thief.post("/account/vault", {"passphrase": PASSPHRASE}).status_code == 429
    assert owner.post("/account/vault", {"passphrase": PASSPHRASE}).status_code == 303


def test_a_passkey_opens_the_key_too(world, there, guest):
    guest.post("/account/vault/choose", {"new_passphrase": PASSPHRASE})
    secret, phone = carried(guest), Authenticator()
    assert add(guest, phone).status_code == 200
    again = world.browser()
    sign_in(again, there, "s-20")
    asked = again.post("/account/vault/begin").json
    assert again.post("/account/vault/passkey", phone.use(asked) | {"output": ""}).status_code == 422
    with pytest.raises(keys.VaultShut):
        carried(again)
    asked = again.post("/account/vault/begin").json
    assert again.post("/account/vault/passkey", phone.use(asked)).json == {"next": "/workplaces"}
    assert carried(again) == secret


def test_another_passphrase_is_another_pair_and_asks_to_prove_oneself_again(world, there, guest, person):
    guest.post("/account/vault/choose", {"new_passphrase": PASSPHRASE})
    before = carried(guest)
    with transaction(PLATFORM) as session:
        session.execute(update(SignInSession).values(confirmed_at=clock.now() - CONFIRMED.lasts))
    asked = guest.post("/account/vault/choose", {"new_passphrase": PASSPHRASE + " weer"})
    assert asked.status_code == 401
    assert "Voorbeeldorganisatie" in asked.text
    assert carried(guest) == before


def test_an_account_with_a_password_opens_its_key_with_that_and_chooses_none(world, there, person):
    browser = world.browser()
    sign_in(browser, there, known(there, person))
    assert browser.post("/account/vault/choose", {"new_passphrase": PASSPHRASE}).status_code == 409
    assert browser.post("/account/vault", {"passphrase": person.password}).status_code == 303
    assert carried(browser) == person.key_secret


# -- proving again --------------------------------------------------------------------------------------------------


def stale():
    with transaction(PLATFORM) as session:
        session.execute(update(SignInSession).values(confirmed_at=clock.now() - CONFIRMED.lasts))


def test_the_organisation_vouches_again_and_the_session_stays(world, there, guest, person):
    stale()
    assert guest.get("/account/passkeys/new").location.startswith("/account/confirm")
    token = token_of(guest)
    address = begin(guest, again="", next="/account/passkeys/new")
    asked = answer_in(address)
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    known(there, person, "s-20", auth_time=int(clock.now().timestamp()))
    assert come_back(guest, there.agree(address, "s-20")).location == "/account/passkeys/new"
    assert token_of(guest) == token
    assert guest.get("/account/passkeys/new").status_code == 200


def test_an_organisation_that_only_remembers_or_vouches_for_somebody_else_does_not_count(
    world, there, guest, person
):
    stale()
    for told in (
        {"auth_time": None},
        {"auth_time": int(clock.now().timestamp()) - 3600},
        {"auth_time": "nu"},
    ):
        known(there, person, "s-20", **told)
        assert come_back(guest, there.agree(begin(guest, again=""), "s-20")).status_code == 422
    with transaction(PLATFORM) as session:
        session.add(Account(email="ander@voorbeeld.example", label="Ander"))
    there.knows("s-21", email="ander@voorbeeld.example", auth_time=int(clock.now().timestamp()))
    assert come_back(guest, there.agree(begin(guest, again=""), "s-21")).status_code == 422
    assert guest.get("/account/passkeys/new").status_code == 303


# -- signing out there ----------------------------------------------------------------------------------------------


def tell(world, token):
    browser = world.browser()
    return browser.client.post(f"/sign-in/organisation/{CODE}/logout", data={"logout_token": token})


@pytest.mark.parametrize("who", [{"sub": "s-20"}, {"sid": "zitting-1"}, {"sub": "s-20", "sid": "zitting-1"}])
def test_who_signed_out_there_is_signed_out_here(world, there, guest, who):
    token = there.sign(logout_claims(issuer=there.issuer, **who), typ="logout+jwt")
    assert tell(world, token).status_code == 200
    assert not is_in(guest)


def test_it_ends_no_session_of_another_person_or_another_place(world, there, guest, person):
    here = world.browser(world.account())
    other = world.browser(person.id) if person.id in world.secrets else here
    token = there.sign(logout_claims(issuer=there.issuer, sub="s-20", sid="een andere"))
    assert tell(world, token).status_code == 200
    assert is_in(guest)
    assert is_in(here)
    tell(world, there.sign(logout_claims(issuer=there.issuer, sub="s-20")))
    assert not is_in(guest)
    assert is_in(other)


WRONG = {
    "another issuer": {"issuer": "https://elders.example"},
    "for somebody else": {"aud": "een-ander"},
    "no event": {"events": None},
    "another event": {"events": {"http://elders.example": {}}},
    "events that are none": {"events": "http://schemas.openid.net/event/backchannel-logout"},
    "a nonce, as in an identity token": {"nonce": "n"},
    "of nobody": {"sub": None},
    "without a number": {"jti": None},
    "an hour old": {"iat": -3600},
    "of tomorrow": {"iat": 86_400},
    "over": {"exp": 1},
}


@pytest.mark.parametrize("other", WRONG.values(), ids=WRONG)
def test_a_message_that_is_no_proof_ends_nothing(world, there, guest, other):
    moment = int(clock.now().timestamp())
    more = {"issuer": there.issuer, "sub": "s-20"} | other
    if isinstance(more.get("iat"), int):
        more["iat"] += moment
    answer = tell(world, there.sign(logout_claims(**more)))
    assert (answer.status_code, answer.json) == (400, {"error": "invalid_request"})
    assert is_in(guest)


def test_a_message_serves_once_and_a_token_of_another_kind_never(world, there, guest):
    claims = logout_claims(issuer=there.issuer, sub="iemand anders")
    assert tell(world, there.sign(claims)).status_code == 200
    assert tell(world, there.sign(claims | {"sub": "s-20"})).status_code == 400
    assert (
        tell(world, there.sign(logout_claims(issuer=there.issuer, sub="s-20"), typ="at+jwt")).status_code
        == 400
    )
    stranger = jwt.encode(
        {"alg": "RS256"}, logout_claims(issuer=there.issuer, sub="s-20"), RSAKey.generate_key(2048)
    )
    for token in (stranger, "", "a.b.c", "x" * 30_000):
        assert tell(world, token).status_code == 400
    assert is_in(guest)


# -- what an installation says ---------------------------------------------------------------------------------------


def test_a_file_of_providers_is_read_with_its_secrets_from_files_of_their_own(tmp_path):
    (tmp_path / "geheim").write_text("zeer geheim\n")
    one = {
        "code": "acm",
        "name": "ACM",
        "issuer": "https://acm.example",
        "client_id": "x",
        "secret_file": "geheim",
    }
    file = write(tmp_path, [one])
    provider = read(file)["acm"]
    assert provider.secret == "zeer geheim"
    assert "zeer geheim" not in repr(provider)
    for wrong in (
        {}, [one | {"secret": "open en bloot"}], [one | {"issuer": "http://acm.example"}], [one, one],
        [one, one | {"code": "twee"}], [one | {"code": "A b"}], [one | {"onbekend": 1}],
        [{**one, "secret_file": "er niet"}], [{k: v for k, v in one.items() if k != "secret_file"}], "x",
    ):  # fmt: skip
        with pytest.raises(SettingsError) as refused:
            read(write(tmp_path, wrong if wrong else [{}]))
        assert "geheim" not in str(refused.value)


def write(folder, told):
    file = folder / "providers.json"
    file.write_text(json.dumps(told))
    return file


def test_the_page_sends_by_the_domain_of_an_address_and_says_nothing_of_accounts(world, there, person):
    browser = world.browser()
    pages = [
        browser.post("/sign-in/organisation", {"email": email}).text
        for email in (person.email, "geen@voorbeeld.example")
    ]
    assert START in pages[0]
    assert START in pages[1]
    elsewhere = browser.post("/sign-in/organisation", {"email": "iemand@gmail.example"})
    assert (elsewhere.status_code, "Gebruik je wachtwoord" in elsewhere.text) == (422, True)


def test_the_cookie_is_locked_and_goes_to_the_pages_of_signing_in_alone(world, there):
    browser = world.browser()
    sent = browser.get(START)
    cookie = next(c for c in sent.headers.getlist("Set-Cookie") if c.startswith("elsewhere="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/sign-in" in cookie
    assert answer_in(sent.location)["state"] not in cookie
