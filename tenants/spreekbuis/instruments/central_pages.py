"""The pages on which the central office keeps the library of instruments."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.cards import in_language
from spreekbuis.errors import Invalid, type_text
from spreekbuis.instruments.library import (
    KIND_LABELS,
    EditedMeanwhile,
    InstrumentKind,
    Written,
    current_instruments,
    forget_files,
    newest,
    publish,
    retire,
    take_files,
)
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading, clean
from spreekbuis.web.frame import LANGUAGES, language, notice_after
from spreekbuis.web.room import Room

room = Room("central_instruments")

SAVED = notice_after("instrument-saved", _l("Deze versie is bewaard. Iedereen leest ze meteen."))
RETIRED = notice_after("instrument-retired", _l("Het instrument staat niet meer in de bibliotheek."))
LONGEST = {"title": 160, "text": 60_000, "link": 300}
"""Characters, per field."""


@room.in_nav(_l("Instrumenten"), rare=True)
@room.get("/central/instruments", Permission.EDIT_SERVICE)
def listing() -> ResponseReturnValue:
    spoken = language()
    return render_template(
        "instruments/central.html", new_url=url_for("central_instruments.edit", instrument_id=new_id()),
        rows=[
            {
                "url": url_for("central_instruments.edit", instrument_id=one.id),
                "title": in_language(one.titles, spoken), "kind": KIND_LABELS[InstrumentKind(one.kind)],
                "version": one.version, "codes": ", ".join(code for code in LANGUAGES if one.titles.get(code)),
            }
            for one in current_instruments()
        ],
    )  # fmt: skip


@room.get("/central/instruments/<uuid:instrument_id>", Permission.EDIT_SERVICE)
def edit(instrument_id: UUID) -> ResponseReturnValue:
    """The version in force, or an empty form under an id that nobody used yet."""
    return _form(instrument_id, None, {}, stale=False)


@room.post("/central/instruments/<uuid:instrument_id>", Permission.EDIT_SERVICE)
def save(instrument_id: UUID) -> ResponseReturnValue:
    """A new version. A file stays when no other is chosen, unless it is taken away."""
    form = Reading()
    said = {
        name: {
            code: form.text(f"{name}_{code}", longest=longest, required=False, lines=name == "text")
            for code in LANGUAGES
        }
        for name, longest in LONGEST.items()
    }
    begun_with = form.number("version", least=0, most=99_999)
    there = newest(instrument_id)
    kept = {c: f for c, f in (there.files if there else {}).items() if form.raw(f"without_{c}") != "yes"}
    fresh: dict[str, Any] = {}
    try:
        form.check()
        uploads = {code: file for code in LANGUAGES if (file := request.files.get(f"file_{code}"))}
        fresh = take_files(uploads)
        written = Written(form.raw("kind"), said["title"], said["text"], said["link"], kept | fresh)
        publish(instrument_id, begun_with, written)
    except Invalid as invalid:
        forget_files(fresh)
        db.session.rollback()
        return _form(instrument_id, _typed(), invalid.errors, stale=False), invalid.status
    except EditedMeanwhile as meanwhile:
        forget_files(fresh)
        db.session.rollback()
        return _form(instrument_id, _typed(), {}, stale=True), meanwhile.status
    return redirect(url_for("central_instruments.listing", done=SAVED), 303)


@room.post("/central/instruments/<uuid:instrument_id>/retire", Permission.EDIT_SERVICE)
def retire_instrument(instrument_id: UUID) -> ResponseReturnValue:
    retire(instrument_id)
    return redirect(url_for("central_instruments.listing", done=RETIRED), 303)


def _typed() -> dict[str, str]:
    return {name: clean(value, lines=name.startswith("text_")) for name, value in request.form.items()}


def _form(
    instrument_id: UUID, typed: dict[str, str] | None, errors: Mapping[str, type_text], *, stale: bool
) -> str:
    """`stale`: somebody saved a newer version, with whose number the form goes on, so that saving again wins."""
    there = newest(instrument_id)
    version = there.version if there else 0
    values: dict[str, Any] = typed if typed is not None else {}
    if typed is None and there is not None:
        values = {"kind": there.kind} | {
            f"{name}_{code}": text
            for name, texts in (("title", there.titles), ("text", there.texts), ("link", there.links))
            for code, text in texts.items()
        }
    return render_template(
        "instruments/edit.html", instrument_id=instrument_id, exists=there is not None and not there.retired,
        title=in_language(there.titles, language()) if there else _("Nieuw instrument"), values=values, errors=errors,
        version=version if stale or typed is None else typed.get("version", version), stale=stale,
        files={code: file["name"] for code, file in there.files.items()} if there else {}, longest=LONGEST,
        kinds=list(KIND_LABELS.items()), languages=list(LANGUAGES.items()),
        now_there=in_language(there.texts, language()) if stale and there else "",
    )  # fmt: skip
