"""The daily sweep of deadlines over every open case of an installation: how long, and how much memory."""

import logging
import os
import subprocess
import sys
import time

from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url

from spreekbuis.app import create_app
from spreekbuis.cases.reminders import remind
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import transaction
from spreekbuis.jobs.models import Job, JobState
from spreekbuis.jobs.outbox import DEFINED
from spreekbuis.settings import Settings
from tests.benchmarks.vault import _peak

REOPEN = """
UPDATE "case" SET closed_at = NULL, outcome = NULL, state = 'new', next_step = 'acknowledge',
    next_due_on = current_date - 1 WHERE closed_at IS NOT NULL
"""


def sweep(admin_url: str, database: str, env: dict[str, str]) -> dict[str, float]:
    """Reopen what is closed, then sweep, in a process of its own: seconds, MiB that it added, mails, open cases."""
    engine = create_engine(make_url(admin_url).set(drivername="postgresql+psycopg", database=database))
    with engine.begin() as connection:
        connection.execute(text(REOPEN))
        cases = connection.scalar(text('SELECT count(*) FROM "case" WHERE closed_at IS NULL')) or 0
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql('VACUUM ANALYZE "case"')
    engine.dispose()
    source = "from tests.benchmarks.sweep import _sweep; _sweep()"
    done = subprocess.run([sys.executable, "-c", source], env=env, capture_output=True, text=True, check=True)
    seconds, memory, jobs = map(float, done.stdout.split())
    return {"open cases": cases, "seconds": seconds, "memory MiB": memory, "jobs": jobs}


def _sweep() -> None:
    """Every job of the sweep, one after the other, each in its own transaction as a worker does it."""
    logging.disable(logging.INFO)
    app, jobs = create_app(Settings.from_environment(os.environ), pool_size=2), 0
    with app.app_context():
        with transaction(PLATFORM) as session:
            session.scalar(select(1))
        before, began = _peak(), time.perf_counter()
        with transaction(PLATFORM):
            remind()
        while True:
            with transaction(PLATFORM) as session:
                waiting = session.scalars(
                    select(Job).where(Job.state == JobState.WAITING, Job.name.like("cases.%")).limit(100)
                ).all()
                todo = [(job.name, job.tenant_id, job.args) for job in waiting]
                for job in waiting:
                    job.state = JobState.DONE
            if not todo:
                break
            for name, tenant_id, args in todo:
                with transaction(tenant(tenant_id) if tenant_id else PLATFORM):
                    DEFINED[name].work(**args)
                jobs += 1
        seconds = time.perf_counter() - began
    sys.stdout.write(f"{seconds} {_peak() - before} {jobs}")
