import io
import struct
import zipfile
from dataclasses import replace
from uuid import uuid4

import pytest
from werkzeug.datastructures import FileStorage

from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id, entering, tenant
from spreekbuis.vault import files as accepting
from spreekbuis.vault.cleaning import Cleaned, CleanersBusy
from spreekbuis.vault.files import (
    LONGEST_NAME,
    MOST_FILES,
    TYPES,
    Acceptance,
    AcceptedFile,
    accept,
    clean_name,
    discard,
    download,
)
from spreekbuis.vault.kinds import ACCEPT
from spreekbuis.vault.storage import storage
from tests.vault import clamd, made


def archive(*names: str, **contents: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for name in names:
            made.writestr(name, contents.get(name, "x"))
    return target.getvalue()


def office(folder: str, *more: str) -> bytes:
    return archive("[Content_Types].xml", f"{folder}/document.xml", *more)


def odf(kind: str) -> bytes:
    return archive("mimetype", "content.xml", mimetype=f"application/vnd.oasis.opendocument.{kind}")


def odf_with(method: int, raw: bytes) -> bytes:
    """An archive that begins with `mimetype`, packed by this method, with this content."""
    name = b"mimetype"
    sizes = (0, len(raw), 100, len(name))
    head = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, method, 0, 0, *sizes, 0) + name + raw
    listed = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, method, 0, 0, *sizes, 0, 0, 0, 0, 0, 0) + name
    return head + listed + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(listed), len(head), 0)


OLE = bytes.fromhex("d0cf11e0a1b11ae1")
MSG = OLE + b"\x00" * 300_000 + "__properties_version1.0".encode("utf-16-le") + b"\x00" * 100

REAL = {
    "pdf": b"%PDF-1.4\n", "png": b"\x89PNG\r\n\x1a\n" + b"\x00" * 40,
    "jpg": b"\xff\xd8\xff\xe0" + b"\x00" * 40,
    "jpeg": b"\xff\xd8\xff\xe1" + b"\x00" * 40, "gif": b"GIF89a" + b"\x00" * 40,
    "webp": b"RIFF\x00\x00\x00\x00WEBPVP8 " + b"\x00" * 40,
    "heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 40,
    "txt": "Gewone tekst: één regel.".encode(), "eml": b"From: x@voorbeeld.example\r\nSubject: y\r\n\r\nz",
    "msg": MSG, "docx": office("word"), "xlsx": office("xl"), "pptx": office("ppt"),
    "odt": odf("text"), "ods": odf("spreadsheet"), "odp": odf("presentation"),
    "mp3": b"ID3\x03" + b"\x00" * 40,
    "m4a": b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00M4A mp42" + b"\x00" * 40,
    "wav": b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 40,
    "mp4": b"\x00\x00\x00\x20ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 40,
}  # fmt: skip


@pytest.fixture(autouse=True)
def somewhere(app):
    with app.test_request_context(), entering(tenant(uuid4())):
        yield


def take(*files: tuple[str, bytes], keep_original: bool = True, **before: int) -> Acceptance:
    uploads = {uuid4(): FileStorage(io.BytesIO(content), filename=name) for name, content in files}
    return accept(uploads, keep_original=keep_original, **before)


def content_of(file: AcceptedFile) -> bytes:
    response = download(
        file.storage_key, file.key, name=file.name, media_type=file.media_type, size=file.size
    )
    return b"".join(response.response)


def test_a_form_asks_for_the_kinds_that_we_take():
    assert set(ACCEPT.split(",")) == {f".{extension}" for extension in TYPES}


def test_every_kind_that_we_name_has_an_example():
    assert REAL.keys() == TYPES.keys()


@pytest.mark.parametrize("extension", REAL)
def test_a_real_file_is_kept_whole_under_the_type_of_its_content(extension):
    taken = take((f"Bestand.{extension.upper()}", REAL[extension]))
    assert taken.refusals == ()
    (file,) = taken.files.values()
    assert (file.media_type, file.size) == (TYPES[extension], len(REAL[extension]))
    assert file.cleaned is Cleaned.ORIGINAL
    assert content_of(file) == REAL[extension]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("foto.png", REAL["jpg"]), ("brief.pdf", REAL["docx"]), ("brief.docx", archive("evil.exe")),
        ("brief.docx", REAL["xlsx"]), ("brief.docx", office("word", "word/vbaProject.bin")),
        ("brief.docx", b"PK\x03\x04 broken"), ("brief.odt", REAL["ods"]),
        ("tekst.txt", b"MZ\x90\x00\x03\x00"),
        ("tekst.txt", REAL["pdf"]), ("mail.msg", OLE + b"\x00" * 1000), ("mail.eml", b"geen kopregel"),
        ("brief.odt", odf_with(8, b"\xff" * 50)), ("brief.odt", odf_with(12, b"BZh9" + b"\xff" * 40)),
        ("brief.odt", odf_with(14, b"\x09\x04\x05\x00\x5d\xff\xff\xff\xff" + b"\x01" * 30)),
        ("brief.docx", office("word", *(f"word/{number}.xml" for number in range(10_000)))),
        ("brief.docx", office("word", *(f"word/{number:060000}.xml" for number in range(70)))),
        ("lied.mp3", REAL["wav"]), ("film.mp4", b"\x1aE\xdf\xa3webm"), ("foto.jpg", b"<svg onload=alert(1)>"),
        ("pagina.pdf", b"<!doctype html><script>"),
    ],
)  # fmt: skip
def test_a_file_whose_content_is_not_what_its_name_says_is_refused(name, content):
    taken = take((name, content))
    assert not taken.files
    assert f"‘{name}’ is geen echt" in taken.refusals[0]


@pytest.mark.parametrize(
    "name", ["x.exe", "x.html", "x.svg", "x.zip", "x.docm", "x.pdf.exe", "x", ".pdf", "pdf"]
)
def test_a_kind_that_we_do_not_name_is_refused(name):
    taken = take((name, REAL["pdf"]))
    assert not taken.files
    assert "niet aannemen" in taken.refusals[0]


def test_an_empty_file_is_refused_by_name():
    assert "‘leeg.txt’ is leeg" in take(("leeg.txt", b"")).refusals[0]


def test_a_bad_file_does_not_cost_the_good_ones():
    taken = take(("goed.pdf", REAL["pdf"]), ("leeg.pdf", b""), ("ook.png", REAL["png"]))
    assert [file.name for file in taken.files.values()] == ["goed.pdf", "ook.png"]
    assert len(taken.refusals) == 1


# What lies in the storage


def test_what_is_stored_is_ciphertext_under_a_key_of_its_own():
    sent = ("tekst.txt", b"de directeur tekende zelf " * 10_000)
    files = list(take(sent, sent).files.values())
    stored = []
    for file in files:
        with storage().open(file.storage_key) as stream:
            stored.append(stream.read())
        assert b"directeur" not in stored[-1]
        assert str(current_entity_id()) in file.storage_key
        assert len(file.key) == 32
    assert stored[0] != stored[1]
    assert files[0].key != files[1].key


def test_the_key_of_a_file_is_not_printed():
    (file,) = take(("tekst.txt", b"tekst")).files.values()
    assert str(file.key) not in repr(file)
    assert "key=b" not in repr(file)


def test_a_file_that_was_accepted_for_nothing_is_forgotten():
    (file,) = take(("tekst.txt", b"tekst")).files.values()
    discard([file])
    with pytest.raises(FileNotFoundError):
        storage().open(file.storage_key)


# Hidden data


def test_hidden_data_goes_unless_the_sender_keeps_the_original():
    photo = ("foto.jpg", made.jpeg())
    (cleaned,) = take(photo, keep_original=False).files.values()
    (original,) = take(photo, keep_original=True).files.values()
    assert (cleaned.cleaned, original.cleaned) == (Cleaned.CLEANED, Cleaned.ORIGINAL)
    assert content_of(original) == made.jpeg()
    assert made.SECRET.encode() not in content_of(cleaned)
    assert cleaned.size == len(content_of(cleaned)) < original.size


def test_a_file_that_cannot_be_cleaned_is_kept_and_says_so():
    taken = take(("mail.msg", MSG), ("kapot.pdf", REAL["pdf"]), ("los.txt", b"tekst"), keep_original=False)
    files = list(taken.files.values())
    assert [file.cleaned for file in files] == [Cleaned.IMPOSSIBLE, Cleaned.FAILED, Cleaned.NOTHING]
    assert [content_of(file) for file in files] == [MSG, REAL["pdf"], b"tekst"]


BUSY = "Het is nu druk. Probeer het over een minuut opnieuw; je tekst is bewaard."


def test_a_file_for_which_there_is_no_turn_is_refused_with_those_behind_it_and_not_kept(monkeypatch):
    tried = []

    def clean(*_told, **_options):
        tried.append(1)
        raise CleanersBusy

    monkeypatch.setattr(accepting, "clean", clean)
    taken = take(*[("foto.jpg", made.jpeg())] * 3, keep_original=False)
    assert (dict(taken.files), taken.refusals, len(tried)) == ({}, (BUSY,), 1)
    assert kept_today() == []


def test_one_request_has_its_files_cleaned_for_so_long_and_no_longer(monkeypatch):
    monkeypatch.setattr(accepting, "CLEANING_SECONDS", 0.0)
    taken = take(("foto.jpg", made.jpeg()), keep_original=False)
    assert (dict(taken.files), taken.refusals) == ({}, (BUSY,))
    assert len(take(("foto.jpg", made.jpeg()), keep_original=True).files) == 1


# Viruses


@pytest.fixture
def scanned(app, monkeypatch):
    def by(address: str) -> None:
        told = replace(app.extensions["settings"], clamd_url=address)
        monkeypatch.setitem(app.extensions, "settings", told)

    return by


def kept_today() -> list[str]:
    return storage().keys_of(current_entity_id(), today())


def test_a_file_with_a_virus_is_refused_and_not_kept(scanned):
    with clamd.running() as scanner:
        scanned(scanner.address)
        taken = take(("virus.txt", b"a " + clamd.EICAR), ("goed.txt", b"goed"))
    assert [file.name for file in taken.files.values()] == ["goed.txt"]
    assert taken.refusals == ("In ‘virus.txt’ zit een virus. We hebben dit bestand niet bewaard.",)
    assert len(kept_today()) == 1


def test_what_is_scanned_is_what_is_kept(scanned):
    with clamd.running() as scanner:
        scanned(scanner.address)
        (file,) = take(("foto.jpg", made.jpeg()), keep_original=False).files.values()
    assert scanner.scanned == [content_of(file)]


@pytest.mark.parametrize("answer", [b"", b"stream: ERROR\0"])
def test_a_file_that_was_not_scanned_is_never_kept(scanned, answer):
    with clamd.running(answer=answer) as scanner:
        scanned(scanner.address)
        taken = take(("goed.txt", b"goed"))
    gone = take(("goed.txt", b"goed"))  # the scanner ended
    for each in (taken, gone):
        assert not each.files
        assert (
            "niet op virussen nakijken. Probeer het later opnieuw; je tekst is bewaard." in each.refusals[0]
        )
    assert kept_today() == []


def test_a_storage_that_does_not_work_refuses_and_does_not_fail(app, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    told = replace(app.extensions["settings"], storage=tmp_path / "file")
    monkeypatch.setitem(app.extensions, "settings", told)
    taken = take(("goed.txt", b"goed"))
    assert not taken.files
    assert "nu niet bewaren" in taken.refusals[0]


# How many and how large


def test_the_sum_of_the_sizes_counts_with_what_was_there(app, monkeypatch):
    size = len(REAL["pdf"])
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], max_upload=3 * size))
    assert take(("een.pdf", REAL["pdf"]), ("twee.pdf", REAL["pdf"]), size=size).refusals == ()
    assert len(take(("een.pdf", REAL["pdf"]), ("twee.pdf", REAL["pdf"]), size=size + 1).refusals) == 1


def test_the_number_of_files_counts_with_what_was_there():
    assert len(take(("een.pdf", REAL["pdf"]), ("twee.pdf", REAL["pdf"]), count=MOST_FILES - 1).files) == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\melder\\brief.pdf", "brief.pdf"),
        ("naam\x00\r\n.pdf", "naam.pdf"),
        ("\u202efdp.exe", "fdp.exe"),
        ('a"b<c>|?*:.pdf', "abc.pdf"),
        ("Überblick Ω 😀.pdf", "Überblick Ω 😀.pdf"),
        ("e\u0301.pdf", "é.pdf"),
        ("", "bestand"),
        ("/", "bestand"),
        ("...", "bestand"),
        ("\x00", "bestand"),
    ],
)
def test_a_name_keeps_what_a_person_reads_and_nothing_else(given, kept):
    assert clean_name(given) == kept


@pytest.mark.parametrize("name", ["a" * 300 + ".pdf", "a." + "b" * 300, "é" * 500])
def test_a_long_name_is_cut_and_keeps_its_extension(name):
    cut = clean_name(name)
    assert len(cut) == LONGEST_NAME
    assert cut.endswith(".pdf") == name.endswith(".pdf")
