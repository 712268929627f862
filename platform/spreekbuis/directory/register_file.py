"""Read a file of the register, CSV or JSON, whatever program wrote it, and say line by line what is wrong with it.

CSV, with the names of the columns in the first line; UTF-8, UTF-16 or Windows-1252; commas, semicolons or tabs:
  organisations   ovo_code, name_nl, policy_area; and when known kbo, also_known_as, code_is_real, valid_from, valid_to
  policy areas    code, name_nl; and when known valid_from, valid_to, successors (codes, with spaces between)
JSON, in the words of the Flemish register of organisations: a list of organisations, or an object with `organisations`
and `policyAreas`:
  organisation    ovoNumber, name, policyArea; and shortName, kboNumber, validity {start, end}
  policy area     code, name; and validity {start, end}, successors [codes]
Days are 2026-01-31 or 31/1/2026. Several lines on one organisation are its periods.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _l

from spreekbuis.directory.timeline import AreaState, OrganisationState, type_state
from spreekbuis.errors import Invalid, type_text
from spreekbuis.web.forms import clean

LARGEST = 12 * 1024 * 1024
"""Bytes of a file."""
MOST_LINES = 100_000
MOST_FAULTS = 50
LONGEST = 200
"""Characters of a name."""
EARLIEST = date(1800, 1, 1)


class Fault(NamedTuple):
    """What is wrong, and where: the line of a CSV, the place in the list of a JSON, 0 for the file as a whole."""

    line: int
    what: type_text


class FaultyFile(Invalid):
    """The file cannot be used. At most MOST_FAULTS of its faults are told."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__({"file": _l("Er zijn fouten in het bestand. Het register is niet veranderd.")})
        self.faults = faults[:MOST_FAULTS]
        self.more = len(faults) - len(self.faults)


@dataclass(frozen=True, slots=True)
class Line:
    """What one line says of an organisation or policy area. Days are inclusive; None: not told."""

    number: int
    code: str
    state: type_state
    first: date | None
    last: date | None
    successors: tuple[str, ...] = ()
    code_is_real: bool = True


@dataclass(slots=True)
class RegisterFile:
    """The lines of a file, by the code that they are about, each code's in the order of their days."""

    organisations: dict[str, list[Line]] = field(default_factory=dict)
    areas: dict[str, list[Line]] = field(default_factory=dict)
    lines: int = 0


type_record = Mapping[str, str]
_OVO = re.compile("OVO[0-9]{6}")
_AREA = re.compile("[A-Z][A-Z0-9]{0,11}")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T00:00:00Z?)?")
_BELGIAN = re.compile(r"([0-9]{1,2})[/-]([0-9]{1,2})[/-]([0-9]{4})")
_KBO = re.compile("0?[0-9]{9}|1[0-9]{9}")
_YES, _NO = frozenset({"yes", "ja", "true", "1", ""}), frozenset({"no", "nee", "false", "0"})


def read_register(content: bytes) -> RegisterFile:
    """The lines of a file. Raises FaultyFile with all that is wrong, in the order of the lines."""
    if len(content) > LARGEST:
        raise _whole(_l("Dit bestand is te groot. Het mag hoogstens 12 MB zijn."))
    text = _text(content).lstrip("\ufeff")
    if not text.strip():
        raise _whole(_l("Dit bestand is leeg."))
    as_json = text.lstrip()[0] in "[{"
    return _Reader(_json_records(text) if as_json else _csv_records(text)).read()


def _whole(what: type_text, line: int = 0) -> FaultyFile:
    return FaultyFile([Fault(line, what)])


def _text(content: bytes) -> str:
    """Excel writes UTF-16 or Windows-1252 when it is not asked for UTF-8."""
    utf_16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    encodings = ["utf-16"] if utf_16 else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise _whole(_l("Dit is geen tekst. Bewaar het bestand als CSV (UTF-8) of als JSON."))


# --- from the file to records ----------------------------------------------------------------------------------


def _csv_records(text: str) -> Iterator[tuple[int, type_record]]:
    head = text.lstrip().splitlines()[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names: list[str] = []
    number = 0
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            raise _whole(
                _l("Deze regel is geen CSV: een aanhalingsteken staat verkeerd of een cel is te lang."),
                number,
            ) from None
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if not names:
            names = [cell.strip().casefold() for cell in cells]
            _check_columns(names, number)
        elif len(cells) != len(names):
            yield number, {"": ""}
        else:
            yield number, dict(zip(names, cells, strict=True))


def _check_columns(names: list[str], number: int) -> None:
    if len(set(names)) < len(names):
        raise _whole(_l("Een kolom staat er twee keer."), number)
    needed = ("ovo_code", "name_nl", "policy_area") if "ovo_code" in names else ("code", "name_nl")
    missing = [name for name in needed if name not in names]
    if missing:
        raise _whole(
            _l("De eerste regel noemt deze kolommen niet: %(names)s.", names=", ".join(missing)), number
        )


def _json_records(text: str) -> Iterator[tuple[int, type_record]]:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise _whole(_l("Dit bestand begint als JSON, en is het niet.")) from None
    if isinstance(given, list):
        given = {"organisations": given}
    parts = [given.get("policyAreas", []), given.get("organisations", [])]
    if not all(isinstance(part, list) for part in parts) or not any(parts):
        raise _whole(_l("Dit bestand heeft geen lijst van organisaties of beleidsdomeinen."))
    number = 0
    for part, words in zip(parts, (_AREA_WORDS, _ORGANISATION_WORDS), strict=True):
        for one in part:
            number += 1
            yield number, _record(one, words)


_ORGANISATION_WORDS = {"ovoNumber": "ovo_code", "name": "name_nl", "shortName": "also_known_as", "kboNumber": "kbo",
                       "policyArea": "policy_area"}  # fmt: skip
_AREA_WORDS = {"code": "code", "name": "name_nl"}


def _record(given: Any, words: Mapping[str, str]) -> type_record:
    """An object of a JSON with the names of the columns; what is no text counts as a line that makes no sense."""
    if not isinstance(given, dict):
        return {"": ""}
    validity, successors = given.get("validity") or {}, given.get("successors") or []
    if not isinstance(validity, dict) or not isinstance(successors, list):
        return {"": ""}
    found = {column: given.get(word) for word, column in words.items()}
    found |= {"valid_from": validity.get("start"), "valid_to": validity.get("end")}
    if not all(value is None or isinstance(value, str) for value in (*found.values(), *successors)):
        return {"": ""}
    return {name: value or "" for name, value in found.items()} | {
        "successors": " ".join(map(str, successors))
    }


# --- from records to lines -------------------------------------------------------------------------------------


class _Reader:
    """Checks record by record, and keeps what is wrong."""

    def __init__(self, records: Iterator[tuple[int, type_record]]) -> None:
        self._records = records
        self._faults: list[Fault] = []
        self._number = 0

    def read(self) -> RegisterFile:
        found = RegisterFile()
        for number, record in self._records:
            self._number = number
            found.lines += 1
            if found.lines > MOST_LINES:
                raise _whole(_l("Dit bestand heeft te veel regels. Het mogen er hoogstens 100.000 zijn."))
            if "" in record and len(record) == 1:
                self._fault(_l("Deze regel heeft niet de cellen die de eerste regel noemt."))
            elif "ovo_code" in record:
                self._keep(found.organisations, self._organisation, record)
            else:
                self._keep(found.areas, self._area, record)
        for lines in (*found.organisations.values(), *found.areas.values()):
            self._in_order(lines)
        if self._faults:
            raise FaultyFile(sorted(self._faults, key=lambda fault: fault.line))
        if not found.lines:
            raise _whole(_l("Dit bestand is leeg."))
        return found

    def _fault(self, what: type_text, line: int = 0) -> None:
        self._faults.append(Fault(line or self._number, what))

    def _keep(
        self, lines: dict[str, list[Line]], read: Callable[[type_record], Line], record: type_record
    ) -> None:
        """Keep a line without faults under its code."""
        before = len(self._faults)
        line = read(record)
        if len(self._faults) == before:
            lines.setdefault(line.code, []).append(line)

    def _organisation(self, record: type_record) -> Line:
        code = self._code(record["ovo_code"], _OVO, _l("Een OVO-code is OVO en zes cijfers."))
        real = record.get("code_is_real", "").strip().casefold()
        if real not in _YES | _NO:
            self._fault(_l("In code_is_real staat yes of no."))
        state = OrganisationState(
            self._name(record["name_nl"]),
            self._plain(record.get("also_known_as", "")),
            self._kbo(record.get("kbo", "")),
            self._code(
                record["policy_area"],
                _AREA,
                _l("De code van het beleidsdomein zijn hoofdletters, zoals OMG."),
            ),
        )
        return Line(self._number, code, state, *self._days(record), code_is_real=real in _YES)

    def _area(self, record: type_record) -> Line:
        words = _l("De code van het beleidsdomein zijn hoofdletters, zoals OMG.")
        code = self._code(record["code"], _AREA, words)
        heirs = sorted({self._code(heir, _AREA, words) for heir in record.get("successors", "").split()})
        first, last = self._days(record)
        if heirs and last is None:
            self._fault(_l("Een beleidsdomein met een opvolger heeft ook een laatste dag."))
        if code in heirs:
            self._fault(_l("Een beleidsdomein volgt zichzelf niet op."))
        return Line(self._number, code, AreaState(self._name(record["name_nl"])), first, last, tuple(heirs))

    def _code(self, text: str, form: re.Pattern[str], words: type_text) -> str:
        code = clean(text).upper()
        if not form.fullmatch(code):
            self._fault(words)
        return code

    def _plain(self, text: str) -> str:
        """A text for people, never a formula for a spreadsheet (OWASP, CSV injection)."""
        value = " ".join(clean(text).split())
        if value.startswith(("=", "+", "-", "@")):
            self._fault(_l("Een naam begint niet met =, +, - of @: een rekenblad leest dat als een formule."))
        if len(value) > LONGEST:
            self._fault(_l("Een naam heeft hoogstens 200 tekens."))
        return value

    def _name(self, text: str) -> str:
        value = self._plain(text)
        if not value:
            self._fault(_l("De naam is leeg."))
        return value

    def _kbo(self, text: str) -> str | None:
        """The ten digits. Check digits: 97 minus the first eight modulo 97 (domain.md); a 0 in front that a spreadsheet
        took away comes back."""
        digits = re.sub(r"[ .]", "", clean(text)).upper().removeprefix("BE")
        if not digits:
            return None
        number = digits.zfill(10)
        if not _KBO.fullmatch(digits) or int(number[8:]) != 97 - int(number[:8]) % 97:
            self._fault(
                _l(
                    "Dit KBO-nummer bestaat niet. Het heeft tien cijfers, en de laatste twee controleren de rest."
                )
            )
        return number

    def _days(self, record: type_record) -> tuple[date | None, date | None]:
        first, last = (self._day(record.get(name, "")) for name in ("valid_from", "valid_to"))
        if first and last and last < first:
            self._fault(_l("De laatste dag komt voor de eerste."))
        return first, last

    def _day(self, text: str) -> date | None:
        value = clean(text)
        if not value:
            return None
        iso, belgian = _ISO.fullmatch(value), _BELGIAN.fullmatch(value)
        parts = iso.groups() if iso else belgian.groups()[::-1] if belgian else ("0", "0", "0")
        try:
            found = date(*map(int, parts))
        except ValueError:
            self._fault(_l("Deze dag bestaat niet. Schrijf hem als 2026-01-31 of 31/01/2026."))
            return None
        if found < EARLIEST:
            self._fault(_l("Deze dag ligt voor 1800."))
        return found

    def _in_order(self, lines: list[Line]) -> None:
        """Sort the lines on one code by their days; they must not overlap."""
        lines.sort(key=lambda line: (line.first or date.min, line.number))
        for before, line in pairwise(lines):
            if (
                line.first is None
                or line.first in (before.first, before.last)
                or _ends_after(before, line.first)
            ):
                told = {"code": line.code, "line": before.number}
                self._fault(
                    _l("%(code)s staat ook op regel %(line)s, voor dezelfde dagen.", **told), line.number
                )


def _ends_after(line: Line, day: date) -> bool:
    return line.last is not None and line.last > day
