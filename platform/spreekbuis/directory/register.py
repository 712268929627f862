"""Search the register of organisations, as it is today."""

import re
from datetime import date

from sqlalchemy import ColumnElement, and_, exists, false, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from spreekbuis.characters import apart
from spreekbuis.clock import today
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity, Organisation, OrganisationPeriod

LONGEST_SEARCH = 80
_CODE = re.compile("OVO[0-9]{6}")


def searchable(text: str) -> str:
    """Lower case without accents, single spaces: how names are compared."""
    plain = apart(text).encode("ascii", "ignore").decode()
    return " ".join(plain.casefold().split())


def policy_area_on(ovo_code: str, day: date | None = None) -> str:
    """Code of the policy area to which the organisation belonged on `day` (Belgian calendar, default
    today)."""
    day = day or today()
    period = OrganisationPeriod
    found = db.session.scalar(
        select(period.policy_area).where(
            period.ovo_code == ovo_code, period.valid_from <= day, period.valid_to >= day
        )
    )
    if found is None:
        raise LookupError(f"{ovo_code} has no policy area on {day}")
    return found


def holds_words(
    query: str, within: InstrumentedAttribute[str] = Organisation.search_text
) -> list[ColumnElement[bool]]:
    """Conditions on Organisation: its name or code holds every word of `query` (accents and case aside)."""
    words = searchable(query[:LONGEST_SEARCH]).split()
    if query.strip() and not words:
        return [false()]
    return [within.contains(word, autoescape=True) for word in words]


def exists_on(day: date) -> ColumnElement[bool]:
    """Condition on Organisation: it exists on `day`, which is today or not long ago."""
    return and_(Organisation.valid_from <= day, Organisation.valid_to >= day)


def search(query: str, limit: int = 10) -> list[Organisation]:
    """Organisations whose name, abbreviation or code holds every word of `query`, at most `limit`; best match first:
    whole words ("ABB") before parts of words. One that ended is found while it is an entity."""
    words = searchable(query[:LONGEST_SEARCH]).split()
    if not words:
        return []
    whole = and_(*_whole(words))
    starts = Organisation.search_text.startswith(words[0], autoescape=True)
    found = db.session.scalars(
        select(Organisation)
        .where(
            *holds_words(query),
            or_(exists_on(today()), exists().where(Entity.ovo_code == Organisation.ovo_code)),
        )
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
