"""Erasing a case: its keys, its rows and its files go; the fact, the trail and a certificate stay.

Every table of a tenant with a `case_id` loses its rows of the case, found from the schema: a new table, or a new sealed
column of an old one, is erased without anybody thinking of it. What other floors keep of a case they forget in
`ERASURE_STEPS`. In backups of before that day the rows still stand, until those backups go (deploy/backups.md).
"""

from collections.abc import Callable, Iterator
from uuid import UUID

from flask_babel import force_locale
from sqlalchemy import MetaData, Table, delete, insert, select

from spreekbuis.access.models import CaseExclusion, ErasedExclusion
from spreekbuis.actor import acting
from spreekbuis.audit.models import AuditHead
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.keeping.grounds import Ground
from spreekbuis.cases.keeping.holds import refuse_held
from spreekbuis.cases.keeping.models import DoomedContent, ErasureCertificate, ErasureRequest
from spreekbuis.cases.models import Case
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.procedures import retention_of
from spreekbuis.clock import local_date, now
from spreekbuis.db.base import Base
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import at_end, db
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.vault.storage import storage

DROP_CONTENTS = "cases.drop_erased_contents"

STAYS = frozenset({ErasureCertificate.__tablename__, ErasedExclusion.__tablename__})
"""Tables of what is left of an erased case: that it was, and who may not know."""
ERASURE_STEPS: list[Callable[[UUID, Ground], None]] = []
"""What else forgets a case, in the same transaction; set by the composition root."""


def rows_of_cases(metadata: MetaData) -> list[Table]:
    """The tables of a tenant that hold something of a case, those that point at others of them first; but for what
    stays when it is erased."""
    return [
        table
        for table in reversed(metadata.sorted_tables)
        if {"entity_id", "case_id"} <= set(table.c.keys()) and table.name not in STAYS
    ]


def erase(case: Case, ground: Ground, request: ErasureRequest | None = None) -> None:
    """Erase a closed case, which the caller has locked. `request`: what a colleague asked and this account confirms.

    Raises Held. The contents of its files go after the commit, in a job; nothing opens them any more by then.
    """
    refuse_held(case)
    assert case.closed_at is not None, "an open case is not erased"
    entity_id, case_id, moment, retention = case.entity_id, case.id, now(), retention_of(case)
    contents = list(_contents_of(entity_id, case_id))
    certificate = ErasureCertificate(
        entity_id=entity_id, case_id=case_id, desk_id=case.desk_id,
        case_number=number_of(case.topic, case.year, case.number),
        received_on=local_date(case.received_at), closed_on=local_date(case.closed_at), erased_at=moment,
        ground=ground, months=retention.months, source=_in_dutch(retention.source),
        asked_by=request and request.asked_by, asked_at=request and request.asked_at,
        confirmed_by=acting().account_id, files=len(contents), trail_hash=b"",
    )  # fmt: skip
    out = db.session.scalars(
        select(CaseExclusion.account_id).where(
            CaseExclusion.entity_id == entity_id, CaseExclusion.case_id == case_id
        )
    ).all()
    for step in ERASURE_STEPS:
        step(case_id, ground)
    db.session.flush()
    db.session.expunge_all()
    for table in rows_of_cases(Base.metadata):
        db.session.execute(delete(table).where(table.c.entity_id == entity_id, table.c.case_id == case_id))
    db.session.execute(delete(Case).where(Case.entity_id == entity_id, Case.id == case_id))
    if out:
        kept_out = [
            {"entity_id": entity_id, "case_id": case_id, "account_id": account_id} for account_id in out
        ]
        db.session.execute(insert(ErasedExclusion).values(kept_out))
    if contents:
        rows = [{"entity_id": entity_id, "storage_key": key} for key in contents]
        db.session.execute(insert(DoomedContent).values(rows))
        enqueue(DROP_CONTENTS)
    record(Audited.CASE_ERASED, case_id, {"ground": ground.value, "files": len(contents)})
    at_end(f"certificate {case_id}", lambda: _keep(certificate))  # after the trail, which was asked first


def drop_contents() -> int:
    """Delete the contents of erased cases of the tenant in scope from the storage; twice is once. Gives how many."""
    doomed = db.session.scalars(
        select(DoomedContent).where(DoomedContent.entity_id == current_entity_id()).with_for_update()
    ).all()
    for row in doomed:
        storage().delete(row.storage_key)
        db.session.delete(row)
    return len(doomed)


def _contents_of(entity_id: UUID, case_id: UUID) -> Iterator[str]:
    for table in rows_of_cases(Base.metadata):
        if "storage_key" in table.c:
            yield from db.session.scalars(
                select(table.c.storage_key).where(table.c.entity_id == entity_id, table.c.case_id == case_id)
            )


def _keep(certificate: ErasureCertificate) -> None:
    """Write the certificate, with the end of the trail that tells of the erasure."""
    head = db.session.get_one(AuditHead, current_entity_id(), populate_existing=True)
    certificate.trail_hash = head.hash
    db.session.add(certificate)


def _in_dutch(text: object) -> str:
    """As the administration's language has it: what is proved does not change with who looks."""
    with force_locale("nl"):
        return str(text)
