"""A folder and a bucket keep contents in the same way."""

import io
import subprocess
import sys
import traceback
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from spreekbuis.clock import today
from spreekbuis.db.scope import entering, tenant
from spreekbuis.vault.bucket import BucketStorage
from spreekbuis.vault.storage import FolderStorage, Storage, new_key
from tests.vault import s3

ENTITY = uuid4()
LARGE = 11 << 20
"""More than two parts of an upload."""


@pytest.fixture(scope="module")
def bucket():
    with s3.running() as running:
        yield running


@pytest.fixture
def keys_to_the_bucket(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sleutelnaam")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sleutelgeheim")


@pytest.fixture(params=["folder", "bucket"])
def place(request, tmp_path: Path, bucket, keys_to_the_bucket) -> Storage:
    if request.param == "folder":
        return FolderStorage(tmp_path / "files")
    return BucketStorage(replace(bucket, prefix=f"een/{uuid4().hex}"))


@pytest.fixture
def key():
    with entering(tenant(ENTITY)):
        return new_key()


class Torn(io.BytesIO):
    """A connection that is lost after so many bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(bytes(size))

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        if not piece:
            raise ConnectionError
        return piece


@pytest.mark.parametrize("size", [0, 1, 600_000, 5 << 20, (5 << 20) + 1, LARGE])
def test_what_is_put_comes_back_as_it_was(place, key, size):
    content = (b"inhoud" * (size // 6 + 1))[:size]
    assert place.put(key, io.BytesIO(content)) == size
    with place.open(key) as stream:
        assert stream.read() == content


def test_what_is_left_of_a_stream_is_put(place, key):
    stream = io.BytesIO(b"vooraf inhoud")
    stream.seek(7)
    assert place.put(key, stream) == 6


def test_a_content_can_be_read_from_any_place(place, key):
    place.put(key, io.BytesIO(bytes(range(256)) * 20_000))
    with place.open(key) as stream:
        assert stream.seek(0, io.SEEK_END) == 256 * 20_000
        assert stream.read(1) == b""
        stream.seek(256 * 15_000 + 3)
        assert stream.read(2) == bytes([3, 4])
        stream.seek(0)
        assert stream.read(300) == bytes(range(256)) + bytes(range(44))


def test_a_key_names_the_entity_and_the_day_and_is_random(place):
    entity = uuid4()
    with entering(tenant(entity)):
        keys = [new_key(), new_key()]
    for key in keys:
        place.put(key, io.BytesIO(b"a"))
    assert all(key.startswith(f"{entity}/{today()}/") for key in keys)
    assert keys[0] != keys[1]
    assert list(place.tenants()) == [entity]
    assert place.keys_of(entity, today()) == sorted(keys)
    assert place.keys_of(entity, today() - timedelta(days=1)) == []
    assert place.keys_of(uuid4(), today()) == []


def test_each_entity_that_has_a_content_is_named(place):
    entities = [uuid4() for _ in range(3)]
    assert list(place.tenants()) == []
    for entity in entities:
        with entering(tenant(entity)):
            place.put(new_key(), io.BytesIO(b"a"))
    assert sorted(place.tenants()) == sorted(entities)


@pytest.mark.parametrize("size", [0, 4, LARGE])
def test_a_content_that_stops_in_the_middle_leaves_nothing(place, key, bucket, tmp_path, size):
    with pytest.raises(ConnectionError):
        place.put(key, Torn(size))
    with pytest.raises(FileNotFoundError):
        place.open(key)
    assert place.keys_of(ENTITY, today()) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert b"<Upload>" not in s3.open_uploads(bucket)


def test_no_key_is_made_without_an_entity():
    with pytest.raises(LookupError):
        new_key()


def test_deleting_twice_is_deleting_once(place, key):
    place.put(key, io.BytesIO(b"a"))
    place.delete(key)
    place.delete(key)
    with pytest.raises(FileNotFoundError):
        place.open(key)


@pytest.mark.parametrize(
    "key",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "",
        "a/b/c",
        "01f69d6a-e818-4150-8c58-6ceef002b44f/2026-01-01/../../x",
    ],
)
def test_a_key_that_is_none_of_ours_does_nothing(place, key):
    for use in (place.open, place.delete, lambda key: place.put(key, io.BytesIO(b"a"))):
        with pytest.raises(FileNotFoundError):
            use(key)


def test_others_on_the_machine_cannot_read_along(tmp_path, key):
    FolderStorage(tmp_path / "files").put(key, io.BytesIO(b"a"))
    for folder in list((tmp_path / "files" / key).parents)[:3]:
        assert folder.stat().st_mode & 0o077 == 0


def test_an_error_of_the_bucket_names_no_key_and_no_address(bucket, key, keys_to_the_bucket):
    away = BucketStorage(replace(bucket, endpoint="http://127.0.0.1:1"))
    uses = [away.open, away.delete, lambda key: away.put(key, io.BytesIO(b"a")), lambda _key: away.tenants()]
    for use in [*uses, lambda _key: away.keys_of(ENTITY, today())]:
        with pytest.raises(OSError, match="does not work") as raised:
            use(key)
        shown = "".join(traceback.format_exception(raised.value))
        assert not [secret for secret in ("sleutel", "127.0.0.1", key) if secret in shown]


MEASURED = """
import io, re, sys
from pathlib import Path
from spreekbuis.settings import Bucket
from spreekbuis.vault.bucket import BucketStorage
from spreekbuis.vault.streams import OpenedStream, SealingStream, KEY_BYTES
endpoint, key, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
place = BucketStorage(Bucket("meldingen", "", endpoint, "us-east-1"))

class Endless(io.RawIOBase):
    left = 0
    def readable(self): return True
    def readinto(self, buffer):
        given = min(len(buffer), self.left)
        self.left -= given
        return given

def there_and_back(size):
    source = Endless()
    source.left = size
    place.put(key, SealingStream(source, bytes(KEY_BYTES), b"here"))
    stream, total = OpenedStream(place.open(key), bytes(KEY_BYTES), b"here"), 0
    while piece := stream.read(1 << 16):
        total += len(piece)
    assert total == size

def most():  # of this program: what `getrusage` tells begins with the memory of the process that started it
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) << 10

there_and_back(1000)
before = most()
there_and_back(size)
print(most() - before)
"""


def test_a_large_file_passes_through_little_memory(bucket, key, keys_to_the_bucket):
    """The bound for 200 MB is 64 MB: for 60 MB it is less than a third of that."""
    arguments = [bucket.endpoint, key, str(60_000_000)]
    taken = subprocess.run(
        [sys.executable, "-c", MEASURED, *arguments], check=True, capture_output=True, text=True, timeout=120
    )
    assert int(taken.stdout) < 64_000_000 * 60 // 200
