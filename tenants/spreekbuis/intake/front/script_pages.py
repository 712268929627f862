"""The pages on which the central office edits the answer texts."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import TOPIC_LABELS, Topic
from spreekbuis.errors import Invalid, type_text
from spreekbuis.intake.front.models import Script
from spreekbuis.intake.front.scripts import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    EditedMeanwhile,
    Wording,
    current_scripts,
    newest,
    retire_script,
    save_script,
    title_in,
)
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading, clean
from spreekbuis.web.frame import LANGUAGES, language, notice_after
from spreekbuis.web.room import Room

room = Room("script_pages")

SAVED = notice_after("script-saved", _l("De antwoordtekst is bewaard. Het onthaal ziet hem meteen."))
RETIRED = notice_after("script-retired", _l("Het onthaal ziet deze antwoordtekst niet meer."))


@room.in_nav(_l("Antwoordteksten"))
@room.get("/central/scripts", Permission.EDIT_SERVICE)
def listing() -> ResponseReturnValue:
    spoken = language()
    return render_template(
        "front/script_list.html",
        new_url=url_for("script_pages.edit", script_id=new_id()),
        scripts=[
            (
                url_for("script_pages.edit", script_id=s.id), title_in(s, spoken), TOPIC_LABELS[Topic(s.topic)],
                s.version, ", ".join(code for code in LANGUAGES if s.texts.get(code)),
            )
            for s in current_scripts(language=spoken)
        ],
    )  # fmt: skip


@room.get("/central/scripts/<uuid:script_id>", Permission.EDIT_SERVICE)
def edit(script_id: UUID) -> ResponseReturnValue:
    """The text in force, or an empty one under an id that nobody used yet."""
    return _form(script_id, None, {}, stale=False)


@room.post("/central/scripts/<uuid:script_id>", Permission.EDIT_SERVICE)
def save(script_id: UUID) -> ResponseReturnValue:
    form = Reading()
    titles = {code: form.text(f"title_{code}", longest=LONGEST_TITLE, required=False) for code in LANGUAGES}
    texts = {
        code: form.text(f"text_{code}", longest=LONGEST_TEXT, required=False, lines=True)
        for code in LANGUAGES
    }
    topic = Topic(form.one_of("topic", TOPIC_LABELS) or Topic.OTHER)
    begun_with = form.number("version", least=0, most=99_999)
    try:
        form.check()
        save_script(script_id, begun_with, Wording(topic, titles, texts))
    except Invalid as invalid:
        db.session.rollback()
        return _form(script_id, _typed(), invalid.errors, stale=False), invalid.status
    except EditedMeanwhile as meanwhile:
        db.session.rollback()
        return _form(script_id, _typed(), {}, stale=True), meanwhile.status
    return redirect(url_for("script_pages.listing", done=SAVED), 303)


@room.post("/central/scripts/<uuid:script_id>/retire", Permission.EDIT_SERVICE)
def retire(script_id: UUID) -> ResponseReturnValue:
    retire_script(script_id)
    return redirect(url_for("script_pages.listing", done=RETIRED), 303)


def _typed() -> dict[str, str]:
    return {name: clean(value, lines=name.startswith("text_")) for name, value in request.form.items()}


def _form(script_id: UUID, typed: dict[str, str] | None, errors: dict[str, type_text], *, stale: bool) -> str:
    """`stale`: somebody saved a newer version, whose number the form now begins with, so that saving again wins."""
    there = newest(script_id)
    version = there.version if there else 0
    values = typed if typed is not None else _values(there)
    return render_template(
        "front/script.html",
        title=title_in(there, language()) if there else _("Nieuwe antwoordtekst"), script_id=script_id,
        version=version if stale or typed is None else typed.get("version", version), exists=there is not None,
        values=values, errors=errors, topics=list(TOPIC_LABELS.items()), languages=list(LANGUAGES.items()),
        longest_title=LONGEST_TITLE, longest_text=LONGEST_TEXT,
        now_there=[(LANGUAGES[code], text) for code, text in there.texts.items()] if stale and there else [],
    )  # fmt: skip


def _values(script: Script | None) -> dict[str, str]:
    if script is None:
        return {}
    texts = {f"text_{code}": text for code, text in script.texts.items()}
    return {"topic": script.topic, **{f"title_{code}": t for code, t in script.titles.items()}, **texts}
