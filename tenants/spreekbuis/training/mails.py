"""Mails about training to an entity's administrators: a place came free, the session changed or is called off, and a
week before it. What the mail says is when and what, never who."""

from collections.abc import Mapping
from datetime import time, timedelta
from uuid import UUID

from flask import current_app
from flask_babel import force_locale, format_date
from sqlalchemy import Select, select

from spreekbuis.access.models import Membership
from spreekbuis.access.roles import holds_today
from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import TRAINING_LABELS, TrainingKind
from spreekbuis.directory.models import Entity
from spreekbuis.identity.models import Account
from spreekbuis.jobs.outbox import enqueue, job, type_arg
from spreekbuis.notify.mail import deliver
from spreekbuis.settings import Settings
from spreekbuis.training.models import TrainingPlace, TrainingSession
from spreekbuis.training.places import PlaceState, tell
from spreekbuis.web.access import Role

REMIND = "training.mail_soon"
BEFORE = timedelta(days=7)


@job("training.remind", at=time(7, 45))
def remind() -> Mapping[str, type_arg]:
    """Tell each entity with somebody at a session within a week, once."""
    sessions = db.session.execute(
        select(TrainingSession.id, TrainingSession.day).where(
            TrainingSession.day.between(today(), today() + BEFORE), TrainingSession.called_off_at.is_(None)
        )
    ).all()
    for session_id, day in sessions:
        tell(session_id, REMIND, day.isoformat())
    return {"sessions": len(sessions)}


@job("training.tell_administrators")
def tell_administrators(session_id: str, kind: str) -> None:
    """Have each administrator of the entity mailed."""
    for account_id in db.session.scalars(_administrators()):
        enqueue("training.mail", session_id=session_id, kind=kind, account_id=str(account_id))


@job("training.mail")
def mail(session_id: str, kind: str, account_id: str) -> None:
    """One mail, unless the account is no administrator any more or the entity has nobody there."""
    row = db.session.execute(
        select(Account.email, Account.language, Entity.name, Entity.ovo_code)
        .join_from(Account, Entity, Entity.id == current_entity_id())
        .where(
            Account.id == UUID(account_id), Account.disabled_at.is_(None), Account.id.in_(_administrators())
        )
    ).one_or_none()
    session = db.session.get(TrainingSession, UUID(session_id))
    places = select(TrainingPlace.number).where(
        TrainingPlace.session_id == UUID(session_id),
        TrainingPlace.tenant_id == current_entity_id(),
        TrainingPlace.state != PlaceState.CANCELLED,
    )
    if row is None or session is None or db.session.scalar(places.limit(1)) is None:
        return
    settings: Settings = current_app.extensions["settings"]
    path = current_app.url_map.bind("").build("training.overview", {"ovo": row.ovo_code})
    with force_locale(row.language):
        day, what = format_date(session.day, "full"), str(TRAINING_LABELS[TrainingKind(session.kind)])
    deliver(
        "training", row.email, row.language, entity=row.name, day=day, what=what, hours=session.hours,
        place=session.place, link=settings.base_url + path, kind=kind.partition(".mail_")[2],
    )  # fmt: skip


def _administrators() -> Select[UUID]:
    return select(Membership.account_id).where(holds_today(), Membership.role == Role.ENTITY_ADMINISTRATOR)
