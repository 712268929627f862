"""Questionnaires of the central office: the same for all entities, and without anything that a reporter wrote."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now
from spreekbuis.db.base import APPEND_ONLY, SharedTable

_SHARED = "the central office writes them once for all entities; answers stand with their case"


class Questionnaire(SharedTable):
    """Questions that go with the story of some categories. `name` is what the central office calls it, in Dutch."""

    __tablename__ = "questionnaire"
    shared_because = _SHARED
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int] = mapped_column(default=0)
    """The newest that was published, which reports get; 0 while there is none."""


class QuestionnaireCategory(SharedTable):
    """The questionnaire of a category: at most one."""

    __tablename__ = "questionnaire_category"
    shared_because = _SHARED
    category: Mapped[str] = mapped_column(primary_key=True)
    questionnaire: Mapped[str] = mapped_column(ForeignKey("questionnaire.code"))


class QuestionnaireVersion(SharedTable):
    """A version as it was published. The application cannot change or delete it: cases say with it what was asked."""

    __tablename__ = "questionnaire_version"
    shared_because = _SHARED
    app_may = APPEND_ONLY
    code: Mapped[str] = mapped_column(ForeignKey("questionnaire.code"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    definition: Mapped[dict[str, Any]]
    published_at: Mapped[datetime] = mapped_column(default=now)
    published_by: Mapped[UUID | None]
    """The account; None for what came with the product."""


class QuestionnaireDraft(SharedTable):
    """The next version while it is written. `edit` counts the changes, to see when two write at once."""

    __tablename__ = "questionnaire_draft"
    shared_because = _SHARED
    code: Mapped[str] = mapped_column(ForeignKey("questionnaire.code"), primary_key=True)
    definition: Mapped[dict[str, Any]]
    edit: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime] = mapped_column(default=now)
