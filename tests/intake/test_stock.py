"""Files that wait for their report: how many there can be, and that no transaction waits for them."""

import io
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from spreekbuis.cases.models import Attachment
from spreekbuis.clock import at, now, today
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.intake import stock, upkeep
from spreekbuis.intake.models import DraftFile, DraftStock
from spreekbuis.vault import files as accepting
from spreekbuis.vault.cleaning import Cleaned, Cleaning
from spreekbuis.vault.storage import storage
from tests.intake.flow import PDF, PNG, STORY, Reporter, hidden, words
from tests.intake.test_upkeep import _until_somebody_waits
from tests.statements import open_transactions
from tests.world import Browser

TEXT_FILE = ("brief.txt", b"tekst")
"""Is not cleaned, so that many can come at once."""
FULL = "Er staan nu te veel bestanden klaar die nog niet verstuurd zijn."


@pytest.fixture
def bound(monkeypatch):
    """Sets the bounds: files and bytes of an entity, files and bytes of all."""

    def to(files=1000, size=10**9, all_files=1000, all_size=10**9):
        monkeypatch.setattr(stock, "MOST", (files, size, all_files, all_size))

    return to


def noted(entity) -> tuple[int, int]:
    with transaction(PLATFORM) as session:
        row = session.get_one(DraftStock, entity.id)
        return row.files, row.size


def waiting(world, entity) -> tuple[int, int]:
    """What the rows say."""
    with world.inside(entity):
        sizes = db.session.scalars(select(DraftFile.size).where(DraftFile.taken_at.is_(None))).all()
        return len(sizes), sum(sizes)


@pytest.fixture
def neighbour(world) -> Reporter:
    """Somebody who reports to another entity."""
    return Reporter(world.browser(), world.entity())


def test_five_hundred_reporters_have_room_for_all_that_a_form_takes():
    files, size, all_files, all_size = stock.MOST
    assert files == 500 * accepting.MOST_FILES
    assert size // 500 == 10 * 1024 * 1024
    assert all_files >= 4 * files
    assert all_size >= 4 * size


def test_what_waits_is_noted_when_it_comes_goes_is_sent_and_is_over(world, entity, reporter):
    form = reporter.start()
    checked = reporter.check(form, ("brief.pdf", PDF), ("foto.png", PNG))
    assert noted(entity) == waiting(world, entity)
    assert noted(entity)[0] == 2
    page = reporter.browser.post(f"{reporter.at}/edit", hidden(checked))
    with world.inside(entity):
        one = str(db.session.scalars(select(DraftFile.id)).first())
    assert one in page.text
    checked = reporter.check({**form, "remove": one})
    assert noted(entity) == waiting(world, entity)
    assert noted(entity)[0] == 1
    reporter.send(checked)
    assert noted(entity) == (0, 0)
    reporter.check(Reporter(world.browser(), entity).start(), ("foto.png", PNG))
    assert noted(entity)[0] == 1
    with at(now() + timedelta(days=2)), world.inside(entity):
        upkeep.drop_old_draft_files()
    assert noted(entity) == (0, 0)


@pytest.mark.parametrize("full", [{"files": 1}, {"size": len(PNG)}])
def test_a_full_entity_keeps_the_text_and_refuses_the_file_and_others_notice_nothing(
    world, entity, reporter, neighbour, count, bound, full
):
    bound(**full)
    assert reporter.check(reporter.start(), ("foto.png", PNG)).status_code == 200
    late = Reporter(world.browser(), entity)
    form = late.start()
    page = late.check(form, ("brief.pdf", PDF))
    assert page.status_code == 422
    assert FULL in page.text
    assert STORY in page.text
    assert noted(entity)[0] == 1
    assert len(words(late.send(late.check(form)))) == 8, "the report itself comes through"
    assert neighbour.check(neighbour.start(), ("brief.pdf", PDF)).status_code == 200


def test_a_form_that_has_its_files_can_go_on_where_it_is_full(reporter, count, bound):
    bound(files=1)
    form = reporter.start()
    reporter.check(form, ("foto.png", PNG))
    assert len(words(reporter.send(reporter.check(form, ("foto.png", PNG))))) == 8
    assert count(DraftFile) == 1
    assert reporter.check(form, ("brief.pdf", PDF)).status_code == 200, "sending made room"


@pytest.mark.parametrize("full", [{"all_files": 2}, {"all_size": 2 * len(PDF)}])
def test_all_entities_together_have_a_bound_too(reporter, neighbour, entity, bound, full):
    for one, name in ((reporter, "een.pdf"), (neighbour, "twee.pdf")):
        assert one.check(one.start(), (name, PDF)).status_code == 200
    bound(**full)
    page = reporter.check(reporter.start(), ("drie.pdf", PDF))
    assert FULL in page.text
    assert noted(entity)[0] == 1


def test_many_at_the_same_moment_stay_within_the_bound_and_leave_no_content(world, entity, bound):
    bound(files=3)
    together, answers = threading.Barrier(6), []

    def press() -> None:
        with world.app.app_context():
            one = Reporter(Browser(world.app), entity)
            form = one.start()
            together.wait(10)
            answers.append(one.check(form, TEXT_FILE).status_code)

    presses = [threading.Thread(target=press) for _ in range(6)]
    for one in presses:
        one.start()
    for one in presses:
        one.join(30)
    assert sorted(answers) == [200] * 3 + [422] * 3
    assert noted(entity) == waiting(world, entity)
    assert len(storage().keys_of(entity.id, today())) == 3


def test_files_that_are_added_at_the_same_moment_are_counted_after_each_other(world, entity, reporter, bound):
    """The second waits for the first, and then sees its file."""
    bound(files=1)
    with world.inside(entity):
        stock.count_again()
    form, answers = reporter.start(), []

    def add() -> None:
        with world.app.app_context():
            answers.append(Reporter(Browser(world.app), entity).check(form, TEXT_FILE).status_code)

    adding = threading.Thread(target=add)
    with world.inside(entity):
        add_file(entity)
        stock.count_again()
        adding.start()
        _until_somebody_waits()
    adding.join(30)
    assert answers == [422]
    assert noted(entity) == waiting(world, entity)


def add_file(entity) -> None:
    """A file of another form, in the transaction that is open."""
    db.session.add(
        DraftFile(
            entity_id=entity.id, draft_hash=b"another form", name_sealed=b"", media_type="text/plain", size=5,
            storage_key="-", key_sealed=b"", cleaned=Cleaned.NOTHING,
        )
    )  # fmt: skip
    db.session.flush()


DAY_FULL = "Er kwamen hier vandaag te veel bestanden binnen."


def came(entity) -> int:
    with transaction(PLATFORM) as session:
        return session.get_one(DraftStock, entity.id).came


@pytest.fixture
def mailbox(reporter) -> Browser:
    reporter.open_mailbox(" ".join(words(reporter.report())))
    return reporter.browser


def message(browser, text="Nog iets.", *files):
    data = {"text": text, "files": [(io.BytesIO(content), name) for name, content in files]}
    return browser.post("/inbox/messages", data, content_type="multipart/form-data")


def test_a_thousand_reporters_fit_into_a_day_and_more_than_may_wait():
    assert stock.DAY_BYTES == 1000 * 10 * 2**20
    assert stock.DAY_BYTES > stock.ENTITY_BYTES


def test_what_reporters_bring_is_counted_once_whatever_becomes_of_it(entity, reporter):
    form = reporter.start()
    for _ in range(2):
        checked = reporter.check(form, TEXT_FILE)
    assert came(entity) == len(TEXT_FILE[1])
    code = " ".join(words(reporter.send(checked)))
    reporter.open_mailbox(code)
    assert message(reporter.browser, "Nog iets.", TEXT_FILE).status_code == 303
    assert came(entity) == 2 * len(TEXT_FILE[1])


def test_when_the_day_is_full_reports_and_messages_come_without_files(
    world, entity, reporter, neighbour, mailbox, count, monkeypatch
):
    monkeypatch.setattr(stock, "DAY_BYTES", 2 * len(TEXT_FILE[1]))
    for text in ("Een.", "Twee."):
        assert message(mailbox, text, TEXT_FILE).status_code == 303
    refused = message(mailbox, "MIJN BERICHT", TEXT_FILE)
    assert refused.status_code == 422
    assert DAY_FULL in refused.text
    assert "MIJN BERICHT" in refused.text
    assert message(mailbox, "MIJN BERICHT").status_code == 303
    late = Reporter(world.browser(), entity)
    form = late.start()
    page = late.check(form, TEXT_FILE)
    assert page.status_code == 422
    assert DAY_FULL in page.text
    assert STORY in page.text
    assert len(words(late.send(late.check(form)))) == 8
    assert count(Attachment) == 2
    assert neighbour.check(neighbour.start(), TEXT_FILE).status_code == 200
    with at(now() + timedelta(days=1)):
        assert late.check(late.start(), TEXT_FILE).status_code == 200
    assert came(entity) == len(TEXT_FILE[1])


def test_what_passes_the_bound_of_the_day_is_refused_whole_and_leaves_no_content(
    entity, mailbox, reporter, count, monkeypatch
):
    monkeypatch.setattr(stock, "DAY_BYTES", len(TEXT_FILE[1]) + 1)
    files = [("een.txt", b"tekst"), ("twee.txt", b"meer tekst")]
    refused = message(mailbox, "MIJN BERICHT", *files)
    assert refused.status_code == 422
    assert "MIJN BERICHT" in refused.text
    assert DAY_FULL in refused.text
    page = reporter.check(reporter.start(), *files)
    assert DAY_FULL in page.text
    assert (count(Attachment), count(DraftFile)) == (0, 0)
    assert storage().keys_of(entity.id, today()) == []


def test_messages_that_come_at_the_same_moment_stay_within_the_day(world, entity, monkeypatch):
    monkeypatch.setattr(stock, "DAY_BYTES", 2 * len(TEXT_FILE[1]))
    together, answers = threading.Barrier(4), []

    def send() -> None:
        with world.app.app_context():
            one = Reporter(Browser(world.app), entity)
            one.open_mailbox(" ".join(words(one.report())))
            together.wait(20)
            answers.append(message(one.browser, "Nog iets.", TEXT_FILE).status_code)

    sending = [threading.Thread(target=send) for _ in range(4)]
    for one in sending:
        one.start()
    for one in sending:
        one.join(30)
    assert sorted(answers) == [303] * 2 + [422] * 2
    assert len(storage().keys_of(entity.id, today())) == 2


def test_files_that_do_not_fit_together_are_refused_together(world, entity, reporter, count, bound):
    bound(files=1)
    page = reporter.check(reporter.start(), ("foto.png", PNG), ("brief.pdf", PDF))
    assert FULL in page.text
    assert count(DraftFile) == 0
    assert storage().keys_of(entity.id, today()) == []


@pytest.fixture
def seen_while_cleaning(monkeypatch) -> list[int]:
    """How many transactions were open each time that a file was cleaned."""
    seen: list[int] = []

    def watch(source, _media_type, **_options):
        seen.append(open_transactions())
        return Cleaning(Cleaned.NOTHING, source)

    monkeypatch.setattr(accepting, "clean", watch)
    return seen


def test_no_transaction_is_open_while_the_files_of_a_report_are_cleaned(reporter, seen_while_cleaning):
    form = reporter.start()
    checked = reporter.check(form, ("foto.png", PNG))
    reporter.check({**form, "remove": "x"}, ("foto.png", PNG), ("brief.pdf", PDF))
    assert reporter.browser.post(f"{reporter.at}/edit", hidden(checked)).status_code == 200
    assert seen_while_cleaning == [0, 0]


def test_no_transaction_is_open_while_the_files_of_a_message_are_cleaned(reporter, seen_while_cleaning):
    reporter.open_mailbox(" ".join(words(reporter.report())))
    page = reporter.browser.get("/inbox")
    assert page.status_code == 200
    data = {"text": "Nog een foto.", "files": [(io.BytesIO(PNG), "foto.png")]}
    sent = reporter.browser.post("/inbox/messages", data, content_type="multipart/form-data")
    assert sent.status_code == 303
    assert seen_while_cleaning == [0]


def test_the_look_at_open_transactions_finds_one(world, entity):
    with world.inside(entity):
        db.session.scalar(select(DraftFile.id))
        assert open_transactions() == 1
