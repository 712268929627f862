"""The pages on which the central office plans training and notes who was there."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import distinct, func, literal, select

from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.cards import in_language
from spreekbuis.directory.catalogue import SPOKEN_LABELS, TRAINING_LABELS, Spoken, TrainingKind
from spreekbuis.directory.listing import Pages, asked, page_by_name, pages, slice_of
from spreekbuis.directory.models import Entity
from spreekbuis.errors import Invalid, NotFound, type_text
from spreekbuis.training.models import TrainingPlace, TrainingSession
from spreekbuis.training.places import PlaceState, trained_functions
from spreekbuis.training.sessions import (
    MOST_PLACES,
    Planned,
    call_off,
    givers,
    note_attendance,
    participants,
    plan_session,
    session_of,
)
from spreekbuis.training.views import shown
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import language, notice_after
from spreekbuis.web.room import Room

room = Room("central_training")

SAVED = notice_after("training-saved", _l("De opleiding is bewaard. Elke entiteit ziet ze meteen."))
CALLED_OFF = notice_after(
    "training-called-off", _l("De opleiding gaat niet door. De entiteiten krijgen een mail.")
)
NOTED = notice_after("training-noted", _l("Genoteerd wie er was."))
LONGEST = {"about": 500, "hours": 60, "place": 200}
"""Characters, per field."""


@room.in_nav(_l("Opleidingen"), rare=True)
@room.get("/central/training", Permission.EDIT_SERVICE)
def listing() -> ResponseReturnValue:
    """The sessions, the last day first."""
    taken = (
        select(func.count())
        .where(TrainingPlace.session_id == TrainingSession.id, TrainingPlace.state == PlaceState.BOOKED)
        .scalar_subquery()
    )
    wanted = select(
        TrainingSession.id, TrainingSession.kind, TrainingSession.day, TrainingSession.place, TrainingSession.places,
        TrainingSession.called_off_at, taken.label("taken"),
    )  # fmt: skip
    after, before = _edge("after"), _edge("before")
    at = after or before
    day = select(TrainingSession.day).where(TrainingSession.id == at).scalar_subquery()
    rows, earlier, later = slice_of(
        wanted, (TrainingSession.day, TrainingSession.id), (day, literal(at)) if at else None,
        ascending=False, backwards=before is not None,
    )  # fmt: skip
    return render_template(
        "training/central.html", new_url=url_for("central_training.edit", session_id=new_id()),
        trained_url=url_for("central_training.trained"),
        rows=[
            {
                "url": url_for("central_training.edit", session_id=r.id), "day": format_date(r.day, "long"),
                "kind": TRAINING_LABELS[TrainingKind(r.kind)], "place": r.place, "places": r.places, "taken": r.taken,
                "called_off": r.called_off_at is not None,
            }
            for r in rows
        ],
        pages=Pages(
            ngettext("%(num)s opleiding op deze bladzijde", "%(num)s opleidingen op deze bladzijde", len(rows)),
            url_for("central_training.listing", before=rows[0].id) if earlier else None,
            url_for("central_training.listing", after=rows[-1].id) if later else None,
        ),
    )  # fmt: skip


def _edge(name: str) -> UUID | None:
    given = request.args.get(name, "")
    try:
        return UUID(given) if given else None
    except ValueError:
        raise NotFound from None


@room.get("/central/training/trained", Permission.EDIT_SERVICE)
def trained() -> ResponseReturnValue:
    """How many contact persons each entity had trained in a year: persons, and how often they came."""
    given = request.args.get("year", "")
    year = int(given) if given.isascii() and given.isdigit() and len(given) == 4 else today().year
    persons = func.count(distinct(func.row(TrainingPlace.function, TrainingPlace.number)))
    wanted = (
        select(Entity.ovo_code, Entity.name, persons.label("persons"), func.count().label("times"))
        .join(TrainingPlace, TrainingPlace.tenant_id == Entity.id)
        .join(TrainingSession, TrainingSession.id == TrainingPlace.session_id)
        .where(TrainingPlace.attended.is_(True), func.extract("year", TrainingSession.day) == literal(year))
        .group_by(Entity.ovo_code, Entity.name)
    )
    page = page_by_name(wanted, after=asked("after"), before=asked("before"))
    count = len(page.rows)
    summary = ngettext("%(num)s entiteit op deze bladzijde", "%(num)s entiteiten op deze bladzijde", count)
    return render_template(
        "training/trained.html", year=year, rows=page.rows,
        pages=pages(page, summary, "central_training.trained", {"year": year}),
        years=[url_for("central_training.trained", year=year - 1), url_for("central_training.trained", year=year + 1)],
    )  # fmt: skip


@room.get("/central/training/<uuid:session_id>", Permission.EDIT_SERVICE)
def edit(session_id: UUID) -> ResponseReturnValue:
    """A session, or an empty form under an id that nobody used yet."""
    return _form(session_id, {}, {})


@room.post("/central/training/<uuid:session_id>", Permission.EDIT_SERVICE)
def save(session_id: UUID) -> ResponseReturnValue:
    form = Reading()
    try:
        form.require(
            {"day": _l("Kies een dag."), "hours": _l("Vul de uren in, bijvoorbeeld 9.30 tot 16.30 uur.")}
        )
        given = Planned(
            str(form.choice("kind", TrainingKind) or ""), form.raw("giver"),
            form.text("about", longest=LONGEST["about"], required=False, lines=True),
            form.day("day") or today(), form.text("hours", longest=LONGEST["hours"]),
            form.text("place", longest=LONGEST["place"], required=False),
            str(form.choice("language", Spoken) or ""), form.number("places", least=1, most=MOST_PLACES),
        )  # fmt: skip
        form.check()
        plan_session(session_id, given)
    except Invalid as invalid:
        return _form(session_id, request.form.to_dict(), invalid.errors), invalid.status
    return redirect(url_for("central_training.listing", done=SAVED), 303)


@room.post("/central/training/<uuid:session_id>/call-off", Permission.EDIT_SERVICE)
def call_off_session(session_id: UUID) -> ResponseReturnValue:
    call_off(session_id)
    return redirect(url_for("central_training.listing", done=CALLED_OFF), 303)


@room.post("/central/training/<uuid:session_id>/attendance", Permission.EDIT_SERVICE)
def attendance(session_id: UUID) -> ResponseReturnValue:
    """All who were there, in one form."""
    session_of(session_id)
    given = set(request.form.getlist("present"))
    note_attendance(session_id, {place.id for place in participants(session_id) if str(place.id) in given})
    return redirect(url_for("central_training.edit", session_id=session_id, done=NOTED), 303)


def _form(session_id: UUID, typed: Mapping[str, Any], errors: Mapping[str, type_text]) -> str:
    there, spoken = db.session.get(TrainingSession, session_id), language()
    places = participants(session_id)
    functions = {kind.code: in_language(kind.names, spoken) for kind in trained_functions()}
    wanted = select(Entity.id, Entity.name).where(Entity.id.in_({place.tenant_id for place in places}))
    entities = dict(db.session.execute(wanted).all())
    words = [
        (str(p.id), f"{entities[p.tenant_id]} · {functions[p.function]} {p.number}", p.attended)
        for p in places
        if p.state == PlaceState.BOOKED
    ]
    values = dict(typed) or _values(there)
    return render_template(
        "training/session.html", session_id=session_id, there=there and shown(there), values=values, errors=errors,
        title=f"{format_date(there.day, 'long')} · {TRAINING_LABELS[TrainingKind(there.kind)]}"
        if there else _("Nieuwe opleiding"),
        kinds=list(TRAINING_LABELS.items()), spoken=list(SPOKEN_LABELS.items()), longest=LONGEST,
        givers=[(code, in_language(names, spoken)) for code, names in givers().items()],
        begun=there is not None and there.day <= today(), booked=[(name, label) for name, label, _there in words],
        present=[name for name, _label, attended in words if attended],
        waiting=sum(1 for p in places if p.state == PlaceState.WAITING),
    )  # fmt: skip


def _values(session: TrainingSession | None) -> dict[str, Any]:
    if session is None:
        return {"language": Spoken.DUTCH.value, "places": "20"}
    return {
        "kind": session.kind, "giver": session.giver, "about": session.about, "day": session.day.isoformat(),
        "hours": session.hours, "place": session.place, "language": session.language, "places": str(session.places),
    }  # fmt: skip
