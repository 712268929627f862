"""Mail without case content. Only jobs call `deliver`, so that a mail leaves after the commit and is retried."""

import re
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from flask import current_app, render_template
from flask_babel import force_locale

from spreekbuis.clock import now
from spreekbuis.jobs.running import name_of_effect
from spreekbuis.settings import Settings, is_loopback


class Mailer(Protocol):
    """Where a finished mail goes."""

    def send(self, mail: EmailMessage) -> None:
        """Raises OSError or smtplib.SMTPException when it was not taken."""


class FolderMailer:
    """Writes each mail as a file `<its Message-ID>.eml`, for this user alone: the mailbox of a demo, and of tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, mail: EmailMessage) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        name = mail["Message-ID"].strip("<>").partition("@")[0]
        unfinished = self._folder / f".{name}"
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(mail.as_bytes())
        unfinished.rename(self._folder / f"{name}.eml")


class SmtpMailer:
    """`smtps://user:password@host:port`, or `smtp://` with STARTTLS. Both want a certificate that holds.

    Only a server on this machine itself may go without encryption.
    """

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._host = self._url.hostname or "localhost"

    def send(self, mail: EmailMessage) -> None:
        with self._connect() as server:
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
            server.send_message(mail)

    def _connect(self) -> smtplib.SMTP:
        if self._url.scheme == "smtps":
            return smtplib.SMTP_SSL(self._host, self._url.port or 465, timeout=20, context=_verifying())
        server = smtplib.SMTP(self._host, self._url.port or 25, timeout=20)
        try:
            server.ehlo()
            if not is_loopback(self._host):
                server.starttls(context=_verifying())  # raises SMTPNotSupportedError when it is not offered
            return server
        except BaseException:
            server.close()
            raise


def _verifying() -> ssl.SSLContext:
    return ssl.create_default_context()


def mailer(settings: Settings) -> Mailer:
    """SMTP when the settings name a server, else the folder."""
    return SmtpMailer(settings.smtp_url) if settings.smtp_url else FolderMailer(settings.mail_folder)


def deliver(template: str, to: str, language: str, **values: str) -> None:
    """Render `templates/mail/<template>.txt` (its first line is the subject) in `language` and hand it over.

    Raises OSError or smtplib.SMTPException: the job is retried. The mail of a retried job has the same Message-ID,
    by which mail servers and the folder see that they have it already.
    """
    settings: Settings = current_app.extensions["settings"]
    with force_locale(language):
        text = render_template(f"mail/{template}.txt", base_url=settings.base_url, **values)
    subject, _, body = text.strip().partition("\n")
    mail = EmailMessage()
    mail["From"] = settings.mail_sender
    mail["To"] = to
    mail["Subject"] = subject.strip()
    mail["Date"] = format_datetime(now())
    domain = parseaddr(settings.mail_sender)[1].rpartition("@")[2]
    mail["Message-ID"] = f"<{name_of_effect(f'mail {template} {to}')}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(re.sub(r"\n{3,}", "\n\n", body).strip() + "\n")
    mailer(settings).send(mail)
