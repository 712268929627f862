"""Answer texts of the front office, and which mails it handled."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now
from spreekbuis.db.base import APPEND_ONLY, SharedTable


class Script(SharedTable):
    """One version of an answer text. Versions are only added: a contact says which one was used.

    `titles` and `texts` by language code, Dutch always. The highest version counts; `retired` takes it away.
    """

    __tablename__ = "script"
    shared_because = "every agent of the front office answers with the same texts"
    app_may = APPEND_ONLY
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    """Counts from 1."""
    topic: Mapped[str]
    titles: Mapped[dict[str, Any]]
    texts: Mapped[dict[str, Any]]
    retired: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime] = mapped_column(default=now)


class HandledMail(SharedTable):
    """A mail that was handled: a keyed hash of all of it, and one of what stays the same when it comes again."""

    __tablename__ = "handled_mail"
    shared_because = (
        "the mailbox of the front office belongs to no entity; a keyed hash says nothing of a mail"
    )
    app_may = APPEND_ONLY
    mark: Mapped[bytes] = mapped_column(primary_key=True)
    day: Mapped[date]
