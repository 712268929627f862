"""Passkeys of the own account: which ones we take, and what they lock."""

import json
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from spreekbuis import clock
from spreekbuis.audit.models import AuditEvent
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.identity import jobs, passkey_lock, passkeys
from spreekbuis.identity.authenticators import NotAccepted, Site, check_use, new_passkey, site_at
from spreekbuis.identity.keys import lock_for_session
from spreekbuis.identity.models import AccountKey, SignInSession
from spreekbuis.identity.passkey_lock import CHALLENGE_LIFETIME, passkey_binding
from spreekbuis.vault.sealing import context, derive, new_secret, unlock
from spreekbuis.web.door import hash_token
from spreekbuis.web.limits import CONFIRMED
from tests.identity.authenticator import (
    ORIGIN,
    PRESENT,
    VERIFIED,
    Authenticator,
    Credential,
    decoded,
    encoded,
)
from tests.identity.conftest import make_person
from tests.identity.passkey_pages import LABEL, add, question, rows

SITE = Site("localhost", ORIGIN)


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("https://spreekbuis.example", Site("spreekbuis.example", "https://spreekbuis.example")),
        ("https://Spreekbuis.Example:443", Site("spreekbuis.example", "https://spreekbuis.example")),
        ("https://spreekbuis.example:8443", Site("spreekbuis.example", "https://spreekbuis.example:8443")),
        ("http://localhost:8000", Site("localhost", "http://localhost:8000")),
        ("http://127.0.0.1:8000", None),
        ("https://192.0.2.7", None),
        ("https://[2001:db8::7]", None),
        ("http://spreekbuis.example", None),
        ("", None),
    ],
)
def test_passkeys_are_bound_to_a_name_on_a_connection_that_is_encrypted(address, site):
    assert site_at(address) == site


def test_an_authenticator_is_asked_to_verify_its_user_and_to_give_its_prf(world, person):
    asked = question(world.browser(person.id))
    assert asked["rp"]["id"] == "localhost"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["extensions"]["prf"]["eval"]["first"]
    assert len(decoded(asked["challenge"])) == 32
    assert person.email in asked["user"]["name"]
    assert asked["excludeCredentials"] == []


def test_a_passkey_locks_the_secret_of_the_account_and_is_shown_to_its_owner(world, person, mails):
    browser, phone = world.browser(person.id), Authenticator()
    added = add(browser, phone)
    assert added.json == {"next": "/account?done=passkey-added"}
    (row,) = rows()
    (kept,) = phone.kept.values()
    output = decoded(phone.output(kept, question(browser)))
    binding = passkey_binding(person.id, row.key_id)
    assert unlock(derive(output, context("passkey")), row.secret_locked, binding) == person.key_secret
    page = browser.get("/account").text
    assert LABEL in page
    assert row.credential_id.hex() in page
    assert LABEL not in world.browser(make_other(world)).get("/account").text
    assert mails(jobs.MAIL_PASSKEY_ADDED) == [
        {"template": "passkey_added", "to": person.email, "language": "nl"}
    ]
    with transaction(PLATFORM) as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.kind == "passkey.added")).one()
        assert (event.actor, event.subject_id) == (f"account:{person.id}", person.id)


def test_an_authenticator_that_has_one_for_this_pair_is_told_so(world, person):
    browser = world.browser(person.id)
    add(browser)
    (row,) = rows()
    assert question(browser)["excludeCredentials"] == [
        {"type": "public-key", "id": encoded(row.credential_id)}
    ]


def make_other(world):
    other = make_person("audit@voorbeeld.example")
    world.secrets[other.id] = other.key_secret
    return other.id


@pytest.mark.parametrize(
    ("phone", "other"),
    [
        (Authenticator(origin="https://elders.example"), {}),
        (Authenticator(origin="http://localhost:8001"), {}),
        (Authenticator(), {"domain": "elders.example"}),
        (Authenticator(), {"challenge": encoded(bytes(32))}),
        (Authenticator(), {"kind": "webauthn.get"}),
        (Authenticator(flags=PRESENT), {}),
        (Authenticator(flags=VERIFIED), {}),
        (Authenticator(flags=0), {}),
    ],
    ids=["site", "port", "domain", "challenge", "kind", "unverified", "absent", "nobody"],
)
def test_a_passkey_that_was_made_otherwise_is_refused(world, person, phone, other):
    answer = add(world.browser(person.id), phone, **other)
    assert answer.status_code == 422
    assert "niet aanvaard" in answer.json["title"]
    assert rows() == []


@pytest.mark.parametrize("output", ["", "????", encoded(bytes(31)), encoded(bytes(64))])
def test_a_passkey_without_prf_is_refused_with_the_reason(world, person, output):
    browser = world.browser(person.id)
    made = Authenticator().make(question(browser)) | {"output": output}
    answer = browser.post("/account/passkeys/add", {"label": LABEL, **made})
    assert answer.status_code == 422
    assert "kan je sleutel niet bewaren" in answer.json["title"]
    assert rows() == []


def test_a_challenge_serves_once_also_when_the_answer_was_refused(world, person):
    browser, phone = world.browser(person.id), Authenticator()
    asked = question(browser)
    wrong = Authenticator(flags=PRESENT).make(asked)
    assert browser.post("/account/passkeys/add", {"label": LABEL, **wrong}).status_code == 422
    answer = browser.post("/account/passkeys/add", {"label": LABEL, **phone.make(asked)})
    assert answer.status_code == 409
    assert "duurde te lang" in answer.json["title"]
    assert rows() == []


def test_a_challenge_is_over_after_five_minutes_and_when_another_was_asked(world, person):
    browser, phone = world.browser(person.id), Authenticator()
    late = phone.make(question(browser))
    with clock.at(clock.now() + CHALLENGE_LIFETIME):
        assert browser.post("/account/passkeys/add", {"label": LABEL, **late}).status_code == 409
    first = phone.make(question(browser))
    question(browser)
    assert browser.post("/account/passkeys/add", {"label": LABEL, **first}).status_code == 422
    assert rows() == []


def test_a_challenge_belongs_to_one_session(world, person):
    asked_here, answered_there = world.browser(person.id), world.browser(person.id)
    made = Authenticator().make(question(asked_here))
    assert answered_there.post("/account/passkeys/add", {"label": LABEL, **made}).status_code == 409
    question(answered_there)
    assert answered_there.post("/account/passkeys/add", {"label": LABEL, **made}).status_code == 422
    assert rows() == []


@pytest.mark.parametrize("label", ["", "   ", "x" * 61])
def test_a_passkey_has_a_name(world, person, label):
    answer = add(world.browser(person.id), label=label)
    assert answer.status_code == 422
    assert "naam" in answer.json["advice"]


def test_ten_minutes_after_the_second_factor_passkeys_are_not_changed_any_more(world, person):
    browser, phone = world.browser(person.id), Authenticator()
    add(browser)
    made = phone.make(question(browser))
    with transaction(PLATFORM) as session:
        session.execute(update(SignInSession).values(confirmed_at=clock.now() - CONFIRMED.lasts))
    handle = rows()[0].credential_id.hex()
    for path, fields in (
        ("begin", {}),
        ("add", {"label": LABEL, **made}),
        ("remove", {"passkey": handle}),
    ):
        answer = browser.post(f"/account/passkeys/{path}", fields)
        assert answer.status_code == 401
        assert "Bevestig dat jij het bent" in answer.text
    assert browser.get("/account/passkeys/new").location == "/account/confirm?next=/account/passkeys/new"
    assert len(rows()) == 1


def test_the_same_passkey_is_added_once_and_to_one_account(world, person):
    browser, phone, same = world.browser(person.id), Authenticator(), Credential()
    assert add(browser, phone, credential=same).status_code == 200
    assert add(browser, phone, credential=same).status_code == 409
    assert add(world.browser(make_other(world)), phone, credential=same).status_code == 409
    (row,) = rows()
    assert row.account_id == person.id


def test_an_account_has_so_many_passkeys_and_no_more(world, person, monkeypatch):
    monkeypatch.setattr(passkeys, "MOST", 2)
    browser = world.browser(person.id)
    waiting = world.browser(person.id)
    made = Authenticator().make(question(waiting))
    assert [add(browser).status_code for _ in range(2)] == [200, 200]
    assert browser.post("/account/passkeys/begin").status_code == 409
    assert waiting.post("/account/passkeys/add", {"label": LABEL, **made}).status_code == 409
    assert len(rows()) == 2


def test_a_session_that_carries_another_secret_locks_nothing(world, person):
    """As when the password was reset in between: the passkey would open what is of no use."""
    browser = world.browser(person.id)
    token = browser.cookie[1]
    with transaction(PLATFORM) as session:
        session.execute(
            update(SignInSession)
            .where(SignInSession.token_hash == hash_token(token))
            .values(key_locked=lock_for_session(token, person.id, new_secret()))
        )
    assert add(browser).status_code == 403
    assert rows() == []


def test_removing_takes_a_passkey_of_the_own_account_alone(world, person):
    browser, stranger = world.browser(person.id), world.browser(make_other(world))
    add(browser)
    handle = rows()[0].credential_id.hex()
    for handles in ("", "zz", "00", handle):
        stranger.post("/account/passkeys/remove", {"passkey": handles})
    assert len(rows()) == 1
    gone = browser.post("/account/passkeys/remove", {"passkey": handle})
    assert gone.location == "/account?done=passkey-removed"
    assert browser.post("/account/passkeys/remove", {"passkey": handle}).status_code == 303
    assert rows() == []
    with transaction(PLATFORM) as session:
        kinds = session.scalars(select(AuditEvent.kind).where(AuditEvent.kind.like("passkey.%"))).all()
        assert sorted(kinds) == ["passkey.added", "passkey.removed"]


def test_without_javascript_the_page_says_what_needs_it(world, person):
    page = world.browser(person.id).get("/account/passkeys/new").text
    assert "<noscript>" in page
    assert "Voor passkeys heeft je browser JavaScript nodig" in page


def test_at_an_address_without_a_name_the_page_says_so_and_nothing_begins(world, person, monkeypatch):
    browser = world.browser(person.id)
    monkeypatch.setattr(passkey_lock, "site", lambda: None)
    page = browser.get("/account/passkeys/new").text
    assert "Dit adres is er geen" in page
    assert "data-passkey=" not in page
    for path in ("passkeys/begin", "passkeys/add", "restore-access/begin", "confirm/begin"):
        answer = browser.post(f"/account/{path}", {"label": LABEL})
        assert (answer.status_code, "geen passkeys" in answer.json["title"]) == (409, True), path


def test_what_a_passkey_gave_is_not_carried_in_the_page_of_an_ended_session(world, person):
    browser = world.browser(person.id)
    made = Authenticator().make(question(browser))
    with transaction(PLATFORM) as session:
        session.execute(update(SignInSession).values(expires_at=clock.now() - timedelta(seconds=1)))
    answer = browser.post("/account/passkeys/add", {"label": LABEL, **made})
    assert answer.status_code == 401
    assert LABEL in answer.text
    assert made["output"] not in answer.text


def test_nobody_who_is_not_signed_in_gets_a_challenge(world):
    assert world.browser().post("/account/passkeys/begin").status_code == 401


# -- answers that make no sense ---------------------------------------------------------------------------------

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CHALLENGE = bytes(range(32))
OPTIONS = {
    "challenge": encoded(CHALLENGE), "rp": {"id": "localhost"}, "rpId": "localhost", "allowCredentials": [],
    "extensions": {"prf": {"eval": {"first": "AA"}}},
}  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
PHONE, KNOWN = Authenticator(), Credential()
MADE, USED = PHONE.make(OPTIONS, credential=KNOWN)["answer"], PHONE.use(OPTIONS, credential=KNOWN)["answer"]


def test_the_answers_below_are_good_before_they_are_spoilt():
    assert new_passkey(SITE, CHALLENGE, MADE).credential_id == KNOWN.id
    assert check_use(SITE, CHALLENGE, USED, KNOWN.cose(), 0) == 1


@FUZZ
@given(told=st.text(max_size=40) | JSON.map(lambda value: json.dumps(value)))
def test_nonsense_is_refused(told):
    for judge in (
        lambda: new_passkey(SITE, CHALLENGE, told),
        lambda: check_use(SITE, CHALLENGE, told, KNOWN.cose(), 0),
    ):
        with pytest.raises(NotAccepted):
            judge()


@FUZZ
@given(part=st.sampled_from(["clientDataJSON", "authenticatorData", "signature"]), data=st.data())
def test_an_answer_of_which_one_bit_changed_is_refused(part, data):
    told = json.loads(USED)
    whole = bytearray(decoded(told["response"][part]))
    place = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[place // 8] ^= 1 << place % 8
    told["response"][part] = encoded(bytes(whole))
    with pytest.raises(NotAccepted):
        check_use(SITE, CHALLENGE, json.dumps(told), KNOWN.cose(), 0)


@FUZZ
@given(data=st.data())
def test_a_spoilt_attestation_is_a_refusal_and_no_crash(data):
    told = json.loads(MADE)
    whole = bytearray(decoded(told["response"]["attestationObject"]))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    told["response"]["attestationObject"] = encoded(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    with suppress(NotAccepted):
        new_passkey(SITE, CHALLENGE, json.dumps(told))


def test_an_answer_of_endless_length_is_not_read(world, person):
    browser = world.browser(person.id)
    made = Authenticator().make(question(browser))
    long = {**made, "answer": made["answer"] + " " * 20_000}
    assert browser.post("/account/passkeys/add", {"label": LABEL, **long}).status_code == 422


def test_an_account_without_a_key_pair_has_nothing_to_lock(world, person):
    browser = world.browser(person.id)
    with transaction(PLATFORM) as session:
        session.delete(session.get_one(AccountKey, person.id))
    assert browser.post("/account/passkeys/begin").status_code == 403
