"""Whoever has the database and every setting of the server, but no session, password, code or paper opens nothing."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from spreekbuis.access import recovery
from spreekbuis.access.case_keys import case_binding
from spreekbuis.access.desk_keys import grant_binding, recovery_binding
from spreekbuis.access.models import CaseKey, DeskKey, DeskKeyGrant, RecoveryShare
from spreekbuis.cases.dialogue import body_of
from spreekbuis.cases.models import Message
from spreekbuis.clock import now
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.security import mapped_tables
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import CATEGORIES, DeskKind, Identity, ReporterClass
from spreekbuis.identity import passwords
from spreekbuis.identity.accounts import create_account
from spreekbuis.identity.keys import lock_for_session, password_binding
from spreekbuis.identity.models import AccountKey, Passkey, SignInSession
from spreekbuis.identity.passkey_lock import lock_with_passkey, passkey_binding
from spreekbuis.identity.passwords import open_with_password
from spreekbuis.intake.models import Receipt, ReporterSession
from spreekbuis.intake.reporters import open_mailbox
from spreekbuis.intake.story import Story
from spreekbuis.intake.submission import code_of, submit_report
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.receipt_code import BYTES_IN_CODE
from spreekbuis.vault.sealing import CannotOpen, context, derive, open_sealed, unlock
from spreekbuis.web.access import Role
from spreekbuis.web.door import hash_token
from spreekbuis.web.room import routes_of
from tests.conftest import SECRET
from tests.security.house import SECRET_TEXT, House

PASSWORD = "trompet-zeven-wolken-kajuit"
TEXT = "Wat er gebeurde, in mijn eigen woorden"


@dataclass
class Lock:
    """Something closed: how to try a candidate, and what opens it."""

    attempt: Callable[[bytes], object]
    key: bytes


@dataclass
class Vault:
    locks: dict[str, Lock]
    stolen: list[bytes]


@pytest.fixture
def vault(world, engines, monkeypatch) -> Vault:
    """An entity in full use, everything closed that it has, and everything that a thief of the server finds."""
    monkeypatch.setattr(passwords, "WORK", passwords.Work(1, 64, 1))  # hundreds of tries
    entity = world.entity()
    officers = [
        world.member(entity, Role.ENTITY_ADMINISTRATOR),
        world.member(entity, Role.HANDLER, DeskKind.INTEGRITY),
    ]
    token, sign_in, mailbox = secrets.token_urlsafe(24), secrets.token_urlsafe(32), ""
    output = secrets.token_bytes(32)
    with world.inside(entity):
        recovery.make_kit(officers)
        story = Story(CATEGORIES["fraud"], TEXT, ReporterClass.STAFF, Identity.ANONYMOUS, "", "", "")
        code = submit_report(token, story, files_shown=0, language="nl", accepting=True).code
    with transaction(PLATFORM) as session:
        made = create_account("iemand@voorbeeld.example", "Iemand", "nl", PASSWORD)
        assert made.secret is not None
        session.add(
            SignInSession(
                token_hash=hash_token(sign_in), account_id=made.id, complete=True,
                key_locked=lock_for_session(sign_in, made.id, made.secret), expires_at=now(),
            )
        )  # fmt: skip
        key_id = session.get_one(AccountKey, made.id).key_id
        session.add(
            Passkey(
                credential_id=secrets.token_bytes(32), account_id=made.id, key_id=key_id, label="Telefoon",
                public_key=secrets.token_bytes(77), sign_count=1,
                secret_locked=lock_with_passkey(output, made.id, key_id, made.secret),
            )
        )  # fmt: skip
        mailbox = open_mailbox(session.scalars(select(Receipt)).one(), code)
    keys = {
        "password": PASSWORD.encode(),
        "sign-in": sign_in.encode(),
        "passkey": output,
        "mailbox": mailbox.encode(),
        "code": code.number,
    }
    return Vault(dict(_locks(world, entity, officers, keys)), list(_stolen(engines.admin)))


def _locks(world, entity, officers: list[UUID], keys: dict[str, bytes]) -> Iterator[tuple[str, Lock]]:
    with transaction(PLATFORM) as session:
        own = session.scalars(select(AccountKey).where(AccountKey.locked_by_password != b"")).one()
        binding = password_binding(own.account_id, own.key_id)
        yield "account, by password", Lock(_password(own.locked_by_password, binding), keys["password"])
        signed_in = session.scalars(select(SignInSession)).one()
        place = context("account secret, in a session", signed_in.account_id)
        yield (
            "account, in a session",
            Lock(_token("session key", signed_in.key_locked, place), keys["sign-in"]),
        )
        passkey = session.scalars(select(Passkey)).one()
        place = passkey_binding(passkey.account_id, passkey.key_id)
        yield "account, by passkey", Lock(_token("passkey", passkey.secret_locked, place), keys["passkey"])
        receipt = session.scalars(select(Receipt)).one()
        place = context("case key, for the reporter", receipt.case_id)
        yield "case, by receipt", Lock(_code(receipt.secret_sealed, place), keys["code"])
        sitting = session.scalars(select(ReporterSession)).one()
        place = context("case key, in a session", sitting.case_id)
        yield (
            "case, in a mailbox session",
            Lock(_token("mailbox session", sitting.secret_locked, place), keys["mailbox"]),
        )
    with world.inside(entity) as session:
        grant = session.scalars(select(DeskKeyGrant).order_by(DeskKeyGrant.version.desc())).first()
        place = grant_binding(grant.desk_id, grant.version, grant.account_id)
        owner = world.secrets[grant.account_id]
        yield "desk, by grant", Lock(_sealed(grant.secret_sealed, place), owner)
        desk_secret = open_sealed(owner, grant.secret_sealed, place)
        sealed = session.scalars(select(CaseKey)).one()
        place = case_binding(sealed.case_id, sealed.desk_id, sealed.version)
        yield "case, by desk", Lock(_sealed(sealed.secret_sealed, place), desk_secret)
        case_secret = open_sealed(desk_secret, sealed.secret_sealed, place)
        message = session.scalars(select(Message)).one()
        yield "text", Lock(_text(entity.id, message), case_secret)
        share = session.scalars(select(RecoveryShare).order_by(RecoveryShare.part)).first()
        place = context("recovery share", share.kit_id, share.part, share.account_id)
        yield "recovery share", Lock(_sealed(share.share_sealed, place), world.secrets[share.account_id])
        parts = [recovery.my_part(account, world.secrets[account])[1].share for account in officers]
        both = bytes(a ^ b for a, b in zip(*parts, strict=True))
        key = session.scalars(select(DeskKey).order_by(DeskKey.version.desc())).first()
        place = recovery_binding(key.desk_id, key.version, key.kit_id)
        yield "desk, by recovery", Lock(_sealed(key.secret_sealed, place), both)


def _sealed(closed: bytes, place: bytes) -> Callable[[bytes], object]:
    return lambda candidate: open_sealed(candidate, closed, place)


def _code(closed: bytes, place: bytes) -> Callable[[bytes], object]:
    return lambda candidate: open_sealed(derive(candidate, context("reporter")), closed, place)


def _token(purpose: str, closed: bytes, place: bytes) -> Callable[[bytes], object]:
    return lambda candidate: unlock(derive(candidate, context(purpose)), closed, place)


def _password(closed: bytes, place: bytes) -> Callable[[bytes], object]:
    def attempt(candidate: bytes) -> object:
        opened = open_with_password(candidate.decode("latin-1"), closed, place)
        if opened is None:
            raise CannotOpen("wrong password")
        return opened

    return attempt


def _text(entity_id: UUID, message: Message) -> Callable[[bytes], object]:
    case_id, closed = message.case_id, message.body_sealed
    field = body_of(message.id, message.author, internal=message.internal)
    return lambda candidate: ContentKey(entity_id, case_id, candidate).open(field, closed)


def _stolen(admin: Engine) -> Iterator[bytes]:
    """Every byte string of every row, what the server derives from its secret, and what follows from either."""
    server = SECRET.encode()
    found = {server, hashlib.sha256(server).digest(), bytes(32)}
    for label in (b"receipt lookup", b"report token"):
        found.add(hmac.digest(server, label, "sha256"))
    for purpose in (
        "reporter",
        "draft",
        "session key",
        "passkey",
        "mailbox session",
        "spreekbuis second factor",
    ):
        found |= {derive(server, context(purpose)), derive(server, purpose.encode())}
    found |= {value for value in _everything(admin) if isinstance(value, bytes)}
    for value in sorted(found):
        yield value[:32]
        yield value[-32:]
        yield value[:BYTES_IN_CODE]
        yield hashlib.sha256(value).digest()


def test_each_lock_opens_with_its_own_key(vault: Vault):
    """Else the next test would pass for nothing."""
    assert len(vault.locks) == 10
    for name, closed in vault.locks.items():
        assert closed.attempt(closed.key), name


def test_nothing_that_the_server_holds_opens_any_of_them(vault: Vault):
    assert len(vault.stolen) > 80
    for name, closed in vault.locks.items():
        assert closed.key not in vault.stolen, name
        for candidate in vault.stolen:
            with pytest.raises(CannotOpen):
                closed.attempt(candidate)


def test_the_key_of_one_lock_opens_no_other(vault: Vault):
    for name, closed in vault.locks.items():
        for other, candidate in vault.locks.items():
            if other != name:
                with pytest.raises(CannotOpen):
                    closed.attempt(candidate.key)


def test_the_process_that_took_a_report_cannot_read_it_again(world, engines):
    """What is left after a report is its row; the code and the key were never written down."""
    entity = world.entity()
    token = secrets.token_urlsafe(24)
    story = Story(CATEGORIES["fraud"], TEXT, ReporterClass.STAFF, Identity.ANONYMOUS, "", "", "")
    with world.inside(entity) as session:
        submit_report(token, story, files_shown=0, language="nl", accepting=True)
        session.flush()
        kept = [*session.info.values(), *session.identity_map.values()]
        assert not any(isinstance(value, ContentKey) for value in kept)
    with world.inside(entity):
        code = code_of(token)
    stored = b"".join(v if isinstance(v, bytes) else str(v).encode() for v in _everything(engines.admin))
    for secret in (code.number, token.encode(), code.text("nl").encode(), TEXT.encode()):
        assert secret not in stored


def _everything(admin: Engine) -> list[object]:
    """Every value of every table, as a superuser reads them."""
    with admin.connect() as connection:
        return [
            value
            for table in mapped_tables().values()
            for row in connection.execute(select(*table.__table__.columns))
            for value in row
        ]


def test_no_page_shows_a_text_to_anybody_but_the_desk_and_the_reporter(house: House):
    """Every route that is read, as everybody who is not a handler of the case's desk and not its reporter."""
    readers = {"a returning reporter", str(Role.HANDLER)}
    seen: set[str] = set()
    for route in routes_of(house.app):
        if route.method != "GET":
            continue
        for visitor in house.everybody:
            if SECRET_TEXT.encode() in house.visit(visitor, route).get_data():
                seen.add(visitor.name)
    assert seen == readers != set()
