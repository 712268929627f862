"""A copy of a case: whole, verifiable, audited, and never on disk or whole in memory."""

import hashlib
import io
import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from spreekbuis import clock
from spreekbuis.audit.models import AuditEvent
from spreekbuis.audit.trail import Audited
from spreekbuis.cases.dialogue import StoredFile
from spreekbuis.cases.export.bundle import pdf_of, zip_of
from spreekbuis.cases.export.dossier import Dossier, Original
from spreekbuis.cases.models import Attachment
from spreekbuis.db.scope import entering, tenant
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.documents.blocks import Document
from spreekbuis.vault.files import _bound_to
from spreekbuis.vault.sealing import new_secret
from spreekbuis.vault.storage import FolderStorage, new_key
from spreekbuis.vault.streams import SealingStream
from tests.documents.reading import text_of
from tests.keeping.conftest import FILE, STORY, Desk
from tests.vault.test_streams import Endless


def export(desk: Desk, case_id, what="zip", account_id=None, **more):
    return desk.browser(account_id or desk.one).post(desk.url(case_id, "file/export"), {"what": what, **more})


def opened(answer) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.testzip() is None
    return archive


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_the_zip_holds_the_dossier_the_originals_and_sums_that_fit(desk):
    case_id, _, _ = desk.closed_case()
    answer = export(desk, case_id, notes="yes")
    assert answer.headers["Content-Disposition"] == "attachment; filename=I-2026-001.zip"
    archive = opened(answer)
    assert archive.namelist() == ["bijlagen/01-lijst.txt", "dossier.pdf", "dossier.txt", "sha256.txt"]
    assert archive.read("bijlagen/01-lijst.txt") == FILE
    for line in archive.read("sha256.txt").decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(archive.read(name)).hexdigest() == digest
    assert len(archive.read("sha256.txt").decode().splitlines()) == 3


@pytest.mark.parametrize("form", ["dossier.pdf", "dossier.txt"])
def test_the_dossier_tells_all_there_is(desk, form):
    case_id, _, _ = desk.closed_case()
    content = opened(export(desk, case_id, notes="yes")).read(form)
    text = squeezed(text_of(content) if form.endswith("pdf") else content.decode())
    for words in (
        "Dossier I-2026-001", "Feiten", "Termijnen", "Verloop", "Gesprek", "Contacten", "Bijlagen", STORY,
        "Melder Wouterloot", "We hebben het ontvangen.", "Een interne gedachte", "Belde over Wouterloot.", "Het klopt.",
        "Op tijd: gedaan op 12 januari 2026, uiterste dag 19 januari 2026", "artikel 9", "Goed geholpen.", "Gegrond",
        hashlib.sha256(FILE).hexdigest(), "Testaccount",
    ):  # fmt: skip
        assert squeezed(words) in text, words


def test_without_notes_there_are_no_notes_contacts_or_files_of_notes(desk):
    case_id, _, _ = desk.closed_case()
    text = opened(export(desk, case_id)).read("dossier.txt").decode()
    assert STORY in text
    for words in ("Een interne gedachte", "Belde over"):
        assert words not in text


def test_a_missed_term_says_so(desk):
    with clock.at(datetime(2099, 1, 2, 9, tzinfo=UTC)):
        case_id = desk.world.case(desk.entity)
    with clock.at(datetime(2099, 1, 20, 9, tzinfo=UTC)):
        text = opened(export(desk, case_id)).read("dossier.txt").decode()
    assert "Te laat: nog niet gedaan, uiterste dag was 9 januari 2099" in text
    assert "Nog te doen, uiterste dag 9 april 2099" in text


def test_the_pdf_alone_has_the_hashes_too(desk):
    case_id, _, _ = desk.closed_case()
    answer = export(desk, case_id, "pdf")
    assert answer.mimetype == "application/pdf"
    assert hashlib.sha256(FILE).hexdigest() in squeezed(text_of(answer.data))


def test_the_trail_says_who_took_what(desk):
    case_id, _, _ = desk.closed_case()
    export(desk, case_id, notes="yes")
    with desk.inside() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.kind == Audited.CASE_EXPORTED)).one()
        assert event.actor == f"account:{desk.one}"
        assert event.subject_id == case_id
        assert event.data == {
            "what": "zip", "notes": True, "messages": 5, "files": 1, "to": "desk", "named": True,
        }  # fmt: skip


def test_a_choice_that_is_none_downloads_nothing(desk):
    case_id, _, _ = desk.closed_case()
    for what in ("", "exe"):
        assert export(desk, case_id, what).status_code == 422
    with desk.inside() as session:
        assert Audited.CASE_EXPORTED not in session.scalars(select(AuditEvent.kind)).all()


def test_nobody_of_another_desk_or_entity_gets_a_copy(desk, world):
    case_id, _, _ = desk.closed_case()
    for entity, kind in ((desk.entity, DeskKind.WELLBEING), (world.entity(), DeskKind.INTEGRITY)):
        other = world.handler(entity, kind)
        assert other.post(desk.url(case_id, "file/export"), {"what": "zip"}).status_code in (403, 404)


@pytest.mark.parametrize("what_happened", ["gone", "changed", "cut off"])
def test_a_damaged_attachment_is_named_and_left_out_and_the_rest_comes(desk, app, what_happened):
    case_id, _, _ = desk.closed_case()
    with desk.inside() as session:
        stored = session.scalars(select(Attachment.storage_key).where(Attachment.case_id == case_id)).one()
    path = app.extensions["settings"].storage / stored
    content = bytearray(path.read_bytes())
    if what_happened == "gone":
        path.unlink()
    else:
        content[-3] ^= 1
        path.write_bytes(content if what_happened == "changed" else content[:-1])
    archive = opened(export(desk, case_id))
    assert archive.namelist() == ["dossier.pdf", "dossier.txt", "sha256.txt"]
    assert "Niet meer leesbaar" in archive.read("dossier.txt").decode()


LARGE = 200 << 20


@pytest.fixture
def large(app, tmp_path) -> tuple[Dossier, FolderStorage]:
    """A dossier with an attachment of 200 MB, sealed in a storage of its own."""
    place, entity_id = FolderStorage(tmp_path / "storage"), desk_id()
    with entering(tenant(entity_id)):
        storage_key, key = new_key(), new_secret()
        place.put(storage_key, SealingStream(Endless(LARGE), key, _bound_to(storage_key)))
    file = StoredFile("groot.mp4", "video/mp4", LARGE, storage_key, key)
    document = Document("Dossier I-2026-001", "", "nl", datetime(2026, 11, 22, tzinfo=UTC), [])
    return Dossier(
        "I-2026-001", document, [Original("bijlagen/01-groot.mp4", "nu", file)], "Bijlagen", "x"
    ), place


def desk_id():
    from uuid import uuid4

    return uuid4()


def test_200_megabytes_pass_through_less_than_64(large):
    dossier, place = large
    next(pdf_of(dossier, place))  # the letters are loaded once
    tracemalloc.start()
    try:
        sent = sum(map(len, zip_of(dossier, place)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sent > LARGE
    assert peak < 64 << 20


def test_a_download_that_is_broken_off_leaves_nothing(large, tmp_path, monkeypatch):
    dossier, place = large
    opened_files = []
    really = Path.open
    monkeypatch.setattr(
        Path, "open", lambda *a, **k: opened_files.append(really(*a, **k)) or opened_files[-1]
    )
    before = sorted(tmp_path.rglob("*"))
    download = zip_of(dossier, place)
    for _ in range(5):
        next(download)
    download.close()
    assert all(file.closed for file in opened_files)
    assert len(opened_files) == 2
    assert sorted(tmp_path.rglob("*")) == before
