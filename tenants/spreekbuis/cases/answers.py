"""What the reporter answered to the questionnaire, with the words of the version that was answered."""

from typing import Protocol

from spreekbuis.questionnaires.answers import Answered, kept_answers
from spreekbuis.questionnaires.published import Version
from spreekbuis.vault.content import ContentKey
from spreekbuis.web.frame import language


class HasAnswers(Protocol):
    """A case, or what the mailbox shows of one."""

    @property
    def questionnaire(self) -> str | None: ...
    @property
    def questionnaire_version(self) -> int | None: ...
    @property
    def answers_sealed(self) -> bytes | None: ...


def answers_of(case: HasAnswers, key: ContentKey) -> Answered | None:
    """What was answered, None when nothing was. Raises CannotOpen."""
    if case.questionnaire is None or case.questionnaire_version is None or case.answers_sealed is None:
        return None
    version = Version(case.questionnaire, case.questionnaire_version)
    return kept_answers(version, key.open("answers", case.answers_sealed))


def answers_shown(case: HasAnswers, key: ContentKey) -> list[tuple[str, str]]:
    """Question and answer in the reader's language, or else in Dutch. Raises CannotOpen."""
    answered = answers_of(case, key)
    return answered.in_words(language()) if answered else []
