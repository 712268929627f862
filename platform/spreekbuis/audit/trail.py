"""Write and verify the audit trail.

Each row's hash covers the hash before it and its own fields, so that a changed, added or removed row breaks the
chain of its entity. Rows are collected during the transaction and written at its end, under a lock on the head.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC
from enum import StrEnum
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.actor import acting
from spreekbuis.audit.models import AuditEvent, AuditHead
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import at_end, db, rows

GENESIS = bytes(32)


class Audited(StrEnum):
    """Every kind of event, named `<thing>.<what happened>`. `data` holds codes, dates and counts only."""

    ENROLMENT_VERIFIED = "enrolment.verified"
    ENROLMENT_APPROVED = "enrolment.approved"
    ENROLMENT_REFUSED = "enrolment.refused"
    ENTITY_CREATED = "entity.created"
    ENTITY_MERGE_BEGUN = "entity.merge_begun"
    ENTITY_WENT_OVER = "entity.went_over"
    ENTITY_TOOK_OVER = "entity.took_over"
    ENTITY_MERGE_UNDONE = "entity.merge_undone"
    ENTITY_MERGE_CONFIRMED = "entity.merge_confirmed"
    ENTITY_RENAMED = "entity.renamed"
    ENTITY_MOVED = "entity.moved"
    REGISTER_PROPOSED = "register.proposed"
    REGISTER_IMPORTED = "register.imported"
    REGISTER_RESTORED = "register.restored"
    ACTOR_SET = "actor.set"
    ACTOR_REMOVED = "actor.removed"
    ACTOR_CONFIRMED = "actor.confirmed"
    INSTRUMENT_CHANGED = "instrument.changed"
    INSTRUMENT_ASKED = "instrument.asked"
    INSTRUMENT_NO_LONGER_ASKED = "instrument.no_longer_asked"
    INSTRUMENT_READ = "instrument.read"
    DIRECTORY_TOKEN_MADE = "directory.token_made"  # noqa: S105 (the name of an event)
    DIRECTORY_TOKEN_ENDED = "directory.token_ended"  # noqa: S105 (the name of an event)
    DIRECTORY_PERSON_CREATED = "directory.person_created"
    DIRECTORY_PERSON_CHANGED = "directory.person_changed"
    DIRECTORY_PERSON_REMOVED = "directory.person_removed"
    DIRECTORY_GROUP_CHANGED = "directory.group_changed"
    DIRECTORY_GROUP_REMOVED = "directory.group_removed"
    DIRECTORY_ROLE_DECLARED = "directory.role_declared"
    DIRECTORY_LAST_ADMINISTRATOR_KEPT = "directory.last_administrator_kept"
    TRAINING_CHANGED = "training.changed"
    TRAINING_CALLED_OFF = "training.called_off"
    TRAINING_ASKED = "training.asked"
    TRAINING_CANCELLED = "training.cancelled"
    TRAINING_ATTENDANCE_NOTED = "training.attendance_noted"
    CENTRAL_ACTOR_CHANGED = "central_actor.changed"
    CENTRAL_ACTOR_CONFIRMED = "central_actor.confirmed"
    MEMBER_INVITED = "member.invited"
    MEMBER_JOINED = "member.joined"
    MEMBER_ENDED = "member.ended"
    MEMBER_ADVISER_NAMED = "member.adviser_named"
    INVITATION_WITHDRAWN = "invitation.withdrawn"
    DESK_KEY_RENEWED = "desk_key.renewed"
    DESK_KEY_GRANTED = "desk_key.granted"
    DESK_KEY_RESTORED = "desk_key.restored"
    DESK_KEY_ENDED = "desk_key.ended"
    RECOVERY_KIT_MADE = "recovery.kit_made"
    RECOVERY_SHARE_READ = "recovery.share_read"
    RECOVERY_SHARE_KEPT = "recovery.share_kept"
    RECOVERY_SHARE_RESTORED = "recovery.share_restored"
    RECOVERY_REFUSED = "recovery.refused"
    RECOVERY_USED = "recovery.used"
    KEY_CHANGE_ASKED = "key_change.asked"
    KEY_CHANGE_AGREED = "key_change.agreed"
    KEY_CHANGE_STOPPED = "key_change.stopped"
    KEY_CHANGE_CARRIED_OUT = "key_change.carried_out"
    CASE_OPENED = "case.opened"
    CASE_READ = "case.read"
    CASE_SEARCHED = "case.searched"
    CASE_CHANGED = "case.changed"
    CASE_CLOSED = "case.closed"
    CASE_SCORED = "case.scored"
    CASE_MEMBER_EXCLUDED = "case.member_excluded"
    CASE_MEMBER_ADMITTED = "case.member_admitted"
    CASE_TERM_CHANGED = "case.term_changed"
    CASE_PROCEDURE_CHOSEN = "case.procedure_chosen"
    CASE_LINKED = "case.linked"
    CASE_UNLINKED = "case.unlinked"
    CASE_MERGED = "case.merged"
    CASE_UNMERGED = "case.unmerged"
    CASE_EXPORTED = "case.exported"
    CASE_REDACTED = "case.redacted"
    CASE_HELD = "case.held"
    CASE_RELEASED = "case.released"
    CASE_ERASED = "case.erased"
    RETENTION_WARNED = "retention.warned"
    ERASURE_ASKED = "erasure.asked"
    ERASURE_WITHDRAWN = "erasure.withdrawn"
    DATA_REQUEST_RECORDED = "data_request.recorded"
    DATA_REQUEST_EXTENDED = "data_request.extended"
    DATA_REQUEST_ANSWERED = "data_request.answered"
    CONTACT_COUNTED = "contact.counted"
    CONTACT_MISSED = "contact.missed"
    SCRIPT_CHANGED = "script.changed"
    CHAT_TAKEN = "chat.taken"
    CHAT_ENDED = "chat.ended"
    CHAT_HOURS_CHANGED = "chat_hours.changed"
    CITIZENS_HOST_SET = "citizens_host.set"
    LETTER_SENT = "letter.sent"
    LETTER_READ = "letter.read"
    LETTER_ANSWERED = "letter.answered"
    ATTACHMENT_READ = "attachment.read"
    CONTRIBUTION_SET = "contribution.set"
    AFFILIATION_SET = "affiliation.set"
    SERVICE_GRANTED = "service.granted"
    SERVICE_ENDED = "service.ended"
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_PASSWORD_CHANGED = "account.password_changed"  # noqa: S105 (the name of an event)
    ACCOUNT_SECOND_FACTOR_SET = "account.second_factor_set"
    ACCOUNT_SIGNED_IN = "account.signed_in"
    ACCOUNT_SIGNED_OUT = "account.signed_out"
    ACCOUNT_LINKED = "account.linked"
    VAULT_CHOSEN = "vault.chosen"
    ACCOUNT_LOCKED = "account.locked"
    ACCOUNT_DISABLED = "account.disabled"
    ACCOUNT_SECOND_FACTOR_RESET = "account.second_factor_reset"
    ACCOUNT_SECOND_FACTOR_CHANGED = "account.second_factor_changed"
    RECOVERY_CODES_MADE = "recovery_codes.made"
    RECOVERY_CODES_USED = "recovery_codes.used"
    PASSKEY_ADDED = "passkey.added"
    PASSKEY_REMOVED = "passkey.removed"
    PASSKEY_USED = "passkey.used"
    PROVIDER_RULE_MADE = "provider_rule.made"
    PROVIDER_RULE_ENDED = "provider_rule.ended"
    SIGN_IN_DOMAIN_SET = "sign_in_domain.set"
    PLATFORM_ROLE_GRANTED = "platform_role.granted"
    QUESTIONNAIRE_CHANGED = "questionnaire.changed"
    QUESTIONNAIRE_PUBLISHED = "questionnaire.published"
    FIGURES_EXPORTED = "figures.exported"
    PROCEDURE_EDITED = "procedure.edited"
    PROCEDURE_PUBLISHED = "procedure.published"


def record(
    kind: Audited, subject_id: UUID | None = None, data: Mapping[str, str | int | bool | None] | None = None
) -> None:
    """Add an event to the trail of the tenant in scope (or of the platform), in this transaction."""
    pending: list[AuditEvent] = db.session.info.setdefault("audit", [])
    pending.append(
        AuditEvent(
            id=new_id(),
            at=now(),
            actor=str(acting()),
            kind=kind,
            subject_id=subject_id,
            data=dict(data or {}),
        )
    )
    at_end("audit", _write)


# Made once: every change of a case writes it.
_HEAD = (
    insert(AuditHead)
    .values(entity_id=bindparam("entity"), sequence=0, hash=bindparam("genesis"))
    .on_conflict_do_update(
        index_elements=["entity_id"], set_={"sequence": AuditHead.sequence + bindparam("more")}
    )
    .returning(AuditHead.sequence, AuditHead.hash)
)


def _write() -> None:
    session = db.session
    pending: list[AuditEvent] = session.info.pop("audit")
    entity_id = current_entity_id()
    ((last, link),) = rows(_HEAD, {"entity": entity_id, "genesis": GENESIS, "more": len(pending)})
    sequence = 0 if last == 0 else last - len(pending)
    for event in pending:
        sequence += 1
        event.entity_id, event.sequence = entity_id, sequence
        event.hash = link = seal(link, event)
    session.add_all(pending)
    session.execute(
        AuditHead.__table__.update()  # type: ignore[attr-defined]
        .where(AuditHead.entity_id == entity_id)
        .values(sequence=sequence, hash=link)
    )
    session.flush()


def seal(before: bytes, event: AuditEvent) -> bytes:
    """SHA-256 over the hash before and the event's fields in a fixed form."""
    at = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = [
        str(event.entity_id), event.sequence, str(event.id), at, event.actor, str(event.kind),
        str(event.subject_id), event.data,
    ]  # fmt: skip
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(before + text.encode()).digest()


def taken_over() -> list[tuple[UUID, int, bytes]]:
    """The trails that this tenant's trail says to go on from: entity, the sequence at which it took over, and the hash
    that stood there."""
    events = db.session.scalars(
        select(AuditEvent.data).where(
            AuditEvent.entity_id == current_entity_id(), AuditEvent.kind == Audited.ENTITY_TOOK_OVER
        )
    )
    return [(UUID(data["from"]), data["sequence"], bytes.fromhex(data["head"])) for data in events]


def holds_at(sequence: int, hash_: bytes) -> bool:
    """Whether the trail of this tenant has this hash at that place."""
    found = db.session.scalar(
        select(AuditEvent.hash).where(
            AuditEvent.entity_id == current_entity_id(), AuditEvent.sequence == sequence
        )
    )
    return found == hash_


def first_break() -> int | None:
    """The sequence of the first row of this tenant's trail that does not fit, or None when the trail is whole."""
    session = db.session
    entity_id = current_entity_id()
    link, expected = GENESIS, 1
    events = session.scalars(
        select(AuditEvent).where(AuditEvent.entity_id == entity_id).order_by(AuditEvent.sequence)
    )
    for event in events:
        if event.sequence != expected or event.hash != seal(link, event):
            return expected
        link, expected = event.hash, expected + 1
    head = session.get(AuditHead, entity_id)
    if head is None:
        return None if expected == 1 else 1
    return None if (head.sequence, head.hash) == (expected - 1, link) else expected
