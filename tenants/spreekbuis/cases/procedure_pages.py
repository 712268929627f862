"""Procedures for the central office: what holds, since when; the next version as a draft, checked and published."""

from datetime import date, timedelta
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext
from flask_babel import lazy_gettext as _l

from spreekbuis.cases import procedure_drafts as drafts
from spreekbuis.cases.definition import LANGUAGES, After, BadDefinition, Mover, Procedure, Source, State
from spreekbuis.cases.definition_checks import last_days
from spreekbuis.cases.procedure_form import filled
from spreekbuis.cases.procedure_models import ProcedureDraft, ProcedureVersion
from spreekbuis.cases.procedure_versions import in_force, procedure, published
from spreekbuis.cases.procedures import STATE_LABELS, STEP_LABELS
from spreekbuis.clock import today
from spreekbuis.errors import Invalid, NotFound, type_text
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import LANGUAGES as LANGUAGE_NAMES
from spreekbuis.web.frame import notice_after
from spreekbuis.web.room import Room

room = Room("procedures")

SAVED = notice_after("draft-saved", _l("Het ontwerp is bewaard. Er verandert nog niets voor de loketten."))
DISCARDED = notice_after("draft-discarded", _l("Het ontwerp is weggegooid."))
PUBLISHED = notice_after(
    "version-published", _l("De versie is gepubliceerd. Ze geldt voor dossiers vanaf de gekozen dag.")
)
MOVER_LABELS = {
    Mover.HANDLER: _l("Behandelaar"),
    Mover.PREVENTION_ADVISER: _l("Preventieadviseur"),
    Mover.REPORTER: _l("Melder"),
}
AFTER_LABELS = {
    After.RECEIVED: _l("de ontvangst"),
    After.CHOSEN: _l("de keuze van de procedure"),
    After.ACKNOWLEDGE: _l("de bevestiging"),
    After.CONVERSATION: _l("het eerste gesprek"),
    After.DECISION: _l("de aanvaarding"),
}


@room.in_nav(_l("Procedures"))
@room.get("/central/procedures", Permission.EDIT_SERVICE)
def procedures() -> ResponseReturnValue:
    """Each procedure with the version in force, what comes next, and the draft."""
    drafted = drafts.drafted()
    return render_template(
        "cases/procedures.html",
        rows=[
            {
                "label": rules.label,
                "url": url_for("procedures.versions", procedure=rules.code),
                "version": rules.version,
                "keeps": rules.retention.months,
                "unverified": len(_unverified(rules)),
                "coming": [_day(p.valid_from) for p in published() if p.code == rules.code and p.valid_from > today()],
                "draft_url": url_for("procedures.draft", procedure=rules.code)
                if rules.code in drafted
                else None,
            }
            for rules in sorted(in_force(today()), key=lambda rules: str(rules.label))
        ],
    )  # fmt: skip


@room.get("/central/procedures/<string:procedure>", Permission.EDIT_SERVICE)
def versions(procedure: str) -> ResponseReturnValue:
    """One version in full (the newest, or `?version=`), and the others."""
    found = drafts.history(procedure)
    asked = request.args.get("version", "")
    row = next((v for v in found if str(v.version) == asked), None if asked else found[0])
    if row is None:
        raise NotFound
    return render_template(
        "cases/procedure.html",
        versions=[_version(v, v is row) for v in found],
        draft_url=url_for("procedures.start", procedure=procedure),
        drafted=procedure in drafts.drafted(),
        **_shown(_rules_of(row)),
    )


@room.post("/central/procedures/<string:procedure>/draft/start", Permission.EDIT_SERVICE)
def start(procedure: str) -> ResponseReturnValue:
    drafts.start_draft(procedure)
    return redirect(url_for("procedures.draft", procedure=procedure), 303)


@room.get("/central/procedures/<string:procedure>/draft", Permission.EDIT_SERVICE)
def draft(procedure: str) -> ResponseReturnValue:
    """The form, what is still wrong, and the days that it would give."""
    return _draft_page(drafts.draft_of(procedure))


@room.post("/central/procedures/<string:procedure>/draft/save", Permission.EDIT_SERVICE)
def save(procedure: str) -> ResponseReturnValue:
    """Keep all that was typed; the button may also add or take away a part."""
    form, row = Reading(), drafts.draft_of(procedure, lock=True)
    definition = filled(row.definition, request.form)
    asked, _, place = form.raw("do").partition(" ")
    valid_from = form.day("valid_from") or row.valid_from
    try:
        if asked == "add":
            definition = drafts.with_part(definition, place, form.raw("step"))
        elif asked == "drop":
            definition = drafts.without_part(definition, place)
    except Invalid as invalid:
        return _draft_page(row, invalid.errors), invalid.status
    drafts.save_draft(procedure, definition, valid_from, form.raw("revision"))
    # a part that is added or taken away brings back to where it stands
    anchor = place if asked == "add" else place.rpartition(".")[0] if asked == "drop" else None
    return redirect(url_for("procedures.draft", procedure=procedure, done=SAVED, _anchor=anchor or None), 303)


@room.post("/central/procedures/<string:procedure>/draft/publish", Permission.EDIT_SERVICE)
def publish(procedure: str) -> ResponseReturnValue:
    drafts.publish_draft(procedure, Reading().raw("revision"))
    return redirect(url_for("procedures.versions", procedure=procedure, done=PUBLISHED), 303)


@room.post("/central/procedures/<string:procedure>/draft/discard", Permission.EDIT_SERVICE)
def discard(procedure: str) -> ResponseReturnValue:
    drafts.discard_draft(procedure, Reading().raw("revision"))
    return redirect(url_for("procedures.versions", procedure=procedure, done=DISCARDED), 303)


def _draft_page(row: ProcedureDraft, errors: dict[str, type_text] | None = None) -> str:
    wrong = errors or drafts.wrong_with(row)
    try:
        examples = _examples(drafts.read_draft(row))
    except BadDefinition:
        examples = None
    used = {term["step"] for term in row.definition["terms"]}

    def faults_under(*places: str) -> int:
        return sum(place.startswith(tuple(f"{p}." for p in places)) or place in places for place in wrong)

    return render_template(
        "cases/procedure_draft.html",
        draft=row,
        definition=row.definition,
        title=row.definition["label"]["nl"] or row.code,
        url=url_for("procedures.draft", procedure=row.code),
        back_url=url_for("procedures.versions", procedure=row.code),
        languages=[(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
        states=[(s, STATE_LABELS[s]) for s in State if s is not State.REFERRED],
        movers=list(MOVER_LABELS.items()),
        afters=list(AFTER_LABELS.items()),
        step_labels={step.value: label for step, label in STEP_LABELS.items()},
        free_steps=[(step, label) for step, label in STEP_LABELS.items() if step not in used],
        errors=wrong,
        faults_under=faults_under,
        parts=[
            ("name-title", _l("Naam en uitleg"), faults_under("label", "help", "valid_from")),
            ("terms-title", _l("Termijnen"), faults_under("terms")),
            ("states-title", _l("Standen"), faults_under("states")),
            (
                "keep-title",
                _l("Bewaren en herinneren"),
                faults_under("retention", "remind_before", "escalate_after"),
            ),
            ("examples-title", _l("Voorbeelden en publiceren"), 0),
        ],
        term_lengths=[_typed_length(term) for term in row.definition["terms"]],
        examples=examples,
    )


def _rules_of(row: ProcedureVersion) -> Procedure:
    return procedure(row.code, row.version)


def _version(row: ProcedureVersion, shown: bool) -> dict[str, Any]:
    return {
        "label": gettext("Versie %(number)s, vanaf %(day)s", number=row.version, day=_day(row.valid_from)),
        "url": url_for("procedures.versions", procedure=row.code, version=row.version),
        "current": shown,
    }


def _shown(rules: Procedure) -> dict[str, Any]:
    return {
        "rules": rules,
        "terms": [
            (
                term.label,
                _length(term.days, term.months),
                AFTER_LABELS[term.after],
                term.source,
                [reason.label for reason in term.exemptions],
                _length(term.extension.days, term.extension.months) if term.extension else "",
                term.pause,
            )
            for term in rules.terms
        ],
        "moves": [
            (STATE_LABELS[state], ", ".join(str(STATE_LABELS[to]) for to in State if to in moves))
            for state, moves in rules.moves.items()
            if moves
        ],
        "unverified": _unverified(rules),
        "examples": _examples(rules),
    }


def _length(days: int, months: int) -> str:
    if months and days:
        return gettext("%(months)s maanden en %(days)s dagen", months=months, days=days)
    return gettext("%(months)s maanden", months=months) if months else gettext("%(days)s dagen", days=days)


def _typed_length(term: dict[str, Any]) -> str:
    """The length of a term of a draft; nothing when what was typed is no length."""
    days, months = term.get("days") or 0, term.get("months") or 0
    return _length(days, months) if isinstance(days, int) and isinstance(months, int) else ""


def _unverified(rules: Procedure) -> list[Source]:
    """Sources that no lawyer looked at yet."""
    sources = [term.source for term in rules.terms] + [term.pause for term in rules.terms if term.pause]
    return [source for source in (*sources, rules.retention.source) if not source.verified]


def _examples(rules: Procedure) -> dict[str, Any]:
    """The last day of each term for cases received on days that are easily got wrong."""
    year = today().year + 1
    leap = next(y for y in range(year, year + 9) if y % 4 == 0)
    received = [
        (_l("Een gewone dag"), today()),
        (_l("De laatste van een lange maand"), date(year, 1, 31)),
        (_l("Eind november, voor een schrikkeljaar"), date(leap - 1, 11, 30)),
        (_l("Schrikkeldag"), date(leap, 2, 29)),
        (_l("De dag voor het zomeruur"), _last_sunday(year, 3) - timedelta(days=1)),
        (_l("De dag van het winteruur"), _last_sunday(year, 10)),
        (_l("Oudejaarsavond"), date(year, 12, 31)),
    ]
    return {
        "heads": [term.label for term in rules.terms],
        "rows": [
            (why, _long(day), [_long(d.due_on) for d in last_days(rules, day)]) for why, day in received
        ],
    }


def _last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=last.isoweekday() % 7)


def _long(day: date) -> str:
    return str(format_date(day, "EEE d MMM y"))


def _day(day: date) -> str:
    return str(format_date(day, "long"))
