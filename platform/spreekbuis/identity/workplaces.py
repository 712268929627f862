"""Where an account works: its entities and the rooms of the platform."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Flask, current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.db.session import db
from spreekbuis.errors import type_text
from spreekbuis.identity.models import PlatformRole
from spreekbuis.web.access import Role


@dataclass(frozen=True, slots=True)
class Workplace:
    """A place with the roles that the account has there. `ovo_code` is None for the platform."""

    name: type_text
    badge: str
    roles: frozenset[Role]
    ovo_code: str | None


Source = Callable[[UUID], list[Workplace]]


def install(app: Flask, sources: Sequence[Source]) -> None:
    """Tell `app` who knows of workplaces on the upper floors. Called by the composition root."""
    app.extensions["workplaces"] = tuple(sources)


def workplaces_of(account_id: UUID) -> list[Workplace]:
    """The platform when the account has a role there, then what the upper floors know. In platform scope."""
    roles = db.session.scalars(select(PlatformRole.role).where(PlatformRole.account_id == account_id)).all()
    places = [Workplace(_l("Alle entiteiten"), "VO", frozenset(map(Role, roles)), None)] if roles else []
    sources: tuple[Source, ...] = current_app.extensions["workplaces"]
    return [*places, *(place for source in sources for place in source(account_id))]
