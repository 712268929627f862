"""What is left out when a case is disclosed, and questions of people about their data in it."""

from datetime import date
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.db.base import Sealed, TenantTable, new_id, to_entity, to_tenant


class RedactionPassage(TenantTable):
    """Words that are left out wherever they stand, with the reason, sealed."""

    __tablename__ = "redaction_passage"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    passage_sealed: Mapped[Sealed]
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        Index("ix_redaction_passage_case", "entity_id", "case_id", "id"),
    )


class Redaction(TenantTable):
    """What was decided of one message, sealed: that it is left out, or where a passage may stand all the same."""

    __tablename__ = "redaction"
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    decision_sealed: Mapped[Sealed]
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        to_tenant("message", "message_id", ondelete="CASCADE"),
    )


class DataRequest(TenantTable):
    """Somebody asks about their own data in a case (GDPR, articles 15 to 21). Who it is stands in no column."""

    __tablename__ = "data_request"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "its legal term, and what became of it, in codes and dates": (
            "kind asker received_on extended answered_on outcome"
        ),
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    """Made with the form: the same form sent twice is one request."""
    case_id: Mapped[UUID]
    kind: Mapped[str]
    """export.data_requests.Kind."""
    asker: Mapped[str]
    """export.data_requests.Asker."""
    received_on: Mapped[date]
    extended: Mapped[bool] = mapped_column(default=False)
    reasons_sealed: Mapped[Sealed | None]
    """Why it takes longer, as the person was told within the first month (GDPR, article 12(3))."""
    answered_on: Mapped[date | None]
    outcome: Mapped[str | None]
    """export.data_requests.Answer."""
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        Index("ix_data_request_case", "entity_id", "case_id", "received_on"),
    )
