"""Words for dimensions, values and published measures on screen and in the export."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from babel import Locale
from babel.dates import get_month_names
from babel.numbers import format_decimal
from flask_babel import LazyString, get_locale
from flask_babel import lazy_gettext as _l

from spreekbuis.directory.catalogue import (
    CASE_KIND_LABELS,
    CATEGORIES,
    CHANNEL_LABELS,
    DESK_LABELS,
    FOLLOW_UP_LABELS,
    IDENTITY_LABELS,
    OUTCOME_LABELS,
    TOPIC_LABELS,
    TRAINING_LABELS,
    WORK_RELATED,
    DeskKind,
)
from spreekbuis.errors import type_text

STATUS_LABELS = {"open": _l("Open"), "closed": _l("Afgesloten")}
CITIZENS_LABELS = {"received": _l("Ontvangen bij 1700"), "taken_over": _l("Overgenomen door een ander loket")}
ACKNOWLEDGED_LABELS = {"in_time": _l("Binnen 7 dagen"), "late": _l("Later")}


@dataclass(frozen=True, slots=True)
class Dimension:
    """How one breakdown is called. `head` and `unit` are the names of its two columns."""

    title: LazyString
    head: LazyString
    unit: LazyString
    values: Mapping[Any, type_text]
    """The words of its codes; a code without words is shown as it is."""


_STAFF_DESKS = {kind: label for kind, label in DESK_LABELS.items() if kind is not DeskKind.CITIZENS}
_CASES, _REPORTS = _l("Dossiers"), _l("Meldingen")
DIMENSIONS: dict[str, Dimension] = {
    "cases": Dimension(_l("Dossiers"), _l("Dossiers"), _CASES, {"all": _l("Alle")}),
    "kind": Dimension(_l("Dossiers per soort"), _l("Soort"), _CASES, CASE_KIND_LABELS),
    "topic_of_reports": Dimension(_l("Meldingen per thema"), _l("Thema"), _REPORTS, TOPIC_LABELS),
    "category": Dimension(
        _l("Dossiers per categorie"),
        _l("Categorie"),
        _CASES,
        {code: category.label for code, category in CATEGORIES.items()},
    ),
    "contacts": Dimension(_l("Contacten per kanaal"), _l("Kanaal"), _l("Contacten"), CHANNEL_LABELS),
    "channel": Dimension(_l("Dossiers per eerste kanaal"), _l("Kanaal"), _CASES, CHANNEL_LABELS),
    "outcome": Dimension(_l("Dossiers per uitkomst"), _l("Uitkomst"), _CASES, OUTCOME_LABELS),
    "month": Dimension(_l("Dossiers per maand"), _l("Maand"), _CASES, {}),
    "status": Dimension(_l("Dossiers per stand"), _l("Stand"), _CASES, STATUS_LABELS),
    "desk": Dimension(_l("Dossiers per loket"), _l("Loket"), _CASES, _STAFF_DESKS),
    "identity": Dimension(_l("Dossiers volgens naam"), _l("Naam"), _CASES, IDENTITY_LABELS),
    "reporter_class": Dimension(_l("Dossiers per melder"), _l("Melder"), _CASES, WORK_RELATED),
    "acknowledged": Dimension(_l("Ontvangst bevestigd"), _l("Wanneer"), _CASES, ACKNOWLEDGED_LABELS),
    "trained": Dimension(_l("Gevolgde opleidingen"), _l("Opleiding"), _l("Deelnames"), TRAINING_LABELS),
    "citizens": Dimension(_l("Berichten aan 1700"), _l("Waar"), _l("Berichten"), CITIZENS_LABELS),
    "score": Dimension(_l("Tevredenheid"), _l("Score op 5"), _l("Scores"), {}),
    "law": Dimension(
        _l("Meldingen over integriteit"), _l("Meldingen"), _REPORTS, {"received": _l("Ontvangen")}
    ),
    "law_outcome": Dimension(
        _l("Meldingen over integriteit per uitkomst"), _l("Uitkomst"), _REPORTS, OUTCOME_LABELS
    ),
    "law_follow_up": Dimension(
        _l("Wat centrale actoren ermee deden"), _l("Gevolg"), _REPORTS, FOLLOW_UP_LABELS
    ),
    "law_money": Dimension(
        _l("Schade en wat terugkwam"),
        _l("Bedrag"),
        _REPORTS,
        {"damage": _l("Geschatte schade"), "recovered": _l("Teruggekregen")},
    ),
    "referred": Dimension(_l("Doorverwezen, elders geteld"), _l("Dossiers"), _CASES, {"all": _l("Alle")}),
    "duplicates": Dimension(_l("Samen met een ander behandeld"), _l("Dossiers"), _CASES, {"all": _l("Alle")}),
}
MONTHS = tuple(f"{month:02d}" for month in range(1, 13))


def value_label(dimension: str, value: str) -> str:
    """A value in words, in the language of the reader."""
    return _value_label(str(get_locale()), dimension, value)


def value_labels(dimension: str, values: tuple[str, ...]) -> list[str]:
    """Values of one dimension in words."""
    language = str(get_locale())
    return [_value_label(language, dimension, value) for value in values]


class DimensionWords(NamedTuple):
    """The texts of a Dimension in one language."""

    title: str
    head: str
    unit: str


def dimension_words(dimension: str) -> DimensionWords:
    """How a breakdown is called, in the language of the reader."""
    return _dimension_words(str(get_locale()), dimension)


# Kept: a dashboard shows some fifty labels and numbers, and looking one up costs more than drawing its bar.


@lru_cache(maxsize=100)
def _dimension_words(_language: str, dimension: str) -> DimensionWords:
    found = DIMENSIONS[dimension]
    return DimensionWords(str(found.title), str(found.head), str(found.unit))


@lru_cache(maxsize=1_000)
def _value_label(_language: str, dimension: str, value: str) -> str:
    if dimension == "month":
        return str(get_month_names("wide", "stand-alone", get_locale())[int(value)]).capitalize()
    return str(DIMENSIONS[dimension].values.get(value, value)) if dimension in DIMENSIONS else value


def number(value: int) -> str:
    """A count in words."""
    return str(value) if -1000 < value < 1000 else _decimal(get_locale(), value, None)


def euros(cents: int) -> str:
    """An amount in words."""
    return f"€ {_decimal(get_locale(), Decimal(cents) / 100, '#,##0.00')}"


def mean(value: Decimal | None) -> str:
    """A mean score with two decimals, or a dash."""
    return "–" if value is None else _decimal(get_locale(), value, "0.00")


@lru_cache(maxsize=4_000)
def _decimal(locale: Locale | None, value: int | Decimal, pattern: str | None) -> str:
    return format_decimal(value, pattern, locale=locale)


SOURCE_LABELS: dict[str, type_text] = {
    "spreekbuis": "Spreekbuis",
    "1700": "1700",
    "coordinator": _l("Coördinator Integriteitszorg"),
    "audit_vlaanderen": "Audit Vlaanderen",
}
_MEASURE_LABELS: dict[tuple[str, str], type_text] = {
    ("cases", ""): _l("Dossiers"),
    ("cases", "information_request"): _l("Infovragen"),
    ("cases", "report"): _l("Meldingen"),
    ("contacts", "phone"): _l("Contacten via telefoon"),
    ("contacts", "email"): _l("Contacten via e-mail"),
    ("share", "wellbeing"): _l("Aandeel welzijn in de meldingen"),
    ("share", "integrity"): _l("Aandeel integriteit in de meldingen"),
    ("share", "private"): _l("Aandeel privé in de meldingen"),
    ("satisfaction", ""): _l("Tevredenheid op 5"),
    ("information_requests", ""): _l("Infovragen"),
    ("information_requests", "outside_government"): _l("Infovragen van buiten de overheid"),
    ("files", ""): _l("Dossiers"),
    ("reports", ""): _l("Meldingen"),
    ("reports", "flemish"): _l("Meldingen over de Vlaamse overheid"),
    ("reports", "federal"): _l("Meldingen over de federale overheid"),
    ("reports", "local"): _l("Meldingen over lokale besturen"),
    ("reports", "schools"): _l("Meldingen over scholen"),
    ("reports", "private_workplaces"): _l("Meldingen over private werkplekken"),
}


def measure_label(measure: str, breakdown: str) -> type_text:
    return _MEASURE_LABELS.get((measure, breakdown), f"{measure} {breakdown}")


def in_unit(value: Decimal | None, unit: str) -> str:
    """A published value, or ours, with the decimals and sign of its unit."""
    if value is None:
        return "–"
    if unit == "percent":
        return _decimal(get_locale(), value, "0.0") + " %"
    return mean(value) if unit == "score_of_5" else _decimal(get_locale(), value, "#,##0")
