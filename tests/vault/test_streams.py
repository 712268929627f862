"""What is sealed comes back whole or not at all, whatever happens to the ciphertext in between."""

import io
import tracemalloc

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from spreekbuis.vault.sealing import CannotOpen
from spreekbuis.vault.streams import CHUNK, OpenedStream, SealingStream, sealed_size

KEY, CONTEXT = bytes(range(32)), b"entity/2026-11-02/name"
HEAD, SEALED_CHUNK = 8, CHUNK + 16
BORDERS = [0, 1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, 3 * CHUNK]
few = settings(max_examples=60, deadline=None)
around = st.builds(lambda size, more: max(0, size + more), st.sampled_from(BORDERS), st.integers(-40, 40))


def plain(size: int) -> bytes:
    """Content in which no chunk is like another."""
    return b"".join(number.to_bytes(8, "big") for number in range(size // 8 + 1))[:size]


def seal(content: bytes, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    return SealingStream(io.BytesIO(content), key, context).readall()


def opened(sealed: bytes, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    return OpenedStream(io.BytesIO(sealed), key, context).readall()


def given_out(sealed: bytes) -> bytes:
    """What a reader of damaged ciphertext got before it was refused, also when it asks again."""
    got = b""
    try:
        stream = OpenedStream(io.BytesIO(sealed), KEY, CONTEXT)
    except CannotOpen:
        return got
    for _ in range(sealed_size(len(sealed))):
        try:
            piece = stream.read(1000)
        except CannotOpen:
            break
        assert piece, "taken for whole"
        got += piece
    with pytest.raises(CannotOpen):
        stream.read(1)
    return got


class Dripping(io.BytesIO):
    """A source that gives a few bytes at a time, as a socket does."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size, 999) if size and size > 0 else 999)


@pytest.mark.parametrize("size", BORDERS)
def test_a_file_comes_back_and_its_sealed_size_is_known(size):
    sealed = seal(plain(size))
    assert opened(sealed) == plain(size)
    assert len(sealed) == sealed_size(size)


@few
@given(around, st.integers(1, 3 * CHUNK), st.binary(max_size=40))
def test_a_file_of_any_size_comes_back_however_it_is_read(size, step, context):
    sealing = SealingStream(Dripping(plain(size)), KEY, context)
    sealed = b"".join(iter(lambda: sealing.read(step), b""))
    opening = OpenedStream(Dripping(sealed), KEY, context)
    assert b"".join(iter(lambda: opening.read(step), b"")) == plain(size)
    assert opening.read(1) == b""


@few
@given(around, st.data())
def test_a_file_that_was_cut_off_anywhere_is_never_taken_for_whole(size, data):
    sealed = seal(plain(size))
    end = data.draw(st.integers(0, len(sealed) - 1))
    got = given_out(sealed[:end])
    assert plain(size).startswith(got)
    assert len(got) % CHUNK == 0


@pytest.mark.parametrize("chunks", [1, 2])
@pytest.mark.parametrize("size", [2 * CHUNK + 5, 3 * CHUNK])
def test_a_file_that_was_cut_off_between_two_chunks_is_refused_at_its_end(size, chunks):
    got = given_out(seal(plain(size))[: HEAD + chunks * SEALED_CHUNK])
    assert got == plain((chunks - 1) * CHUNK)


@few
@given(around, st.data())
def test_one_changed_bit_is_seen_and_nothing_of_its_chunk_is_given_out(size, data):
    sealed = bytearray(seal(plain(size)))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    got = given_out(bytes(sealed))
    assert got == plain(max(0, place - HEAD) // SEALED_CHUNK * CHUNK)


@few
@given(around, st.binary(min_size=1, max_size=2 * SEALED_CHUNK))
def test_what_was_added_behind_the_end_is_seen(size, more):
    given_out(seal(plain(size)) + more)


def chunks_of(sealed: bytes) -> list[bytes]:
    return [sealed[at : at + SEALED_CHUNK] for at in range(HEAD, len(sealed), SEALED_CHUNK)]


@few
@given(st.permutations(range(4)).filter(lambda order: list(order) != [0, 1, 2, 3]))
def test_chunks_in_another_order_are_seen(order):
    sealed = seal(plain(4 * CHUNK))
    chunks = chunks_of(sealed)
    given_out(sealed[:HEAD] + b"".join(chunks[number] for number in order))


@pytest.mark.parametrize("doubled", range(3))
def test_a_doubled_and_a_missing_chunk_are_seen(doubled):
    sealed = seal(plain(3 * CHUNK))
    chunks = chunks_of(sealed)
    given_out(sealed[:HEAD] + b"".join([*chunks[: doubled + 1], *chunks[doubled:]]))
    given_out(sealed[:HEAD] + b"".join(chunks[:doubled] + chunks[doubled + 1 :]))


@pytest.mark.parametrize("taken", range(3))
def test_a_chunk_of_another_file_is_seen_even_under_the_same_key_and_context(taken):
    one, other = seal(plain(3 * CHUNK)), seal(plain(3 * CHUNK))
    chunks = chunks_of(one)
    chunks[taken] = chunks_of(other)[taken]
    given_out(one[:HEAD] + b"".join(chunks))
    given_out(other[:HEAD] + one[HEAD:])


def test_another_key_or_another_place_opens_nothing():
    sealed = seal(plain(100))
    for key, context in ((bytes(32), CONTEXT), (KEY, CONTEXT + b"x"), (KEY, b"")):
        with pytest.raises(CannotOpen):
            opened(sealed, key, context)


def test_a_format_of_later_is_refused_and_not_guessed():
    with pytest.raises(CannotOpen):
        opened(b"\x02" + seal(plain(100))[1:])


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_has_32_bytes(length):
    with pytest.raises(ValueError, match="32 bytes"):
        SealingStream(io.BytesIO(b"x"), bytes(length), CONTEXT)
    with pytest.raises(ValueError, match="32 bytes"):
        OpenedStream(io.BytesIO(seal(b"x")), bytes(length), CONTEXT)


def test_the_same_file_twice_is_never_the_same_ciphertext():
    one, other = seal(plain(1000)), seal(plain(1000))
    assert one[:HEAD] != other[:HEAD]
    assert one[HEAD:] != other[HEAD:]


def test_a_file_that_was_sealed_before_opens_for_ever():
    """Known answer, put together from the words of the docstring and not with our code."""
    head, cipher = b"\x01" + b"prefix!", AESGCM(KEY)
    first = cipher.encrypt(b"prefix!" + b"\x00\x00\x00\x00" + b"\x00", b"a" * CHUNK, head + CONTEXT)
    second = cipher.encrypt(b"prefix!" + b"\x00\x00\x00\x01" + b"\x01", b"einde", head + CONTEXT)
    assert opened(head + first + second) == b"a" * CHUNK + b"einde"
    kept = "017072656669782121dc9823133de859c1930c615259a44f298d53f33f6d0bc5f2162f"
    assert opened(bytes.fromhex(kept)) == b"een melding"


def test_closing_closes_the_source_too():
    source = io.BytesIO(seal(b"x"))
    OpenedStream(source, KEY, CONTEXT).close()
    assert source.closed


class Endless(io.RawIOBase):
    """A large file that takes no memory itself."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        given = b"x" * min(size, self.left)
        self.left -= len(given)
        return given


def test_a_large_file_passes_through_little_memory():
    size = 40 << 20
    tracemalloc.start()
    try:
        stream = OpenedStream(SealingStream(Endless(size), KEY, CONTEXT), KEY, CONTEXT)
        total = 0
        while piece := stream.read(1 << 16):
            total += len(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == size
    assert peak < 2 << 20
