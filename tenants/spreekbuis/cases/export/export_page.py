"""Downloading a case: as a PDF, or as a ZIP with its attachments."""

from collections.abc import Iterator
from uuid import UUID

from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.consent import Sharing
from spreekbuis.cases.doors import my_desks, my_key, room
from spreekbuis.cases.export.bundle import pdf_of, zip_of
from spreekbuis.cases.export.dossier import IdentityStaysHere, take_out
from spreekbuis.cases.finding import case_for, note_reading
from spreekbuis.cases.keeping.file_page import file_page
from spreekbuis.errors import Invalid
from spreekbuis.vault.storage import storage
from spreekbuis.web import door
from spreekbuis.web.access import Dangerous, Permission
from spreekbuis.web.forms import Reading

MADE = {"pdf": (pdf_of, "application/pdf"), "zip": (zip_of, "application/zip")}


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/export", Permission.HANDLE_CASES, Dangerous.EXPORT)
def export(case_id: UUID) -> ResponseReturnValue:
    """The download begins when the trail says that it was asked: after the commit."""
    case = case_for(my_desks(), case_id)
    form = Reading()
    what = form.one_of("what", MADE)
    to = form.choice("to", Sharing, required=False)
    try:
        form.check()
    except Invalid:
        return file_page(case, {"what": _l("Kies wat je wilt downloaden.")}, status=Invalid.status)
    assert what is not None, "the form was checked"
    note_reading(case, door.the_account().id)
    notes = form.raw("notes") == "yes"
    try:
        dossier = take_out(case, my_key(case.id), door.the_entity().name, notes=notes, what=what, to=to)
    except IdentityStaysHere as refused:
        return file_page(case, {"to": refused.advice}, request.form, status=refused.status)
    make, media_type = MADE[what]
    return as_download(make(dossier, storage()), f"{dossier.number}.{what}", media_type)


def as_download(content: Iterator[bytes] | bytes, name: str, media_type: str) -> Response:
    """A file that is made while it is sent, and kept nowhere on the way."""
    response = Response(content, mimetype=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # a proxy would write it to its own disk
    return response
