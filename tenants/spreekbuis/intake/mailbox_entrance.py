"""The way in and out of the mailbox: the words of the receipt, and leaving."""

import time

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.errors import Invalid
from spreekbuis.intake.mailbox_room import room
from spreekbuis.intake.models import Receipt
from spreekbuis.intake.patience import patience
from spreekbuis.intake.reporters import find_receipt, leave_mailbox, open_mailbox
from spreekbuis.intake.typed_code import code_typed
from spreekbuis.vault.receipt_code import ReceiptCode
from spreekbuis.web.access import Audience
from spreekbuis.web.cookies import FORM, MAILBOX, drop_cookie, read_cookie, write_cookie
from spreekbuis.web.frame import notice_after

CLOSED = notice_after("inbox-closed", _l("Je melding is gesloten op dit toestel."))


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


@room.post("/inbox/leave", Audience.RETURNING_REPORTER)
def leave() -> ResponseReturnValue:
    """Whoever closes is done here: the drafts of this browser (`story.token_of`) end with the form cookie."""
    leave_mailbox(read_cookie(MAILBOX) or "")
    response = redirect(url_for("home.start", done=CLOSED), 303)
    drop_cookie(response, MAILBOX)
    drop_cookie(response, FORM)
    return response


def _receipt_of(typed: str) -> tuple[Receipt, ReceiptCode] | str:
    """The receipt and its code, or the sentence that says what to check."""
    code = code_typed(typed)
    if isinstance(code, str):
        return code
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
        sent_here="next" in request.args,
        errors={"code": error} if error else {},
    )
