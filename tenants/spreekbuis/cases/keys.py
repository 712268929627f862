"""The key of a case: random, made with the case, sealed to a key of its desk (and to the reporter, in intake); while
somebody of the desk is kept out of it, to each of the others instead (access.case_keys).

A handler's way to a text: the session's cookie opens the account's secret, that opens the desk's secret, that the
key of the case, that the text. Each step is one sealing, so none of them costs more with more cases.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    ARRAY,
    CompoundSelect,
    Uuid,
    and_,
    any_,
    bindparam,
    func,
    null,
    select,
    union_all,
    update,
)

from spreekbuis.access.case_keys import case_binding, copy_binding, sealed_to_desk
from spreekbuis.access.desk_keys import NoKeyYet, desk_secrets, end_unused_keys, grant_binding, newest_key
from spreekbuis.access.models import CaseKey, CaseKeyCopy, DeskKey, DeskKeyGrant, LeftNote
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows
from spreekbuis.errors import Conflict
from spreekbuis.identity.models import AccountKey
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.sealing import context, open_sealed, open_with, pair_of, seal

AT_ONCE = 500
"""Cases that one step of resealing takes: well under a second."""


@dataclass(frozen=True, slots=True, repr=False)
class Reader:
    """An account with its secret, for the time of one request."""

    account_id: UUID
    secret: bytes

    def __repr__(self) -> str:
        return f"Reader({self.account_id})"


_OF_THE_DESK = (
    select(
        CaseKey.case_id,
        CaseKey.desk_id,
        CaseKey.version,
        CaseKey.secret_sealed,
        DeskKeyGrant.secret_sealed.label("granted"),
    )
    .join(
        DeskKeyGrant,
        and_(
            DeskKeyGrant.entity_id == CaseKey.entity_id,
            DeskKeyGrant.desk_id == CaseKey.desk_id,
            DeskKeyGrant.version == CaseKey.version,
        ),
    )
    .join(
        AccountKey,
        and_(AccountKey.account_id == DeskKeyGrant.account_id, AccountKey.key_id == DeskKeyGrant.key_id),
    )
    .where(
        CaseKey.entity_id == bindparam("entity"),
        CaseKey.case_id == any_(bindparam("cases", type_=ARRAY(Uuid))),
        DeskKeyGrant.account_id == bindparam("account"),
    )
)
_OF_MY_OWN = (
    select(CaseKeyCopy.case_id, CaseKeyCopy.desk_id, null(), CaseKeyCopy.secret_sealed, null())
    .join(
        AccountKey,
        and_(AccountKey.account_id == CaseKeyCopy.account_id, AccountKey.key_id == CaseKeyCopy.key_id),
    )
    .where(
        CaseKeyCopy.entity_id == bindparam("entity"),
        CaseKeyCopy.case_id == any_(bindparam("cases", type_=ARRAY(Uuid))),
        CaseKeyCopy.account_id == bindparam("account"),
    )
)
_GRANTED: CompoundSelect[Any] = union_all(_OF_THE_DESK, _OF_MY_OWN)


def key_of(case_id: UUID, reader: Reader) -> ContentKey:
    """The key of a case of the tenant in scope. One query. Raises NoKeyYet, CannotOpen."""
    key = keys_of([case_id], reader).get(case_id)
    if key is None:
        raise NoKeyYet
    return key


def keys_of(cases: Collection[UUID], reader: Reader) -> dict[UUID, ContentKey]:
    """The keys of these cases, as far as the reader can open them. One query. Raises CannotOpen."""
    entity_id = current_entity_id()
    found = rows(_GRANTED, {"entity": entity_id, "cases": list(cases), "account": reader.account_id})
    desk_pairs: dict[tuple[UUID, int], Any] = {}
    keys: dict[UUID, ContentKey] = {}
    mine = pair_of(reader.secret)
    for case_id, desk_id, version, sealed, granted in found:
        if version is None:  # somebody of the desk is kept out: it is sealed to me, and not to the desk
            binding = copy_binding(case_id, reader.account_id)
            keys[case_id] = ContentKey(entity_id, case_id, open_with(mine, sealed, binding))
            continue
        if (desk_id, version) not in desk_pairs:
            binding = grant_binding(desk_id, version, reader.account_id)
            desk_pairs[desk_id, version] = pair_of(open_with(mine, granted, binding))
        binding = case_binding(case_id, desk_id, version)
        keys[case_id] = ContentKey(
            entity_id, case_id, open_with(desk_pairs[desk_id, version], sealed, binding)
        )
    return keys


class Resealed(NamedTuple):
    """How far resealing is: cases that were done now, and that are left."""

    done: int
    left: int


def to_reseal(desks: Collection[UUID], account_id: UUID | None = None) -> dict[UUID, int]:
    """How many cases of each desk are still under an older key of it; desks without any are left out.

    With an account: only those whose key it was granted, which it can reseal itself.
    """
    newest = (
        select(DeskKey.desk_id, func.max(DeskKey.version).label("version"))
        .where(DeskKey.entity_id == current_entity_id())
        .group_by(DeskKey.desk_id)
        .subquery()
    )
    counted = (
        select(CaseKey.desk_id, func.count())
        .join(newest, newest.c.desk_id == CaseKey.desk_id)
        .where(
            CaseKey.entity_id == current_entity_id(),
            CaseKey.desk_id.in_(desks),
            CaseKey.version < newest.c.version,
        )
        .group_by(CaseKey.desk_id)
    )
    if account_id is not None:
        counted = counted.join(
            DeskKeyGrant,
            and_(
                DeskKeyGrant.entity_id == CaseKey.entity_id,
                DeskKeyGrant.desk_id == CaseKey.desk_id,
                DeskKeyGrant.version == CaseKey.version,
                DeskKeyGrant.account_id == account_id,
            ),
        ).join(
            AccountKey,
            and_(AccountKey.account_id == DeskKeyGrant.account_id, AccountKey.key_id == DeskKeyGrant.key_id),
        )
    return {row[0]: row[1] for row in db.session.execute(counted)}


class ReadersChanged(Conflict):
    """The desk has another key by now, which others may read than those who were shown."""

    title = _l(
        "Intussen is veranderd wie de dossiers daarna kan lezen. Kijk opnieuw wie er nu bij staat voor je verder gaat."
    )


def reseal(desk_id: UUID, reader: Reader, to: int, at_most: int = AT_ONCE) -> Resealed:
    """Move the oldest cases of a desk to its newest key, which must be version `to`: somebody saw who reads that one.
    Again and again until nothing is left; safe beside others.

    An old key that no case needs any more is deleted with all that was granted of it. Cases whose key the reader
    cannot open are left to a colleague. Raises NoKeyYet when the reader cannot open any, ReadersChanged.
    """
    entity_id = current_entity_id()
    secrets = desk_secrets(desk_id, reader.account_id, reader.secret)
    newest = newest_key(desk_id)
    if newest is None or not secrets:
        raise NoKeyYet
    if newest[0] != to:
        raise ReadersChanged
    mine = [version for version in secrets if version < newest[0]]
    pairs = {version: pair_of(secrets[version]) for version in mine}
    old = db.session.execute(
        select(CaseKey.case_id, CaseKey.version, CaseKey.secret_sealed)
        .where(CaseKey.entity_id == entity_id, CaseKey.desk_id == desk_id, CaseKey.version.in_(mine))
        .order_by(CaseKey.version, CaseKey.case_id)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    ).all()
    fresh = [
        {
            "at_case": case_id,
            "to_version": newest[0],
            "to_sealed": sealed_to_desk(
                ContentKey(
                    entity_id,
                    case_id,
                    open_with(pairs[version], sealed, case_binding(case_id, desk_id, version)),
                ),
                desk_id,
                newest[0],
                newest[1],
            ),
        }
        for case_id, version, sealed in old
    ]
    if fresh:
        db.session.connection().execute(
            update(CaseKey)
            .where(
                CaseKey.entity_id == entity_id,
                CaseKey.desk_id == desk_id,
                CaseKey.case_id == bindparam("at_case"),
            )
            .values(version=bindparam("to_version"), secret_sealed=bindparam("to_sealed")),
            fresh,
        )
    _reseal_notes(desk_id, [case_id for case_id, _, _ in old], secrets, newest)
    end_unused_keys(desk_id)
    return Resealed(len(fresh), to_reseal([desk_id]).get(desk_id, 0))


def _reseal_notes(
    desk_id: UUID, cases: Collection[UUID], secrets: Mapping[int, bytes], newest: tuple[int, bytes]
) -> None:
    """Move the notes that the front office left on these cases to the newest key of the desk, with the cases."""
    old = db.session.scalars(
        select(LeftNote)
        .where(
            LeftNote.entity_id == current_entity_id(),
            LeftNote.desk_id == desk_id,
            LeftNote.case_id.in_(cases),
            LeftNote.version.in_([version for version in secrets if version < newest[0]]),
        )
        .with_for_update(skip_locked=True)
    ).all()
    version, public_key = newest
    for note in old:
        assert note.version is not None, "these were asked by version"
        text = open_left(note, secrets[note.version])
        note.note_sealed = seal(public_key, text, left_binding(note.contact_id, desk_id, version))
        note.version = version
    db.session.flush()


def open_left(note: LeftNote, secret: bytes) -> bytes:
    """The note that was left, opened with the secret of its version of the desk's key, or of its case. Raises
    CannotOpen."""
    bound_to = left_binding(note.contact_id, note.desk_id, note.version)
    return open_sealed(secret, note.note_sealed, bound_to)


def left_binding(contact_id: UUID, desk_id: UUID, version: int | None) -> bytes:
    """What such a note is bound to. `version`: of the desk's key; None when it is sealed to its case."""
    if version is None:
        return context("note on a contact, for a case", contact_id)
    return context("note on a contact, for a desk", contact_id, desk_id, version)
