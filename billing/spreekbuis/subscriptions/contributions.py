"""What the administrator of contributions sets: status per service year, and periods of affiliation."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import today
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity
from spreekbuis.entities.models import Enrolment
from spreekbuis.entities.service import locked_entity
from spreekbuis.errors import Conflict, Invalid
from spreekbuis.subscriptions.entitlement import Standing, rules
from spreekbuis.subscriptions.models import Affiliation, Contribution, ContributionStatus, Rule
from spreekbuis.subscriptions.service import recompute_service


class NotAffiliated(Conflict):
    title = _l("Deze entiteit is niet aangesloten bij GDPB")
    advice = _l("Er is geen aansluiting om te beëindigen. Er is niets veranderd.")


def contribution_years(by_year: Mapping[int, Rule] | None = None) -> list[int]:
    """Service years for which a contribution exists: by the rules, read when not given, up to and including
    next year."""
    known = Standing(rules() if by_year is None else by_year)
    return [
        year
        for year in range(min(known.rules, default=today().year), today().year + 2)
        if known.rule_in(year) is Rule.AFFILIATED_OR_PAID
    ]


def set_contribution_status(entity_id: UUID, year: int, status: ContributionStatus, reason: str = "") -> None:
    """Set the contribution of a service year to due, paid or waived, and let the service follow.

    Raises Invalid for a year without contributions, or a waiver without a reason. The same again changes
    nothing.
    """
    errors = {}
    if year not in contribution_years():
        errors["year"] = _l("In dat jaar zijn er geen bijdragen.")
    if status is ContributionStatus.WAIVED and not reason:
        errors["reason"] = _l("Schrijf waarom de bijdrage kwijtgescholden wordt.")
    if errors:
        raise Invalid(errors)
    locked_entity(entity_id)
    db.session.execute(
        insert(Contribution)
        .values(entity_id=entity_id, service_year=year, status=ContributionStatus.DUE)
        .on_conflict_do_nothing(index_elements=["entity_id", "service_year"])
    )
    contribution = db.session.get_one(
        Contribution, {"entity_id": entity_id, "service_year": year}, populate_existing=True
    )
    before = contribution.status
    if before == status and (contribution.reason or "") == reason:
        return
    contribution.status, contribution.reason = status, reason or None
    contribution.updated_by = acting().account_id
    record(
        Audited.CONTRIBUTION_SET, entity_id, {"service_year": year, "before": before, "after": str(status)}
    )
    db.session.flush()
    recompute_service(entity_id)


def start_affiliation(entity_id: UUID, first_day: date) -> None:
    """The entity uses the prevention service GDPB from `first_day` on. Raises Invalid when it does already,
    on that day or later."""
    locked_entity(entity_id)
    last = _last_period(entity_id)
    if last is not None and (last.valid_until is None or last.valid_until >= first_day):
        raise Invalid(
            {"first_day": _l("Op die dag, of later, is de entiteit al aangesloten. Kies een latere dag.")}
        )
    db.session.add(Affiliation(entity_id=entity_id, valid_from=first_day))
    record(Audited.AFFILIATION_SET, entity_id, {"from": first_day.isoformat(), "until": None})
    db.session.flush()
    recompute_service(entity_id)


def end_affiliation(entity_id: UUID, last_day: date) -> None:
    """`last_day` is the last on which the entity uses the prevention service; also corrects an end set
    before.

    Raises NotAffiliated without a period, Invalid when the last period began after `last_day`.
    """
    locked_entity(entity_id)
    last = _last_period(entity_id)
    if last is None:
        raise NotAffiliated
    if last_day < last.valid_from:
        raise Invalid({"last_day": _l("De aansluiting begon later. Kies een latere dag.")})
    if last.valid_until == last_day:
        return
    last.valid_until = last_day
    record(
        Audited.AFFILIATION_SET,
        entity_id,
        {"from": last.valid_from.isoformat(), "until": last_day.isoformat()},
    )
    db.session.flush()
    recompute_service(entity_id)


def _last_period(entity_id: UUID) -> Affiliation | None:
    return db.session.scalars(
        select(Affiliation)
        .where(Affiliation.entity_id == entity_id)
        .order_by(Affiliation.valid_from.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()


def open_subscription(entity: Entity, enrolment: Enrolment) -> None:
    """What a new entity begins with, in its own scope: affiliation from today, or a contribution that is due
    (in a year that has contributions); service follows."""
    year = today().year
    if enrolment.affiliated:
        start_affiliation(entity.id, today())
    elif year in contribution_years():
        db.session.add(Contribution(entity_id=entity.id, service_year=year))
        record(
            Audited.CONTRIBUTION_SET,
            entity.id,
            {"service_year": year, "before": None, "after": str(ContributionStatus.DUE)},
        )
        db.session.flush()
    recompute_service(entity.id)
