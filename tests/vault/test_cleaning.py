"""After cleaning nothing of the maker is left in any part of a file, and the file shows what it showed."""

import io
import struct
import subprocess
import sys
import threading
import wave
import zipfile
import zlib
from collections.abc import Callable

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageSequence

from spreekbuis.vault import cleaning
from spreekbuis.vault.cleaning import CLEANED_TEXTS, Cleaned, CleanersBusy, Cleaning, Trace, clean
from spreekbuis.vault.kinds import TYPES
from spreekbuis.vault.spool import Spool, spool
from tests.vault import made
from tests.vault.made import PLACE, SECRET

MADE: dict[str, Callable[[], bytes]] = {
    "jpg": made.jpeg, "png": made.png, "webp": made.webp, "gif": made.gif,
    "heic": lambda: made.sample("made.heic"), "wav": made.wav,
    "mp3": lambda: made.sample("made.mp3"), "m4a": lambda: made.sample("made.m4a"),
    "mp4": lambda: made.sample("made.mp4"),
    "docx": made.docx, "xlsx": made.xlsx, "pptx": made.pptx, "odt": made.odt, "pdf": made.pdf,
}  # fmt: skip
CANNOT = {"eml", "msg"}


def cleaned(content: bytes, extension: str) -> Cleaning:
    sent = spool()
    sent.write(content)
    return clean(sent, TYPES[extension])


def everything(content: bytes) -> bytes:
    """All bytes of a file, and those of its parts as a reader unpacks them."""
    found = [content, content.decode("utf-16-le", "ignore").encode()]
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found.append(archive.comment)
            for part in archive.infolist():
                found += [part.filename.encode(), part.comment, str(part.date_time).encode()]
                found.append(everything(archive.read(part)))
    if content.startswith(b"%PDF"):
        with pikepdf.open(io.BytesIO(content)) as pdf:
            found += [thing.read_bytes() for thing in pdf.objects if isinstance(thing, pikepdf.Stream)
                      if thing.get("/Filter") != "/DCTDecode"]  # fmt: skip
            found += [repr(thing).encode() for thing in pdf.objects]
    if content.startswith((b"\x89PNG", b"\xff\xd8", b"RIFF")) and b"WAVE" not in content[:16]:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            found.append(repr(image.info).encode() + repr(dict(image.getexif())).encode())
    return b"\n".join(found)


def told(content: bytes) -> list[str]:
    """Which secrets stand in the file."""
    secrets = (SECRET, PLACE, "00AB12CD", "2026", "S::", "\\Users", "Lavf", "Ander<", '"Ander"')
    return [secret for secret in secrets if secret.encode() in everything(content)]


@pytest.mark.parametrize("extension", MADE)
def test_nothing_of_the_maker_is_left_in_any_part(extension):
    content = MADE[extension]()
    assert SECRET in told(content)
    result = cleaned(content, extension)
    assert result.cleaned is Cleaned.CLEANED
    assert result.removed
    left = told(result.content.read())
    assert left == (["Lavf"] if extension == "mp3" else [])  # in the first frame of sound


def test_every_kind_of_file_is_cleaned_or_said_not_to_be():
    alike = {"jpeg", "ods", "odp", "txt"}
    assert MADE.keys() | CANNOT | alike == TYPES.keys()


@pytest.mark.parametrize("extension", sorted(CANNOT))
def test_a_kind_that_cannot_be_cleaned_is_kept_and_said_so(extension):
    result = cleaned(b"From: x\r\n\r\ny", extension)
    assert (result.cleaned, result.content.read()) == (Cleaned.IMPOSSIBLE, b"From: x\r\n\r\ny")


def test_plain_text_hides_nothing():
    assert cleaned(b"tekst", "txt").cleaned is Cleaned.NOTHING


def test_there_is_a_sentence_for_every_outcome(app):
    with app.test_request_context():
        assert len({str(CLEANED_TEXTS[each]) for each in Cleaned}) == len(Cleaned)


# What is shown stays


def pixels(content: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(content)) as image:
        return [page.convert("RGB").tobytes() for page in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "gif"])
def test_a_picture_keeps_every_pixel_and_page(extension):
    content = MADE[extension]()
    assert pixels(cleaned(content, extension).content.read()) == pixels(content)


def test_an_animation_keeps_its_rhythm():
    with Image.open(cleaned(made.gif(), "gif").content) as image:
        assert (image.n_frames, image.info["loop"]) == (2, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", ["jpg", "png", "webp"])
def test_a_photo_keeps_which_side_is_up_and_no_other_note(extension, orientation):
    content = {"jpg": made.jpeg, "png": made.png, "webp": made.webp}[extension](orientation)
    with Image.open(cleaned(content, extension).content) as image:
        assert dict(image.getexif()) == ({} if orientation == 1 else {0x0112: orientation})


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_of_any_form_keeps_its_colours(mode, progressive):
    target = io.BytesIO()
    Image.effect_noise((301, 203), 90).convert(mode).save(
        target, "JPEG", progressive=progressive, restart_marker_rows=1
    )
    assert pixels(cleaned(target.getvalue(), "jpg").content.read()) == pixels(target.getvalue())


def test_a_recording_keeps_its_sound():
    with wave.open(io.BytesIO(made.wav())) as before, wave.open(cleaned(made.wav(), "wav").content) as after:
        assert after.getparams() == before.getparams()
        assert after.readframes(2000) == before.readframes(2000)


@pytest.mark.parametrize("extension", ["mp4", "m4a"])
def test_a_film_keeps_its_places_and_its_coded_content(extension):
    before, after = MADE[extension](), cleaned(MADE[extension](), extension).content.read()
    assert len(after) == len(before)
    media = before.index(b"mdat") + 4
    end = media - 8 + int.from_bytes(before[media - 8 : media - 4])
    assert after[media:end] == before[media:end]


def test_a_photo_of_a_telephone_changes_only_where_its_notes_stood():
    before, after = made.sample("made.heic"), cleaned(made.sample("made.heic"), "heic").content.read()
    assert len(after) == len(before)
    changed = [place for place, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert before.index(b"Exif\0\0MM") - 4 <= changed[0]
    assert changed[-1] <= before.index(b"</x:xmpmeta>") + 12
    assert set(after[changed[0] + 22 : changed[-1]]) == {0}


def test_an_mp3_keeps_its_frames():
    before, after = made.sample("made.mp3"), cleaned(made.sample("made.mp3"), "mp3").content.read()
    assert after in before
    assert after.startswith(b"\xff\xfb")


def part(content: Spool, name: str) -> str:
    with zipfile.ZipFile(content) as archive:
        return archive.read(name).decode()


def test_the_text_of_a_document_and_its_links_stay():
    content = cleaned(made.docx(), "docx").content
    text = part(content, "word/document.xml")
    assert f'<w:t xml:space="preserve"> {made.TEXT}</w:t>' in text
    assert "https://voorbeeld.example/" in part(content, "word/_rels/document.xml.rels")
    assert '<w:zoom w:percent="90"/>' in part(content, "word/settings.xml")


def test_who_answers_whom_can_still_be_seen():
    content = cleaned(made.docx(), "docx").content
    comments = part(content, "word/comments.xml")
    names = [piece.split('"')[0] for piece in comments.split('w:author="')[1:]]
    assert names == ["Auteur 1", "Auteur 2", "Auteur 1"]
    assert 'w:author="Auteur 1"' in part(content, "word/document.xml")


def test_no_relation_leads_to_a_part_that_is_gone():
    content = cleaned(made.docx(), "docx").content
    assert "thumbnail" not in part(content, "_rels/.rels")
    assert "customXml" not in part(content, "word/_rels/document.xml.rels") + part(
        content, "[Content_Types].xml"
    )
    sheet = cleaned(made.xlsx(), "xlsx").content
    assert "r1" not in part(sheet, "xl/worksheets/sheet1.xml")
    assert 'displayName="Tabel1"' in part(sheet, "xl/tables/table1.xml")
    assert "meta.xml" not in part(cleaned(made.odt(), "odt").content, "META-INF/manifest.xml")


def test_an_opendocument_still_begins_with_its_type_in_clear():
    content = cleaned(made.odt(), "odt").content.read()
    assert content[30:].startswith(b"mimetype")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None


def test_a_pdf_keeps_its_pages_pictures_and_remarks():
    with pikepdf.open(cleaned(made.pdf(), "pdf").content) as pdf:
        (page,) = pdf.pages
        assert page.Annots[0].Contents == "Opmerking"
        assert page.Contents.read_bytes() == b"q 100 0 0 100 0 0 cm /Im0 Do Q"
        photo = pikepdf.PdfImage(page.Resources.XObject.Im0).as_pil_image()
        assert photo.tobytes() == pixels(made.jpeg())[0]


def test_a_pdf_that_only_may_not_be_changed_is_cleaned_all_the_same():
    locked = made.pdf(encryption=pikepdf.Encryption(user="", owner="slot"))
    result = cleaned(locked, "pdf")
    assert result.cleaned is Cleaned.CLEANED
    assert told(result.content.read()) == []


# What is inside


def test_a_document_in_a_document_is_cleaned_too():
    result = cleaned(made.docx(**{"word/embeddings/sheet.xlsx": made.xlsx()}), "docx")
    assert result.cleaned is Cleaned.CLEANED
    assert told(result.content.read()) == []


@pytest.mark.parametrize(
    "inside", [{"word/embeddings/oleObject1.bin": b"x"}, {"word/media/image9.jpeg": b"no photo"}]
)
def test_what_stays_inside_as_it_was_is_said(inside):
    result = cleaned(made.docx(**inside), "docx")
    assert result.cleaned is Cleaned.PARTLY
    assert told(result.content.read()) == []


def test_a_file_attached_to_a_pdf_stays_and_is_said():
    result = cleaned(made.pdf(attachment=b"de bijlage"), "pdf")
    assert result.cleaned is Cleaned.PARTLY
    with pikepdf.open(result.content) as pdf:
        assert pdf.attachments["bijlage.txt"].get_file().read_bytes() == b"de bijlage"


def photo_in_pdf(content: bytes, coded: pikepdf.Object, **more: pikepdf.Object) -> bytes:
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(100, 100))
    photo = Stream(pdf, b"")
    photo.Type, photo.Subtype, photo.Width, photo.Height = Name.XObject, Name.Image, 48, 32
    photo.ColorSpace, photo.BitsPerComponent = Name.DeviceRGB, 8
    photo.write(content, filter=coded, decode_parms=more.get("parms"))
    page.Resources = Dictionary(XObject=Dictionary(Im0=pdf.make_indirect(photo)))
    target = io.BytesIO()
    pdf.save(target, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    return target.getvalue()


def photo_of(content: Spool) -> bytes:
    with pikepdf.open(content) as pdf:
        return pdf.pages[0].Resources.XObject.Im0.read_raw_bytes()


@pytest.mark.parametrize(
    "pdf",
    [
        lambda: photo_in_pdf(made.jpeg(), Name.DCTDecode, parms=Dictionary(ColorTransform=1)),
        lambda: photo_in_pdf(
            made.jpeg(), Array([Name.DCTDecode]), parms=Array([Dictionary(ColorTransform=1)])
        ),
        lambda: photo_in_pdf(zlib.compress(made.jpeg()), Array([Name.FlateDecode, Name.DCTDecode])),
        lambda: photo_in_pdf(
            zlib.compress(zlib.compress(made.jpeg())),
            Array([Name.FlateDecode, Name.FlateDecode, Name.DCTDecode]),
        ),
    ],
)
def test_a_photo_in_a_pdf_is_cleaned_however_it_is_packed(pdf):
    result = cleaned(pdf(), "pdf")
    assert result.cleaned is Cleaned.CLEANED
    photo = photo_of(result.content)
    assert SECRET.encode() not in photo
    assert pixels(photo) == pixels(made.jpeg())


JPX = b"\0\0\0\x0cjP  \r\n\x87\n" + struct.pack(">I", 8 + len(SECRET)) + b"xml " + SECRET.encode()


@pytest.mark.parametrize(
    "pdf",
    [
        lambda: photo_in_pdf(JPX, Name.JPXDecode),
        lambda: photo_in_pdf(b"anders", Name.OwnDecode),
        lambda: photo_in_pdf(made.jpeg().hex().encode() + b">", Array([Name.ASCIIHexDecode, Name.DCTDecode])),
        lambda: photo_in_pdf(zlib.compress(made.jpeg())[:-20], Array([Name.FlateDecode, Name.DCTDecode])),
        lambda: photo_in_pdf(zlib.compress(bytes(65 << 20)), Array([Name.FlateDecode, Name.DCTDecode])),
    ],
)
def test_a_photo_in_a_pdf_that_we_cannot_read_is_said_to_be_left(pdf):
    assert cleaned(pdf(), "pdf").cleaned is Cleaned.PARTLY


def test_a_layer_of_a_pdf_does_not_tell_who_made_it():
    pdf = pikepdf.new()
    pdf.add_blank_page()
    usage = Dictionary(
        CreatorInfo=Dictionary(Creator=SECRET), User=Dictionary(Type=Name.Ind, Name=SECRET),
        Print=Dictionary(PrintState=Name.ON),
    )  # fmt: skip
    layer = Dictionary(Type=Name.OCG, Name="laag", Usage=usage)
    pdf.Root.OCProperties = Dictionary(OCGs=Array([pdf.make_indirect(layer)]))
    target = io.BytesIO()
    pdf.save(target)
    assert SECRET in told(target.getvalue())
    result = cleaned(target.getvalue(), "pdf")
    assert (result.cleaned, told(result.content.read())) == (Cleaned.CLEANED, [])


def test_a_form_of_another_kind_in_a_pdf_is_said_to_be_left():
    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.Root.AcroForm = Dictionary(Fields=Array([]), XFA=Stream(pdf, SECRET.encode()))
    target = io.BytesIO()
    pdf.save(target)
    assert cleaned(target.getvalue(), "pdf").cleaned is Cleaned.PARTLY


OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONNECTION = (
    f"<connections xmlns='x'><connection id='1' odcFile='{SECRET}.odc' name='{SECRET}' description='{SECRET}' "
    f"type='1'><dbPr connection='User ID={SECRET}' command='x'/></connection></connections>"
)
TELLING = {
    "variables": {"word/settings.xml": f"<w:s xmlns:w='w'><w:docVars><w:docVar w:val='{SECRET}'/></w:docVars></w:s>"},
    "instructions": {"word/document.xml": f"<?mso {SECRET}?><w:d xmlns:w='w'><?mso {SECRET}?></w:d>"},
    "connections": {"xl/workbook.xml": "<w xmlns='x'/>", "xl/connections.xml": CONNECTION},
    "tags": {
        "ppt/presentation.xml": "<p xmlns='x'><custDataLst><tags r:id='r1' xmlns:r='r'/></custDataLst></p>",
        "ppt/tags/tag1.xml": f"<tagLst><tag name='USER' val='{SECRET}'/></tagLst>",
        "ppt/_rels/presentation.xml.rels": made.relations((f"{OFFICE}/tags", "tags/tag1.xml", "")),
    },
    "a personal site": {
        "xl/_rels/workbook.xml.rels": made.relations(
            (
                f"{OFFICE}/externalLinkPath",
                f"https://iets-my.sharepoint.com/personal/{SECRET}/x.xlsx",
                'TargetMode="External"',
            )
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("what", TELLING)
def test_what_a_document_notes_outside_its_text_goes(what):
    content = made.archive({"[Content_Types].xml": "<Types/>", **TELLING[what]})
    assert SECRET in told(content)
    result = cleaned(content, "docx")
    assert result.cleaned is Cleaned.CLEANED
    assert told(result.content.read()) == []
    assert "tag" not in "".join(
        part(result.content, name) for name in TELLING["tags"] if what == "tags" and "/tags/" not in name
    )


@pytest.mark.parametrize(
    "inside",
    [
        {"word/nieuw/deel.xml": "<x/>"}, {"xl/externalLinks/externalLink1.xml": "<x/>"},
        {"word/_rels/settings.xml.rels": made.relations(
            (f"{OFFICE}/image", "https://voorbeeld.example/x.png", 'TargetMode="External"'))},
    ],
)  # fmt: skip
def test_a_part_that_we_do_not_know_is_said_to_be_left(inside):
    assert cleaned(made.docx(**inside), "docx").cleaned is Cleaned.PARTLY


# Files that were made to break things


def bomb(**parts: bytes) -> bytes:
    return made.docx(**{f"word/{name}.xml": content for name, content in parts.items()})


HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "entities": ("docx", lambda: bomb(x=b"<!DOCTYPE x [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]><x>&b;</x>")),
    "outside": ("docx", lambda: bomb(x=b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'><x/>")),
    "one huge attribute": ("docx", lambda: bomb(x=b"<x a='" + b"a" * (300 << 20) + b"'/>")),
    "too large a part": ("docx", lambda: bomb(x=b"<x>" + b"<a/>" * (33 << 20) + b"</x>")),
    "too large inside": ("docx", lambda: made.docx(**{"word/embeddings/x.bin": bytes(520 << 20)})),
    "too many parts": ("docx", lambda: made.docx(**{f"word/{number}.bin": b"" for number in range(5001)})),
    "no xml": ("docx", lambda: bomb(x=b"<x>")),
    "deep xml": ("docx", lambda: bomb(x=b"<x>" * 3_000_000)),
    "no archive": ("docx", lambda: made.docx()[:-30]),
    "locked odt": ("odt", lambda: made.odt(**{"styles.xml": bytes(range(256))})),
    "locked pdf": ("pdf", lambda: made.pdf(encryption=pikepdf.Encryption(user="slot", owner="slot"))),
    "half a pdf": ("pdf", lambda: made.pdf()[:100]),
    "no pdf": ("pdf", lambda: b"%PDF-1.7\n" + b"[" * 3_000_000),
    "half a photo": ("jpg", lambda: made.jpeg()[:50]),
    "half a png": ("png", lambda: made.png()[:80]),
    "a chunk of 4 GB": ("png", lambda: made.png()[:33] + b"\xff\xff\xff\xffIDAT"),
    "half a webp": ("webp", lambda: made.webp()[:40]),
    "half a gif": ("gif", lambda: made.gif()[:60]),
    "half a heic": ("heic", lambda: made.sample("made.heic")[:300]),
    "half a film": ("mp4", lambda: made.sample("made.mp4")[:-300]),
    "a film in fragments": ("mp4", lambda: made.sample("fragments.mp4")),
    "half a recording": ("wav", lambda: made.wav()[:60]),
    "no sound": ("mp3", lambda: b"ID3\x04\0\0\0\0\0\0" + bytes(2 << 20)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_damaged_locked_or_hostile_is_kept_as_it_is_and_said(name):
    extension, make = HOSTILE[name]
    content = make()
    result = cleaned(content, extension)
    assert result.cleaned is Cleaned.FAILED
    assert result.removed == frozenset()
    assert result.content.read() == content


def test_an_enormous_picture_costs_no_more_than_its_bytes():
    size = (60_000).to_bytes(4)
    content = bytearray(made.png())
    content[16:24] = size + size
    assert cleaned(bytes(content), "png").cleaned is Cleaned.CLEANED


def test_a_cleaner_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(cleaning, "_PATIENCE", 0.001)
    assert cleaned(made.pdf(), "pdf").cleaned is Cleaned.FAILED


def test_a_file_that_is_not_clean_within_its_time_is_another_matter_than_one_that_cannot_be():
    sent = spool()
    sent.write(made.pdf())
    with pytest.raises(CleanersBusy):
        clean(sent, TYPES["pdf"], within=0.001)


def test_whoever_finds_the_line_full_is_refused_at_once(monkeypatch):
    monkeypatch.setattr(cleaning, "LONGEST_WAIT", 600.0)
    monkeypatch.setattr(cleaning, "_line", threading.BoundedSemaphore(1))
    with cleaning._one_of(cleaning._line, wait=0.0), pytest.raises(CleanersBusy):
        cleaned(made.png(), "png")
    assert cleaned(made.png(), "png").cleaned is Cleaned.CLEANED


def test_nobody_waits_long_for_a_turn(monkeypatch):
    waits = []

    class Taken:
        def acquire(self, *, timeout: float) -> bool:
            waits.append(timeout)
            return False

    monkeypatch.setattr(cleaning, "_turn", Taken())
    with pytest.raises(CleanersBusy):
        cleaned(made.png(), "png")
    assert waits == [3.0]
    monkeypatch.undo()
    assert cleaned(made.png(), "png").cleaned is Cleaned.CLEANED


def test_the_process_that_cleans_knows_no_secret(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "geheim")
    seen = {}

    def run(command, **options):
        seen.update(options)
        return subprocess.CompletedProcess(command, 0, b'[["camera"], false]', b"")

    monkeypatch.setattr(cleaning.subprocess, "run", run)
    assert cleaned(made.pdf(), "pdf").removed == {Trace.CAMERA}
    assert seen["env"] == {}
    assert len(seen["input"]) == 64


def test_the_process_that_cleans_has_bounds():
    code = (
        "import resource; from spreekbuis.vault.hidden.__main__ import _bounded; _bounded();"
        "print(*(resource.getrlimit(getattr(resource, 'RLIMIT_' + name))[1] for name in ('CPU', 'AS', 'CORE')))"
    )
    told = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert told.split() == ["10", str(768 << 20), "0"]
