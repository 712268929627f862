"""What was sealed to an earlier key pair of an account: asked for again, and sealed again to its pair of today.

Whoever resets a forgotten password gets another pair, to which a colleague can grant the reading. With a passkey the
owner opens the secret of the pair before instead (identity.restoring): only what is still there is sealed again, and
whoever left a desk has no grant there any more.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from spreekbuis.access import jobs
from spreekbuis.access.case_keys import copy_binding
from spreekbuis.access.desk_keys import grant_binding
from spreekbuis.access.models import CaseKeyCopy, DeskKeyGrant, Membership, MembershipLookup, RecoveryShare
from spreekbuis.access.recovery import share_binding
from spreekbuis.access.roles import holds_today
from spreekbuis.audit.trail import Audited, record
from spreekbuis.db.session import db, within
from spreekbuis.identity.models import AccountKey
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.vault.sealing import open_sealed, seal
from spreekbuis.web.access import Role


def seal_again(account_id: UUID, earlier: UUID, secret: bytes) -> int:
    """Seal the grants of the pair `earlier`, whose secret this is, to the pair of today, in every entity of the
    account; gives how many. In platform scope. Audited in each entity. Raises CannotOpen.
    """
    today = db.session.get_one(AccountKey, account_id)
    restored = 0
    for entity_id in _entities_of(account_id):
        with within(entity_id):
            restored += _desk_keys(entity_id, today, earlier, secret)
            restored += _case_keys(entity_id, today, earlier, secret)
            restored += _recovery_parts(entity_id, today, earlier, secret)
    return restored


def ask_for_access(account_id: UUID) -> None:
    """Have a mail sent, for every desk of the account, to those who can let its pair of today read. In platform
    scope."""
    for entity_id in _entities_of(account_id):
        with within(entity_id):
            desks = db.session.scalars(
                select(Membership.desk_id).where(
                    holds_today(), Membership.account_id == account_id, Membership.role == Role.HANDLER
                )
            ).all()
            for desk_id in desks:
                enqueue(jobs.ASK_FOR_ACCESS, desk_id=str(desk_id), account_id=str(account_id))


def _entities_of(account_id: UUID) -> Sequence[UUID]:
    return db.session.scalars(
        select(MembershipLookup.tenant_id)
        .where(MembershipLookup.account_id == account_id)
        .order_by(MembershipLookup.tenant_id)
    ).all()


def _desk_keys(entity_id: UUID, today: AccountKey, earlier: UUID, secret: bytes) -> int:
    grants = db.session.scalars(
        select(DeskKeyGrant)
        .where(
            DeskKeyGrant.entity_id == entity_id,
            DeskKeyGrant.account_id == today.account_id,
            DeskKeyGrant.key_id == earlier,
        )
        .order_by(DeskKeyGrant.desk_id, DeskKeyGrant.version)
        .with_for_update()
    ).all()
    for grant in grants:
        binding = grant_binding(grant.desk_id, grant.version, today.account_id)
        grant.secret_sealed = seal(
            today.public_key, open_sealed(secret, grant.secret_sealed, binding), binding
        )
        grant.key_id = today.key_id
    for desk_id in dict.fromkeys(grant.desk_id for grant in grants):
        record(Audited.DESK_KEY_RESTORED, desk_id, {"account": str(today.account_id)})
    return len(grants)


def _case_keys(entity_id: UUID, today: AccountKey, earlier: UUID, secret: bytes) -> int:
    """Cases of which somebody of the desk is kept out: their keys are sealed to each reader."""
    copies = db.session.scalars(
        select(CaseKeyCopy)
        .where(
            CaseKeyCopy.entity_id == entity_id,
            CaseKeyCopy.account_id == today.account_id,
            CaseKeyCopy.key_id == earlier,
        )
        .with_for_update()
    ).all()
    for copy in copies:
        binding = copy_binding(copy.case_id, today.account_id)
        copy.secret_sealed = seal(today.public_key, open_sealed(secret, copy.secret_sealed, binding), binding)
        copy.key_id = today.key_id
    return len(copies)


def _recovery_parts(entity_id: UUID, today: AccountKey, earlier: UUID, secret: bytes) -> int:
    """Parts of the recovery kit that are not on paper yet."""
    parts = db.session.scalars(
        select(RecoveryShare)
        .where(
            RecoveryShare.entity_id == entity_id,
            RecoveryShare.account_id == today.account_id,
            RecoveryShare.key_id == earlier,
            RecoveryShare.share_sealed.is_not(None),
        )
        .with_for_update()
    ).all()
    for part in parts:
        binding = share_binding(part.kit_id, part.part, today.account_id)
        part.share_sealed = seal(
            today.public_key, open_sealed(secret, part.share_sealed or b"", binding), binding
        )
        part.key_id = today.key_id
        record(Audited.RECOVERY_SHARE_RESTORED, part.kit_id, {"part": part.part})
    return len(parts)
