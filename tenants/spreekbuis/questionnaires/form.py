"""The form in which the central office writes one question: languages side by side."""

import secrets
from collections.abc import Mapping
from dataclasses import replace

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.questionnaires.answers import YES_NO_LABELS, said
from spreekbuis.questionnaires.definition import (
    CHOSEN,
    LANGUAGES,
    LISTED,
    LONGEST_ANSWER,
    LONGEST_HELP,
    LONGEST_LABEL,
    MOST_OPTIONS,
    WRITTEN,
    Condition,
    Definition,
    Kind,
    Option,
    Question,
    Section,
    Texts,
)
from spreekbuis.web.forms import Reading

KIND_LABELS: dict[Kind, LazyString] = {
    Kind.SHORT: _l("Korte tekst"),
    Kind.LONG: _l("Lange tekst"),
    Kind.ONE: _l("Eén keuze"),
    Kind.SEVERAL: _l("Meer keuzes"),
    Kind.YES_NO: _l("Ja of nee"),
    Kind.DATE: _l("Datum"),
    Kind.PERIOD: _l("Periode"),
}
EMPTY_ROWS = 3
"""Rows for new choices."""


def conditions_for(question: Question, definition: Definition, language: str) -> list[tuple[str, str]]:
    """The answers of earlier questions on which this one can wait: "key=value", and in words. What it waits on now
    is among them also when it can no longer be."""
    found: list[tuple[str, str]] = []
    for earlier in definition.questions:
        if earlier.key == question.key:
            break
        if earlier.kind in CHOSEN:
            found += [(f"{earlier.key}={value}", _when(earlier, value, language)) for value in earlier.values]
    now = _of(question.condition)
    if now and now not in {value for value, _words in found}:
        found.append((now, _("Een antwoord dat niet meer bestaat of pas later komt")))
    return found


def _when(question: Question, value: str, language: str) -> str:
    labels = {option.key: said(option.label, language) for option in question.options}
    label = YES_NO_LABELS[value] if question.kind is Kind.YES_NO else labels[value]
    return _("‘%(question)s’: %(answer)s", question=said(question.label, language), answer=label)


def fields_of_section(section: Section) -> dict[str, str]:
    """What the form of a section shows, by field."""
    return {**_texts_in("title", section.title), **_texts_in("intro", section.intro)}


def fields_of_question(question: Question) -> dict[str, str]:
    """What the form of a question shows, by field."""
    fields = {**_texts_in("label", question.label), **_texts_in("help", question.help)}
    fields |= {
        "required": "yes" if question.required else "", "longest": str(question.longest),
        "condition": _of(question.condition),
    }  # fmt: skip
    for number, option in enumerate(question.options):
        fields |= {f"option_{number}_key": option.key, f"option_{number}_place": str(number + 1)}
        fields |= _texts_in(f"option_{number}", option.label)
    return fields


def rows_of(question: Question, fields: Mapping[str, str]) -> range:
    """The numbers of the rows of choices that the form shows: those with something, and empty ones."""
    if question.kind not in LISTED:
        return range(0)
    filled = (*LANGUAGES, "key")
    used = [n for n in range(MOST_OPTIONS) if any(fields.get(f"option_{n}_{part}") for part in filled)]
    return range(min(MOST_OPTIONS, (max(used) + 1 if used else 0) + EMPTY_ROWS))


def read_texts(form: Reading, name: str, longest: int) -> Texts:
    """The texts by language; an empty one is not translated yet."""
    lines = longest == LONGEST_HELP
    read = {
        language: form.text(f"{name}_{language}", longest=longest, required=False, lines=lines)
        for language in LANGUAGES
    }
    return {language: text for language, text in read.items() if text}


def read_question(form: Reading, question: Question, definition: Definition) -> Question:
    """The question as the posted form has it. What is wrong goes into `form.errors`."""
    conditions = [value for value, _words in conditions_for(question, definition, "nl")]
    written, listed = question.kind in WRITTEN, question.kind in LISTED
    return replace(
        question,
        label=read_texts(form, "label", LONGEST_LABEL),
        help=read_texts(form, "help", LONGEST_HELP),
        required=form.raw("required") == "yes",
        longest=form.number("longest", least=1, most=LONGEST_ANSWER) if written else 0,
        options=_read_options(form, question) if listed else (),
        condition=_read_condition(form.one_of("condition", conditions, required=False)),
    )


def _read_options(form: Reading, question: Question) -> tuple[Option, ...]:
    """The choices in the order of their places; a row without any text is no choice, or no more."""
    known = {option.key for option in question.options}
    placed = []
    for number in range(MOST_OPTIONS):
        label = read_texts(form, f"option_{number}", LONGEST_LABEL)
        if not label:
            continue
        key = form.raw(f"option_{number}_key")
        if key not in known:
            key = f"o{secrets.token_hex(4)}"
        known.discard(key)
        place = form.raw(f"option_{number}_place")
        wanted = int(place) if place.isascii() and place.isdigit() and len(place) < 4 else number + 1
        placed.append((wanted, number, Option(key, label)))
    return tuple(option for _place, _number, option in sorted(placed, key=lambda row: row[:2]))


def _read_condition(value: str | None) -> Condition | None:
    key, _equals, answer = (value or "").partition("=")
    return Condition(key, answer) if key else None


def _of(condition: Condition | None) -> str:
    return f"{condition.question}={condition.value}" if condition else ""


def _texts_in(name: str, texts: Texts) -> dict[str, str]:
    return {f"{name}_{language}": text for language, text in texts.items()}
