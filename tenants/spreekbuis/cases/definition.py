"""What a procedure says, as typed and frozen data, and how it is read from JSON.

The JSON is what the database keeps, what `procedure_data/` ships and what the central office edits. What cannot be
read is refused in sentences, each with the place it is about.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from flask_babel import LazyString, get_locale
from flask_babel import lazy_gettext as _l

from spreekbuis.directory.catalogue import CaseKind, Topic
from spreekbuis.errors import Invalid, type_text

E = TypeVar("E", bound=StrEnum)
LANGUAGES = ("nl", "en", "fr", "de")
LONGEST_TEXT, LONGEST_TERM, LONGEST_RETENTION = 1_000, 366, 600
"""Characters; days of a term (or months); months of keeping."""


class State(StrEnum):
    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    WAITING_FOR_REPORTER = "waiting_for_reporter"
    FEEDBACK_GIVEN = "feedback_given"
    REFERRED = "referred"
    """On its way to another desk (cases.referral): nobody writes until that one accepts or refuses it. No procedure
    leads there."""
    CLOSED = "closed"


class Step(StrEnum):
    """What a handler owes the reporter, in the order in which it comes."""

    ACKNOWLEDGE = "acknowledge"
    CONVERSATION = "conversation"
    DECISION = "decision"
    """Accept or refuse a formal request."""
    FEEDBACK = "feedback"


class Mover(StrEnum):
    """Who brings a case into a state."""

    HANDLER = "handler"
    PREVENTION_ADVISER = "prevention_adviser"
    REPORTER = "reporter"


class After(StrEnum):
    """What a term counts from: the receipt, the choice of the procedure, or a step (its last day when it was not
    done)."""

    RECEIVED = "received"
    CHOSEN = "chosen"
    ACKNOWLEDGE = Step.ACKNOWLEDGE
    CONVERSATION = Step.CONVERSATION
    DECISION = Step.DECISION


class BadDefinition(Invalid):
    """A definition cannot be read. `errors` maps a place in it ("terms.0.days") to a sentence."""


@dataclass(frozen=True, slots=True)
class Texts:
    """One text in the four languages; printed in the language of the reader."""

    nl: str
    en: str
    fr: str
    de: str

    def __str__(self) -> str:
        locale = get_locale()
        return str(getattr(self, locale.language if locale else "nl"))


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule comes from. `verified`: a lawyer looked at it."""

    texts: Texts
    verified: bool

    def __str__(self) -> str:
        return str(self.texts)


@dataclass(frozen=True, slots=True)
class Reason:
    """A ground that the procedure accepts, with its code."""

    code: str
    label: Texts


@dataclass(frozen=True, slots=True)
class Extension:
    """By how much a term may be made longer, once, and on which grounds."""

    days: int
    months: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """How long a step may take: calendar days and months, Belgian calendar.

    `needs_identity`: cannot be asked for an anonymous reporter. `exemptions`: grounds on which the step is not
    needed. `pause`: the source that lets the clock stand still while the reporter is asked something; None, as for
    every term of the decree: it never does.
    """

    step: Step
    label: Texts
    days: int
    months: int
    after: After
    needs_identity: bool
    source: Source
    exemptions: tuple[Reason, ...]
    extension: Extension | None
    pause: Source | None


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a case is kept after closing."""

    months: int
    source: Source


@dataclass(frozen=True, slots=True)
class Procedure:
    """The rules for a case. `code` and `version` say which they are; they never change.

    `kinds`, `topics` and `needs_identity` say for which cases it can be chosen; `usual`: it is taken when nobody
    chooses. `moves` says from which state a case may go to which, `movers` who brings it there. A refused formal
    request goes on under `refused`. A reminder leaves `remind_before` days before a term ends; a missed one is told
    to everybody of the desk on each of `escalate_after` days after it.
    """

    code: str
    version: int
    label: Texts
    help: Texts
    kinds: frozenset[CaseKind]
    topics: frozenset[Topic]
    needs_identity: bool
    usual: bool
    moves: Mapping[State, frozenset[State]]
    movers: Mapping[State, frozenset[Mover]]
    terms: tuple[Term, ...]
    refused: str | None
    retention: Retention
    remind_before: int
    escalate_after: tuple[int, ...]

    def term(self, step: Step) -> Term | None:
        return next((term for term in self.terms if term.step is step), None)


_EMPTY = _l("Vul dit in.")
_CHOOSE = _l("Kies een van de mogelijkheden.")
_NUMBER = _l("Vul een heel getal in dat hier kan.")
_TWICE = _l("Dit staat er twee keer.")


def read_definition(code: str, version: int, data: Mapping[str, Any]) -> Procedure:
    """The procedure that `data` (JSON) describes. Raises BadDefinition with everything that is wrong."""
    reader = _Reader()
    states = {
        state: given
        for state in State
        if isinstance(given := reader.mapping(data, "states").get(state), Mapping)
        and (given.get("to") or given.get("by") or state in (State.NEW, State.CLOSED))
    }
    found = Procedure(
        code=code,
        version=version,
        label=reader.texts(data, "label"),
        help=reader.texts(data, "help"),
        kinds=frozenset(reader.choices(data, "kinds", CaseKind)),
        topics=frozenset(reader.choices(data, "topics", Topic)),
        needs_identity=reader.flag(data, "needs_identity"),
        usual=reader.flag(data, "usual"),
        moves={
            state: frozenset(reader.choices(states[state], "to", State, f"states.{state}"))
            for state in states
        },
        movers={
            state: frozenset(reader.choices(states[state], "by", Mover, f"states.{state}"))
            for state in states
        },
        terms=tuple(reader.each(data, "terms", reader.term)),
        refused=data.get("refused"),
        retention=Retention(
            reader.number(reader.mapping(data, "retention"), "months", LONGEST_RETENTION, "retention"),
            reader.source(reader.mapping(data, "retention"), "source", "retention"),
        ),
        remind_before=reader.number(data, "remind_before", LONGEST_TERM),
        escalate_after=tuple(reader.numbers(data, "escalate_after", LONGEST_TERM)),
    )
    reader.no_doubles("terms", [term.step for term in found.terms])
    if reader.errors:
        raise BadDefinition(reader.errors)
    return found


class _Reader:
    """Reads one definition, and collects what is wrong instead of stopping at the first."""

    def __init__(self) -> None:
        self.errors: dict[str, type_text] = {}

    def wrong(self, place: str, words: LazyString) -> None:
        self.errors.setdefault(place, words)

    def mapping(self, data: Mapping[str, Any], name: str, within: str = "") -> Mapping[str, Any]:
        value = data.get(name)
        if isinstance(value, Mapping):
            return value
        self.wrong(_place(within, name), _EMPTY)
        return {}

    def each(
        self, data: Mapping[str, Any], name: str, read: Callable[[Any, str], Any], within: str = ""
    ) -> Iterable[Any]:
        items = data.get(name)
        if not isinstance(items, list):
            self.wrong(_place(within, name), _EMPTY)
            return []
        return [
            read(item if isinstance(item, Mapping) else {}, _place(within, f"{name}.{n}"))
            for n, item in enumerate(items)
        ]

    def texts(self, data: Mapping[str, Any], name: str, within: str = "") -> Texts:
        given, place = self.mapping(data, name, within), _place(within, name)
        words = {}
        for language in LANGUAGES:
            value = given.get(language)
            words[language] = value.strip() if isinstance(value, str) else ""
            if not words[language]:
                self.wrong(f"{place}.{language}", _EMPTY)
            elif len(words[language]) > LONGEST_TEXT:
                self.wrong(f"{place}.{language}", _l("Dit is te lang."))
        return Texts(**words)

    def source(self, data: Mapping[str, Any], name: str, within: str = "") -> Source:
        given = self.mapping(data, name, within)
        return Source(self.texts(data, name, within), self.flag(given, "verified", _place(within, name)))

    def flag(self, data: Mapping[str, Any], name: str, within: str = "") -> bool:
        value = data.get(name)
        if not isinstance(value, bool):
            self.wrong(_place(within, name), _CHOOSE)
        return value is True

    def number(self, data: Mapping[str, Any], name: str, most: int, within: str = "") -> int:
        value = data.get(name)
        if type(value) is int and 0 <= value <= most:
            return value
        self.wrong(_place(within, name), _NUMBER)
        return 0

    def numbers(self, data: Mapping[str, Any], name: str, most: int) -> list[int]:
        values = data.get(name)
        if isinstance(values, list) and all(type(v) is int and 0 < v <= most for v in values):
            return sorted(set(values))
        self.wrong(name, _NUMBER)
        return []

    def choice(self, data: Mapping[str, Any], name: str, options: type[E], within: str = "") -> E:
        try:
            return options(str(data.get(name)))
        except ValueError:
            self.wrong(_place(within, name), _CHOOSE)
            return next(iter(options))

    def choices(self, data: Mapping[str, Any], name: str, options: type[E], within: str = "") -> list[E]:
        values = data.get(name)
        if not isinstance(values, list) or any(value not in set(options) for value in values):
            self.wrong(_place(within, name), _CHOOSE)
            return []
        return [options(value) for value in values]

    def term(self, data: Mapping[str, Any], place: str) -> Term:
        return Term(
            step=self.choice(data, "step", Step, place),
            label=self.texts(data, "label", place),
            days=self.number(data, "days", LONGEST_TERM, place),
            months=self.number(data, "months", LONGEST_TERM, place),
            after=self.choice(data, "after", After, place),
            needs_identity=self.flag(data, "needs_identity", place),
            source=self.source(data, "source", place),
            exemptions=self._reasons(data, "exemptions", place),
            extension=None if data.get("extension") is None else self._extension(data, place),
            pause=None if data.get("pause") is None else self.source(data, "pause", place),
        )

    def _extension(self, data: Mapping[str, Any], within: str) -> Extension:
        given, place = self.mapping(data, "extension", within), f"{within}.extension"
        return Extension(
            self.number(given, "days", LONGEST_TERM, place),
            self.number(given, "months", LONGEST_TERM, place),
            self._reasons(given, "reasons", place),
        )

    def _reasons(self, data: Mapping[str, Any], name: str, within: str) -> tuple[Reason, ...]:
        found = tuple(self.each(data, name, self._reason, within))
        self.no_doubles(_place(within, name), [reason.code for reason in found])
        return found

    def _reason(self, data: Mapping[str, Any], place: str) -> Reason:
        code = data.get("code")
        if not isinstance(code, str) or not code.replace("_", "").isalnum():
            self.wrong(f"{place}.code", _EMPTY)
        return Reason(str(code), self.texts(data, "label", place))

    def no_doubles(self, place: str, codes: list[str]) -> None:
        if len(set(codes)) < len(codes):
            self.wrong(place, _TWICE)


def _place(within: str, name: str) -> str:
    return f"{within}.{name}" if within else name
