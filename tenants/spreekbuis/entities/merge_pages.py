"""The central office lets one entity go over into another: the plan, how far it is, undoing and confirming it."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import aliased

from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.listing import asked
from spreekbuis.directory.models import Entity
from spreekbuis.entities import merging
from spreekbuis.entities.models import EntityMerge, MergeState
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.web.access import Permission
from spreekbuis.web.door import the_account
from spreekbuis.web.forms import Reading, clean
from spreekbuis.web.frame import notice_after
from spreekbuis.web.room import Room

room = Room("merges")

BEGUN = notice_after("merge-begun", _l("De fusie is gestart. De dossiers verhuizen nu."))
UNDOING = notice_after("merge-undoing", _l("Alles komt terug zoals het nu is. Dat kan even duren."))
CONFIRMED = notice_after("merge-confirmed", _l("De fusie is bevestigd."))
SHOWN = 50
STATES: dict[MergeState, tuple[str, LazyString]] = {
    MergeState.MOVING: ("half", _l("Bezig")),
    MergeState.MOVED: ("wait", _l("Wacht op bevestiging")),
    MergeState.UNDOING: ("half", _l("Wordt ongedaan gemaakt")),
    MergeState.CONFIRMED: ("ok", _l("Bevestigd")),
    MergeState.UNDONE: ("off", _l("Ongedaan gemaakt")),
}

_source, _into = aliased(Entity), aliased(Entity)
_MERGES = (
    select(EntityMerge, _source.name.label("source"), _into.name.label("into"))
    .join(_source, _source.id == EntityMerge.from_id)
    .join(_into, _into.id == EntityMerge.into_id)
    .order_by(EntityMerge.begun_at.desc())
)


@room.in_nav(_l("Fusies"))
@room.get("/central/merges", Permission.DECIDE_ENROLMENTS)
def overview() -> ResponseReturnValue:
    """The newest merges, and which two entities to make a plan for."""
    return _overview({}, {})


def _overview(typed: dict[str, str], errors: dict[str, Any]) -> ResponseReturnValue:
    merges = [
        {
            "url": url_for("merges.merge_page", merge_id=merge.id), "source": source, "into": into,
            "begun_at": merge.begun_at, "state": STATES[MergeState(merge.state)], "cases": merge.cases,
        }
        for merge, source, into in db.session.execute(_MERGES.limit(SHOWN))
    ]  # fmt: skip
    page = render_template("entities/merges.html", merges=merges, typed=typed, errors=errors)
    return page, Invalid.status if errors else 200


@room.get("/central/merges/plan", Permission.DECIDE_ENROLMENTS)
def planned() -> ResponseReturnValue:
    """What would happen, before anything does."""
    typed = {"source": asked("source"), "into": asked("into")}
    source, into = _entity(typed["source"]), _entity(typed["into"])
    if source is None or into is None:
        return _unknown(typed, source, into)
    plan = merging.plan(source.id, into.id)
    return render_template(
        "entities/merge_plan.html", source=source, into=into, plan=plan, once=new_id(),
        obstacles=[merging.OBSTACLES[one] for one in plan.obstacles],
    )  # fmt: skip


def _unknown(typed: dict[str, str], source: Entity | None, into: Entity | None) -> ResponseReturnValue:
    known = {"source": source, "into": into}
    sentence = _l("We kennen geen entiteit met deze OVO-code.")
    return _overview(typed, {name: sentence for name, one in known.items() if one is None})


def _entity(code: str) -> Entity | None:
    return db.session.scalar(select(Entity).where(Entity.ovo_code == code.upper()))


@room.post("/central/merges/begin", Permission.DECIDE_ENROLMENTS)
def begin() -> ResponseReturnValue:
    once = Reading().once()
    if db.session.get(EntityMerge, once) is None:  # sent twice, it has begun
        typed = {name: clean(request.form.get(name, "")) for name in ("source", "into")}
        source, into = _entity(typed["source"]), _entity(typed["into"])
        if source is None or into is None:
            return _unknown(typed, source, into)
        merging.begin(source.id, into.id, once)
    return redirect(url_for("merges.merge_page", merge_id=once, done=BEGUN), 303)


@room.get("/central/merges/<uuid:merge_id>", Permission.DECIDE_ENROLMENTS)
def merge_page(merge_id: UUID) -> ResponseReturnValue:
    """How far it is, and what can be done now."""
    row = db.session.execute(_MERGES.where(EntityMerge.id == merge_id)).one_or_none()
    if row is None:
        raise NotFound
    merge, source, into = row
    mine = merge.begun_by == the_account().id
    waits = merge.state == MergeState.MOVED
    under_way = merge.state in (MergeState.MOVING, MergeState.UNDOING)
    return render_template(
        "entities/merge.html", merge=merge, source=source, into=into, state=STATES[MergeState(merge.state)],
        waits=waits, can_confirm=waits and not mine, left=merging.left(merge) if under_way else None,
    )  # fmt: skip


@room.post("/central/merges/<uuid:merge_id>/undo", Permission.DECIDE_ENROLMENTS)
def undo(merge_id: UUID) -> ResponseReturnValue:
    merging.undo(merge_id)
    return redirect(url_for("merges.merge_page", merge_id=merge_id, done=UNDOING), 303)


@room.post("/central/merges/<uuid:merge_id>/confirm", Permission.DECIDE_ENROLMENTS)
def confirm(merge_id: UUID) -> ResponseReturnValue:
    merging.confirm(merge_id)
    return redirect(url_for("merges.merge_page", merge_id=merge_id, done=CONFIRMED), 303)
