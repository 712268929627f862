"""Who is entitled and why: for the administrator of contributions, and for an entity about itself."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select

from spreekbuis.clock import today
from spreekbuis.db.session import db
from spreekbuis.directory.listing import asked, pages
from spreekbuis.directory.models import Entity
from spreekbuis.errors import Invalid, NotFound, type_text
from spreekbuis.subscriptions import details
from spreekbuis.subscriptions.contributions import (
    contribution_years,
    end_affiliation,
    set_contribution_status,
    start_affiliation,
)
from spreekbuis.subscriptions.entitlement import rules
from spreekbuis.subscriptions.listing import POSITION_LABELS, Position, lines, position_labels
from spreekbuis.subscriptions.models import ContributionStatus
from spreekbuis.web import door
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after
from spreekbuis.web.room import Room

room = Room("subscriptions")

STATUS_SET = notice_after("contribution-set", _l("De status van de bijdrage is bewaard."))
AFFILIATION_SET = notice_after("affiliation-set", _l("De aansluiting bij GDPB is bewaard."))
LONGEST_REASON = 500


@room.in_nav(_l("Bijdragen"))
@room.get("/admin/contributions", Permission.MANAGE_CONTRIBUTIONS)
def contributions() -> ResponseReturnValue:
    """Entities and their contribution in one service year."""
    by_year = rules()
    years = contribution_years(by_year)
    year = _year(years)
    try:
        position = Position(asked("status")) if asked("status") else None
    except ValueError:
        raise NotFound from None
    query = asked("q")
    found, page = lines(year, position, query, by_year, after=asked("after"), before=asked("before"))
    summary = ngettext(
        "%(num)s entiteit op deze bladzijde", "%(num)s entiteiten op deze bladzijde", len(found)
    )
    kept: Mapping[str, str | int] = {"year": year, "status": position or "", "q": query}
    return render_template(
        "subscriptions/contributions.html",
        year=year,
        years=tuple((str(y), str(y)) for y in reversed(years)),
        positions=tuple(position_labels().items()),
        position=position or "",
        query=query,
        lines=found,
        pages=pages(page, summary, "subscriptions.contributions", kept),
        filtered=bool(position or query),
    )


def _year(years: list[int]) -> int:
    """The service year of the address; this year when it names none. Raises NotFound for one without
    contributions."""
    text = asked("year")
    if not text:
        return min(today().year, years[-1])
    if not (text.isascii() and text.isdigit() and len(text) == 4 and int(text) in years):
        raise NotFound
    return int(text)


@room.get("/admin/contributions/<string:code>", Permission.MANAGE_CONTRIBUTIONS)
def contribution(code: str) -> ResponseReturnValue:
    return _contribution(code)


def _contribution(code: str, invalid: Invalid | None = None) -> ResponseReturnValue:
    page = render_template(
        "subscriptions/contribution.html",
        **details.of(_entity(code)),
        years=[(str(y), str(y)) for y in reversed(contribution_years())],
        statuses=[(s.value, POSITION_LABELS[Position(s.value)]) for s in ContributionStatus],
        typed=request.form or {"year": str(today().year)},
        errors=invalid.errors if invalid else {},
        longest=LONGEST_REASON,
    )
    return page, invalid.status if invalid else 200


def _entity(code: str) -> Entity:
    found = db.session.scalars(
        select(Entity).where(Entity.ovo_code == code.replace("\x00", ""))
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


@room.post("/admin/contributions/<string:code>/status", Permission.MANAGE_CONTRIBUTIONS)
def set_status(code: str) -> ResponseReturnValue:
    reading = Reading()
    entity_id = _entity(code).id
    year = reading.one_of("year", [str(y) for y in contribution_years()])
    status = reading.choice("status", ContributionStatus)
    reason = reading.text("reason", longest=LONGEST_REASON, required=False)
    try:
        reading.check()
        assert year is not None
        assert status is not None
        set_contribution_status(entity_id, int(year), status, reason)
    except Invalid as invalid:
        return _contribution(code, invalid)
    return redirect(url_for("subscriptions.contribution", code=code, done=STATUS_SET), 303)


@room.post("/admin/contributions/<string:code>/affiliation/start", Permission.MANAGE_CONTRIBUTIONS)
def affiliate(code: str) -> ResponseReturnValue:
    reading = Reading()
    entity_id = _entity(code).id
    first_day = _day(reading, "first_day")
    try:
        reading.check()
        start_affiliation(entity_id, first_day)
    except Invalid as invalid:
        return _contribution(code, invalid)
    return redirect(url_for("subscriptions.contribution", code=code, done=AFFILIATION_SET), 303)


@room.post("/admin/contributions/<string:code>/affiliation/end", Permission.MANAGE_CONTRIBUTIONS)
def disaffiliate(code: str) -> ResponseReturnValue:
    reading = Reading()
    entity_id = _entity(code).id
    last_day = _day(reading, "last_day")
    try:
        reading.check()
        end_affiliation(entity_id, last_day)
    except Invalid as invalid:
        return _contribution(code, invalid)
    return redirect(url_for("subscriptions.contribution", code=code, done=AFFILIATION_SET), 303)


def _day(reading: Reading, name: str) -> date:
    """A day in three fields, not before 2000 nor after next year; today where it is wrong, with its error."""
    parts = [reading.raw(f"{name}_{part}").strip() for part in ("year", "month", "day")]
    error: type_text | None = None
    try:
        if not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts):
            raise ValueError
        day = date(*map(int, parts))
    except ValueError:
        day, error = today(), _("Vul een datum in die bestaat.")
    if not 2000 <= day.year <= today().year + 1:
        error = _("Kies een dag vanaf het jaar 2000, niet later dan volgend jaar.")
    if error is not None:
        reading.errors.setdefault(name, error)
    return day


@room.in_nav(_l("Aansluiting"))
@room.get("/entity/<ovo:ovo>/subscription", Permission.MANAGE_ENTITY)
def subscription() -> ResponseReturnValue:
    """An entity's own entitlement, and why."""
    entity_id: UUID = door.the_entity().id
    return render_template(
        "subscriptions/subscription.html", **details.of(db.session.get_one(Entity, entity_id))
    )
