"""Mails reach their server encrypted or not at all, and the mail of a retried job is the same mail."""

import contextlib
import smtplib
import socket
import socketserver
import ssl
import stat
import threading
from dataclasses import replace
from email import message_from_bytes

import pytest
from sqlalchemy import update

from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.jobs import worker
from spreekbuis.jobs.models import Job, JobState
from spreekbuis.jobs.outbox import DEFINED, enqueue, job
from spreekbuis.notify import mail
from spreekbuis.settings import Settings, SettingsError
from tests.notify.certificate import self_signed_file


class Talk(socketserver.StreamRequestHandler):
    """As much SMTP as a client needs; remembers what it was told."""

    def handle(self) -> None:
        server = self.server
        if server.tls and not server.offers:
            with contextlib.suppress(OSError):
                server.tls.wrap_socket(self.request, server_side=True)
            return
        self.wfile.write(b"220 test\r\n")
        while line := self.rfile.readline():
            server.heard.append(line.strip())
            word = line[:4].upper()
            if word == b"EHLO":
                self.wfile.write(b"250-test\r\n250 STARTTLS\r\n" if server.offers else b"250 test\r\n")
            elif word == b"STAR":
                self.wfile.write(b"220 go\r\n")
                with contextlib.suppress(OSError):
                    server.tls.wrap_socket(self.request, server_side=True)
                return
            elif word == b"DATA":
                self.wfile.write(b"354 go\r\n")
                while self.rfile.readline() != b".\r\n":
                    pass
                self.wfile.write(b"250 taken\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def smtp():
    """Start a server; gives its port. `server.heard` is what it was told in the clear."""
    running = []

    def start(*, tls: ssl.SSLContext | None = None, offers: bool = False) -> socketserver.ThreadingTCPServer:
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)
        server.daemon_threads = True
        server.tls, server.offers, server.heard = tls, offers, []
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory) -> ssl.SSLContext:
    """A certificate that nobody vouches for."""
    file = self_signed_file(tmp_path_factory.mktemp("tls"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest.fixture
def far(monkeypatch):
    """`mail.far.example` is a server on this machine that the code takes for one elsewhere."""
    found = socket.getaddrinfo

    def look_up(host, *args, **kwargs):
        return found("127.0.0.1" if host == "mail.far.example" else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def _mail():
    made = mail.EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@voorbeeld.example", "b@voorbeeld.example", "x"
    made["Message-ID"] = "<abc@voorbeeld.example>"
    made.set_content("x")
    return made


def test_a_server_on_this_machine_may_go_without_encryption(smtp):
    server = smtp()
    mail.SmtpMailer(f"smtp://127.0.0.1:{server.server_address[1]}").send(_mail())
    assert b"DATA" in [line.upper() for line in server.heard]


def test_a_server_elsewhere_that_offers_no_encryption_gets_nothing(smtp, far):
    server = smtp()
    with pytest.raises(smtplib.SMTPNotSupportedError):
        mail.SmtpMailer(f"smtp://user:secret@mail.far.example:{server.server_address[1]}").send(_mail())
    assert [line[:4].upper() for line in server.heard] == [b"EHLO"]


def test_a_certificate_that_nobody_vouches_for_gets_nothing_after_starttls(smtp, far, self_signed):
    server = smtp(tls=self_signed, offers=True)
    with pytest.raises(ssl.SSLCertVerificationError):
        mail.SmtpMailer(f"smtp://user:secret@mail.far.example:{server.server_address[1]}").send(_mail())
    assert [line.upper() for line in server.heard][1:] == [b"STARTTLS"]


def test_a_certificate_that_nobody_vouches_for_gets_nothing_over_smtps(smtp, self_signed):
    server = smtp(tls=self_signed)
    with pytest.raises(ssl.SSLCertVerificationError):
        mail.SmtpMailer(f"smtps://127.0.0.1:{server.server_address[1]}").send(_mail())
    assert server.heard == []


def test_the_mailbox_of_the_demo_is_closed_to_other_users(tmp_path):
    folder = tmp_path / "mailbox"
    folder.mkdir(mode=0o755)
    mail.FolderMailer(folder).send(_mail())
    (file,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (file.name, stat.S_IMODE(file.stat().st_mode)) == ("abc.eml", 0o600)


@pytest.fixture
def mailbox(app, tmp_path, monkeypatch):
    settings = replace(
        app.extensions["settings"],
        smtp_url=None,
        mail_folder=tmp_path,
        mail_sender="Dienst <dienst@voorbeeld.example>",
    )
    monkeypatch.setitem(app.extensions, "settings", settings)
    return tmp_path


@pytest.fixture
def posting(monkeypatch):
    """A job that mails two people, one of them twice, and can be killed between the mails and its commit."""
    kill = []
    monkeypatch.setattr(mail, "render_template", lambda *_args, **_values: "Onderwerp\n\nTekst")

    @job("test.post")
    def post() -> None:
        for to in ("een@voorbeeld.example", "twee@voorbeeld.example", "een@voorbeeld.example"):
            mail.deliver("some", to, "nl")
        if kill:
            raise kill.pop()

    yield kill
    del DEFINED["test.post"]


def test_the_mails_of_a_job_that_was_killed_before_its_commit_do_not_come_twice(mailbox, posting):
    posting.append(KeyboardInterrupt())
    with transaction(PLATFORM):
        job_id = enqueue("test.post")
    with pytest.raises(KeyboardInterrupt):
        worker.do(job_id)
    first = {file.name for file in mailbox.glob("*.eml")}
    assert len(first) == 3
    with transaction(PLATFORM) as session:  # as the relay does when the lease is free
        session.execute(update(Job).where(Job.id == job_id).values(state=JobState.WAITING))
    worker.do(job_id)
    assert {file.name for file in mailbox.glob("*.eml")} == first


def test_each_mail_has_an_identity_and_a_sender_of_the_installation(mailbox, posting):
    for _ in range(2):
        with transaction(PLATFORM):
            job_id = enqueue("test.post")
        worker.do(job_id)
    mails = [message_from_bytes(file.read_bytes()) for file in mailbox.glob("*.eml")]
    assert len({each["Message-ID"] for each in mails}) == 6
    assert {each["Message-ID"].partition("@")[2] for each in mails} == {"voorbeeld.example>"}
    assert {each["From"] for each in mails} == {"Dienst <dienst@voorbeeld.example>"}


PRODUCTION = {
    "SPREEKBUIS_ENV": "production", "SECRET_KEY": "x" * 40, "BASE_URL": "https://voorbeeld.example",
    "DATABASE_URL": "postgresql://a@b/c", "DATABASE_FIGURES_URL": "postgresql://a@b/c", "REDIS_URL": "redis://r",
    "STORAGE_URL": "file:/srv/files", "SMTP_URL": "smtps://mail.voorbeeld.example",
    "MAIL_SENDER": "Dienst <dienst@voorbeeld.example>",
}  # fmt: skip


def test_production_says_itself_who_sends():
    assert Settings.from_environment(PRODUCTION).mail_sender == "Dienst <dienst@voorbeeld.example>"
    with pytest.raises(SettingsError, match="MAIL_SENDER is not set"):
        Settings.from_environment({**PRODUCTION, "MAIL_SENDER": ""})
    demo = Settings.from_environment({**PRODUCTION, "SPREEKBUIS_ENV": "demo", "MAIL_SENDER": ""})
    assert demo.mail_sender == "Spreekbuis <niet-antwoorden@spreekbuis.example>"


@pytest.mark.parametrize(
    "sender", ["Dienst", "dienst@", "@voorbeeld.example", "a@b.example\r\nBcc: c@d.example"]
)
def test_a_sender_that_is_no_address_is_refused(sender):
    with pytest.raises(SettingsError, match="MAIL_SENDER must be an address"):
        Settings.from_environment({**PRODUCTION, "MAIL_SENDER": sender})


@pytest.mark.parametrize("url", ["mail.voorbeeld.example:25", "http://mail.voorbeeld.example"])
def test_a_mail_server_of_another_kind_is_refused(url):
    with pytest.raises(SettingsError, match="SMTP_URL must start with"):
        Settings.from_environment({**PRODUCTION, "SMTP_URL": url})
