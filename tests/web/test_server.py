"""The real server in front of the application: what it does with requests that make no sense, and what it logs."""

import json
import os
import select
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError

import pytest

from spreekbuis.embedded.ports import any_free_port
from spreekbuis.vault.confined import in_force
from tests.conftest import SECRET

PRIVATE = "een-woord-dat-nergens-hoort"


class Server:
    def __init__(self, port: int, process: subprocess.Popen[bytes], errors: Path) -> None:
        self.port, self.process, self.errors = port, process, errors

    def ask(self, request: bytes) -> bytes:
        """Send bytes as they are; gives what came back until the server closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(request)
            answer = b""
            try:
                while part := connection.recv(65536):
                    answer += part
            except ConnectionResetError:
                pass
            return answer

    def lines(self, containing: str) -> list[dict[str, object]]:
        """The log lines with these words; every line must be JSON."""
        all_lines = [json.loads(line) for line in self.errors.read_text().splitlines()]
        return [line for line in all_lines if containing in json.dumps(line)]


@pytest.fixture(scope="module")
def server(database, tmp_path_factory) -> Iterator[Server]:
    folder, port = tmp_path_factory.mktemp("server"), any_free_port()
    env = {
        **os.environ, "SPREEKBUIS_ENV": "test", "SECRET_KEY": SECRET, "DATABASE_URL": database["app"],
        "DATABASE_FIGURES_URL": database["figures"], "REDIS_URL": os.environ["SPREEKBUIS_TEST_REDIS_URL"],
        "SPREEKBUIS_DATA": str(folder), "PORT": str(port), "WEB_WORKERS": "1",
        "BASE_URL": f"http://127.0.0.1:{port}",
    }  # fmt: skip
    argv = [sys.executable, "-m", "gunicorn", "-c", "python:spreekbuis.web.server", "spreekbuis.web.wsgi:app"]
    errors = folder / "errors"
    with errors.open("wb") as output:
        process = subprocess.Popen(argv, env=env, stderr=output)
    try:
        _wait_until_it_answers(port, process)
        yield Server(port, process, errors)
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except (URLError, OSError):
            select.select([], [], [], 0.05)
    raise AssertionError("the server does not answer")


NONSENSE = {
    "LimitRequestLine": f"GET /{PRIVATE}{'a' * 5000} HTTP/1.1\r\nHost: x\r\n\r\n",
    "InvalidHeaderName": f"GET /{PRIVATE} HTTP/1.1\r\nHost: x\r\nBad {PRIVATE}: 1\r\n\r\n",
    "InvalidHTTPVersion": f"GET /{PRIVATE} HTTP/{PRIVATE}\r\nHost: x\r\n\r\n",
    "InvalidRequestLine": f"{PRIVATE}\r\n\r\n",
    "InvalidRequestMethod": f"get~{PRIVATE}( / HTTP/1.1\r\nHost: x\r\n\r\n",
    "UnsupportedTransferCoding": f"POST /{PRIVATE} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {PRIVATE}\r\n\r\n",
}


@pytest.mark.parametrize(("error", "request_text"), NONSENSE.items())
def test_of_a_request_that_makes_no_sense_only_the_kind_of_error_is_logged(server, error, request_text):
    answer = server.ask(request_text.encode())
    assert 400 <= int(answer.split()[1]) < 600
    assert server.lines(error)[0]["message"] == "bad request"
    log = server.errors.read_text()
    assert PRIVATE not in log
    assert "127.0.0.1" not in log


CHUNKED = "POST /sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
FORM = "Content-Type: application/x-www-form-urlencoded\r\n\r\n"


@pytest.mark.parametrize(
    "body",
    [
        f"zz{PRIVATE}\r\nabc\r\n0\r\n\r\n",
        f"3\r\nabc{PRIVATE}\r\n0\r\n\r\n",
        f"3\r\nabc\r\n0\r\n{PRIVATE} x\r\n\r\n",
    ],
    ids=["size", "terminator", "trailer"],
)
def test_a_body_in_chunks_that_makes_no_sense_is_refused_with_a_page_and_ends_the_connection(server, body):
    answer = server.ask((CHUNKED + FORM + body).encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Deze aanvraag klopt niet" in answer
    assert answer.count(b"HTTP/1.1 ") == 1
    assert PRIVATE not in server.errors.read_text()
    assert not server.lines("unexpected")


def test_a_body_in_chunks_that_makes_sense_is_read(server):
    body = "5\r\nemail\r\n2\r\n=a\r\n0\r\n\r\n"
    answer = server.ask((CHUNKED + "Connection: close\r\n" + FORM + body).encode())
    assert b"klopt niet" not in answer
    assert int(answer.split()[1]) not in (400, 500)


def test_a_body_that_is_far_too_large_is_refused_before_it_comes(server):
    """Nothing of the body is sent: an answer shows that the server did not wait for it."""
    size = 36 * 1024 * 1024
    head = f"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\nConnection: close\r\n"
    answer = server.ask((head + FORM).encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Dat is te groot" in answer


def test_the_log_says_once_that_the_memory_is_closed_and_what_keeps_the_cleaning_of_files_apart(server):
    (line,) = server.lines("kept apart")
    assert (line["memory_closed"], line["cleaning"]) == (True, in_force())
