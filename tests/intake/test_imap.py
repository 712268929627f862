"""Mails of an IMAP server: they lie in the box before the server loses them, once, and only with a true certificate."""

import imaplib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from spreekbuis.intake.front import imap
from spreekbuis.intake.front.imap import fetch, fetch_mails
from spreekbuis.intake.front.mail_box import DONE
from spreekbuis.settings import MailServer, SettingsError, incoming_server
from tests.notify.certificate import self_signed_file

PASSWORD = "een-geheim-van-de-test"
MAIL = (
    b"From: a@voorbeeld.example\r\nSubject: Vraag %d\r\nMessage-ID: <%d@voorbeeld.example>\r\n\r\nTekst\r\n"
)


def free_port():
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def process():
    """A real IMAP server in memory."""
    port = free_port()
    command = [
        Path(sys.executable).with_name("pymap"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-tls",
    ]
    for service in ("managesieve", "admin", "lmtp"):
        command += ["--no-service", service]
    command += ["dict", "--demo-data", "--demo-user", "loket", "--demo-password", PASSWORD]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert time.monotonic() < end, "the IMAP server does not start"
            assert running.poll() is None
    yield port
    running.terminate()
    running.wait()


@pytest.fixture
def server(process):
    """Its folder INBOX, empty."""
    server = MailServer("127.0.0.1", process, "loket", "INBOX", False, PASSWORD)
    with closing(_client(server)) as client:
        client.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
        client.expunge()
    return server


def _client(server):
    client = imaplib.IMAP4(server.host, server.port, timeout=5)
    client.login(server.user, server.password)
    client.select(server.folder)
    client.close = client.logout
    return client


def put(server, *numbers, more=b""):
    with closing(_client(server)) as client:
        for number in numbers:
            client.append(server.folder, None, None, MAIL % (number, number) + more)


def left(server):
    with closing(_client(server)) as client:
        return len(client.uid("SEARCH", "ALL")[1][0].split())


def files(box):
    return sorted(file.read_bytes() for file in box.glob("*.eml"))


def test_mails_lie_in_the_box_and_are_gone_from_the_server(server, tmp_path):
    put(server, 1, 2)
    assert fetch(server, tmp_path) == {"mails": 2, "too_large": 0}
    assert files(tmp_path) == [MAIL % (1, 1), MAIL % (2, 2)]
    assert left(server) == 0
    assert fetch(server, tmp_path) == {"mails": 0, "too_large": 0}
    assert not list(tmp_path.glob(".*"))


def test_a_mail_is_on_the_disk_before_the_server_loses_it(server, tmp_path, monkeypatch):
    put(server, 1)
    monkeypatch.setattr(os, "fsync", lambda _descriptor: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        fetch(server, tmp_path)
    assert left(server) == 1
    assert files(tmp_path) == []


@pytest.mark.parametrize("folder", ["", DONE])
def test_after_a_crash_before_the_deletion_the_same_mail_is_the_same_file(
    server, tmp_path, monkeypatch, folder
):
    put(server, 1)
    with monkeypatch.context() as crash:
        crash.setattr(imap, "_take_away", lambda *_: (_ for _ in ()).throw(OSError("gone")))
        with pytest.raises(OSError, match="gone"):
            fetch(server, tmp_path)
    (file,) = tmp_path.glob("*.eml")
    if folder:  # an agent handled it meanwhile
        (tmp_path / folder).mkdir()
        file.rename(tmp_path / folder / file.name)
    fetch(server, tmp_path)
    assert len([*tmp_path.rglob("*.eml")]) == 1
    assert left(server) == 0


def test_a_mail_that_is_too_large_stays_on_the_server_and_the_others_come(server, tmp_path, monkeypatch):
    monkeypatch.setattr(imap, "LARGEST", 1000)
    put(server, 1, more=b"x" * 2000)
    put(server, 2)
    assert fetch(server, tmp_path) == {"mails": 1, "too_large": 1}
    assert left(server) == 1


def test_a_round_brings_so_many_and_the_next_one_the_rest(server, tmp_path, monkeypatch):
    monkeypatch.setattr(imap, "AT_ONCE", 2)
    put(server, 1, 2, 3)
    assert fetch(server, tmp_path)["mails"] == 2
    assert fetch(server, tmp_path)["mails"] == 1
    assert len(files(tmp_path)) == 3


def test_a_wrong_password_or_folder_changes_nothing(server, tmp_path):
    put(server, 1)
    for wrong in (replace(server, password="anders"), replace(server, folder='be"staat\\niet')):
        with pytest.raises(imaplib.IMAP4.error) as refused:
            fetch(wrong, tmp_path)
        assert PASSWORD not in str(refused.value)
    assert left(server) == 1


def test_a_server_that_says_nothing_is_left_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(imap, "SECONDS", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(OSError, match="timed out"):
            fetch(MailServer("127.0.0.1", port, "a", "INBOX", False, "b"), tmp_path)


def test_an_answer_without_end_is_not_read(tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as hostile:

        def talk():
            connection, _ = hostile.accept()
            with connection:
                connection.sendall(b"* OK hello\r\n")
                connection.recv(1000)
                connection.sendall(b"* CAPABILITY {99999999999}\r\n")
                connection.recv(1000)

        threading.Thread(target=talk, daemon=True).start()
        server = MailServer("127.0.0.1", hostile.getsockname()[1], "a", "INBOX", False, "b")
        with pytest.raises(imaplib.IMAP4.error, match="too large"):
            fetch(server, tmp_path)


@pytest.fixture
def encrypted(server, tmp_path):
    """The same server behind TLS, and the file with the certificate that it shows."""
    certificate = self_signed_file(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    door = socket.create_server(("127.0.0.1", 0))

    def pass_on(one, other):
        try:
            while sent := one.recv(65536):
                other.sendall(sent)
        except OSError:
            pass
        finally:
            other.close()

    def listen():
        while True:
            try:
                raw, _ = door.accept()
            except OSError:
                return
            try:
                outer = tls.wrap_socket(raw, server_side=True)
            except OSError:
                continue
            inner = socket.create_connection((server.host, server.port))
            threading.Thread(target=pass_on, args=(outer, inner), daemon=True).start()
            threading.Thread(target=pass_on, args=(inner, outer), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    yield replace(server, port=door.getsockname()[1], encrypted=True), certificate
    door.close()


def test_with_tls_only_a_certificate_that_holds_is_believed(server, encrypted, tmp_path, monkeypatch):
    put(server, 1)
    behind, certificate = encrypted
    box = tmp_path / "box"
    with pytest.raises(ssl.SSLCertVerificationError):
        fetch(behind, box)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert fetch(behind, box)["mails"] == 1
    with pytest.raises(ssl.SSLCertVerificationError):
        fetch(replace(behind, host="localhost"), box)


def test_the_job_brings_them_for_the_front_office_and_does_nothing_without_a_server(
    app, server, tmp_path, monkeypatch
):
    assert fetch_mails() == {"mails": 0, "too_large": 0}
    settings = replace(app.extensions["settings"], incoming_server=server, incoming_mail=tmp_path)
    monkeypatch.setitem(app.extensions, "settings", settings)
    put(server, 1)
    assert fetch_mails() == {"mails": 1, "too_large": 0}
    assert PASSWORD not in repr(settings)


def test_the_settings_name_a_server_and_keep_its_password_apart():
    def read(url, password=PASSWORD):
        return incoming_server({"INCOMING_MAIL_URL": url, "INCOMING_MAIL_PASSWORD": password})

    assert read("") is None
    assert read("imaps://loket%40voorbeeld.example@mail.example/INBOX/Vragen") == MailServer(
        "mail.example", 993, "loket@voorbeeld.example", "INBOX/Vragen", True, PASSWORD
    )
    assert read("imap://a@127.0.0.1:1143").folder == "INBOX"
    for wrong in (
        "imap://a@mail.example/INBOX", "imaps://a:b@mail.example/INBOX", "imaps://mail.example/INBOX", "https://a@b/c",
        "imaps://a@mail.example:poort/INBOX", "imaps://a@/INBOX", "imaps://a@mail.example/IN%0d%0aBOX", "imaps://a@[b/c",
    ):  # fmt: skip
        with pytest.raises(SettingsError) as refused:
            read(wrong)
        assert "mail.example" not in str(refused.value)
    with pytest.raises(SettingsError):
        read("imaps://a@mail.example", "")
