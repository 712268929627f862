"""A look at the invitation mails that jobs would send."""

import pytest
from sqlalchemy import select

from spreekbuis.access import jobs as access_jobs
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import transaction
from spreekbuis.jobs.models import Job
from spreekbuis.jobs.outbox import DEFINED
from spreekbuis.notify import mail


@pytest.fixture
def mailed(app, monkeypatch):
    """Runs the invitation jobs, each in its tenant's scope; gives the mails that they delivered."""
    sent: list[dict[str, str]] = []

    def deliver(template: str, to: str, language: str, **values: str) -> None:
        sent.append({"template": template, "to": to, "language": language, **values})

    monkeypatch.setattr(mail, "deliver", deliver)

    def run() -> list[dict[str, str]]:
        sent.clear()
        with transaction(PLATFORM) as session:
            wanted = select(Job.tenant_id, Job.args).where(Job.name == access_jobs.MAIL_INVITATION)
            waiting = session.execute(wanted.order_by(Job.id)).all()
        for row in waiting:
            with transaction(tenant(row.tenant_id)):
                DEFINED[access_jobs.MAIL_INVITATION].work(**row.args)
        return list(sent)

    return run
