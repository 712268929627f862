"""A file comes back whole, or with an error: never shorter or changed."""

import http.client
import io
import threading
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.serving import make_server

from spreekbuis.db.scope import entering, tenant
from spreekbuis.errors import NotFound
from spreekbuis.vault.files import AcceptedFile, DamagedFile, accept, download
from spreekbuis.vault.sealing import CannotOpen
from spreekbuis.vault.storage import storage
from spreekbuis.vault.streams import CHUNK

CONTENT = b"Wie dit leest is bevoegd. " * 12_000
ENTITY = uuid4()


@pytest.fixture(autouse=True)
def somewhere(app):
    with app.test_request_context(), entering(tenant(ENTITY)):
        yield


@pytest.fixture
def file() -> AcceptedFile:
    upload = FileStorage(io.BytesIO(CONTENT), filename="Überblick 2.txt")
    (taken,) = accept({uuid4(): upload}, keep_original=True).files.values()
    return taken


def sent(file: AcceptedFile, *, key: bytes | None = None, size: int | None = None):
    return download(
        file.storage_key, key or file.key, name=file.name, media_type=file.media_type, size=size or file.size
    )


def change(app: Flask, file: AcceptedFile, edit) -> None:
    path = app.extensions["settings"].storage / file.storage_key
    content = bytearray(path.read_bytes())
    path.write_bytes(edit(content))


def flipped(place: int):
    def edit(content: bytearray) -> bytearray:
        content[place] ^= 1
        return content

    return edit


def test_a_download_is_the_file_under_its_name_and_is_kept_nowhere(file):
    response = sent(file)
    assert b"".join(response.response) == CONTENT
    assert response.content_length == len(CONTENT)
    assert response.mimetype == "text/plain"
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert "%C3%9Cberblick%202.txt" in response.headers["Content-Disposition"]
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Accel-Buffering"] == "no"


def test_a_file_that_is_gone_is_not_found(file):
    storage().delete(file.storage_key)
    with pytest.raises(NotFound, match="NotFound"):
        sent(file)


def test_a_file_of_another_entity_is_not_found_even_with_its_key(file):
    with entering(tenant(uuid4())), pytest.raises(NotFound):
        sent(file)


@pytest.mark.parametrize(
    "edit",
    [flipped(0), flipped(20), lambda content: content[:-1], lambda content: content + b"x", lambda _content: b"",
     lambda content: content[: 8 + CHUNK + 16]],
)  # fmt: skip
def test_a_file_that_was_cut_off_or_changed_at_the_front_is_refused_before_anything_is_sent(app, file, edit):
    change(app, file, edit)
    with pytest.raises(DamagedFile):
        sent(file)


def test_another_key_or_another_size_is_refused_before_anything_is_sent(file):
    with pytest.raises(DamagedFile):
        sent(file, key=bytes(32))
    with pytest.raises(DamagedFile):
        sent(file, size=file.size - 1)


def test_a_content_that_lies_under_another_name_does_not_open(app, file):
    upload = FileStorage(io.BytesIO(CONTENT), filename="ander.txt")
    (other,) = accept({uuid4(): upload}, keep_original=True).files.values()
    root = app.extensions["settings"].storage
    (root / file.storage_key).write_bytes((root / other.storage_key).read_bytes())
    with pytest.raises(DamagedFile):
        sent(file, key=other.key)


def test_a_change_further_on_breaks_the_download_off(app, file):
    change(app, file, flipped(-100))
    with pytest.raises(CannotOpen):
        b"".join(sent(file).response)


def test_the_browser_sees_that_a_download_was_broken_off(app, file, capfd):
    """Over a real connection: fewer bytes than promised are an error for every client."""
    change(app, file, flipped(-100))
    small = Flask("small")

    @small.get("/")
    def whole():
        with app.test_request_context(), entering(tenant(ENTITY)):
            return sent(file)

    server = make_server("127.0.0.1", 0, small)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.status == 200
        with pytest.raises(http.client.IncompleteRead) as broken:
            response.read()
        connection.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert CONTENT.startswith(broken.value.partial)
    assert len(broken.value.partial) < len(CONTENT)
    assert "bevoegd" not in capfd.readouterr().err
