"""A spool behaves as an ordinary file does, and its disk never holds a plain byte."""

import io
import os
import tempfile
import tracemalloc
import zipfile

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from spreekbuis.vault.spool import Spool, spool
from spreekbuis.vault.uploads import SpoolingRequest

PLANTED = b"de leidinggevende tekende de factuur zelf "


def on_disk(file: Spool) -> bytes:
    file.flush()
    return os.pread(file.file.fileno(), 1 << 30, 0)


class LikeAnOrdinaryFile(RuleBasedStateMachine):
    """Whatever is written, read, sought and cut: the two stay the same."""

    def __init__(self) -> None:
        super().__init__()
        self.ours, self.theirs = spool(), tempfile.TemporaryFile()  # noqa: SIM115

    @rule(data=st.binary(max_size=200))
    def write(self, data: bytes) -> None:
        assert self.ours.write(data) == self.theirs.write(data)

    @rule(times=st.integers(1, 3000))
    def write_much(self, times: int) -> None:
        self.ours.write(PLANTED * times)
        self.theirs.write(PLANTED * times)

    @rule(size=st.integers(-1, 100_000))
    def read(self, size: int) -> None:
        assert self.ours.read(size) == self.theirs.read(size)

    @rule(place=st.integers(0, 200_000))
    def seek(self, place: int) -> None:
        assert self.ours.seek(place) == self.theirs.seek(place)

    @rule()
    def seek_the_end(self) -> None:
        assert self.ours.seek(0, io.SEEK_END) == self.theirs.seek(0, io.SEEK_END)

    @rule()
    def cut(self) -> None:
        assert self.ours.truncate() == self.theirs.truncate()

    @invariant()
    def same_place(self) -> None:
        assert self.ours.tell() == self.theirs.tell()

    @invariant()
    def never_plain(self) -> None:
        assert PLANTED not in on_disk(self.ours)

    def teardown(self) -> None:
        self.ours.seek(0)
        self.theirs.seek(0)
        assert self.ours.read() == self.theirs.read()
        self.ours.close()
        self.theirs.close()


LikeAnOrdinaryFile.TestCase.settings = settings(max_examples=40, deadline=None)
TestASpoolIsAFile = LikeAnOrdinaryFile.TestCase


def test_a_second_reader_with_the_descriptor_and_the_key_reads_along_and_does_not_disturb():
    with spool() as one:
        one.write(PLANTED * 10_000)
        one.seek(0)
        assert one.read(10) == PLANTED[:10]
        with Spool(os.fdopen(os.dup(one.file.fileno()), "r+b", buffering=0), one.key) as other:
            assert other.read() == PLANTED * 10_000
        assert one.read() == (PLANTED * 10_000)[10:]


def test_each_spool_has_a_key_of_its_own():
    with spool() as one, spool() as other:
        for file in (one, other):
            file.write(PLANTED * 10)
        assert on_disk(one) != on_disk(other)


def test_an_archive_can_be_made_and_read_in_a_spool():
    with spool() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("een.txt", PLANTED * 5000)
        with zipfile.ZipFile(file) as read:
            assert read.read("een.txt") == PLANTED * 5000
        assert PLANTED not in on_disk(file)


def test_a_closed_spool_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    file = spool()
    file.write(PLANTED * 10_000)
    file.flush()
    assert list(tmp_path.iterdir()) == []
    file.close()
    assert file.file.closed


class Body(io.RawIOBase):
    """A form with ten files, as it comes over the line: it takes no memory itself."""

    FILES, PIECES = 10, 100
    piece = PLANTED * 1500
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'

    def __init__(self) -> None:
        self.pieces = (
            part for _ in range(self.FILES) for part in (self.head, *[self.piece] * self.PIECES, b"\r\n")
        )
        self.left = b""

    def readinto(self, buffer) -> int:
        self.left = self.left or next(self.pieces, b"--b--\r\n")
        size = min(len(buffer), len(self.left))
        buffer[:size], self.left = self.left[:size], self.left[size:]
        return size

    @classmethod
    def length(cls) -> int:
        return cls.FILES * (len(cls.head) + cls.PIECES * len(cls.piece) + 2) + 7


def test_what_a_browser_sends_is_never_plain_on_disk_and_takes_little_memory():
    environ = {
        "REQUEST_METHOD": "POST", "wsgi.input": Body(), "CONTENT_LENGTH": str(Body.length()),
        "CONTENT_TYPE": "multipart/form-data; boundary=b",
    }  # fmt: skip
    tracemalloc.start()
    try:
        files = SpoolingRequest(environ).files.getlist("f")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(files) == Body.FILES
    assert Body.length() > 60 << 20
    assert peak < 4 << 20
    assert files[0].read() == Body.piece * Body.PIECES
    assert PLANTED not in on_disk(files[0].stream)
    for file in files:
        file.close()
