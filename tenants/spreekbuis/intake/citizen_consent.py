"""In the mailbox of a message to 1700: may it be passed on to the organisation that it is about?"""

from uuid import UUID

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.citizens.passing import consent, message_of
from spreekbuis.cases.referral import open_referral
from spreekbuis.directory.register import organisation_of
from spreekbuis.errors import Invalid
from spreekbuis.intake.mailbox_room import locked_case
from spreekbuis.web.access import Audience
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after
from spreekbuis.web.room import Room

room = Room("citizen_consent")

GIVEN = notice_after("pass-on-agreed", _l("Dank je. 1700 mag je bericht doorgeven."))
WITHDRAWN = notice_after(
    "pass-on-withdrawn", _l("Je akkoord is ingetrokken. 1700 geeft je bericht niet door.")
)


@room.post("/inbox/pass-on", Audience.RETURNING_REPORTER)
def answer() -> ResponseReturnValue:
    """Say yes, or take a yes back, for the organisation that the page showed."""
    form = Reading()
    given, case = form.one_of("given", ("yes", "no")), locked_case()
    message_of(case.id)
    if given is None:
        raise Invalid(form.errors)
    consent(case, given=given == "yes", about=form.raw("about"))
    return redirect(url_for("mailbox.inbox", done=GIVEN if given == "yes" else WITHDRAWN), 303)


def pass_on_box(case_id: UUID) -> dict[str, object] | None:
    """What the mailbox shows of it; None when there is nothing to choose."""
    message = message_of(case_id)
    organisation = organisation_of(message.about) if message.about else None
    if organisation is None or open_referral(case_id) is not None:
        return None
    return {
        "to": organisation.name, "about": organisation.ovo_code, "agreed": message.agreed_at is not None,
        "url": url_for("citizen_consent.answer"),
    }  # fmt: skip
