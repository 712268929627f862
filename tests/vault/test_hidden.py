"""The cleaners themselves: whatever bytes they get, they clean or they say that they cannot."""

import contextlib
import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spreekbuis.vault.hidden import boxes, heic, office, pictures, sound
from spreekbuis.vault.hidden.office import clean_document
from spreekbuis.vault.hidden.orientation import orientation_of, tiff_with
from spreekbuis.vault.hidden.pdf import clean_pdf
from spreekbuis.vault.hidden.traces import CannotClean, Trace
from spreekbuis.vault.hidden.xml import filter_xml
from tests.vault import made

CLEANERS = {
    "jpeg": (pictures.clean_jpeg, made.jpeg()), "png": (pictures.clean_png, made.png()),
    "webp": (pictures.clean_webp, made.webp(6)), "gif": (pictures.clean_gif, made.gif()),
    "heic": (heic.clean_heic, made.sample("made.heic")), "mp4": (boxes.clean_movie, made.sample("made.mp4")),
    "mp3": (sound.clean_mp3, made.sample("made.mp3")), "wav": (sound.clean_wav, made.wav()),
    "docx": (clean_document, made.docx()), "pdf": (clean_pdf, made.pdf()),
}  # fmt: skip


@pytest.mark.parametrize("name", CLEANERS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_cleaned_or_refused_and_nothing_else(name, data):
    clean, content = CLEANERS[name]
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place : place + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
        if not damaged:
            return
    with contextlib.suppress(CannotClean):
        clean(io.BytesIO(bytes(damaged)), io.BytesIO())


@pytest.mark.parametrize("name", CLEANERS)
@settings(max_examples=20, deadline=None)
@given(end=st.integers(0, 100_000))
def test_a_file_that_is_cut_off_anywhere_is_cleaned_or_refused(name, end):
    clean, content = CLEANERS[name]
    with contextlib.suppress(CannotClean):
        clean(io.BytesIO(content[: end % len(content)]), io.BytesIO())


@pytest.mark.parametrize("name", sorted(CLEANERS.keys() - {"docx", "pdf"}))
def test_what_was_cleaned_is_clean(name):
    clean, content = CLEANERS[name]
    once, twice = io.BytesIO(), io.BytesIO()
    assert clean(io.BytesIO(content), once).removed
    found = clean(io.BytesIO(once.getvalue()), twice)
    assert twice.getvalue() == once.getvalue()
    assert found.removed <= {Trace.CAMERA}  # our own Exif, with which side is up


def test_a_webp_does_not_say_that_it_has_what_was_taken_out():
    flags = {}
    for orientation in (1, 6):
        target = io.BytesIO()
        pictures.clean_webp(io.BytesIO(made.webp(orientation)), target)
        flags[orientation] = target.getvalue()[20] & 0x2C
        assert int.from_bytes(target.getvalue()[4:8], "little") == len(target.getvalue()) - 8
    assert flags == {1: 0, 6: 8}  # the Exif with which side is up


# JPEG: where a block ends must not matter


@settings(max_examples=40, deadline=None)
@given(
    scan=st.lists(st.sampled_from([b"\xff\x00", b"\xff\xd0", b"x", b"\x00\xff\x00"]), max_size=60),
    at=st.integers(3, 9),
)
def test_the_coded_picture_of_a_jpeg_is_copied_wherever_a_block_ends(scan, at, monkeypatch_module):
    monkeypatch_module.setattr(pictures, "_BLOCK", at)
    coded = b"".join(scan)
    picture = b"\xff\xd8\xff\xda\x00\x04ab" + coded + b"\xff\xff\xd9"
    target = io.BytesIO()
    pictures.clean_jpeg(io.BytesIO(picture + b"behind"), target)
    assert target.getvalue() == b"\xff\xd8\xff\xda\x00\x04ab" + coded + b"\xff\xd9"


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


# Exif


@given(st.integers(1, 8))
def test_an_orientation_comes_back(orientation):
    assert orientation_of(tiff_with(orientation)) == orientation


@given(st.binary(max_size=200))
def test_any_exif_has_an_orientation(tiff):
    assert 1 <= orientation_of(b"II*\0" + tiff) <= 8


# Films


def box(kind: bytes, *inside: bytes) -> bytes:
    body = b"".join(inside)
    return struct.pack(">I4s", 8 + len(body), kind) + body


WHEN = struct.pack(">I", 3_860_733_600)
"""A moment of 2026, in seconds since 1904."""


def track(handler: bytes, samples: list[tuple[int, int]], *, one_size: int = 0, wide: bool = False) -> bytes:
    """A track of chunks at these places, of one sample of this size each."""
    sizes = b"" if one_size else b"".join(struct.pack(">I", size) for _place, size in samples)
    places = b"".join(struct.pack(">Q" if wide else ">I", place) for place, _size in samples)
    return box(
        b"trak", box(b"tkhd", bytes(4), WHEN, WHEN, bytes(72)),
        box(b"mdia", box(b"mdhd", b"\1\0\0\0", bytes(4), WHEN, bytes(4), WHEN, b"dduur", bytes(19)),
            box(b"hdlr", bytes(8) + handler + bytes(13)), box(b"minf", box(
            b"stbl", box(b"stsd", bytes(8)), box(b"stsc", struct.pack(">IIIII", 0, 1, 1, 1, 1)),
            box(b"stsz", struct.pack(">III", 0, one_size, len(samples)) + sizes),
            box(b"co64" if wide else b"stco", struct.pack(">II", 0, len(samples)) + places),
        ))),
    )  # fmt: skip


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("one_size", [0, 5])
def test_the_track_with_places_of_a_film_goes_with_what_it_points_at(wide, one_size):
    head = box(b"ftyp", b"mp42\0\0\0\0")
    media = box(b"mdat", b"BEELD+51.0GELUID+3.72")
    at = len(head) + 8
    film = head + media + box(
        b"moov", box(b"mvhd", bytes(4), WHEN, WHEN, b"dduur", bytes(83)), track(b"vide", [(at, 5)]),
        track(b"meta", [(at + 5, 5), (at + 16, 5)], one_size=one_size, wide=wide),
    )  # fmt: skip
    target = io.BytesIO()
    assert boxes.clean_movie(io.BytesIO(film), target).removed == {Trace.CAMERA, Trace.PROPERTIES}
    made_clean = target.getvalue()
    assert WHEN not in made_clean
    assert made_clean.count(b"dduur") == 2  # of the film and of the track that stayed
    assert made_clean[at : at + 21] == b"BEELD" + bytes(5) + b"GELUID" + bytes(5)
    assert made_clean.count(b"trak") == 1
    assert len(made_clean) == len(film)


@pytest.mark.parametrize("place", [10_000, 1 << 31])
def test_a_track_that_points_outside_the_film_is_refused(place):
    film = box(b"ftyp", b"mp42") + box(b"moov", track(b"meta", [(place, 5)]))
    with pytest.raises(CannotClean):
        boxes.clean_movie(io.BytesIO(film), io.BytesIO())


# Documents


def test_a_document_that_says_that_it_is_too_large_inside_costs_no_work(monkeypatch):
    def filtered(*_told):
        raise AssertionError("a part was read")

    monkeypatch.setattr(office, "filter_xml", filtered)
    content = made.docx(**{"word/document.xml": b" " * (office.MOST_INSIDE + 1)})
    with pytest.raises(CannotClean):
        clean_document(io.BytesIO(content), io.BytesIO())


# XML


def filtered(content: bytes, edit=lambda _name, _attributes: True) -> str:
    target = io.BytesIO()
    filter_xml(io.BytesIO(content), target, edit)
    return target.getvalue().decode().split("?>\n", 1)[1]


@pytest.mark.parametrize(
    "content",
    [
        "<a/>", '<a b="1" c="&#10;&#38;&#34;"/>', "<a>x &amp; y<b/>  <c>é</c>\n</a>", "<a><![CDATA[<x>&]]></a>",
        '<p:a xmlns:p="u" p:b="\'"><p:b>t</p:b></p:a>',
    ],
)  # fmt: skip
def test_xml_that_no_rule_names_comes_out_as_it_went_in(content):
    assert filtered(content.encode()) == content


def test_other_encodings_become_utf_8_and_remarks_go():
    content = "<?xml version='1.0' encoding='UTF-16'?><?wie wat?><a>é<!-- wie --><?wie wat?></a>"
    assert filtered(content.encode("utf-16")) == "<a>é</a>"


def test_an_element_is_dropped_emptied_or_given_another_text():
    rules = {"weg": False, "leeg": lambda _text: "", "naam": lambda text: f"<{len(text)}>"}
    content = b"<a>1<weg><weg>x</weg>y</weg>2<leeg k='v'>x<b/>y</leeg>3<naam>Jan<b>na</b></naam>4<leeg/></a>"
    expected = '<a>12<leeg k="v"/>3<naam>&#60;5&#62;</naam>4<leeg/></a>'
    assert filtered(content, lambda name, _attributes: rules.get(name, True)) == expected
