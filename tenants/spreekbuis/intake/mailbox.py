"""The mailbox of a returning reporter: open it with the words, read, write, score, close."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID, uuid5

from babel.lists import format_list
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage

from spreekbuis.cases.answers import answers_shown
from spreekbuis.cases.dialogue import ShownMessage, message_made_by, read_dialogue, read_file, write_message
from spreekbuis.cases.finding import case_of_reporter, shown_to_reporter
from spreekbuis.cases.models import Case
from spreekbuis.cases.opening import NewFile
from spreekbuis.cases.procedures import State
from spreekbuis.cases.satisfaction import HIGHEST, LOWEST, score_case
from spreekbuis.clock import local_date
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CATEGORIES, OUTCOME_LABELS, Outcome
from spreekbuis.errors import Conflict, Invalid, type_text
from spreekbuis.intake import stock
from spreekbuis.intake.course import course_of, desk_of, state_of, steps
from spreekbuis.intake.models import Receipt
from spreekbuis.intake.patience import patience
from spreekbuis.intake.referral_answer import referral_box
from spreekbuis.intake.reporters import (
    IDLE_LIMIT,
    find_receipt,
    key_in_session,
    leave_mailbox,
    open_mailbox,
)
from spreekbuis.intake.story import LONGEST_STORY
from spreekbuis.vault import files as accepting
from spreekbuis.vault.cleaning import CLEANED_TEXTS, NOT_CLEANED
from spreekbuis.vault.receipt_code import AmbiguousWord, NotAReceiptCode, ReceiptCode, parse
from spreekbuis.web.access import Audience
from spreekbuis.web.cookies import FORM, MAILBOX, drop_cookie, read_cookie, write_cookie
from spreekbuis.web.dates import day_in_words, hour_in_words
from spreekbuis.web.door import here
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after
from spreekbuis.web.room import Room

room = Room("mailbox")

SENT = notice_after("inbox-message-sent", _l("Je bericht is verstuurd."))
SCORED = notice_after("inbox-score-kept", _l("Dank je voor je score."))
CLOSED = notice_after("inbox-closed", _l("Je melding is gesloten op dit toestel."))
LONGEST_COMMENT = 2000


@room.get("/inbox/open", Audience.EVERYONE)
def open_form() -> ResponseReturnValue:
    return _code_page("", None)


@room.post("/inbox/open", Audience.EVERYONE)
def open_case() -> ResponseReturnValue:
    """A right code opens at once. A wrong one is answered slowly, and never keeps a right one waiting."""
    began = time.monotonic()
    typed = request.form.get("code", "")
    found = _receipt_of(typed)
    if not isinstance(found, str):
        response = redirect(url_for("mailbox.inbox"), 303)
        write_cookie(response, MAILBOX, open_mailbox(*found))
        return response
    if not patience().wait(began):
        busy = _("Er worden nu te veel foute codes geprobeerd. Wacht een minuut en probeer het opnieuw.")
        return _code_page(typed, busy), 429, {"Retry-After": "60"}
    return _code_page(typed, found), Invalid.status


@room.get("/inbox", Audience.RETURNING_REPORTER)
def inbox() -> ResponseReturnValue:
    return _inbox_page({})


@room.post("/inbox/messages", Audience.RETURNING_REPORTER)
def send_message() -> ResponseReturnValue:
    form = Reading()
    once, text = form.once(), form.text("text", longest=LONGEST_STORY, lines=True)
    uploads = [upload for upload in request.files.getlist("files") if upload]
    this = _once_of(once, text, uploads)
    if message_made_by(case_of_reporter(_case_id()), this) is None:
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
            case = _case()
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
            kept = bool(form.raw("keep_original"))
            return _inbox_page({"files": str(full)}, text=text, once=once, keep_original=kept), Invalid.status
        except (Invalid, Conflict) as refused:
            accepting.discard(accepted.files.values())
            errors = refused.errors if isinstance(refused, Invalid) else {"": refused.title}
            kept = bool(form.raw("keep_original"))
            return _inbox_page(errors, text=text, once=once, keep_original=kept), refused.status
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
    case = _case()
    if case.score is None:
        try:
            form.check()
        except Invalid as invalid:
            return _inbox_page(invalid.errors, comment=comment, given=given or ""), invalid.status
        score_case(case, key_in_session(), int(given or 0), comment)
    return redirect(url_for("mailbox.inbox", done=SCORED), 303)


@room.post("/inbox/leave", Audience.RETURNING_REPORTER)
def leave() -> ResponseReturnValue:
    """Whoever closes is done here: the drafts of this browser (`story.token_of`) end with the form cookie."""
    leave_mailbox(read_cookie(MAILBOX) or "")
    response = redirect(url_for("home.start", done=CLOSED), 303)
    drop_cookie(response, MAILBOX)
    drop_cookie(response, FORM)
    return response


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


def _receipt_of(typed: str) -> tuple[Receipt, ReceiptCode] | str:
    """The receipt and its code, or the sentence that says what to check."""
    try:
        code = parse(typed)
    except AmbiguousWord as doubt:
        meant = format_list(doubt.candidates, style="or", locale=get_locale())
        return str(
            _("Bedoel je bij woord %(position)s misschien %(meant)s?", position=doubt.position, meant=meant)
        )
    except NotAReceiptCode as flaw:
        if flaw.position is None:
            return str(_("Een toegangscode heeft 8 woorden. Kijk na of je ze allemaal intypte."))
        return str(
            _("Woord %(position)s kennen we niet. Kijk na hoe je het schreef.", position=flaw.position)
        )
    found = find_receipt(code)
    return (
        (found, code)
        if found
        else str(_("We vinden geen melding bij deze woorden. Kijk de woorden en hun volgorde na."))
    )


def _code_page(typed: str, error: str | None) -> str:
    return render_template(
        "intake/open.html",
        action=url_for("mailbox.open_case"),
        typed=typed,
        errors={"code": error} if error else {},
    )


def _case_id() -> UUID:
    reporter = here().reporter
    assert reporter is not None, "the door lets only returning reporters in"
    return reporter.case_id


def _case() -> Case:
    """The case, locked to change it."""
    return case_of_reporter(_case_id(), lock=True)


def _inbox_page(
    errors: Mapping[str, type_text],
    *,
    text: str = "",
    once: UUID | None = None,
    keep_original: bool = False,
    comment: str = "",
    given: str = "",
) -> str:
    """The mailbox; what was typed and not accepted is given back."""
    case = shown_to_reporter(_case_id())
    desk = desk_of(case)
    desk = desk[:1].upper() + desk[1:]
    words, step = state_of(case)
    closed = case.closed_at is not None
    return render_template(
        "intake/inbox.html",
        case=case, state_words=words, step=step,
        steps_shown=steps(),
        course=course_of(case), category_label=CATEGORIES[case.category].label,
        received_on=day_in_words(local_date(case.received_at)),
        answers=answers_shown(case, key_in_session()),
        messages=[_shown(m, desk) for m in read_dialogue(key_in_session(), internal=False)],
        closed=closed, scorable=closed and case.score is None and case.outcome != Outcome.REFERRED,
        outcome=OUTCOME_LABELS[Outcome(case.outcome)] if case.outcome else None,
        errors=errors, text=text, once=once or new_id(), keep_original=keep_original, comment=comment, given=given,
        minutes=IDLE_LIMIT // timedelta(minutes=1), accept=accepting.ACCEPT,
        most_files=accepting.MOST_FILES, most_megabytes=accepting.most_megabytes(),
        message_url=url_for("mailbox.send_message"), score_url=url_for("mailbox.score"),
        leave_url=url_for("mailbox.leave"),
        referral=None if closed else referral_box(_case_id(), key_in_session()),
        on_its_way=case.state == State.REFERRED,
        scores=_scores() if closed else [],
    )  # fmt: skip


def _scores() -> list[tuple[str, str]]:
    return [
        ("5", _("5: heel tevreden")),
        ("4", _("4: tevreden")),
        ("3", _("3: gaat wel")),
        ("2", _("2: niet tevreden")),
        ("1", _("1: helemaal niet tevreden")),
    ]


def _shown(message: ShownMessage, desk: str) -> dict[str, object]:
    own = message.author == "reporter"
    when = _(
        "%(day)s, %(time)s uur",
        day=day_in_words(local_date(message.at)),
        time=hour_in_words(message.at),
    )
    return {
        "who": _("Jij") if own else desk, "kind": "own" if own else "", "when": when,
        "iso": message.at.isoformat(timespec="minutes"), "text": message.text,
        "files": [{"url": url_for("mailbox.file", file_id=f.id), "label": f.name} for f in message.files],
    }  # fmt: skip
