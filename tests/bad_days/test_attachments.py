"""An attachment that is a bomb, a virus or two things at once: refused or cleaned, never at the cost of the words."""

import io
import struct
import zipfile
import zlib
from dataclasses import replace
from html import unescape

import pytest

from spreekbuis.clock import today
from spreekbuis.vault.storage import storage
from tests.intake.flow import STORY, hidden, words
from tests.vault import clamd, made

GIF_SCRIPT = b"GIF89a/*\x01\x00\x01\x00\x80\x00\x00*/=1;alert('x')//;"
PAGE = b"<html><script>alert('x')</script></html>"


def png_bomb() -> bytes:
    """A picture of 50,000 by 50,000 points, ten kilobytes long."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(1 << 22)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + data + chunk(b"IEND", b"")


def zipped(content: bytes, name: str = "x") -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return into.getvalue()


def docx_bomb() -> bytes:
    """A letter of 200 kilobytes with a part of 200 megabytes."""
    into = io.BytesIO(made.docx())
    with zipfile.ZipFile(into, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/embeddings/x.bin", bytes(200 << 20))
    return into.getvalue()


def pdf_bomb() -> bytes:
    """A page whose content grows a thousandfold when it is read."""
    stream = zlib.compress(b"0 0 m " * (20 << 20), 9)
    body = b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream)
    return b"%PDF-1.7\n1 0 obj\n" + body + b"\nendobj\ntrailer<<>>\n%%EOF\n"


def pdf_and_page() -> bytes:
    return made.pdf() + b"\n" + PAGE


def pdf_and_zip() -> bytes:
    return made.pdf() + zipped(PAGE, "start.html")


REFUSED = {
    "an archive by itself": ("foto.zip", lambda: zipped(bytes(64 << 20))),
    "an archive that calls itself a picture": ("foto.png", lambda: zipped(PAGE)),
    "a page that calls itself a picture": ("foto.jpg", lambda: PAGE),
    "a page that calls itself a document": ("brief.pdf", lambda: PAGE),
}
"""What is no kind of file that we take, whatever it is called."""
TAKEN = {
    "a picture that unpacks to 7 gigabytes": ("foto.png", png_bomb),
    "a document that unpacks to 200 megabytes": ("brief.docx", docx_bomb),
    "a PDF that unpacks to 120 megabytes": ("brief.pdf", pdf_bomb),
    "a PDF that is a page too": ("brief.pdf", pdf_and_page),
    "a PDF that is an archive too": ("brief.pdf", pdf_and_zip),
    "a picture that is a script too": ("foto.gif", lambda: GIF_SCRIPT),
}  # fmt: skip
"""What may be real: it is cleaned or kept as it is, and nothing here unpacks or runs it."""


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_file_of_ours_is_refused_in_plain_words_and_the_story_stays(entity, reporter, what):
    name, make = REFUSED[what]
    page = reporter.check(reporter.start(), (name, make()))
    assert page.status_code == 422
    assert f"‘{name}’" in unescape(page.text)
    assert STORY in page.text
    with reporter.browser.app.app_context():
        assert storage().keys_of(entity.id, today()) == []
    assert reporter.report().status_code == 200, "without the file it goes through"


@pytest.mark.parametrize("what", TAKEN)
def test_what_may_be_real_harms_nobody_and_comes_back_as_a_download_only(entity, reporter, handler, what):
    name, make = TAKEN[what]
    page = reporter.check(reporter.start(), (name, make()))
    assert page.status_code in (200, 422)
    assert STORY in page.text
    if page.status_code == 422:
        assert f"‘{name}’" in unescape(page.text)
        return
    assert len(words(reporter.send(page))) == 8
    (url,) = handler.numbers()
    link = next(part for part in handler.read(url).split('"') if "/files/" in part)
    answer = handler.browser.get(link)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "html" not in answer.content_type


@pytest.fixture
def scanner(app, monkeypatch):
    with clamd.running() as running:
        told = replace(app.extensions["settings"], clamd_url=running.address)
        monkeypatch.setitem(app.extensions, "settings", told)
        yield running


def test_a_virus_is_refused_wherever_it_is_sent_and_the_words_stay(scanner, entity, reporter, handler):
    virus = ("bewijs.txt", b"Zie dit: " + clamd.EICAR)
    page = reporter.check(reporter.start(), virus, ("goed.txt", b"goed"))
    assert page.status_code == 422
    assert "In ‘bewijs.txt’ zit een virus. We hebben dit bestand niet bewaard." in unescape(page.text)
    assert STORY in page.text
    code = " ".join(words(reporter.report(("goed.txt", b"goed"))))
    reporter.open_mailbox(code)
    inbox = reporter.browser.get("/inbox")
    form = {**hidden(inbox), "text": "Hier is het bewijs.", "files": (io.BytesIO(virus[1]), virus[0])}
    answer = reporter.browser.post("/inbox/messages", form, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "Hier is het bewijs." in answer.text
    (url,) = handler.numbers()
    answer = handler.press(url, "write", to="reporter", text="Kijk hier eens.")
    assert answer.status_code == 303
    answer = handler.press(
        url, "write", to="note", text="Wat ik kreeg.", files=(io.BytesIO(virus[1]), virus[0])
    )
    assert answer.status_code == 422
    assert "Wat ik kreeg." in answer.text
    assert "bewijs.txt" not in handler.read(url)


def test_when_the_scanner_is_away_files_wait_and_words_do_not(app, monkeypatch, reporter):
    gone = replace(app.extensions["settings"], clamd_url="tcp://127.0.0.1:1")
    monkeypatch.setitem(app.extensions, "settings", gone)
    page = reporter.check(reporter.start(), ("goed.txt", b"goed"))
    assert page.status_code == 422
    assert "niet op virussen nakijken" in page.text
    assert STORY in page.text
    assert len(words(reporter.report())) == 8
