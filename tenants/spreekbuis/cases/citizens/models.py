"""What 1700 knows of a message, besides the case that it is; and which entity is the host of 1700."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.db.base import SharedTable, TenantTable, to_entity, to_tenant


class CitizensHost(SharedTable):
    """The one entity whose desk 1700 is. Set by `spreekbuis citizens host`; without it there is no 1700 here."""

    __tablename__ = "citizens_host"
    shared_because = "says at which entity the messages of all citizens arrive; holds nothing of them"
    one: Mapped[bool] = mapped_column(primary_key=True, default=True)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("entity.id"))
    __table_args__ = (CheckConstraint("one", name="one"),)


class CitizenMessage(TenantTable):
    """A message of a citizen or a business: about whom it is, and whether it may be and was passed on."""

    __tablename__ = "citizen_message"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "whether a citizen or a business wrote": "sender",
        "says whether it may be passed on, and when and by whom that was done": "agreed_at posted_on posted_by",
        "the server's own key opens it for one mail, in which nothing stands; gone once that left": "mail_locked",
    }
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    sender: Mapped[str]
    """A cases.citizens.passing.Sender."""
    about: Mapped[str | None] = mapped_column(ForeignKey("organisation.ovo_code"))
    """The OVO code of the organisation; None: the sender does not know."""
    agreed_at: Mapped[datetime | None]
    """When the sender agreed that it is passed on to `about`; None: not, or withdrawn."""
    posted_on: Mapped[date | None]
    """The day on which the letter was posted, when that is how it was passed on."""
    posted_by: Mapped[UUID | None]
    """The account that says so."""
    mail_locked: Mapped[bytes | None]
    """Where to say that the message arrived."""
    __table_args__ = (to_entity(), to_tenant("case", "case_id", ondelete="CASCADE"))
