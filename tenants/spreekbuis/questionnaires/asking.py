"""A questionnaire as the form shows it: for the reporter, and for the preview of whoever writes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask_babel import gettext as _

from spreekbuis.errors import type_text
from spreekbuis.questionnaires.answers import PARTS, UNTIL, YES_NO_LABELS, field_of, said
from spreekbuis.questionnaires.definition import CHOSEN, Condition, Definition, Kind, Question, Texts

NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AskedSection:
    title: str
    intro: str
    questions: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the macro `questions_of_story` of parts/questions.html draws. `count`: those that wait for no other answer;
    `open`: not folded away."""

    sections: list[AskedSection]
    count: int
    some_required: bool
    open: bool


def asked(
    definition: Definition,
    language: str,
    given: Mapping[str, list[str]] = NOTHING,
    errors: Mapping[str, type_text] = NOTHING,
) -> Asked:
    """The questions in `language`, with what was filled in (`given`, by field) and what is wrong about it.

    A draft may still have conditions that cannot hold; they count as none, so that the preview shows the question.
    """
    words = _words(definition)
    before: dict[str, Question] = {}
    sections = []
    for section in definition.sections:
        shown = []
        for question in section.questions:
            shown.append(_shown(question, language, words, before, given, errors))
            before.setdefault(question.key, question)
        sections.append(AskedSection(said(section.title, language), said(section.intro, language), shown))
    questions, at_once = definition.questions, [q for q in definition.questions if q.condition is None]
    required = any(question.required for question in questions)
    wrong = any(name.startswith(field_of(question)) for question in questions for name in errors)
    filled = any(value for values in given.values() for value in values)
    return Asked(sections, len(at_once), required, required or wrong or filled)


def _words(definition: Definition) -> dict[Condition, str]:
    """The word by which the style sheet ties an answer to the questions that it shows: q1, q2 …"""
    conditions = dict.fromkeys(q.condition for q in definition.questions if q.condition is not None)
    return {condition: f"q{number}" for number, condition in enumerate(conditions, 1)}


def _shown(
    question: Question,
    language: str,
    words: Mapping[Condition, str],
    before: Mapping[str, Question],
    given: Mapping[str, list[str]],
    errors: Mapping[str, type_text],
) -> dict[str, Any]:
    name = field_of(question)
    values = given.get(name, [])
    return {
        "name": name, "kind": question.kind.value, "label": said(question.label, language),
        "hint": said(question.help, language), "required": question.required, "longest": question.longest,
        "dutch": language != "nl" and language not in question.label,
        "options": [(value, _label(question, value, language)) for value in question.values],
        "shows": {c.value: word for c, word in words.items() if c.question == question.key},
        "whens": [words[condition] for condition in _chain(question, before)],
        "why": _why(question, language, before),
        "value": values[0] if values else "", "chosen": values, "error": errors.get(name, ""),
        "start": _date(name, given), "end": _date(name + UNTIL, given), "until": name + UNTIL,
        "end_error": errors.get(name + UNTIL, ""),
    }  # fmt: skip


def _label(question: Question, value: str, language: str) -> str:
    if question.kind is Kind.YES_NO:
        return str(YES_NO_LABELS[value])
    texts: Texts = next(option.label for option in question.options if option.key == value)
    return said(texts, language)


def _asker(question: Question, before: Mapping[str, Question]) -> Question | None:
    """The earlier question on whose answer this one waits."""
    condition = question.condition
    found = before.get(condition.question) if condition else None
    if condition is None or found is None or found.kind not in CHOSEN or condition.value not in found.values:
        return None
    return found


def _chain(question: Question, before: Mapping[str, Question]) -> list[Condition]:
    """The conditions that must hold, the first question's first: a question that is not asked shows no other."""
    chain: list[Condition] = []
    here: Question | None = question
    while here is not None and (asker := _asker(here, before)) is not None:
        assert here.condition is not None
        if here.condition in chain:
            break
        chain.insert(0, here.condition)
        here = asker
    return chain


def _why(question: Question, language: str, before: Mapping[str, Question]) -> str:
    """For browsers that show every question."""
    asker = _asker(question, before)
    if asker is None or question.condition is None:
        return ""
    answer = _label(asker, question.condition.value, language)
    return _(
        "Alleen als je ‘%(answer)s’ antwoordde op ‘%(question)s’.",
        answer=answer,
        question=said(asker.label, language),
    )


def _date(name: str, given: Mapping[str, list[str]]) -> dict[str, str]:
    return {part: next(iter(given.get(f"{name}_{part}", [])), "") for part in PARTS}
