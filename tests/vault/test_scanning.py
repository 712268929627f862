"""Nothing is taken for clean that the scanner did not call clean."""

import io
import socket

import pytest

from spreekbuis.vault.scanning import Clamd, NoScanner, NotScanned
from tests.vault.clamd import EICAR, running


@pytest.mark.parametrize("way", ["tcp", "unix"])
def test_a_virus_is_found_and_a_clean_file_is_not_one(way, tmp_path):
    with running(("127.0.0.1", 0) if way == "tcp" else str(tmp_path / "clamd")) as clamd:
        scanner = Clamd(clamd.address)
        assert scanner.finds_virus(io.BytesIO(b"x" * 200_000 + EICAR + b"y" * 1000)) is True
        assert scanner.finds_virus(io.BytesIO(b"x" * 200_000)) is False
    assert [len(content) for content in clamd.scanned] == [201_068, 200_000]


@pytest.mark.parametrize(
    "answer", [b"", b"UNKNOWN COMMAND\0", b"stream: OK but\0", b"FOUND\0", b"OK\0", b"\xff" * 5000]
)
def test_another_answer_than_ok_or_found_is_no_judgement(answer):
    with running(answer=answer) as clamd, pytest.raises(NotScanned):
        Clamd(clamd.address).finds_virus(io.BytesIO(b"x"))


def test_what_is_too_long_for_the_scanner_is_not_judged():
    with running() as clamd, pytest.raises(NotScanned):
        Clamd(clamd.address).finds_virus(io.BytesIO(bytes(4 << 20)))


@pytest.mark.parametrize("way", ["tcp", "unix"])
def test_a_scanner_that_is_away_judges_nothing(way, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}" if way == "tcp" else f"unix:{tmp_path}/nobody"
    with pytest.raises(NotScanned, match="cannot be reached"):
        Clamd(address).finds_virus(io.BytesIO(b"x"))


def test_without_a_scanner_nothing_is_found():
    assert NoScanner().finds_virus(io.BytesIO(EICAR)) is False
