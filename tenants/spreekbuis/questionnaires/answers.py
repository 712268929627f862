"""Answers to a questionnaire: read from a form, kept as JSON, shown in words.

A question whose condition the other answers do not meet was not asked: what stands in its fields is not read.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date, format_skeleton
from flask import request
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.questionnaires.definition import WRITTEN, Definition, Kind, Question, Texts
from spreekbuis.questionnaires.published import Published, Version, published
from spreekbuis.web.forms import Reading, clean

PREFIX = "q-"
"""Before the key of a question: the name of its field."""
PARTS = ("day", "month", "year")
UNTIL = "-until"
YES_NO_LABELS: dict[str, LazyString] = {"yes": _l("Ja"), "no": _l("Nee")}
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?")


@dataclass(frozen=True, slots=True)
class Period:
    """Dates as somebody remembers them, "2026", "2026-03" or "2026-03-14"; empty for what is not known."""

    start: str
    end: str = ""


Answer = str | tuple[str, ...] | Period
"""A text, what was chosen, or when."""
Answers = Mapping[str, Answer]
"""By the key of the question; a question without answer is missing."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers to one published version."""

    to: Published
    answers: Answers

    def as_json(self) -> str:
        """What a case keeps, sealed, beside the version."""
        return json.dumps(
            {
                key: {"start": answer.start, "end": answer.end} if isinstance(answer, Period) else answer
                for key, answer in self.answers.items()
            },
            ensure_ascii=False,
        )

    def without(self, other: "Answered | None") -> "Answered":
        """The answers that do not stand in the other one, under the same key."""
        same = other.answers if other else {}
        return Answered(self.to, {k: answer for k, answer in self.answers.items() if same.get(k) != answer})

    def fields(self) -> list[tuple[str, str]]:
        """The fields of a form that carries the answers."""
        questions = self.to.definition.questions
        return [
            field for q in questions if q.key in self.answers for field in _fields(q, self.answers[q.key])
        ]

    def in_words(self, language: str) -> list[tuple[str, str]]:
        """Question and answer, in the order of the questionnaire, in `language`, or else in Dutch."""
        return [
            (said(question.label, language), _in_words(question, self.answers[question.key], language))
            for question in self.to.definition.questions
            if question.key in self.answers
        ]

    def as_text(self, language: str) -> str:
        """`in_words` as lines of one text."""
        return "\n\n".join(f"{label}\n{answer}" for label, answer in self.in_words(language))


def kept_answers(version: Version, stored: str) -> Answered:
    """The answers that a case keeps. Raises LookupError for a version that was never published."""
    asked = published(version)
    if asked is None:
        raise LookupError(f"no questionnaire {version}")
    answers: dict[str, Answer] = {}
    for key, answer in json.loads(stored).items():
        if isinstance(answer, dict):
            answers[key] = Period(answer["start"], answer["end"])
        else:
            answers[key] = answer if isinstance(answer, str) else tuple(answer)
    return Answered(asked, answers)


def written(stored: str) -> list[str]:
    """The texts among the answers that a case keeps: what somebody wrote in their own words."""
    return [answer for answer in json.loads(stored).values() if isinstance(answer, str)]


def said(texts: Texts, language: str) -> str:
    """The text in this language, else in Dutch, else nothing."""
    return texts.get(language) or texts.get("nl", "")


def field_of(question: Question) -> str:
    return PREFIX + question.key


def field_names(question: Question) -> list[str]:
    """Every field of the form in which the answer stands."""
    field = field_of(question)
    if question.kind is Kind.DATE:
        return [f"{field}_{part}" for part in PARTS]
    if question.kind is Kind.PERIOD:
        return [f"{start}_{part}" for start in (field, field + UNTIL) for part in PARTS]
    return [field]


def given_in_form(definition: Definition) -> dict[str, list[str]]:
    """What stands in the posted form for these questions, right or wrong, to be shown again; by field."""
    return {
        name: [clean(value, lines=True) for value in request.form.getlist(name)]
        for question in definition.questions
        for name in field_names(question)
        if name in request.form
    }


def read_answers(form: Reading, asked: Published) -> Answered:
    """The answers in the posted form; what is wrong goes into `form.errors`."""
    answers: dict[str, Answer] = {}
    for question in asked.definition.questions:
        if not is_asked(question, answers):
            continue
        answer = _read(form, question)
        if answer:
            answers[question.key] = answer
        elif question.required:
            form.errors.setdefault(field_of(question), _("Vul dit in."))
    return Answered(asked, answers)


def is_asked(question: Question, answers: Answers) -> bool:
    """Whether the answers so far meet the question's condition."""
    if question.condition is None:
        return True
    answer = answers.get(question.condition.question)
    return isinstance(answer, tuple) and question.condition.value in answer


def _read(form: Reading, question: Question) -> Answer | None:
    name = field_of(question)
    if question.kind in WRITTEN:
        return form.text(name, longest=question.longest, required=False, lines=question.kind is Kind.LONG)
    if question.kind is Kind.SEVERAL:
        chosen = set(request.form.getlist(name))
        if not chosen <= set(question.values):
            form.errors.setdefault(name, _("Kies een van de mogelijkheden."))
        return tuple(value for value in question.values if value in chosen)
    if question.kind is Kind.DATE:
        start = _read_date(form, name)
        return Period(start) if start else None
    if question.kind is Kind.PERIOD:
        start, end = _read_date(form, name), _read_date(form, name + UNTIL)
        if start and end and end < start[: len(end)]:
            form.errors.setdefault(name + UNTIL, _("Dit einde ligt voor het begin."))
        return Period(start, end) if start or end else None
    value = form.one_of(name, question.values, required=False)
    return (value,) if value else None


def _read_date(form: Reading, name: str) -> str:
    """A date of which the day, or day and month, may be left out; empty when nothing is filled in."""
    day, month, year = (clean(form.raw(f"{name}_{part}")) for part in PARTS)
    if not (day or month or year):
        return ""
    numbers = [
        int(part) if part.isascii() and part.isdigit() and len(part) < 5 else 0 for part in (year, month, day)
    ]
    given = [number for number, part in zip(numbers, (year, month, day), strict=True) if part]
    whole = bool(year) and not (day and not month)
    try:
        if not whole or not _FIRST_YEAR <= numbers[0] <= _LAST_YEAR or 0 in given:
            raise ValueError
        date(numbers[0], numbers[1] or 1, numbers[2] or 1)
    except ValueError:
        form.errors.setdefault(name, _("Vul een datum in die bestaat, of alleen een maand en een jaar."))
        return ""
    return "-".join([f"{given[0]:04d}", *(f"{number:02d}" for number in given[1:])])


def _fields(question: Question, answer: Answer) -> Iterator[tuple[str, str]]:
    name = field_of(question)
    if isinstance(answer, str):
        yield name, answer
    elif isinstance(answer, tuple):
        yield from ((name, value) for value in answer)
    else:
        yield from _date_fields(name, answer.start)
        yield from _date_fields(name + UNTIL, answer.end)


def _date_fields(name: str, day: str) -> Iterator[tuple[str, str]]:
    found = _DATE.fullmatch(day)
    if found:
        for part, value in zip(("year", "month", "day"), found.groups(), strict=True):
            if value:
                yield f"{name}_{part}", value


def _in_words(question: Question, answer: Answer, language: str) -> str:
    if isinstance(answer, str):
        return answer
    if isinstance(answer, tuple):
        labels = {option.key: said(option.label, language) for option in question.options}
        yes_no = {value: str(label) for value, label in YES_NO_LABELS.items()}
        return "\n".join((labels or yes_no)[value] for value in answer)
    start, end = _date_in_words(answer.start, language), _date_in_words(answer.end, language)
    if start and end:
        return _("%(start)s tot %(end)s", start=start, end=end)
    if end:
        return _("tot %(end)s", end=end)
    return _("sinds %(start)s", start=start) if question.kind is Kind.PERIOD else start


def _date_in_words(given: str, language: str) -> str:
    parts = [int(part) for part in given.split("-")] if given else []
    if len(parts) == 3:
        return format_date(date(*parts), "long", locale=language)
    if len(parts) == 2:
        return format_skeleton("yMMMM", date(parts[0], parts[1], 1), locale=language)
    return given
