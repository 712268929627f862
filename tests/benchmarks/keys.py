"""Keys and sealed texts for a database that `seed` fills: made with the product's own ciphers, copied in quickly."""

import secrets
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import psycopg

from spreekbuis.access.case_keys import case_binding, sealed_to_desk
from spreekbuis.access.desk_keys import grant_binding
from spreekbuis.cases.dialogue import body_of
from spreekbuis.db.base import new_id
from spreekbuis.identity.keys import lock_for_session
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.sealing import context, derive, new_secret, open_sealed, public_key_of, seal

BODY = "Een zin over het werk. " * 20
_SOURCE = secrets.token_bytes(32)
SEALED_KEY = len(seal(public_key_of(_SOURCE), _SOURCE, b""))
"""Bytes that the sealed key of a case takes."""


def desk_secret(desk_id: UUID) -> bytes:
    """The secret of the only key of a desk, the same for as long as this program runs."""
    return derive(_SOURCE, context("bench desk", desk_id))


def give_desk_keys(connection: psycopg.Connection) -> None:
    """A recovery kit for each entity and a key for each desk. Nobody has the papers."""
    entities = [row[0] for row in connection.execute("SELECT id FROM entity").fetchall()]
    kits = {entity_id: (new_id(), public_key_of(new_secret())) for entity_id in entities}
    _copy(
        connection,
        "recovery_key (entity_id, id, public_key, made_at)",
        ((entity_id, kit_id, public_key, "now") for entity_id, (kit_id, public_key) in kits.items()),
    )
    desks = connection.execute("SELECT entity_id, id FROM desk").fetchall()
    _copy(
        connection,
        "desk_key (entity_id, desk_id, version, public_key, kit_id, secret_sealed, created_at)",
        (
            (entity_id, desk_id, 1, public_key_of(desk_secret(desk_id)), kits[entity_id][0],
             seal(kits[entity_id][1], desk_secret(desk_id), b"nobody opens it here"), "now")
            for entity_id, desk_id in desks
        ),
    )  # fmt: skip


def seal_cases(connection: psycopg.Connection, measured: str) -> None:
    """A key for each case, and to those of the measured entity their first message."""
    cases = connection.execute(
        'SELECT c.entity_id, c.id, c.desk_id, c.received_at, e.ovo_code = %s FROM "case" c'
        " JOIN entity e ON e.id = c.entity_id",
        [measured],
    ).fetchall()
    public_keys = {desk_id: public_key_of(desk_secret(desk_id)) for desk_id in {row[2] for row in cases}}
    keys = {case_id: ContentKey(entity_id, case_id, new_secret()) for entity_id, case_id, *_ in cases}
    _copy(
        connection,
        "case_key (entity_id, case_id, desk_id, version, secret_sealed)",
        (
            (entity_id, case_id, desk_id, 1, sealed_to_desk(keys[case_id], desk_id, 1, public_keys[desk_id]))
            for entity_id, case_id, desk_id, *_ in cases
        ),
    )
    _copy(
        connection,
        "message (entity_id, id, case_id, author, internal, body_sealed, created_at)",
        (
            (entity_id, message_id, case_id, "reporter", False,
             keys[case_id].seal(body_of(message_id, "reporter", internal=False), BODY), received_at)
            for entity_id, case_id, _, received_at, is_measured in cases if is_measured
            for message_id in [new_id()]
        ),
    )  # fmt: skip
    _first_opens(connection, measured)


def give_account_key(
    connection: psycopg.Connection, account_id: UUID, token: str
) -> tuple[UUID, bytes, bytes]:
    """A key pair for an account: gives its name, its public key, and its secret as the session of `token` holds it."""
    secret, key_id = new_secret(), new_id()
    connection.execute(
        "INSERT INTO account_key (account_id, key_id, public_key, locked_by_password, created_at)"
        " VALUES (%s, %s, %s, %s, now())",
        [account_id, key_id, public_key_of(secret), b""],
    )
    return key_id, public_key_of(secret), lock_for_session(token, account_id, secret)


def grant(
    connection: psycopg.Connection,
    entity_id: UUID,
    desk_id: UUID,
    account_id: UUID,
    key: tuple[UUID, bytes, bytes],
) -> None:
    """Let the account read at the desk."""
    key_id, public_key, _ = key
    sealed = seal(public_key, desk_secret(desk_id), grant_binding(desk_id, 1, account_id))
    connection.execute(
        "INSERT INTO desk_key_grant (entity_id, desk_id, version, account_id, key_id, secret_sealed, granted_at)"
        " VALUES (%s, %s, 1, %s, %s, %s, now())",
        [entity_id, desk_id, account_id, key_id, sealed],
    )


def _copy(connection: psycopg.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _first_opens(connection: psycopg.Connection, measured: str) -> None:
    """What is measured must be what the product could read."""
    row = connection.execute(
        "SELECT k.entity_id, k.case_id, k.desk_id, k.secret_sealed, m.id, m.body_sealed FROM case_key k"
        " JOIN message m ON m.entity_id = k.entity_id AND m.case_id = k.case_id"
        " JOIN entity e ON e.id = k.entity_id WHERE e.ovo_code = %s LIMIT 1",
        [measured],
    ).fetchone()
    assert row is not None
    entity_id, case_id, desk_id, sealed, message_id, body = row
    binding = case_binding(case_id, desk_id, 1)
    key = ContentKey(entity_id, case_id, open_sealed(desk_secret(desk_id), sealed, binding))
    assert key.open(body_of(message_id, "reporter", internal=False), body) == BODY
