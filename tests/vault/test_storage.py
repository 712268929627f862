import io
from pathlib import Path
from uuid import uuid4

import pytest

from spreekbuis.clock import today
from spreekbuis.db.scope import entering, tenant
from spreekbuis.vault.storage import FolderStorage


@pytest.fixture
def folder(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "files")


class Torn(io.BytesIO):
    """A connection that is lost after the first bytes."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise ConnectionError
        return super().read(4)


def test_what_is_put_comes_back_as_it_was(folder):
    with entering(tenant(uuid4())):
        key, size = folder.put(io.BytesIO(b"inhoud" * 100_000))
    with folder.open(key) as stream:
        assert stream.read() == b"inhoud" * 100_000
    assert size == 600_000


def test_a_key_names_the_entity_and_the_day_and_is_random(folder):
    entity = uuid4()
    with entering(tenant(entity)):
        one, other = folder.put(io.BytesIO(b"a"))[0], folder.put(io.BytesIO(b"a"))[0]
    assert one.startswith(f"{entity}/{today()}/")
    assert one != other
    assert list(folder.tenants()) == [entity]
    assert folder.keys_of(entity, today()) == sorted([one, other])
    assert folder.keys_of(uuid4(), today()) == []


def test_a_content_that_stops_in_the_middle_leaves_nothing(folder, tmp_path):
    with entering(tenant(uuid4())), pytest.raises(ConnectionError):
        folder.put(Torn(b"halve inhoud"))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_nothing_can_be_put_without_an_entity(folder):
    with pytest.raises(LookupError):
        folder.put(io.BytesIO(b"a"))


def test_deleting_twice_is_deleting_once(folder):
    with entering(tenant(uuid4())):
        key, _size = folder.put(io.BytesIO(b"a"))
    folder.delete(key)
    folder.delete(key)
    with pytest.raises(FileNotFoundError):
        folder.open(key)


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
def test_a_key_that_is_none_of_ours_opens_and_deletes_nothing(folder, key):
    for use in (folder.open, folder.delete):
        with pytest.raises(FileNotFoundError):
            use(key)


def test_others_on_the_machine_cannot_read_along(folder, tmp_path):
    with entering(tenant(uuid4())):
        key, _size = folder.put(io.BytesIO(b"a"))
    for folder in list((tmp_path / "files" / key).parents)[:3]:
        assert folder.stat().st_mode & 0o077 == 0
