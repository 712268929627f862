"""A report saved to go on later: only its words open it, it does not last, and it is nowhere readable."""

import io
import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import func, select, update

from spreekbuis.clock import at, now, today
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.errors import Invalid
from spreekbuis.intake import patience, saved_drafts, stock
from spreekbuis.intake.drafts import drop_old_files
from spreekbuis.intake.models import DraftFile, SavedDraft
from spreekbuis.intake.saved_drafts import LIFETIME, drop_old_drafts
from spreekbuis.jobs.models import Job
from spreekbuis.vault.storage import storage
from tests.intake.flow import PDF, Reporter, hidden, words
from tests.intake.traces import found_in_database

TEXT = "Er staat elke vrijdag een bestelwagen zonder nummerplaat."
UNKNOWN = "sweater vermoedt weblog harlekijn kwadraat ettelijke symptomen huurprijs"


@pytest.fixture(autouse=True)
def waited(app, monkeypatch) -> list[float]:
    """How long wrong codes would have waited, in seconds."""
    waits: list[float] = []
    settings = app.extensions["settings"]
    monkeypatch.setitem(app.extensions, "patience", patience.Patience(settings.redis_url, waits.append))
    monkeypatch.setattr(patience, "WRONG_PER_MINUTE", 10**6)
    return waits


def save(reporter: Reporter, form: dict[str, object], *files: tuple[str, bytes]):
    data = {**form, "files": [(io.BytesIO(content), name) for name, content in files]}
    return reporter.browser.post(f"{reporter.at}/save", data, content_type="multipart/form-data")


def saved(reporter: Reporter, *files: tuple[str, bytes], **form: str) -> str:
    """Save a draft; gives its words."""
    page = save(reporter, {**reporter.start(), "text": TEXT, **form}, *files)
    assert page.status_code == 200, page.text
    return " ".join(words(page))


def reopen(reporter: Reporter, code: str, **more: str):
    return reporter.browser.post(f"{reporter.at}/reopen", {"code": code, **more})


def drafts() -> int:
    with transaction(PLATFORM) as session:
        return session.scalar(select(func.count()).select_from(SavedDraft)) or 0


def test_the_words_open_the_text_in_another_browser_with_its_files(world, entity, reporter):
    code = saved(reporter, ("brief.pdf", PDF), identity="confidential", name="Magazijnier")
    elsewhere = Reporter(world.browser(), entity)
    page = reopen(elsewhere, code.upper())
    assert page.status_code == 200
    for shown in (TEXT, "Magazijnier", "brief.pdf"):
        assert shown in page.text
    form = {**hidden(page), "text": TEXT, "identity": "anonymous", "reporter_class": "staff"}
    receipt = elsewhere.send(elsewhere.check(form))
    assert "We hebben je melding goed ontvangen" in receipt.text
    assert " ".join(words(receipt)) != code


def test_what_was_sent_is_not_kept_as_a_draft_any_more(reporter):
    code = saved(reporter)
    page = reopen(reporter, code)
    reporter.send(
        reporter.check({**hidden(page), "text": TEXT, "identity": "anonymous", "reporter_class": "staff"})
    )
    assert drafts() == 0
    assert reopen(reporter, code).status_code == 422


def test_saving_again_keeps_the_words_and_the_last_text(reporter):
    form = {**reporter.start(), "text": TEXT}
    first = words(save(reporter, form))
    page = save(reporter, {**form, "text": "Een tweede versie."})
    assert words(page) == first
    assert drafts() == 1
    opened = reopen(reporter, " ".join(first)).text
    assert "Een tweede versie." in opened
    assert TEXT not in opened


def test_whoever_goes_on_writing_after_saving_loses_nothing(reporter):
    page = save(reporter, {**reporter.start(), "text": TEXT}, ("brief.pdf", PDF))
    again = reporter.browser.post(f"{reporter.at}/edit", hidden(page))
    assert TEXT in again.text
    assert "brief.pdf" in again.text


def test_nothing_of_it_is_readable_in_the_database(reporter, database):
    code = saved(
        reporter, ("geheime-lijst.pdf", PDF), identity="confidential", name="Magazijnmeester Kelderverdiep"
    )
    assert not found_in_database(
        database, TEXT, "geheime-lijst", "Kelderverdiep", code, code.split()[0] + " "
    )


def test_a_wrong_code_is_answered_slowly_and_opens_nothing(reporter, waited):
    saved(reporter)
    for wrong in (UNKNOWN, "", "boom roos", "x" * 5000):
        page = reopen(reporter, wrong)
        assert page.status_code == 422
        assert TEXT not in page.text
    assert len(waited) == 4


def test_the_receipt_of_a_report_opens_no_draft_and_the_words_of_a_draft_no_mailbox(reporter):
    code = saved(reporter)
    assert reporter.open_mailbox(code).status_code == 422
    receipt = " ".join(words(reporter.report()))
    assert reopen(reporter, receipt).status_code == 422


def test_the_words_open_nothing_in_another_entity(world, reporter):
    code = saved(reporter)
    other = Reporter(world.browser(), world.entity())
    page = reopen(other, code)
    assert page.status_code == 422
    assert TEXT not in page.text
    assert reopen(other, code, do="erase").status_code == 422
    assert reopen(reporter, code).status_code == 200


def test_what_was_locked_with_other_words_does_not_open(reporter):
    """Whoever can write the table cannot put another text under somebody's words."""
    first = saved(reporter)
    with transaction(PLATFORM) as session:
        mine = session.scalars(select(SavedDraft.lookup_hash)).one()
    saved(reporter, text="Een ander verhaal.")
    with transaction(PLATFORM) as session:
        other = session.scalars(select(SavedDraft.form_locked).where(SavedDraft.lookup_hash != mine)).one()
        session.execute(update(SavedDraft).where(SavedDraft.lookup_hash == mine).values(form_locked=other))
    page = reopen(reporter, first)
    assert page.status_code >= 400
    assert "Een ander verhaal." not in page.text


def test_a_draft_lasts_a_week_and_its_files_with_it(world, entity, reporter):
    code, start = saved(reporter, ("brief.pdf", PDF)), now()
    with at(start + LIFETIME - timedelta(minutes=5)):
        with world.inside(entity):
            assert drop_old_files() == 0
        assert "brief.pdf" in reopen(reporter, code).text
    with at(start + LIFETIME + timedelta(minutes=5)):
        assert reopen(reporter, code).status_code == 422
        with transaction(PLATFORM):
            assert drop_old_drafts() == 1
        with world.inside(entity):
            assert drop_old_files() == 1
    assert drafts() == 0
    assert storage().keys_of(entity.id, today()) == []


def test_the_work_of_dropping_the_files_is_promised_for_the_end_of_the_week(world, entity, reporter):
    saved(reporter, ("brief.pdf", PDF))
    with transaction(PLATFORM) as session:
        moments = session.scalars(select(Job.run_at).where(Job.name == "intake.drop_old_files")).all()
    assert max(moments) > now() + LIFETIME


def test_the_reporter_erases_it(entity, reporter):
    code = saved(reporter, ("brief.pdf", PDF))
    assert reopen(reporter, code, do="erase").status_code == 303
    assert drafts() == 0
    assert storage().keys_of(entity.id, today()) == []
    assert reopen(reporter, code).status_code == 422


@pytest.mark.parametrize("text", ["", "  \n", "x" * 111_000])
def test_nothing_and_too_much_are_not_kept(reporter, text):
    page = save(reporter, {**reporter.start(), "text": text})
    assert page.status_code == 422
    assert text.strip()[:1000] in unescape(page.text)
    assert drafts() == 0


def test_a_bad_file_is_said_and_the_text_given_back(reporter):
    page = save(reporter, {**reporter.start(), "text": TEXT}, ("leeg.pdf", b""))
    assert page.status_code == 422
    assert TEXT in page.text
    assert drafts() == 0


def test_an_entity_keeps_so_many_and_another_one_is_not_hurt(world, reporter, monkeypatch):
    monkeypatch.setattr(saved_drafts, "MOST", 2)
    form = {**reporter.start(), "text": TEXT}
    assert save(reporter, form).status_code == 200
    saved(reporter)
    page = save(reporter, {**reporter.start(), "text": TEXT})
    assert page.status_code == 409
    assert TEXT in page.text
    assert save(reporter, form).status_code == 200  # its own again
    saved(Reporter(world.browser(), world.entity()))


def test_saving_it_again_and_again_keeps_it_and_its_files_no_longer(world, entity, reporter):
    start = now()
    form = {**reporter.start(), "text": TEXT}
    until = save(reporter, form, ("brief.pdf", PDF)).text
    until = re.search(r"bewaard tot ([^<]+)<", until)[1]
    with at(start + timedelta(days=6)):
        again = save(reporter, form, ("foto.pdf", PDF + b"%")).text
        assert f"bewaard tot {until}" in again
        assert "blijft het dezelfde dag" in again
    with at(start + LIFETIME + timedelta(minutes=1)):
        save(reporter, form)  # before anything was tidied: a draft of its own, without the files
        with world.inside(entity):
            assert drop_old_files() == 1, "the one that came a week ago"
    with at(start + timedelta(days=14)):
        with transaction(PLATFORM):
            drop_old_drafts()
        with world.inside(entity):
            drop_old_files()
            assert session_count(DraftFile) == 0


def session_count(table) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_when_many_wait_whoever_is_quick_waits_and_loses_nothing_and_people_do_not(
    world, entity, monkeypatch
):
    monkeypatch.setattr(saved_drafts, "CALM", 2)
    writer = Reporter(world.browser(), entity)
    begun = {**writer.start(), "text": TEXT}
    for _ in range(4):
        one = Reporter(world.browser(), entity)
        page = save(one, {**one.start(), "text": TEXT})
    assert page.status_code == 429
    assert "nog niet bewaard" in page.text
    assert TEXT in page.text
    assert drafts() == 3
    with at(now() + timedelta(minutes=5)):
        assert save(writer, begun).status_code == 200
        assert save(writer, begun).status_code == 200, "again takes no other place"


def test_when_many_wait_a_new_one_stays_for_a_day(world, entity, reporter, monkeypatch):
    monkeypatch.setattr(saved_drafts, "MANY", 1)
    saved(reporter)
    code = saved(Reporter(world.browser(), entity))
    with at(now() + timedelta(days=1, minutes=1)):
        assert reopen(reporter, code).status_code == 422
        with transaction(PLATFORM):
            assert drop_old_drafts() == 1
    assert drafts() == 1


def test_files_of_saved_texts_leave_room_for_who_sends_now(world, entity, reporter, monkeypatch):
    monkeypatch.setattr(stock, "SAVED", (1, 10**9))
    saved(reporter, ("brief.pdf", PDF))
    late = Reporter(world.browser(), entity)
    form = {**late.start(), "text": TEXT}
    page = save(late, form, ("brief.pdf", PDF))
    assert page.status_code == 409
    assert "Haal je bestanden weg" in page.text
    assert TEXT in page.text
    assert drafts() == 1
    now_sent = {**form, "identity": "anonymous", "reporter_class": "staff"}
    assert len(words(late.send(late.check(now_sent, ("brief.pdf", PDF))))) == 8


def test_very_many_empty_answers_are_too_much(reporter, monkeypatch):
    monkeypatch.setattr(saved_drafts, "LONGEST", 50)
    with pytest.raises(Invalid):
        saved_drafts.save_draft("token", {"text": "x"}, {"q-1": [""] * 60})


def test_where_no_report_can_be_made_nothing_is_saved_and_the_text_given_back(world):
    closed = Reporter(world.browser(), world.entity(entitled=False))
    page = save(closed, {"text": TEXT, "category": "bullying"})
    assert page.status_code == 409
    assert TEXT in page.text
    assert drafts() == 0


def test_it_is_offered_where_one_writes_and_where_one_begins(reporter):
    assert (
        f'formaction="{reporter.at}/save"'
        in reporter.browser.get(f"{reporter.at}/story?category=bullying").text
    )
    assert f'href="{reporter.at}/reopen"' in reporter.browser.get(reporter.at).text
