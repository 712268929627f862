"""Which questionnaire a report gets, and the versions that were published.

A published version never changes, so each process keeps those that it read: the newest version of a category comes
along with the query for the categories (`intake.story`), and its definition costs one query per process.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from flask import current_app
from sqlalchemy import select

from spreekbuis.db.session import db
from spreekbuis.questionnaires.definition import Definition, parse
from spreekbuis.questionnaires.models import QuestionnaireVersion

KEPT = 200
"""Versions remembered per process, some kilobytes each."""
_NAME = re.compile(r"([a-z][a-z0-9_]{0,29})\.([1-9][0-9]{0,5})")


class Version(NamedTuple):
    """A published version by its name."""

    code: str
    number: int

    def __str__(self) -> str:
        return f"{self.code}.{self.number}"


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """A version with what it asks. One object per process and version, so that what is made of it can be remembered."""

    version: Version
    definition: Definition


def published(version: Version) -> Published | None:
    """The version; None when it was never published."""
    kept: dict[Version, Published] = current_app.extensions.setdefault("questionnaires", {})
    found = kept.get(version)
    if found is None:
        stored = db.session.scalar(
            select(QuestionnaireVersion.definition).where(
                QuestionnaireVersion.code == version.code, QuestionnaireVersion.version == version.number
            )
        )
        if stored is None:
            return None
        if len(kept) >= KEPT:
            kept.clear()
        found = kept[version] = Published(version, parse(stored))
    return found


def version_named(name: str) -> Version | None:
    """The version that a form names, "wellbeing.3", as `str(version)` writes it; None when that is no name of one."""
    found = _NAME.fullmatch(name)
    return Version(found[1], int(found[2])) if found else None


def asked_by(category: str, newest: Mapping[str, Version], named: Version | None) -> Published | None:
    """What a report in `category` answers: the version that its form shows, when it is one of the category's
    questionnaire, else the newest. None when the category has no questionnaire."""
    now = newest.get(category)
    if now is None:
        return None
    if named is not None and named.code == now.code and (shown := published(named)) is not None:
        return shown
    return published(now)
