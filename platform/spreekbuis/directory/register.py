"""Load and search the register of organisations. Loading twice changes nothing."""

import csv
import re
from collections.abc import Iterator
from datetime import date
from importlib.resources import files

from sqlalchemy import ColumnElement, and_, false, literal, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.characters import apart
from spreekbuis.clock import today
from spreekbuis.db.session import db
from spreekbuis.directory.actor_kinds import KINDS
from spreekbuis.directory.actors import ACTORS
from spreekbuis.directory.models import (
    Actor,
    ActorKind,
    Organisation,
    OrganisationPolicyArea,
    PolicyArea,
)

LONGEST_SEARCH = 80
_CODE = re.compile("OVO[0-9]{6}")


def searchable(text: str) -> str:
    """Lower case without accents, single spaces: how names are compared."""
    plain = apart(text).encode("ascii", "ignore").decode()
    return " ".join(plain.casefold().split())


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (files("spreekbuis.directory") / "data" / name).open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def load_register() -> None:
    """Bring policy areas, organisations and actor kinds to what the data folder says, and the first central actors in.

    An organisation that is new gets its policy area from the beginning of time; a known one keeps its
    history.
    """
    session = db.session
    for row in _rows("policy_areas.csv"):
        session.merge(
            PolicyArea(
                code=row["code"], name=row["name_nl"],
                valid_from=_day(row["valid_from"]), valid_to=_day(row["valid_to"]),
            )
        )  # fmt: skip
    session.flush()
    for row in _rows("organisations.csv"):
        code = row["ovo_code"]
        known = session.get(Organisation, code) is not None
        session.merge(
            Organisation(
                ovo_code=code, name=row["name_nl"], kbo=row["kbo"] or None,
                code_is_real=row["code_is_real"] == "yes",
                search_text=searchable(f"{row['name_nl']} {row['also_known_as']} {code}"),
            )
        )  # fmt: skip
        session.flush()
        if not known:
            session.add(OrganisationPolicyArea(ovo_code=code, policy_area=row["policy_area"]))
    for kind in KINDS:
        session.execute(
            insert(ActorKind).values(**kind).on_conflict_do_update(index_elements=["code"], set_=kind)
        )
    for actor in ACTORS:  # what the central office changed since stays so
        session.execute(insert(Actor).values(**actor, confirmed_on=today()).on_conflict_do_nothing())
    session.flush()


def policy_area_on(ovo_code: str, day: date | None = None) -> str:
    """Code of the policy area to which the organisation belonged on `day` (Belgian calendar, default
    today)."""
    day = day or today()
    area = OrganisationPolicyArea
    found = db.session.scalar(
        select(area.policy_area).where(
            area.ovo_code == ovo_code,
            (area.valid_from.is_(None)) | (area.valid_from <= day),
            (area.valid_to.is_(None)) | (area.valid_to >= day),
        )
    )
    if found is None:
        raise LookupError(f"{ovo_code} has no policy area on {day}")
    return found


def holds_words(query: str) -> list[ColumnElement[bool]]:
    """Conditions on Organisation: its name or code holds every word of `query` (accents and case aside)."""
    words = searchable(query[:LONGEST_SEARCH]).split()
    if query.strip() and not words:
        return [false()]
    return [Organisation.search_text.contains(word, autoescape=True) for word in words]


def search(query: str, limit: int = 10) -> list[Organisation]:
    """Organisations whose name, abbreviation or code holds every word of `query`, at most `limit`; best match first:
    whole words ("ABB") before parts of words."""
    words = searchable(query[:LONGEST_SEARCH]).split()
    if not words:
        return []
    whole = and_(*_whole(words))
    starts = Organisation.search_text.startswith(words[0], autoescape=True)
    found = db.session.scalars(
        select(Organisation)
        .where(*holds_words(query))
        .order_by(whole.desc(), starts.desc(), Organisation.search_text)
        .limit(limit)
    )
    return list(found)


def meant_by(query: str, limit: int = 10) -> list[Organisation]:
    """The organisations that somebody can mean: those that hold the words whole when there are any, else `search`."""
    words = searchable(query[:LONGEST_SEARCH]).split()
    found = search(query, limit)
    whole = [o for o in found if set(words) <= set(o.search_text.split())]
    return whole or found


def _whole(words: list[str]) -> list[ColumnElement[bool]]:
    padded = literal(" ") + Organisation.search_text + literal(" ")
    return [padded.contains(f" {word} ", autoescape=True) for word in words]


def organisation_of(ovo_code: str) -> Organisation | None:
    """The organisation with this code, in whatever case it was typed, or None."""
    code = ovo_code.strip().upper()
    return db.session.get(Organisation, code) if _CODE.fullmatch(code) else None
