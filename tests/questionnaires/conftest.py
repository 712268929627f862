"""What tests of questionnaires share: versions of their own, which are gone after the test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, text, update

from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.questionnaires.defaults import DEFAULTS
from spreekbuis.questionnaires.definition import LONGEST_OF, WRITTEN, Kind
from spreekbuis.questionnaires.models import (
    Questionnaire,
    QuestionnaireCategory,
    QuestionnaireDraft,
    QuestionnaireVersion,
)

OWN = "of_the_test"
"""The code of the questionnaire that `ask` makes."""


def a_question(
    key: str, kind: Kind = Kind.SHORT, *options: str, when: str = "", **changes: Any
) -> dict[str, Any]:
    """A question in stored JSON; `when`: "key=value"."""
    usual = {
        "key": key, "kind": kind.value, "label": {"nl": f"Vraag {key}"}, "help": {}, "required": False,
        "longest": LONGEST_OF[kind] if kind in WRITTEN else 0,
        "options": [{"key": option, "label": {"nl": f"Keuze {option}"}} for option in options],
        "condition": None,
    }  # fmt: skip
    if when:
        usual["condition"] = dict(zip(("question", "value"), when.split("="), strict=True))
    return usual | changes


def a_definition(*questions: dict[str, Any], **section: Any) -> dict[str, Any]:
    """A questionnaire of one section."""
    return {
        "sections": [{"key": "deel", "title": {"nl": "Een deel"}, "intro": {}, "questions": list(questions)} | section]
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _as_they_came(app: Flask, _cleaner) -> Iterator[None]:
    """Published versions cannot be taken back by the application: the owner does it, after each test."""
    yield
    with _cleaner.connect() as connection:
        connection.execute(text('TRUNCATE "case" CASCADE'))
        connection.execute(delete(QuestionnaireDraft))
        connection.execute(delete(QuestionnaireVersion).where(QuestionnaireVersion.version > 1))
        for category, code in _KNOWN.items():
            connection.execute(
                update(QuestionnaireCategory)
                .where(QuestionnaireCategory.category == category)
                .values(questionnaire=code)
            )
        ours = Questionnaire.code.not_in(set(_KNOWN.values()))
        for table, code in (
            (QuestionnaireVersion, QuestionnaireVersion.code),
            (Questionnaire, Questionnaire.code),
        ):
            connection.execute(delete(table).where(code.not_in(set(_KNOWN.values()))))
        connection.execute(update(Questionnaire).where(~ours).values(version=1))
    app.extensions.pop("questionnaires", None)


_KNOWN = {category: default.code for default in DEFAULTS for category in default.categories}


@pytest.fixture
def ask(app: Flask) -> Callable[..., str]:
    """Publish questions as the next version of the questionnaire of "bullying"; gives the version's name."""

    def publish(*questions: dict[str, Any], category: str = "bullying") -> str:
        with transaction(PLATFORM) as session:
            known = session.get(Questionnaire, OWN)
            if known is None:
                known = Questionnaire(code=OWN, name="Vragen van de test", version=0)
                session.add(known)
                session.flush()
            known.version += 1
            session.add(
                QuestionnaireVersion(code=OWN, version=known.version, definition=a_definition(*questions))
            )
            session.merge(QuestionnaireCategory(category=category, questionnaire=OWN))
            return f"{OWN}.{known.version}"

    return publish
