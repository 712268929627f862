"""Reading a posted form: each call checks one field; `check()` raises Invalid with all errors at once."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from flask import request
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _

from spreekbuis.characters import composed
from spreekbuis.db.base import new_id
from spreekbuis.errors import Invalid, type_text

E = TypeVar("E", bound=StrEnum)

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL_AND_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_THOUSANDS = re.compile(r"[0-9]{1,3}(\.[0-9]{3})*")


class Reading:
    """The posted fields, with what is wrong about them. Values are clean: no control characters, trimmed."""

    def __init__(self) -> None:
        self.errors: dict[str, type_text] = {}

    def raw(self, name: str) -> str:
        return request.form.get(name, "")

    def text(self, name: str, *, longest: int, required: bool = True, lines: bool = False) -> str:
        """A text of at most `longest` characters; with `lines` it may have line breaks."""
        value = clean(self.raw(name), lines=lines)
        if required and not value:
            self.errors.setdefault(name, _("Vul dit in."))
        if len(value) > longest:
            self.errors.setdefault(
                name,
                ngettext(
                    "Dit is te lang. Maak het %(num)s teken korter.",
                    "Dit is te lang. Maak het %(num)s tekens korter.",
                    len(value) - longest,
                ),
            )
        return value

    def choice(self, name: str, options: type[E], *, required: bool = True) -> E | None:
        """One of an enum. What is not in it counts as no choice."""
        value = self.raw(name)
        try:
            return options(value)
        except ValueError:
            if required or value:
                self.errors.setdefault(name, _("Kies een van de mogelijkheden."))
            return None

    def one_of(self, name: str, options: Iterable[str], *, required: bool = True) -> str | None:
        value = self.raw(name)
        if value in set(options):
            return value
        if required or value:
            self.errors.setdefault(name, _("Kies een van de mogelijkheden."))
        return None

    def number(self, name: str, *, least: int, most: int) -> int:
        value = clean(self.raw(name)).replace(" ", "")
        if _THOUSANDS.fullmatch(value):
            value = value.replace(".", "")
        if value.isascii() and value.isdigit() and len(value) < 12 and least <= int(value) <= most:
            return int(value)
        self.errors.setdefault(
            name,
            _(
                "Vul een getal in van %(least)s tot %(most)s.",
                least=format_decimal(least),
                most=format_decimal(most),
            ),
        )
        return least

    def day(self, name: str) -> date | None:
        """A day as browsers send it, 2026-11-21; not the other ways of writing in ISO 8601."""
        value = self.raw(name)
        try:
            return date.fromisoformat(value if _DAY.fullmatch(value) else "")
        except ValueError:
            self.errors.setdefault(name, _("Vul een datum in die bestaat."))
            return None

    def once(self) -> UUID:
        """The id made with the form, so that sending it twice is sending it once."""
        try:
            return UUID(self.raw("once"))
        except ValueError:
            return new_id()

    def require(self, needed: Mapping[str, type_text]) -> None:
        """Say for each field that was left empty what to fill in, in its own words. Call it first."""
        for name, words in needed.items():
            if not clean(self.raw(name)):
                self.errors[name] = words

    def check(self) -> None:
        if self.errors:
            raise Invalid(self.errors)


def clean(value: str, *, lines: bool = False) -> str:
    """Normalised (NFC), trimmed, line breaks as \\n, without control characters that no person typed."""
    value = composed(value.replace("\r\n", "\n").replace("\r", "\n"))
    return (_CONTROL if lines else _CONTROL_AND_BREAKS).sub("", value).strip()
