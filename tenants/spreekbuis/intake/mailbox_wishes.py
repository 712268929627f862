"""What a returning reporter decides and asks in the mailbox: a talk, contact, sharing, minutes, aftercare."""

from collections.abc import Callable
from uuid import UUID

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.cases import minutes
from spreekbuis.cases.consent import Sharing, set_consents
from spreekbuis.cases.models import Case
from spreekbuis.cases.once import id_of
from spreekbuis.cases.referral import renew_letter
from spreekbuis.cases.wishes import (
    Preference,
    Reach,
    Way,
    ask_aftercare,
    ask_meeting,
    prefer_contact,
    tell_reprisals,
)
from spreekbuis.errors import Conflict, Invalid
from spreekbuis.intake.mailbox_page import inbox_page
from spreekbuis.intake.mailbox_room import locked_case, room
from spreekbuis.intake.reporters import key_in_session
from spreekbuis.intake.story import LONGEST_FIELD, LONGEST_STORY
from spreekbuis.web.access import Audience
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

MEETING = notice_after(
    "inbox-meeting-asked", _l("Je vraag om een gesprek is verstuurd. Het loket antwoordt hier.")
)
CONTACT = notice_after("inbox-contact-kept", _l("Het loket weet nu hoe het je mag bereiken."))
CONSENT = notice_after("inbox-consent-kept", _l("Je keuze is bewaard. Je kunt ze altijd veranderen."))
AFTERCARE = notice_after(
    "inbox-aftercare-asked", _l("Je vraag om nazorg is verstuurd. Het loket antwoordt je.")
)
REPRISALS = notice_after(
    "inbox-reprisals-told",
    _l("Het loket weet het nu, en antwoordt je. Je kunt ook bescherming vragen: zie hieronder."),
)
AGREED = notice_after("inbox-minutes-agreed", _l("Je gaat akkoord met het verslag."))
CORRECTED = notice_after(
    "inbox-minutes-corrected",
    _l("Je verbetering is verstuurd. Het verslag en je verbetering blijven beide bewaard."),
)
LONGEST_WISH = 2000
"""Characters."""


@room.post("/inbox/meeting", Audience.RETURNING_REPORTER)
def meeting() -> ResponseReturnValue:
    """Ask to talk with the desk."""
    form = Reading()
    way = form.choice("meeting_how", Way)
    text = form.text("meeting_text", longest=LONGEST_WISH, required=False, lines=True)
    once = id_of(form.once(), "meeting", way or "", text)

    def do(case: Case) -> None:
        assert way is not None, "the form was checked"
        ask_meeting(case, key_in_session(), way, text, once=once)

    return _act(form, do, MEETING)


@room.post("/inbox/contact", Audience.RETURNING_REPORTER)
def contact() -> ResponseReturnValue:
    """Say how and when the desk may reach the reporter."""
    form = Reading()
    reach = form.choice("contact_reach", Reach)
    where = form.text("contact_where", longest=LONGEST_FIELD, required=False)
    when = form.text("contact_when", longest=LONGEST_FIELD, required=False)
    wanted = Preference(reach or "", "" if reach is Reach.MAILBOX else where, when)
    return _act(form, lambda case: prefer_contact(case, key_in_session(), wanted), CONTACT)


@room.post("/inbox/consent", Audience.RETURNING_REPORTER)
def consent() -> ResponseReturnValue:
    """Say with whom the name may be shared; what is not ticked is no."""
    ticked = request.form.getlist("consent")
    given = [sharing for sharing in Sharing if sharing in ticked]

    def do(case: Case) -> None:
        set_consents(case, given)
        renew_letter(case, key_in_session())

    return _act(Reading(), do, CONSENT)


@room.post("/inbox/aftercare", Audience.RETURNING_REPORTER)
def aftercare() -> ResponseReturnValue:
    """Ask for aftercare once the case is closed."""
    form = Reading()
    text = _needed(form, "aftercare")
    once = id_of(form.once(), "aftercare", text)
    return _act(form, lambda case: ask_aftercare(case, key_in_session(), text, once=once), AFTERCARE)


@room.post("/inbox/reprisals", Audience.RETURNING_REPORTER)
def reprisals() -> ResponseReturnValue:
    """Say that the report has consequences for the reporter."""
    form = Reading()
    text = form.text("reprisals", longest=LONGEST_STORY, required=False, lines=True)
    once = id_of(form.once(), "reprisals", text)
    return _act(form, lambda case: tell_reprisals(case, key_in_session(), text, once=once), REPRISALS)


@room.post("/inbox/minutes/agree", Audience.RETURNING_REPORTER)
def agree() -> ResponseReturnValue:
    """Agree to the record of a conversation."""
    form = Reading()
    minutes_id = _minutes_id(form)
    return _act(form, lambda case: minutes.agree(case, minutes_id), AGREED)


@room.post("/inbox/minutes/correct", Audience.RETURNING_REPORTER)
def correct() -> ResponseReturnValue:
    """Send a correction of the record of a conversation."""
    form = Reading()
    minutes_id, text = _minutes_id(form), _needed(form, "correction")
    once = id_of(form.once(), "correction", text)
    return _act(
        form,
        lambda case: minutes.correct(case, key_in_session(), minutes_id, text, once=once),
        CORRECTED,
    )


def _needed(form: Reading, name: str) -> str:
    form.require({name: _("Schrijf eerst een tekst.")})
    return form.text(name, longest=LONGEST_STORY, lines=True)


def _minutes_id(form: Reading) -> UUID:
    """The record that the form is about."""
    try:
        return UUID(form.raw("minutes"))
    except ValueError:
        form.errors[""] = _("Het formulier was veranderd. Kijk alles nog eens na.")
        return UUID(int=0)


def _act(form: Reading, do: Callable[[Case], None], done: str) -> ResponseReturnValue:
    """Do it with the case locked, or show the mailbox with what is wrong and all that was typed."""
    try:
        form.check()
        do(locked_case())
    except (Invalid, Conflict) as refused:
        errors = refused.errors if isinstance(refused, Invalid) else {"": refused.title}
        return inbox_page(errors, request.form), refused.status
    return redirect(url_for("mailbox.inbox", done=done), 303)
