"""The keys of cases of which somebody of the desk is kept out: sealed to each member who may read, not to the desk.

Whoever is kept out goes on holding the key of the desk; so that key must open nothing of such a case, also not for
somebody who reads the database with it. The recovery kit covers these cases one by one.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import bindparam, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from spreekbuis.access.desk_keys import Holder, NoRecoveryKit, handlers_with_key, newest_key, readers_of
from spreekbuis.access.models import (
    CaseExclusion,
    CaseKey,
    CaseKeyCopy,
    CaseKeyForRecovery,
    DeskKeyGrant,
    RecoveryKey,
    RecoveryShare,
)
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.recovery_share import Part
from spreekbuis.vault.sealing import context, derive, open_sealed, public_key_of, seal


def seal_to_readers(key: ContentKey, desk_id: UUID) -> None:
    """Bring in line who can open this case with who may: its desk, or while somebody is kept out of it, the others who
    read at the desk, and the recovery kit in force. What is right already is left as it is.

    Needs the key itself, so it is done by whoever changes an exclusion, and by whoever reads such a case afterwards:
    that reaches who joined the desk meanwhile, or has another key pair. Raises NoRecoveryKit.
    """
    entity_id, case_id = key.entity_id, key.subject_id
    of_case = (CaseExclusion.entity_id == entity_id, CaseExclusion.case_id == case_id)
    out = set(db.session.scalars(select(CaseExclusion.account_id).where(*of_case)))
    copies = {
        (account_id, key_id)
        for account_id, key_id in db.session.execute(
            select(CaseKeyCopy.account_id, CaseKeyCopy.key_id).where(
                CaseKeyCopy.entity_id == entity_id, CaseKeyCopy.case_id == case_id
            )
        )
    }
    if out:
        readers = [h for h in _readers(desk_id, case_id, copies) if h.account_id not in out]
        _take_from_others(key, readers)
        _give(key, desk_id, [h for h in readers if (h.account_id, h.key_id) not in copies])
        _seal_for_recovery(key, desk_id)
        _delete(CaseKey, key)
    elif db.session.get(CaseKey, (entity_id, case_id, desk_id)) is None:
        _seal_to_desk(key, desk_id)
        _delete(CaseKeyCopy, key)
        _delete(CaseKeyForRecovery, key)


def is_closed_to_some(case_id: UUID) -> bool:
    """Whether somebody of the desk is kept out of the case."""
    return bool(rows(_CLOSED_TO, {"entity": current_entity_id(), "case": case_id}))


_CLOSED_TO = (
    select(CaseExclusion.account_id)
    .where(CaseExclusion.entity_id == bindparam("entity"), CaseExclusion.case_id == bindparam("case"))
    .limit(1)
)


def address_of(case_id: UUID) -> bytes | None:
    """To what whoever cannot read this case seals a note on it, while somebody of the desk is kept out of it; None when
    that is the key of the desk."""
    return db.session.scalar(
        select(CaseKeyForRecovery.public_key).where(
            CaseKeyForRecovery.entity_id == current_entity_id(), CaseKeyForRecovery.case_id == case_id
        )
    )


def secret_for_notes(key: ContentKey) -> bytes:
    """What opens a note that was sealed to the case. It follows from the key of the case, whoever holds that."""
    return derive(key.secret, context("notes on a case", key.subject_id))


def take_copies(desk_id: UUID, accounts: Collection[UUID]) -> None:
    """Whoever leaves the desk has no copies there any more; but for the last way to a case, as with the desk's keys."""
    entity_id, other = current_entity_id(), aliased(CaseKeyCopy)
    parts_on_paper = (
        select(func.count())
        .where(
            RecoveryShare.entity_id == entity_id,
            RecoveryShare.kit_id == CaseKeyForRecovery.kit_id,
            RecoveryShare.kept_at.is_not(None),
        )
        .scalar_subquery()
    )
    db.session.execute(
        delete(CaseKeyCopy)
        .where(
            CaseKeyCopy.entity_id == entity_id,
            CaseKeyCopy.desk_id == desk_id,
            CaseKeyCopy.account_id.in_(accounts),
            or_(
                select(other.case_id)
                .where(
                    other.entity_id == entity_id,
                    other.case_id == CaseKeyCopy.case_id,
                    other.account_id.not_in(accounts),
                )
                .exists(),
                select(CaseKeyForRecovery.case_id)
                .where(
                    CaseKeyForRecovery.entity_id == entity_id,
                    CaseKeyForRecovery.case_id == CaseKeyCopy.case_id,
                    parts_on_paper == len(Part),
                )
                .exists(),
            ),
        )
        .execution_options(synchronize_session=False)
    )


def restore_copies(kit_id: UUID, secret: bytes, to: Collection[UUID]) -> None:
    """With the secret of a kit: seal the keys of the cases that it covers to those of their readers-to-be who are in
    `to` and not kept out, and put them under the kit in force."""
    entity_id = current_entity_id()
    covered = db.session.execute(
        select(
            CaseKeyForRecovery.case_id, CaseKeyForRecovery.desk_id, CaseKeyForRecovery.secret_sealed
        ).where(CaseKeyForRecovery.entity_id == entity_id, CaseKeyForRecovery.kit_id == kit_id)
    ).all()
    for case_id, desk_id, sealed in covered:
        key = ContentKey(entity_id, case_id, open_sealed(secret, sealed, recovery_binding(case_id, kit_id)))
        out = set(
            db.session.scalars(
                select(CaseExclusion.account_id).where(
                    CaseExclusion.entity_id == entity_id, CaseExclusion.case_id == case_id
                )
            )
        )
        _give(key, desk_id, [h for h in handlers_with_key(desk_id) if h.account_id in set(to) - out])
        _seal_for_recovery(key, desk_id)


def copy_binding(case_id: UUID, account_id: UUID) -> bytes:
    """What a member's copy is bound to."""
    return context("case key, for a member", case_id, account_id)


def recovery_binding(case_id: UUID, kit_id: UUID) -> bytes:
    """What the copy for the recovery kit is bound to."""
    return context("case key, for recovery", case_id, kit_id)


def case_binding(case_id: UUID, desk_id: UUID, version: int) -> bytes:
    """What the key of a case that is sealed to its desk is bound to."""
    return context("case key, for a desk", case_id, desk_id, version)


def sealed_to_desk(key: ContentKey, desk_id: UUID, version: int, public_key: bytes) -> bytes:
    """The key of a case as `CaseKey` keeps it."""
    return seal(public_key, key.secret, case_binding(key.subject_id, desk_id, version))


def _readers(desk_id: UUID, case_id: UUID, copies: Collection[tuple[UUID, UUID]]) -> list[Holder]:
    """Who read this case until now, and who reads new cases of the desk. Who waits for a colleague keeps waiting."""
    entity_id = current_entity_id()
    until_now = db.session.execute(
        select(DeskKeyGrant.account_id, DeskKeyGrant.key_id)
        .join(
            CaseKey,
            (CaseKey.entity_id == DeskKeyGrant.entity_id)
            & (CaseKey.desk_id == DeskKeyGrant.desk_id)
            & (CaseKey.version == DeskKeyGrant.version),
        )
        .where(
            DeskKeyGrant.entity_id == entity_id, DeskKeyGrant.desk_id == desk_id, CaseKey.case_id == case_id
        )
    )
    read = {*copies, *((row.account_id, row.key_id) for row in until_now)}
    read |= {(holder.account_id, holder.key_id) for holder in readers_of(desk_id)}
    return [holder for holder in handlers_with_key(desk_id) if (holder.account_id, holder.key_id) in read]


def _take_from_others(key: ContentKey, readers: Collection[Holder]) -> None:
    db.session.execute(
        delete(CaseKeyCopy).where(
            CaseKeyCopy.entity_id == key.entity_id,
            CaseKeyCopy.case_id == key.subject_id,
            CaseKeyCopy.account_id.not_in([holder.account_id for holder in readers]),
        )
    )


def _give(key: ContentKey, desk_id: UUID, holders: Collection[Holder]) -> None:
    if not holders:
        return
    given = insert(CaseKeyCopy).values(
        [
            {
                "entity_id": key.entity_id, "case_id": key.subject_id, "account_id": holder.account_id,
                "desk_id": desk_id, "key_id": holder.key_id,
                "secret_sealed": seal(
                    holder.public_key, key.secret, copy_binding(key.subject_id, holder.account_id)
                ),
            }
            for holder in holders
        ]
    )  # fmt: skip
    db.session.execute(
        given.on_conflict_do_update(
            index_elements=["entity_id", "case_id", "desk_id", "account_id"],
            set_={"key_id": given.excluded.key_id, "secret_sealed": given.excluded.secret_sealed},
        )
    )


def _seal_for_recovery(key: ContentKey, desk_id: UUID) -> None:
    """Under the kit in force, unless it is there already."""
    kit = db.session.execute(
        select(RecoveryKey.id, RecoveryKey.public_key).where(
            RecoveryKey.entity_id == key.entity_id, RecoveryKey.ended_at.is_(None)
        )
    ).one_or_none()
    if kit is None:
        raise NoRecoveryKit
    under = select(CaseKeyForRecovery.kit_id).where(
        CaseKeyForRecovery.entity_id == key.entity_id, CaseKeyForRecovery.case_id == key.subject_id
    )
    if db.session.scalar(under) == kit.id:
        return
    _delete(CaseKeyForRecovery, key)
    sealed = seal(kit.public_key, key.secret, recovery_binding(key.subject_id, kit.id))
    db.session.execute(
        insert(CaseKeyForRecovery).values(
            entity_id=key.entity_id, case_id=key.subject_id, desk_id=desk_id, kit_id=kit.id, secret_sealed=sealed,
            public_key=public_key_of(secret_for_notes(key)),
        )
    )  # fmt: skip


def _seal_to_desk(key: ContentKey, desk_id: UUID) -> None:
    newest = newest_key(desk_id)
    if newest is None:
        raise NoRecoveryKit
    db.session.add(
        CaseKey(
            entity_id=key.entity_id, case_id=key.subject_id, desk_id=desk_id, version=newest[0],
            secret_sealed=sealed_to_desk(key, desk_id, *newest),
        )
    )  # fmt: skip
    db.session.flush()


def _delete(table: type[CaseKey | CaseKeyCopy | CaseKeyForRecovery], key: ContentKey) -> None:
    db.session.execute(delete(table).where(table.entity_id == key.entity_id, table.case_id == key.subject_id))
