"""The pages on which the central office writes questionnaires."""

from collections.abc import Mapping
from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CATEGORIES
from spreekbuis.errors import Conflict, Invalid, NotFound, type_text
from spreekbuis.questionnaires import editing, form
from spreekbuis.questionnaires.answers import said
from spreekbuis.questionnaires.asking import asked
from spreekbuis.questionnaires.definition import (
    LANGUAGES,
    LONGEST_HELP,
    LONGEST_LABEL,
    Definition,
    Kind,
    Question,
    untranslated,
)
from spreekbuis.questionnaires.faults import faults
from spreekbuis.questionnaires.published import Version, published
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import LANGUAGES as LANGUAGE_NAMES
from spreekbuis.web.frame import language, notice_after
from spreekbuis.web.room import Room

room = Room("questionnaires")

SAVED = notice_after("questionnaire-saved", _l("Bewaard. Melders zien het pas als je publiceert."))
PUBLISHED = notice_after(
    "questionnaire-published", _l("Gepubliceerd. Nieuwe meldingen krijgen vanaf nu deze versie.")
)
DROPPED = notice_after("questionnaire-dropped", _l("De nieuwe versie is weggegooid."))
SERVED = notice_after("questionnaire-served", _l("De onderwerpen zijn aangepast."))
LONGEST_NAME = 80


@room.in_nav(_l("Vragenlijsten"))
@room.get("/central/questionnaires", Permission.EDIT_SERVICE)
def overview() -> ResponseReturnValue:
    """All questionnaires, with their topics and whether a next version is being written."""
    return _overview({})


@room.post("/central/questionnaires", Permission.EDIT_SERVICE)
def create() -> ResponseReturnValue:
    reading = Reading()
    name = reading.text("name", longest=LONGEST_NAME)
    try:
        reading.check()
    except Invalid as invalid:
        return _overview(invalid.errors), invalid.status
    return _to(editing.create_questionnaire(name))


@room.get("/central/questionnaires/<string:questionnaire>", Permission.EDIT_SERVICE)
def show(questionnaire: str) -> ResponseReturnValue:
    """The next version, or the newest one while no next version was begun."""
    return _page(questionnaire)


@room.post("/central/questionnaires/<string:questionnaire>/draft", Permission.EDIT_SERVICE)
def begin(questionnaire: str) -> ResponseReturnValue:
    editing.begin_draft(questionnaire)
    return _to(questionnaire)


@room.post("/central/questionnaires/<string:questionnaire>/drop", Permission.EDIT_SERVICE)
def drop(questionnaire: str) -> ResponseReturnValue:
    try:
        editing.drop_draft(questionnaire, _seen())
    except Conflict as conflict:
        return _refused(questionnaire, conflict)
    return _to(questionnaire, DROPPED)


@room.post("/central/questionnaires/<string:questionnaire>/sections", Permission.EDIT_SERVICE)
def add_section(questionnaire: str) -> ResponseReturnValue:
    reading = Reading()
    title = reading.text("title", longest=LONGEST_LABEL)
    try:
        reading.check()
        editing.add_section(questionnaire, _seen(), title)
    except (Invalid, Conflict) as refused:
        return _refused(questionnaire, refused)
    return _to(questionnaire, SAVED)


@room.post("/central/questionnaires/<string:questionnaire>/questions", Permission.EDIT_SERVICE)
def add_question(questionnaire: str) -> ResponseReturnValue:
    """A new question; then its own page, to write the rest."""
    reading = Reading()
    label = reading.text("label", longest=LONGEST_LABEL)
    kind = reading.choice("kind", Kind)
    try:
        reading.check()
        assert kind is not None
        key = editing.add_question(questionnaire, _seen(), reading.raw("section"), kind, label)
    except (Invalid, Conflict) as refused:
        return _refused(questionnaire, refused)
    return redirect(
        url_for("questionnaires.question", questionnaire=questionnaire, question=key, done=SAVED), 303
    )


@room.post("/central/questionnaires/<string:questionnaire>/move", Permission.EDIT_SERVICE)
def move(questionnaire: str) -> ResponseReturnValue:
    key = request.form.get("key", "")
    try:
        editing.move(questionnaire, _seen(), key, "up" if request.form.get("way") == "up" else "down")
    except Conflict as conflict:
        return _refused(questionnaire, conflict)
    return _to(questionnaire, anchor=key)


@room.post("/central/questionnaires/<string:questionnaire>/remove", Permission.EDIT_SERVICE)
def remove(questionnaire: str) -> ResponseReturnValue:
    try:
        editing.remove(questionnaire, _seen(), request.form.get("key", ""))
    except Conflict as conflict:
        return _refused(questionnaire, conflict)
    return _to(questionnaire, SAVED)


@room.get("/central/questionnaires/<string:questionnaire>/sections/<string:section>", Permission.EDIT_SERVICE)
def section(questionnaire: str, section: str) -> ResponseReturnValue:
    draft = _draft(questionnaire)
    found = draft.definition.section(section)
    if found is None:
        raise NotFound
    return _section_page(draft, section, form.fields_of_section(found), {})


@room.post(
    "/central/questionnaires/<string:questionnaire>/sections/<string:section>", Permission.EDIT_SERVICE
)
def save_section(questionnaire: str, section: str) -> ResponseReturnValue:
    reading = Reading()
    title = form.read_texts(reading, "title", LONGEST_LABEL)
    intro = form.read_texts(reading, "intro", LONGEST_HELP)
    try:
        reading.check()
        editing.save_section(questionnaire, _seen(), section, title, intro)
    except NotFound:
        return _gone(questionnaire)
    except (Invalid, Conflict) as refused:
        page = _section_page(_draft(questionnaire), section, request.form, _errors(refused))
        return page, refused.status
    return _to(questionnaire, SAVED, anchor=section)


@room.get(
    "/central/questionnaires/<string:questionnaire>/questions/<string:question>", Permission.EDIT_SERVICE
)
def question(questionnaire: str, question: str) -> ResponseReturnValue:
    draft = _draft(questionnaire)
    found = draft.definition.question(question)
    if found is None:
        raise NotFound
    return _question_page(draft, found, form.fields_of_question(found), {})


@room.post(
    "/central/questionnaires/<string:questionnaire>/questions/<string:question>", Permission.EDIT_SERVICE
)
def save_question(questionnaire: str, question: str) -> ResponseReturnValue:
    draft, reading = _draft(questionnaire), Reading()
    found = draft.definition.question(question)
    if found is None:
        return _gone(questionnaire)
    changed = form.read_question(reading, found, draft.definition)
    try:
        reading.check()
        editing.save_question(questionnaire, _seen(), changed)
    except (Invalid, Conflict) as refused:
        return _question_page(draft, found, request.form, _errors(refused)), refused.status
    return _to(questionnaire, SAVED, anchor=question)


@room.get("/central/questionnaires/<string:questionnaire>/preview", Permission.EDIT_SERVICE)
def preview(questionnaire: str) -> ResponseReturnValue:
    """As the reporter sees it, in the `language` asked for: the next version, or a published one by its number."""
    known = editing.questionnaire_of(questionnaire)
    number = request.args.get("version", "")
    draft = editing.draft_of(questionnaire) if not number else None
    if draft is not None:
        definition = draft.definition
    elif number:
        found = number.isascii() and number.isdigit() and len(number) < 6
        shown = published(Version(questionnaire, int(number))) if found else None
        if shown is None:
            raise NotFound
        definition = shown.definition
    else:
        definition = editing.newest_of(known)
    wanted = request.args.get("language", "nl")
    in_language = wanted if wanted in LANGUAGES else "nl"
    back = url_for("questionnaires.show", questionnaire=questionnaire)
    g.language = in_language  # of the whole page, as for a reporter
    with force_locale(in_language):
        return render_template(
            "questionnaires/preview.html",
            name=known.name, drafted=draft is not None, number=number or known.version, back=back,
            asked=asked(definition, in_language), in_language=in_language,
            languages=[
                {
                    "label": name, "current": code == in_language, "count": None,
                    "url": url_for(
                        "questionnaires.preview", questionnaire=questionnaire, version=number or None,
                        language=code,
                    ),
                }
                for code, name in LANGUAGE_NAMES.items()
            ],
        )  # fmt: skip


@room.post("/central/questionnaires/<string:questionnaire>/publish", Permission.EDIT_SERVICE)
def publish(questionnaire: str) -> ResponseReturnValue:
    try:
        editing.publish(questionnaire, _seen())
    except (Invalid, Conflict) as refused:
        return _refused(questionnaire, refused)
    return _to(questionnaire, PUBLISHED)


@room.post("/central/questionnaires/<string:questionnaire>/categories", Permission.EDIT_SERVICE)
def serve(questionnaire: str) -> ResponseReturnValue:
    """Which topics get this questionnaire: at once, without a new version."""
    try:
        editing.serve(questionnaire, [c for c in CATEGORIES if c in request.form.getlist("categories")])
    except Invalid as invalid:
        return _refused(questionnaire, invalid)
    return _to(questionnaire, SERVED)


def _seen() -> int:
    """The edit of the draft that the posted form shows; 0 when it names none."""
    value = request.form.get("edit", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def _to(questionnaire: str, done: str | None = None, anchor: str = "") -> Response:
    url = url_for("questionnaires.show", questionnaire=questionnaire, done=done)
    return redirect(f"{url}#place-{anchor}" if anchor else url, 303)


def _draft(questionnaire: str) -> editing.Draft:
    """Raises NotFound, NoDraft."""
    editing.questionnaire_of(questionnaire)
    draft = editing.draft_of(questionnaire)
    if draft is None:
        raise editing.NoDraft
    return draft


def _errors(refused: Invalid | Conflict) -> Mapping[str, type_text]:
    if isinstance(refused, Invalid):
        return refused.errors
    return {"": _("Intussen veranderde een collega deze vragenlijst. Wat jij schreef, is nog niet bewaard en staat"
                  " hieronder. Kijk het na en bewaar opnieuw.")}  # fmt: skip


def _refused(questionnaire: str, refused: Invalid | Conflict) -> ResponseReturnValue:
    """The page again with what was typed; nothing was written."""
    db.session.rollback()
    errors = refused.errors if isinstance(refused, Invalid) else {"": f"{refused.title}. {refused.advice}"}
    return _page(questionnaire, errors), refused.status


def _gone(questionnaire: str) -> ResponseReturnValue:
    """A colleague took away what was being written: the texts come back, to be used elsewhere."""
    db.session.rollback()
    words = _(
        "Een collega haalde dit intussen weg. Wat jij schreef, staat onderaan: kopieer het als je het nog nodig hebt."
    )
    texts = [
        value
        for name, value in request.form.items()
        if name.endswith(tuple(f"_{code}" for code in LANGUAGES))
    ]
    return _page(questionnaire, {"": words}, kept="\n\n".join(filter(None, texts))), Conflict.status


def _overview(errors: Mapping[str, type_text]) -> str:
    return render_template(
        "questionnaires/list.html", errors=errors, typed=request.form,
        rows=[
            {
                "url": url_for("questionnaires.show", questionnaire=row.code), "name": row.name,
                "version": row.version, "drafted": row.drafted,
                "categories": [c.label for code, c in CATEGORIES.items() if code in row.categories],
            }
            for row in editing.all_questionnaires()
        ],
    )  # fmt: skip


def _page(questionnaire: str, errors: Mapping[str, type_text] | None = None, kept: str = "") -> str:
    known = editing.questionnaire_of(questionnaire)
    draft = editing.draft_of(questionnaire)
    definition = draft.definition if draft else editing.newest_of(known)
    all_of_them = editing.all_questionnaires()
    served = {category: row.name for row in all_of_them for category in row.categories}
    mine = next(row.categories for row in all_of_them if row.code == questionnaire)
    wrong: dict[str, list[type_text]] = {}
    for fault in faults(definition) if draft else ():
        wrong.setdefault(fault.place, []).append(fault.words)
    missing = {code: untranslated(definition, code) for code in LANGUAGES}
    return render_template(
        "questionnaires/show.html",
        known=known, draft=draft, errors=errors or {}, typed=request.form, wrong=wrong, kept=kept,
        missing=[(LANGUAGE_NAMES[code], len(keys)) for code, keys in missing.items() if keys],
        sections=_sections(definition, missing, wrong), kinds=list(form.KIND_LABELS.items()),
        section_options=[(s.key, said(s.title, language())) for s in definition.sections],
        versions=range(known.version, 0, -1), mine=mine,
        categories=[
            (code, c.label, _("Nu: %(name)s", name=served[code]) if code in served and code not in mine else "")
            for code, c in CATEGORIES.items()
        ],
    )  # fmt: skip


def _sections(
    definition: Definition, missing: Mapping[str, list[str]], wrong: Mapping[str, object]
) -> list[dict[str, Any]]:
    lang = language()

    def lacks(key: str) -> str:
        return ", ".join(code for code, keys in missing.items() if key in keys)

    def waits(question: Question) -> str:
        options = dict(form.conditions_for(question, definition, lang))
        condition = question.condition
        return options.get(f"{condition.question}={condition.value}", "") if condition else ""

    return [
        {
            "key": section.key, "title": said(section.title, lang), "lacks": lacks(section.key),
            "faults": sum(key in wrong for key in (section.key, *(q.key for q in section.questions))),
            "questions": [
                {
                    "key": question.key, "label": said(question.label, lang), "lacks": lacks(question.key),
                    "kind": form.KIND_LABELS[question.kind], "required": question.required,
                    "waits": waits(question),
                }
                for question in section.questions
            ],
        }
        for section in definition.sections
    ]  # fmt: skip


def _section_page(
    draft: editing.Draft, key: str, fields: Mapping[str, str], errors: Mapping[str, type_text]
) -> str:
    return render_template(
        "questionnaires/section.html",
        draft=draft, key=key, fields=fields, errors=errors, languages=_language_names(),
    )  # fmt: skip


def _question_page(
    draft: editing.Draft, question: Question, fields: Mapping[str, str], errors: Mapping[str, type_text]
) -> str:
    return render_template(
        "questionnaires/question.html",
        draft=draft, question=question, fields=fields, errors=errors, languages=_language_names(),
        kind=form.KIND_LABELS[question.kind], rows=form.rows_of(question, fields),
        conditions=form.conditions_for(question, draft.definition, language()),
        title=said(question.label, language()),
    )  # fmt: skip


def _language_names() -> list[tuple[str, str]]:
    return list(LANGUAGE_NAMES.items())
