"""What keeps a draft from being published."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.questionnaires.definition import CHOSEN, LISTED, Definition, Question


@dataclass(frozen=True, slots=True)
class Fault:
    """`place`: the key of the section or question; empty for the whole."""

    place: str
    words: LazyString


def faults(definition: Definition) -> list[Fault]:
    """Everything that must be mended first, in the order of the questionnaire."""
    found = [] if definition.questions else [Fault("", _l("Er is nog geen enkele vraag."))]
    seen: dict[str, Question] = {}
    sections: set[str] = set()
    for section in definition.sections:
        if section.key in sections:
            found.append(Fault(section.key, _l("Twee delen hebben dezelfde sleutel.")))
        sections.add(section.key)
        if "nl" not in section.title:
            found.append(Fault(section.key, _l("De titel heeft geen Nederlandse tekst.")))
        if not section.questions:
            found.append(Fault(section.key, _l("Dit deel heeft geen vragen.")))
        for question in section.questions:
            found += (Fault(question.key, words) for words in _of(question, definition, seen))
            seen.setdefault(question.key, question)
    return found


def _of(question: Question, definition: Definition, before: dict[str, Question]) -> Iterator[LazyString]:
    if question.key in before:
        yield _l("Twee vragen hebben dezelfde sleutel.")
    if "nl" not in question.label:
        yield _l("De vraag heeft geen Nederlandse tekst.")
    if question.help and "nl" not in question.help:
        yield _l("De uitleg heeft geen Nederlandse tekst.")
    if question.kind in LISTED and len(question.options) < 2:
        yield _l("Geef minstens twee keuzes.")
    if any("nl" not in option.label for option in question.options):
        yield _l("Een keuze heeft geen Nederlandse tekst.")
    if len(set(question.values)) < len(question.values):
        yield _l("Twee keuzes hebben dezelfde sleutel.")
    if question.condition is None:
        return
    asked = before.get(question.condition.question)
    if asked is None and definition.question(question.condition.question) is not None:
        yield _l("De voorwaarde gaat over een vraag die pas later komt.")
    elif asked is None:
        yield _l("De voorwaarde gaat over een vraag die er niet meer is.")
    elif asked.kind not in CHOSEN or question.condition.value not in asked.values:
        yield _l("De voorwaarde kan nooit kloppen: dat antwoord bestaat niet.")
