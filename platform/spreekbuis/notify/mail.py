"""Mail without case content. Only jobs call `deliver`, so that a mail leaves after the commit and is retried."""

import re
import smtplib
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from flask import current_app, render_template
from flask_babel import force_locale

from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.settings import Settings

SENDER = "Spreekbuis <niet-antwoorden@spreekbuis.example>"


class Mailer(Protocol):
    """Where a finished mail goes."""

    def send(self, mail: EmailMessage) -> None:
        """Raises OSError or smtplib.SMTPException when it was not taken."""


class FolderMailer:
    """Writes each mail as a file `<time-ordered id>.eml`: the mailbox of a demo, and of tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, mail: EmailMessage) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = new_id().hex
        unfinished = self._folder / f".{name}"
        unfinished.write_bytes(mail.as_bytes())
        unfinished.rename(self._folder / f"{name}.eml")


class SmtpMailer:
    """`smtp://user:password@host:port` with STARTTLS when the server offers it, or `smtps://`."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def send(self, mail: EmailMessage) -> None:
        secure = self._url.scheme == "smtps"
        kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
        with kind(
            self._url.hostname or "localhost", self._url.port or (465 if secure else 25), timeout=20
        ) as server:
            if not secure and server.ehlo()[0] == 250 and server.has_extn("starttls"):
                server.starttls()
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
            server.send_message(mail)


def mailer(settings: Settings) -> Mailer:
    """SMTP when the settings name a server, else the folder."""
    return SmtpMailer(settings.smtp_url) if settings.smtp_url else FolderMailer(settings.mail_folder)


def deliver(template: str, to: str, language: str, **values: str) -> None:
    """Render `templates/mail/<template>.txt` (its first line is the subject) in `language` and hand it over.

    Raises OSError or smtplib.SMTPException: the job is retried.
    """
    settings: Settings = current_app.extensions["settings"]
    with force_locale(language):
        text = render_template(f"mail/{template}.txt", base_url=settings.base_url, **values)
    subject, _, body = text.strip().partition("\n")
    mail = EmailMessage()
    mail["From"] = SENDER
    mail["To"] = to
    mail["Subject"] = subject.strip()
    mail["Date"] = format_datetime(now())
    mail["Message-ID"] = make_msgid(domain="spreekbuis.example")
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(re.sub(r"\n{3,}", "\n\n", body).strip() + "\n")
    mailer(settings).send(mail)
