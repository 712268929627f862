import io
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from spreekbuis.cases.models import Attachment
from spreekbuis.clock import at, now, today
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.intake import upkeep
from spreekbuis.intake.drafts import take_files
from spreekbuis.intake.models import DraftFile, ReporterSession
from spreekbuis.intake.reporters import IDLE_LIMIT
from spreekbuis.jobs.models import Job
from spreekbuis.vault.storage import FolderStorage, new_key, storage
from tests.intake.flow import PDF, STORY, hidden, words


def stored(world, entity) -> set[str]:
    """The contents that the entity has in the storage."""
    days = [today() - timedelta(days=ago) for ago in range(-1, 12)]
    return {key for day in days for key in storage().keys_of(entity.id, day)}


def test_files_that_were_never_sent_go_after_a_day(world, entity, reporter, count):
    reporter.check(reporter.start(), ("brief.pdf", PDF))
    assert len(stored(world, entity)) == 1
    with at(now() + timedelta(hours=23)), world.inside(entity):
        assert upkeep.drop_old_draft_files() == {"files": 0}
    with at(now() + timedelta(hours=24, minutes=1)), world.inside(entity):
        assert upkeep.drop_old_draft_files() == {"files": 1}
    assert count(DraftFile) == 0
    assert stored(world, entity) == set()


def test_files_that_were_sent_stay_with_their_case(world, entity, reporter, count):
    reporter.report(("brief.pdf", PDF))
    with at(now() + timedelta(days=2)), world.inside(entity):
        upkeep.drop_old_draft_files()
    assert (count(DraftFile), count(Attachment)) == (0, 1)
    assert len(stored(world, entity)) == 1


def test_a_file_that_is_sent_while_old_files_are_dropped_keeps_its_content(world, entity, reporter):
    """The submit has the row, the job waits for it, and then finds that it was taken."""
    form = reporter.start()
    reporter.check(form, ("brief.pdf", PDF))
    dropping = threading.Thread(target=_drop_a_day_later, args=(world, entity))
    with world.inside(entity):
        (taken,) = take_files(str(form["token"]))
        dropping.start()
        _until_somebody_waits()
    dropping.join(30)
    assert stored(world, entity) == {taken.storage_key}


def test_contents_go_only_after_the_rows_are_gone_for_good(world, entity, reporter, count, monkeypatch):
    reporter.check(reporter.start(), ("brief.pdf", PDF))
    left: list[int] = []
    real = FolderStorage.delete

    def watched(self, key: str) -> None:
        left.append(_drafts_seen_from_outside(world, entity))
        real(self, key)

    monkeypatch.setattr(FolderStorage, "delete", watched)
    with at(now() + timedelta(days=2)), world.inside(entity):
        upkeep.drop_old_draft_files()
    assert left == [0]


def _drop_a_day_later(world, entity) -> None:
    with world.app.app_context(), at(now() + timedelta(days=2)), world.inside(entity):
        upkeep.drop_old_draft_files()


def _until_somebody_waits() -> None:
    """Ask the database, not the clock, whether the job stands before the lock."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(20_000):
        if db.session.scalar(waiting):
            return
    raise AssertionError("the job did not wait for the submit")


def _drafts_seen_from_outside(world, entity) -> int:
    with world.inside(entity):
        return len(db.session.scalars(select(DraftFile.id)).all())


def test_keeping_a_file_promises_one_job_for_the_hour(world, entity, reporter):
    reporter.check(reporter.start(), ("een.pdf", PDF))
    reporter.check(reporter.start(), ("twee.pdf", PDF))
    with transaction(PLATFORM):
        jobs = db.session.execute(
            select(Job.tenant_id, Job.run_at).where(Job.name == "intake.drop_old_files")
        ).all()
    assert [job.tenant_id for job in jobs] == [entity.id]
    assert jobs[0].run_at >= now() + timedelta(hours=24) - timedelta(minutes=1)


def test_files_that_went_while_the_page_stood_open_are_missed_before_sending(world, entity, reporter, count):
    checked = reporter.check(reporter.start(), ("brief.pdf", PDF))
    with at(now() + timedelta(hours=25)):
        with world.inside(entity):
            upkeep.drop_old_draft_files()
        page = reporter.send(checked)
        assert page.status_code == 409
        assert "Je bestanden zijn veranderd" in page.text
        assert STORY in page.text
        assert hidden(page)["files_shown"] == "0"
        assert len(words(reporter.send(page))) == 8


def test_mailbox_sessions_that_ended_are_forgotten(world, reporter):
    reporter.open_mailbox(" ".join(words(reporter.report())))
    with transaction(PLATFORM):
        assert upkeep.drop_ended_reporter_sessions() == {"sessions": 0}
    with at(now() + IDLE_LIMIT), transaction(PLATFORM):
        assert upkeep.drop_ended_reporter_sessions() == {"sessions": 1}
    with transaction(PLATFORM):
        assert db.session.scalars(select(ReporterSession)).all() == []


@pytest.fixture
def orphan(world, entity, reporter) -> str:
    """A content that no row names, beside those of a report and of a draft."""
    reporter.report(("brief.pdf", PDF))
    reporter.check(reporter.start(), ("wacht.pdf", PDF))
    with world.inside(entity):
        key = new_key()
        storage().put(key, io.BytesIO(b"lost"))
        return key


def test_a_content_without_a_row_goes_after_some_days_and_all_others_stay(world, entity, orphan):
    before = stored(world, entity)
    assert len(before) == 3
    with world.inside(entity):
        assert upkeep.drop_orphans() == {"files": 0}
    with at(now() + timedelta(days=3)), world.inside(entity):
        assert upkeep.drop_orphans() == {"files": 1}
    assert stored(world, entity) == before - {orphan}


def test_only_entities_with_recent_files_are_asked_to_look_for_orphans(world, entity, orphan):
    other = world.entity()
    for days, asked in ((0, []), (3, [entity.id]), (30, [entity.id])):
        with at(now() + timedelta(days=days)), transaction(PLATFORM):
            upkeep.look_for_orphans()
        with transaction(PLATFORM):
            wanted = select(Job.tenant_id).where(
                Job.name == "intake.drop_orphans", Job.tenant_id.in_([entity.id, other.id])
            )
            assert db.session.scalars(wanted).all() == asked
