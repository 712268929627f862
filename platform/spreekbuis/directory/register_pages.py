"""Pages on the register of organisations: the list, one organisation through the years, and imports."""

from datetime import date
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select

from spreekbuis.clock import local_date, today
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory import import_list, imports, register_list
from spreekbuis.directory.listing import Pages, asked, pages
from spreekbuis.directory.models import (
    OPEN_ENDED,
    SINCE_EVER,
    Entity,
    EntityStatus,
    ImportState,
    RegisterImport,
)
from spreekbuis.directory.register_file import EARLIEST, LARGEST, MOST_LINES, FaultyFile
from spreekbuis.directory.register_history import areas, organisation_history, organisation_on
from spreekbuis.directory.register_list import STANDING_LABELS, Standing, Wanted
from spreekbuis.directory.timeline import ChangeKind, History, OrganisationState, on
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.jobs.models import Job, JobState
from spreekbuis.web.access import Permission
from spreekbuis.web.dates import day_in_words, hour_in_words
from spreekbuis.web.door import the_account
from spreekbuis.web.forms import Reading, clean
from spreekbuis.web.frame import NavItem, notice_after
from spreekbuis.web.room import Room

room = Room("register")

LATEST = date(2200, 12, 31)
"""The last day for which one can ask; the first is EARLIEST."""
LONGEST_FILE_NAME = 120
COMPARED_AGAIN = notice_after(
    "register-compared-again",
    _l("Het register is intussen veranderd. Dit is een nieuwe vergelijking: kijk ze na en beslis opnieuw."),
    "warn",
)
STANDING_TAGS = {
    Standing.EXISTS: "ok",
    Standing.ENDED: "off",
    Standing.COMING: "wait",
    Standing.TO_DECIDE: "stop",
}


# --- the list and the history ----------------------------------------------------------------------------------


@room.in_nav(_l("Register"))
@room.get("/central/register", Permission.EDIT_REGISTER)
def organisations() -> ResponseReturnValue:
    """The organisations on a day, today when the address names none."""
    wanted = Wanted(_day_asked(), _standing(), asked("q"), asked("area"))
    page = register_list.organisations_page(wanted, after=asked("after"), before=asked("before"))
    known = {code: history for code, history in areas().items() if on(history.periods, wanted.day)}
    if wanted.area and wanted.area not in known:
        raise NotFound
    deciding = register_list.attention()
    kept = {
        "q": wanted.query,
        "area": wanted.area,
        "standing": wanted.standing,
        "on": request.args.get("on", ""),
    }
    return render_template(
        "register/organisations.html",
        wanted=wanted,
        areas=sorted(((code, _area_name(known[code], wanted.day)) for code in known), key=lambda option: option[1]),
        standings=[(standing, label) for standing, label in STANDING_LABELS.items()],
        filtered=bool(wanted.query or wanted.area or wanted.standing is not Standing.EXISTS),
        past=wanted.day != today(),
        day=day_in_words(wanted.day),
        deciding=len(deciding),
        most=register_list.MOST_ATTENTION,
        rows=[
            {
                "name": row.name, "code": row.ovo_code, "also_known_as": row.also_known_as, "area": row.policy_area,
                "area_name": _area_name(known.get(row.policy_area, History()), wanted.day),
                "is_entity": row.status not in (None, EntityStatus.LEFT),
                "days": "" if wanted.standing is Standing.EXISTS else _days(row.valid_from, row.valid_to),
                "url": url_for("register.organisation", code=row.ovo_code, on=kept["on"] or None),
            }
            for row in page.rows
        ],
        pages=pages(
            page,
            ngettext("%(num)s organisatie op deze bladzijde", "%(num)s organisaties op deze bladzijde", len(page.rows)),
            "register.organisations",
            kept,
        ),
    )  # fmt: skip


def _day_asked() -> date:
    text = request.args.get("on", "")
    try:
        day = date.fromisoformat(text) if text else today()
    except ValueError:
        raise NotFound from None
    if not (EARLIEST <= day <= LATEST):
        raise NotFound
    return day


def _standing() -> Standing:
    try:
        return Standing(request.args.get("standing", Standing.EXISTS))
    except ValueError:
        raise NotFound from None


def _area_name(history: History, day: date) -> str:
    state = on(history.periods, day) or (history.periods[-1].state if history.periods else None)
    return state.name if state else ""


def _days(first: date, last: date) -> str:
    """From when to when, in words."""
    if first == SINCE_EVER and last == OPEN_ENDED:
        return ""
    if first == SINCE_EVER:
        return _("tot en met %(last)s", last=day_in_words(last))
    if last == OPEN_ENDED:
        return _("vanaf %(first)s", first=day_in_words(first))
    return _("van %(first)s tot en met %(last)s", first=day_in_words(first), last=day_in_words(last))


@room.get("/central/register/organisations/<string:code>", Permission.EDIT_REGISTER)
def organisation(code: str) -> ResponseReturnValue:
    """What the organisation was on the day that is asked, and its history."""
    history, day = organisation_history(code), _day_asked()
    if not history.periods:
        raise NotFound
    state = organisation_on(code, day)
    known = areas()
    entity = db.session.scalar(select(Entity).where(Entity.ovo_code == code))
    ended = history.periods[-1].last < today()
    return render_template(
        "register/organisation.html",
        code=code,
        name=state.name if state else history.periods[-1].state.name,
        state=state,
        day=day_in_words(day),
        on=day.isoformat(),
        area=_area_name(known.get(state.policy_area, History()), day) if state else "",
        standing=STANDING_LABELS[_standing_of(history, day)],
        standing_tag=STANDING_TAGS[_standing_of(history, day)],
        code_is_real=history.code_is_real,
        entity=entity,
        to_decide=ended and entity is not None and entity.status != EntityStatus.LEFT,
        last_day=day_in_words(history.periods[-1].last) if ended else "",
        timeline=_timeline(history, known),
    )


def _standing_of(history: History, day: date) -> Standing:
    if on(history.periods, day):
        return Standing.EXISTS
    return Standing.COMING if day < history.periods[0].first else Standing.ENDED


def _timeline(history: History, known: dict[str, History]) -> list[dict[str, str]]:
    """Each period with what was new in it, the latest first; and the day on which it ended."""
    items = []
    for period in history.periods:
        state = period.state
        assert isinstance(state, OrganisationState)
        area = _area_name(known.get(state.policy_area, History()), period.first)
        details = [
            area,
            state.also_known_as,
            _("KBO %(number)s", number=_kbo(state.kbo)) if state.kbo else "",
        ]
        items.append(
            {
                "when": _days(period.first, period.last) or _("altijd"), "iso": _iso(period.first),
                "title": state.name, "text": ", ".join(filter(None, details)),
                "kind": "now" if period.first <= today() <= period.last else "next" if period.first > today() else "",
            }
        )  # fmt: skip
    return items[::-1]


def _iso(day: date) -> str:
    return "" if day == SINCE_EVER else day.isoformat()


def _kbo(number: str) -> str:
    """As people write it: 0316.380.841."""
    return f"{number[:4]}.{number[4:7]}.{number[7:]}"


# --- imports ---------------------------------------------------------------------------------------------------


@room.get("/central/register/imports", Permission.EDIT_REGISTER)
def import_history() -> ResponseReturnValue:
    """The form for a file, and the imports that there were."""
    return _imports_page(str(new_id()), {}, None)


@room.post("/central/register/imports", Permission.EDIT_REGISTER)
def propose() -> ResponseReturnValue:
    """Compare a file with the register. Nothing changes before somebody has looked at what would."""
    form = Reading()
    once = form.once()
    day = form.day("day")
    complete = form.raw("complete") == "yes"
    sent = request.files.get("file")
    content = sent.read(LARGEST + 1) if sent else b""
    name = clean(sent.filename or "")[-LONGEST_FILE_NAME:] if sent else ""
    if not name:
        form.errors["file"] = _l("Kies een bestand.")
    try:
        form.check()
        assert day is not None
        if not (EARLIEST <= day <= LATEST):
            raise Invalid({"day": _l("Vul een datum in die bestaat.")})
        made = imports.propose_import(once, content, name, day, complete=complete)
    except Invalid as invalid:
        faulty = invalid if isinstance(invalid, FaultyFile) else None
        return _imports_page(str(once), invalid.errors, faulty), invalid.status
    return redirect(url_for("register.one_import", import_id=made.id), 303)


def _imports_page(once: str, errors: object, faulty: FaultyFile | None) -> str:
    page = import_list.imports_page(after=_id("after"), before=_id("before"))
    return render_template(
        "register/imports.html",
        once=once,
        errors=errors,
        faults=faulty.faults if faulty else [],
        more=faulty.more if faulty else 0,
        day=request.form.get("day") or today().isoformat(),
        complete=request.form.get("complete") == "yes",
        megabytes=LARGEST // 2**20,
        most_lines=MOST_LINES,
        rows=[
            {
                "url": url_for("register.one_import", import_id=row.id), "name": row.file_name,
                "tag": import_list.STATE_TAGS[row.state], "state": import_list.STATE_LABELS[row.state],
                "changes": row.counts["all"], "events": _events(row),
            }
            for row in page.rows
        ],
        pages=Pages(
            ngettext("%(num)s import op deze bladzijde", "%(num)s imports op deze bladzijde", len(page.rows)),
            url_for("register.import_history", before=page.before) if page.before else None,
            url_for("register.import_history", after=page.after) if page.after else None,
        ),
    )  # fmt: skip


def _id(name: str) -> UUID | None:
    try:
        return UUID(asked(name)) if asked(name) else None
    except ValueError:
        raise NotFound from None


def _events(row: object) -> list[str]:
    """Who did what when, in words."""
    done = (
        (_l("Vergeleken op %(day)s om %(hour)s door %(who)s"), "created_at", "proposed_by"),
        (_l("Toegepast op %(day)s om %(hour)s door %(who)s"), "applied_at", "applied_by"),
        (_l("Ongedaan gemaakt op %(day)s om %(hour)s door %(who)s"), "undone_at", "undone_by"),
    )
    found = []
    for words, moment_of, who_of in done:
        moment = getattr(row, moment_of)
        if moment is not None:
            who = getattr(row, who_of) or _("een opdracht op de server")
            day = day_in_words(local_date(moment))
            found.append(str(words) % {"day": day, "hour": hour_in_words(moment), "who": who})
    return found


@room.get("/central/register/imports/<uuid:import_id>", Permission.EDIT_REGISTER)
def one_import(import_id: UUID) -> ResponseReturnValue:
    return _import_page(import_id, None)


def _import_page(import_id: UUID, faulty: FaultyFile | None) -> str:
    row = import_list.import_shown(import_id)
    found = db.session.get_one(RegisterImport, import_id)
    kind = request.args.get("kind", "")
    if kind and kind != import_list.TOUCHING and kind not in set(ChangeKind):
        raise NotFound
    page = import_list.changes_page(import_id, kind, after=_position("after"), before=_position("before"))
    touched = import_list.entities_touched(import_id)
    job = db.session.get(Job, found.job_id) if found.job_id else None
    busy = imports.is_busy(found)
    return render_template(
        "register/import.html",
        id=import_id,
        name=row.file_name,
        proposed=found.state == ImportState.PROPOSED and not busy,
        undoable=imports.can_be_undone(found) and not busy,
        busy=busy,
        job_url=url_for("jobs.progress", job_id=job.id) if job else "",
        mine=job is not None and job.asked_by == the_account().id,
        failed=job is not None and job.state == JobState.FAILED,
        state=import_list.STATE_LABELS[ImportState(found.state)],
        tag=import_list.STATE_TAGS[ImportState(found.state)],
        events=_events(row),
        day=day_in_words(found.day),
        complete=found.complete,
        changes=found.counts["all"],
        ends=found.counts.get(ChangeKind.ENDED, 0),
        touched=touched,
        faults=faulty.faults if faulty else [],
        more=faulty.more if faulty else 0,
        tabs=_tabs(import_id, kind, found.counts, touched),
        rows=[_change(shown) for shown in page.rows],
        pages=Pages(
            ngettext("%(num)s wijziging op deze bladzijde", "%(num)s wijzigingen op deze bladzijde", len(page.rows)),
            _beside(import_id, kind, before=page.before) if page.before is not None else None,
            _beside(import_id, kind, after=page.after) if page.after is not None else None,
        ),
    )  # fmt: skip


def _beside(import_id: UUID, kind: str, **place: int) -> str:
    return url_for("register.one_import", import_id=import_id, kind=kind or None, **place)  # type: ignore[arg-type]


def _position(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise NotFound
    return int(text)


def _tabs(import_id: UUID, chosen: str, counts: dict[str, int], touched: int) -> list[NavItem]:
    """All, what touches entities, and each kind of change that there is."""
    shown = [("", _l("Alle"), counts["all"])]
    if touched:
        shown.append((import_list.TOUCHING, _l("Raakt een entiteit"), touched))
    shown += [
        (kind, label, counts[kind]) for kind, label in import_list.KIND_LABELS.items() if kind in counts
    ]
    return [NavItem(label, _beside(import_id, kind), kind == chosen, count) for kind, label, count in shown]


def _change(shown: import_list.Shown) -> dict[str, object]:
    until = shown.service_until
    return {
        "code": shown.code, "name": shown.name, "is_area": shown.is_area, "is_entity": shown.is_entity,
        "until": day_in_words(until) if until and until != OPEN_ENDED else "",
        "differences": [
            {
                "tag": import_list.KIND_TAGS.get(one.kind, "half"), "label": import_list.KIND_LABELS[one.kind],
                "before": one.before, "after": one.after,
                "day": "" if one.day in (SINCE_EVER, OPEN_ENDED) else _("vanaf %(first)s", first=day_in_words(one.day)),
            }
            for one in shown.differences
        ],
    }  # fmt: skip


@room.post("/central/register/imports/<uuid:import_id>/apply", Permission.EDIT_REGISTER)
def apply(import_id: UUID) -> ResponseReturnValue:
    """Apply in the background what somebody looked at; when the register changed meanwhile, show the new comparison."""
    try:
        asked_for = imports.ask_to_apply(import_id)
    except FaultyFile as faulty:
        return _import_page(import_id, faulty), faulty.status
    done = None if asked_for else COMPARED_AGAIN
    return redirect(url_for("register.one_import", import_id=import_id, done=done), 303)


@room.post("/central/register/imports/<uuid:import_id>/undo", Permission.EDIT_REGISTER)
def undo(import_id: UUID) -> ResponseReturnValue:
    """Undo in the background."""
    imports.ask_to_undo(import_id)
    return redirect(url_for("register.one_import", import_id=import_id), 303)
