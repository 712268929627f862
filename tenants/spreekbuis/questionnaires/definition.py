"""What a questionnaire is: sections of questions, each in four languages, some shown only after another's answer.

`parse` takes the stored JSON and lets nothing else in than what fits these types and bounds; `faults` says what
still keeps a draft from being published.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from flask_babel import lazy_gettext as _l

from spreekbuis.errors import Invalid

LANGUAGES = ("nl", "en", "fr", "de")
"""The first is required, and stands in for the others."""
MOST_SECTIONS = 12
MOST_QUESTIONS = 60
MOST_OPTIONS = 12
MOST_FIELDS = 120
"""Fields of a form together: a form of the product has 200 parts at most, files and story included."""
MOST_CONDITIONS = 24
"""Different answers that show a question: the style sheet knows as many words."""
LONGEST_LABEL, LONGEST_HELP = 200, 500
LONGEST_ANSWER = 4_000
LONGEST_TOGETHER = 60_000
"""Characters: of one answer, and of all answers together."""
_KEY = re.compile("[a-z][a-z0-9_]{0,29}")

E = TypeVar("E", bound=StrEnum)


class Kind(StrEnum):
    SHORT = "short"
    LONG = "long"
    ONE = "one"
    SEVERAL = "several"
    YES_NO = "yes_no"
    DATE = "date"
    """A day, a month or a year: as much as somebody remembers."""
    PERIOD = "period"
    """From one such date to another; either may be left out."""


WRITTEN = frozenset({Kind.SHORT, Kind.LONG})
CHOSEN = frozenset({Kind.ONE, Kind.SEVERAL, Kind.YES_NO})
LISTED = frozenset({Kind.ONE, Kind.SEVERAL})
"""Kinds whose options the questionnaire names itself."""
YES_OR_NO = ("yes", "no")
LONGEST_OF: Mapping[Kind, int] = {Kind.SHORT: 200, Kind.LONG: 2_000}
"""The usual longest answer, in characters."""

Texts = Mapping[str, str]
"""A text by language; a language that is missing is not translated yet."""


@dataclass(frozen=True, slots=True)
class Option:
    key: str
    label: Texts


@dataclass(frozen=True, slots=True)
class Condition:
    """The question is asked when the answer to `question` is, or contains, `value`."""

    question: str
    value: str


@dataclass(frozen=True, slots=True)
class Question:
    """`longest` in characters, 0 where nothing is written."""

    key: str
    kind: Kind
    label: Texts
    help: Texts
    required: bool = False
    longest: int = 0
    options: tuple[Option, ...] = ()
    condition: Condition | None = None

    @property
    def values(self) -> tuple[str, ...]:
        """What can be chosen."""
        return YES_OR_NO if self.kind is Kind.YES_NO else tuple(option.key for option in self.options)

    @property
    def fields(self) -> int:
        """How many fields of a form it takes at most."""
        return {Kind.SEVERAL: len(self.options), Kind.DATE: 3, Kind.PERIOD: 6}.get(self.kind, 1)


@dataclass(frozen=True, slots=True)
class Section:
    key: str
    title: Texts
    intro: Texts
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    sections: tuple[Section, ...] = ()

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(question for section in self.sections for question in section.questions)

    def question(self, key: str) -> Question | None:
        return next((question for question in self.questions if question.key == key), None)

    def section(self, key: str) -> Section | None:
        return next((section for section in self.sections if section.key == key), None)

    def texts(self) -> Iterator[tuple[str, Texts]]:
        """Every text that a reporter reads, with the key of the section or question where it stands."""
        for section in self.sections:
            yield section.key, section.title
            yield section.key, section.intro
            for question in section.questions:
                yield question.key, question.label
                yield question.key, question.help
                yield from ((question.key, option.label) for option in question.options)


def untranslated(definition: Definition, language: str) -> list[str]:
    """The keys of sections and questions of which a text is there in Dutch and not in `language`."""
    found = (key for key, texts in definition.texts() if "nl" in texts and language not in texts)
    return list(dict.fromkeys(found))


def parse(data: object) -> Definition:
    """The definition in stored JSON. Raises Invalid, with the place that does not fit."""
    sections = _list(_only(data, "", {"sections"})["sections"], "sections", MOST_SECTIONS)
    definition = Definition(tuple(_section(one, f"sections/{n}") for n, one in enumerate(sections)))
    _check_bounds(definition)
    return definition


def _check_bounds(definition: Definition) -> None:
    """Raises Invalid when there is too much of something."""
    questions = definition.questions
    if len(definition.sections) > MOST_SECTIONS or len(questions) > MOST_QUESTIONS:
        raise Invalid({"": _l("Een vragenlijst heeft hoogstens 12 delen en 60 vragen.")})
    if sum(question.fields for question in questions) > MOST_FIELDS:
        raise Invalid({"": _l("Dit zijn te veel antwoorden op één pagina. Haal vragen of keuzes weg.")})
    if sum(question.longest for question in questions) > LONGEST_TOGETHER:
        raise Invalid({"": _l("De antwoorden mogen samen te lang zijn. Maak enkele antwoorden korter.")})
    if len({question.condition for question in questions if question.condition}) > MOST_CONDITIONS:
        raise Invalid({"": _l("Dit zijn te veel verschillende voorwaarden.")})


def to_json(definition: Definition) -> dict[str, Any]:
    """What `parse` reads."""
    return {
        "sections": [
            {
                "key": section.key, "title": dict(section.title), "intro": dict(section.intro),
                "questions": [_question_to_json(question) for question in section.questions],
            }
            for section in definition.sections
        ]
    }  # fmt: skip


def _question_to_json(question: Question) -> dict[str, Any]:
    condition = question.condition
    return {
        "key": question.key, "kind": question.kind.value, "label": dict(question.label),
        "help": dict(question.help), "required": question.required, "longest": question.longest,
        "options": [{"key": option.key, "label": dict(option.label)} for option in question.options],
        "condition": condition and {"question": condition.question, "value": condition.value},
    }  # fmt: skip


def with_section(definition: Definition, changed: Section) -> Definition:
    """The definition with the section of this key replaced."""
    return Definition(tuple(changed if old.key == changed.key else old for old in definition.sections))


def with_question(definition: Definition, changed: Question) -> Definition:
    """The definition with the question of this key replaced."""
    return Definition(
        tuple(
            replace(
                section,
                questions=tuple(changed if old.key == changed.key else old for old in section.questions),
            )
            for section in definition.sections
        )
    )


def _section(data: object, place: str) -> Section:
    given = _only(data, place, {"key", "title", "intro", "questions"})
    questions = _list(given["questions"], f"{place}/questions", MOST_QUESTIONS)
    return Section(
        _key(given["key"], f"{place}/key"),
        _texts(given["title"], f"{place}/title", LONGEST_LABEL),
        _texts(given["intro"], f"{place}/intro", LONGEST_HELP),
        tuple(_question(one, f"{place}/questions/{n}") for n, one in enumerate(questions)),
    )


def _question(data: object, place: str) -> Question:
    given = _only(
        data, place, {"key", "kind", "label", "help", "required", "longest", "options", "condition"}
    )
    kind = _kind(given["kind"], f"{place}/kind")
    required, longest = given["required"], given["longest"]
    if not isinstance(required, bool):
        _wrong(f"{place}/required")
    least, most = (1, LONGEST_ANSWER) if kind in WRITTEN else (0, 0)
    if not isinstance(longest, int) or isinstance(longest, bool) or not least <= longest <= most:
        _wrong(f"{place}/longest")
    options = _list(given["options"], f"{place}/options", MOST_OPTIONS if kind in LISTED else 0)
    return Question(
        _key(given["key"], f"{place}/key"), kind,
        _texts(given["label"], f"{place}/label", LONGEST_LABEL),
        _texts(given["help"], f"{place}/help", LONGEST_HELP),
        required, longest,
        tuple(_option(one, f"{place}/options/{n}") for n, one in enumerate(options)),
        _condition(given["condition"], f"{place}/condition"),
    )  # fmt: skip


def _option(data: object, place: str) -> Option:
    given = _only(data, place, {"key", "label"})
    return Option(_key(given["key"], f"{place}/key"), _texts(given["label"], f"{place}/label", LONGEST_LABEL))


def _condition(data: object, place: str) -> Condition | None:
    if data is None:
        return None
    given = _only(data, place, {"question", "value"})
    return Condition(_key(given["question"], f"{place}/question"), _key(given["value"], f"{place}/value"))


def _kind(data: object, place: str) -> Kind:
    if not isinstance(data, str) or data not in set(Kind):
        _wrong(place)
    return Kind(data)


def _texts(data: object, place: str, longest: int) -> Texts:
    """Texts by language; an empty one does not count."""
    if not isinstance(data, dict) or not data.keys() <= set(LANGUAGES):
        _wrong(place)
    for language, text in data.items():
        if not isinstance(text, str) or not text.strip() or len(text) > longest or "\x00" in text:
            _wrong(f"{place}/{language}")
    return {language: data[language] for language in LANGUAGES if language in data}


def _key(data: object, place: str) -> str:
    """A key: small letters, digits and underscores. Raises Invalid."""
    if not isinstance(data, str) or not _KEY.fullmatch(data):
        _wrong(place)
    return data


def _list(data: object, place: str, most: int) -> list[Any]:
    if not isinstance(data, list) or len(data) > most:
        _wrong(place)
    return data


def _only(data: object, place: str, names: set[str]) -> dict[str, Any]:
    """An object with exactly these names."""
    if not isinstance(data, dict) or data.keys() != names:
        _wrong(place)
    return data


def _wrong(place: str) -> NoReturn:
    raise Invalid({place: _l("Dit past niet in een vragenlijst.")})
