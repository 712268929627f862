"""The mailbox of a returning reporter: read, write, take files, score."""

import hashlib
import json
from collections.abc import Sequence
from uuid import UUID, uuid5

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage

from spreekbuis.cases.dialogue import message_made_by, read_file, write_message
from spreekbuis.cases.finding import case_of_reporter
from spreekbuis.cases.opening import NewFile
from spreekbuis.cases.satisfaction import HIGHEST, LOWEST, score_case
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, Invalid
from spreekbuis.intake import mailbox_entrance, mailbox_wishes, stock
from spreekbuis.intake.mailbox_page import inbox_page
from spreekbuis.intake.mailbox_room import case_id, locked_case, room
from spreekbuis.intake.reporters import key_in_session
from spreekbuis.intake.story import LONGEST_STORY
from spreekbuis.vault import files as accepting
from spreekbuis.vault.cleaning import CLEANED_TEXTS, NOT_CLEANED
from spreekbuis.web.access import Audience
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

__all__ = ["mailbox_entrance", "mailbox_wishes", "room"]

SENT = notice_after("inbox-message-sent", _l("Je bericht is verstuurd."))
SCORED = notice_after("inbox-score-kept", _l("Dank je voor je score."))
LONGEST_COMMENT = 2000


@room.get("/inbox", Audience.RETURNING_REPORTER)
def inbox() -> ResponseReturnValue:
    return inbox_page()


@room.post("/inbox/messages", Audience.RETURNING_REPORTER)
def send_message() -> ResponseReturnValue:
    form = Reading()
    once, text = form.once(), form.text("text", longest=LONGEST_STORY, lines=True)
    uploads = [upload for upload in request.files.getlist("files") if upload]
    this = _once_of(once, text, uploads)
    if message_made_by(case_of_reporter(case_id()), this) is None:
        uploads = _with_room(uploads, form)
        db.session.rollback()  # no transaction stays open while files are cleaned, which takes seconds
        accepted = accepting.accept(
            {new_id(): upload for upload in uploads}, keep_original=bool(form.raw("keep_original"))
        )
        refusals = [*accepted.refusals, *_not_cleaned(accepted)]
        if refusals:
            again = [_("Kies je bestanden opnieuw.")] if accepted.files else []
            form.errors["files"] = " ".join([*refusals, *again])
        try:
            form.check()
            case = locked_case()
            if message_made_by(case, this) is not None:  # the same form, sent twice, was quicker
                accepting.discard(accepted.files.values())
                return redirect(url_for("mailbox.inbox", done=SENT), 303)
            write_message(
                case, key_in_session(), author="reporter", text=text, once=this,
                files=[NewFile.of(file) for file in accepted.files.values()],
            )  # fmt: skip
            if accepted.files:
                stock.bring(sum(file.size for file in accepted.files.values()))
        except stock.DayFull as full:
            db.session.rollback()
            accepting.discard(accepted.files.values())
            return inbox_page({"files": str(full)}, _typed(form, text, once)), Invalid.status
        except (Invalid, Conflict) as refused:
            accepting.discard(accepted.files.values())
            errors = refused.errors if isinstance(refused, Invalid) else {"": refused.title}
            return inbox_page(errors, _typed(form, text, once)), refused.status
    return redirect(url_for("mailbox.inbox", done=SENT), 303)


@room.get("/inbox/files/<uuid:file_id>", Audience.RETURNING_REPORTER)
def file(file_id: UUID) -> ResponseReturnValue:
    found = read_file(key_in_session(), file_id, internal=False)
    return accepting.download(
        found.storage_key, found.key, name=found.name, media_type=found.media_type, size=found.size
    )


@room.post("/inbox/score", Audience.RETURNING_REPORTER)
def score() -> ResponseReturnValue:
    form = Reading()
    given = form.one_of("score", [str(number) for number in range(LOWEST, HIGHEST + 1)])
    comment = form.text("comment", longest=LONGEST_COMMENT, required=False, lines=True)
    case = locked_case()
    if case.score is None:
        try:
            form.check()
        except Invalid as invalid:
            return inbox_page(invalid.errors, {"comment": comment, "score": given or ""}), invalid.status
        score_case(case, key_in_session(), int(given or 0), comment)
    return redirect(url_for("mailbox.inbox", done=SCORED), 303)


def _typed(form: Reading, text: str, once: UUID) -> dict[str, str]:
    """What was written, to be given back."""
    return {"text": text, "once": str(once), "keep_original": form.raw("keep_original")}


def _with_room(uploads: list[FileStorage], form: Reading) -> list[FileStorage]:
    """The files, or none and why when no more can come today."""
    try:
        if uploads:
            stock.check_day(1)
    except stock.DayFull as full:
        form.errors["files"] = str(full)
        return []
    return uploads


def _once_of(once: UUID, text: str, uploads: Sequence[FileStorage]) -> UUID:
    """One message per form and content: sent twice it is there once, sent with something else it is another."""
    said = json.dumps([text, *(accepting.print_of(upload) for upload in uploads)])
    return uuid5(once, hashlib.sha256(said.encode()).hexdigest())


def _not_cleaned(accepted: accepting.Acceptance) -> list[str]:
    """A sentence for each file that still tells of its maker: what is sent here cannot be looked over first."""
    return [
        _(
            "‘%(name)s’: %(why)s Vink aan dat je het wilt laten zoals het is, of stuur een ander bestand.",
            name=file.name,
            why=CLEANED_TEXTS[file.cleaned],
        )
        for file in accepted.files.values()
        if file.cleaned in NOT_CLEANED
    ]
