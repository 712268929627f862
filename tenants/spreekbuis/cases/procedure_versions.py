"""Which procedures there are, in which versions, and which one a case gets.

A published version never changes, so each process reads it once. Which versions there are is read once a day: a new
one holds from tomorrow at the earliest, so that no process can meet it too late.
"""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.cases.definition import Procedure, read_definition
from spreekbuis.cases.procedure_models import ProcedureVersion
from spreekbuis.clock import today
from spreekbuis.db.session import db, rows
from spreekbuis.directory.catalogue import CaseKind, Identity, Topic

SHIPPED = Path(__file__).parent / "procedure_data"
SINCE = date(2002, 1, 1)
"""From when on the versions hold that come with the product: the start of Spreekbuis, so that cases of every year
have rules."""


class Published(NamedTuple):
    """A version that is in force from a day on, until a later one of the same procedure."""

    code: str
    version: int
    valid_from: date


class _Known:
    """What this process has read."""

    def __init__(self) -> None:
        self.procedures: dict[tuple[str, int], Procedure] = {}
        self.published: tuple[Published, ...] = ()
        self.read_on = date.min


known = _Known()
_ALL = select(ProcedureVersion.code, ProcedureVersion.version, ProcedureVersion.valid_from).order_by(
    ProcedureVersion.code, ProcedureVersion.version
)


def shipped() -> dict[str, dict[str, Any]]:
    """The definitions that come with the product, by code."""
    return {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(SHIPPED.glob("*.json"))}


def load_procedures() -> None:
    """Publish what comes with the product as the first version of each procedure. Twice is once: what is there,
    stays, and later versions are the central office's."""
    for code, definition in shipped().items():
        read_definition(code, 1, definition)
        db.session.execute(
            insert(ProcedureVersion)
            .values(code=code, version=1, valid_from=SINCE, definition=definition)
            .on_conflict_do_nothing()
        )


def procedure(code: str, version: int) -> Procedure:
    """A published version. Raises LookupError when there is none: a programming error, never shown."""
    found = known.procedures.get((code, version))
    if found is None:
        asked = select(ProcedureVersion.definition).where(
            ProcedureVersion.code == code, ProcedureVersion.version == version
        )
        with db.session.no_autoflush:
            definition: Mapping[str, Any] | None = db.session.scalar(asked)
        if definition is None:
            raise LookupError(f"no version {version} of the procedure {code}")
        found = known.procedures[code, version] = read_definition(code, version, definition)
    return found


def published() -> tuple[Published, ...]:
    """Every published version, by code and number, also those that hold from a later day on."""
    day = today()
    if day > known.read_on:
        known.published = tuple(Published(*row) for row in rows(_ALL))
        known.read_on = day
    return known.published


def in_force(day: date) -> list[Procedure]:
    """Of every procedure the version that cases opened on this day get; before the first one, the first."""
    chosen: dict[str, Published] = {}
    for one in published():
        if one.valid_from <= day or one.code not in chosen:
            chosen[one.code] = one
    return [procedure(one.code, one.version) for one in chosen.values()]


def fits(rules: Procedure, kind: str, topic: str, identity: str) -> bool:
    """Whether the procedure can be followed for a case of this kind, topic and identity."""
    named = identity != Identity.ANONYMOUS
    return kind in rules.kinds and topic in rules.topics and (named or not rules.needs_identity)


def of_citizens(day: date) -> Procedure:
    """The procedure of whoever came by 1700, as it is in force on `day`: it stays theirs at whichever desk."""
    return next(rules for rules in in_force(day) if rules.code == "citizens_1700")


def usual(kind: CaseKind, topic: Topic, identity: Identity, day: date) -> Procedure:
    """The procedure of a case for which nobody chose one, as it is in force on `day`. There is exactly one: a test
    holds the shipped definitions to it, and the editor does not touch for which cases a procedure is."""
    return next(rules for rules in in_force(day) if rules.usual and fits(rules, kind, topic, identity))
