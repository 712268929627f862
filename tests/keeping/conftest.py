"""Closed cases with everything on them, and the jobs that wait."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from spreekbuis import clock
from spreekbuis.actor import Actor, acting_as
from spreekbuis.cases import workflow
from spreekbuis.cases.contacts import register_contact
from spreekbuis.cases.dialogue import write_message
from spreekbuis.cases.models import Case
from spreekbuis.cases.opening import NewFile
from spreekbuis.cases.procedures import State
from spreekbuis.cases.satisfaction import score_case
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import CaseKind, Channel, DeskKind, Identity, Outcome
from spreekbuis.intake.models import Receipt
from spreekbuis.intake.reporters import receipt_of
from spreekbuis.jobs.models import Job, JobState
from spreekbuis.jobs.outbox import DEFINED
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.files import accept
from spreekbuis.vault.receipt_code import ReceiptCode, from_submission
from spreekbuis.web.access import Role
from tests.cases.conftest import opened_with_key
from tests.world import Browser, Tenant, World

RECEIVED = datetime(2026, 1, 12, 9, tzinfo=UTC)
CLOSED = datetime(2026, 3, 31, 9, tzinfo=UTC)
FILE = b"Lijst van betalingen"
STORY = "Mijn collega Wouterloot keurt offertes goed van zijn eigen firma."


def run_all_jobs() -> None:
    """Do what waits in the outbox, as the worker would, until nothing waits."""
    while True:
        with transaction(PLATFORM) as session:
            waiting = session.scalars(select(Job).where(Job.state == JobState.WAITING)).all()
            todo = [(job.name, job.tenant_id, job.args) for job in waiting]
            for job in waiting:
                job.state = JobState.DONE
        if not todo:
            return
        for name, tenant_id, args in todo:
            with transaction(tenant(tenant_id) if tenant_id else PLATFORM):
                DEFINED[name].work(**args)


@dataclass
class Desk:
    """An entity with two handlers of its integrity desk."""

    world: World
    entity: Tenant
    one: UUID
    two: UUID

    def url(self, case_id: UUID, what: str = "file") -> str:
        return f"/desk/{self.entity.ovo}/cases/{case_id}/{what}"

    def browser(self, account_id: UUID) -> Browser:
        return self.world.browser(account_id)

    def inside(self, account_id: UUID | None = None):
        return _Inside(self, account_id)

    def open_case(self, **changes) -> tuple[UUID, ContentKey, ReceiptCode]:
        """A report with a name, a file, a note, a contact, and the words of its reporter."""
        code = from_submission(uuid4().bytes * 2)
        with self.inside(self.one) as session, clock.at(RECEIVED):
            files = accept({uuid4(): FileStorage(io.BytesIO(FILE), "lijst.txt")}, keep_original=True).files
            case, key = opened_with_key(
                identity=Identity.NAMED, reporter={"name": "Melder Wouterloot"}, text=STORY,
                files=tuple(NewFile.of(file) for file in files.values()), **changes,
            )  # fmt: skip
            session.add(Receipt(**receipt_of(code, key)))
            workflow.acknowledge(case, key, "We hebben het ontvangen.")
            workflow.mark_kind(case, CaseKind.REPORT)
            workflow.change_state(case, State.IN_PROGRESS)
            workflow.add_note(case, key, "Een interne gedachte over Wouterloot.")
            register_contact(case, key, Channel.PHONE, RECEIVED, "Belde over Wouterloot.")
            write_message(case, key, author="reporter", text="Nog iets over wouterloot.")
        return key.subject_id, key, code

    def closed_case(self, **changes) -> tuple[UUID, ContentKey, ReceiptCode]:
        """An `open_case` that was closed, with a score and a comment."""
        case_id, key, code = self.open_case(**changes)
        with self.inside(self.one) as session, clock.at(CLOSED):
            case = session.get_one(Case, (self.entity.id, case_id))
            workflow.close(case, key, Outcome.FOUNDED, "Het klopt.")
            score_case(case, key, 4, "Goed geholpen.")
        return case_id, key, code

    def case(self, case_id: UUID) -> Case | None:
        with self.world.inside(self.entity) as session:
            found = session.get(Case, (self.entity.id, case_id))
            if found is not None:
                session.expunge(found)
            return found


class _Inside:
    def __init__(self, desk: Desk, account_id: UUID | None) -> None:
        self._actor = acting_as(Actor("account", account_id) if account_id else Actor("job"))
        self._inside = desk.world.inside(desk.entity)

    def __enter__(self):
        self._actor.__enter__()
        return self._inside.__enter__()

    def __exit__(self, *reason):
        try:
            self._inside.__exit__(*reason)
        finally:
            self._actor.__exit__(*reason)


@pytest.fixture
def desk(world) -> Desk:
    entity = world.entity()
    with clock.at(RECEIVED):
        one, two = (world.member(entity, Role.HANDLER, DeskKind.INTEGRITY) for _ in range(2))
    return Desk(world, entity, one, two)
