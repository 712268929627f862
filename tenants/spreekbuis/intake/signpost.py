"""Where else a reporter can go."""

from dataclasses import dataclass

from sqlalchemy import select

from spreekbuis.db.session import db
from spreekbuis.directory.models import Actor


@dataclass(frozen=True, slots=True)
class Signpost:
    """A central actor in one language."""

    name: str
    offers: str
    email: str | None
    phone: str | None


def central_actors(language: str) -> list[Signpost]:
    """The central actors in their order, in `language` or else in Dutch."""
    actors = db.session.scalars(select(Actor).order_by(Actor.position))
    return [Signpost(_in(a.names, language), _in(a.offers, language), a.email, a.phone) for a in actors]


def _in(texts: dict[str, str], language: str) -> str:
    return texts.get(language) or texts["nl"]
