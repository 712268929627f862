"""Enrolment: the pages of the requester, and those of the central office."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.listing import asked
from spreekbuis.directory.models import Organisation
from spreekbuis.directory.register import search
from spreekbuis.entities import central
from spreekbuis.entities.approval import approve_enrolment, refuse_enrolment
from spreekbuis.entities.enrolment import Request, enrollable, request_enrolment, verify_enrolment
from spreekbuis.entities.mails import enrolment_of_link
from spreekbuis.entities.models import Enrolment, EnrolmentStatus
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.identity.accounts import email_address
from spreekbuis.web.access import Audience, Dangerous, Permission
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import language, notice_after
from spreekbuis.web.room import Room

room = Room("entities")

APPROVED = notice_after(
    "enrolment-approved", _l("Goedgekeurd. De aanvrager krijgt een mail en een uitnodiging.")
)
REFUSED = notice_after("enrolment-refused", _l("Geweigerd. De aanvrager krijgt een mail met de reden."))
MOST_PEOPLE = 100_000
LONGEST_REASON = 2_000


@room.get("/enrol", Audience.EVERYONE)
def choose() -> ResponseReturnValue:
    """Step 1: find the organisation in the register."""
    query = asked("q")
    return render_template("entities/choose.html", query=query, found=search(query))


@room.get("/enrol/found", Audience.EVERYONE)
def found() -> ResponseReturnValue:
    """The part of step 1 that changes while somebody types."""
    query = asked("q")
    return render_template("entities/found.html", query=query, found=search(query))


@room.get("/enrol/<string:code>", Audience.EVERYONE)
def fill_in(code: str) -> ResponseReturnValue:
    """Step 2: who asks, and about which organisation."""
    return _form(enrollable(code), once=str(new_id()))


def _form(organisation: Organisation, *, once: str, errors: Invalid | None = None) -> ResponseReturnValue:
    page = render_template(
        "entities/request.html",
        organisation=organisation,
        once=once,
        typed=request.form,
        errors=errors.errors if errors else {},
    )
    return page, errors.status if errors else 200


@room.post("/enrol/<string:code>", Audience.EVERYONE)
def send_request(code: str) -> ResponseReturnValue:
    reading = Reading()
    once = reading.once()
    if db.session.get(Enrolment, once) is not None:  # sent twice: the first one counts
        return redirect(url_for("entities.look_in_mailbox"), 303)
    organisation = enrollable(code)
    try:
        request_enrolment(once, _read(reading, organisation.ovo_code))
    except Invalid as invalid:
        return _form(organisation, once=str(once), errors=invalid)
    return redirect(url_for("entities.look_in_mailbox"), 303)


MISSING: dict[str, LazyString] = {
    "name": _l("Vul je naam in."),
    "function": _l("Vul je functie in."),
    "email": _l("Vul je e-mailadres in."),
    "affiliated": _l("Kies of je organisatie aangesloten is bij GDPB."),
    "authorised": _l("Bevestig dat je organisatie je hiervoor de toestemming gaf."),
}


def _read(reading: Reading, ovo_code: str) -> Request:
    for name, sentence in MISSING.items():
        if not reading.raw(name).strip():
            reading.errors[name] = sentence
    asked_for = Request(
        ovo_code=ovo_code,
        name=reading.text("name", longest=120),
        function=reading.text("function", longest=120),
        email=_email(reading),
        headcount=reading.number("headcount", least=1, most=MOST_PEOPLE),
        affiliated=reading.one_of("affiliated", ("yes", "no")) == "yes",
        language=language(),
    )
    reading.one_of("authorised", ("yes",))
    reading.check()
    return asked_for


def _email(reading: Reading) -> str:
    value = reading.text("email", longest=254)
    try:
        return email_address(value)
    except Invalid as invalid:
        for name, sentence in invalid.errors.items():
            reading.errors.setdefault(name, sentence)
        return value


@room.get("/enrol/mailbox", Audience.EVERYONE)
def look_in_mailbox() -> ResponseReturnValue:
    return render_template("entities/mailbox.html")


@room.get("/enrol/confirmation/<string:token>", Audience.EVERYONE)
def confirmation(token: str) -> ResponseReturnValue:
    """Where the link of the mail leads. Mail scanners open links, so opening it decides nothing."""
    enrolment = db.session.get(Enrolment, enrolment_of_link(token))
    if enrolment is None:
        raise NotFound
    organisation = db.session.get_one(Organisation, enrolment.ovo_code)
    return render_template(
        "entities/confirmation.html", token=token, organisation=organisation, state=enrolment.status
    )


@room.post("/enrol/confirmation/<string:token>", Audience.EVERYONE)
def confirm(token: str) -> ResponseReturnValue:
    verify_enrolment(enrolment_of_link(token))
    return redirect(url_for("entities.confirmation", token=token), 303)


@room.in_nav(_l("Aanvragen"))
@room.get("/central/enrolments", Permission.DECIDE_ENROLMENTS)
def requests() -> ResponseReturnValue:
    """Requests by state, the waiting ones first."""
    try:
        state = EnrolmentStatus(request.args.get("state", EnrolmentStatus.WAITING))
    except ValueError:
        raise NotFound from None
    page = central.requests_in(state, after=asked("after"), before=asked("before"))
    return render_template("entities/requests.html", **central.shown(state, page))


@room.get("/central/enrolments/<uuid:enrolment_id>", Permission.DECIDE_ENROLMENTS)
def request_page(enrolment_id: UUID) -> ResponseReturnValue:
    return _request_page(enrolment_id)


def _request_page(enrolment_id: UUID, invalid: Invalid | None = None) -> ResponseReturnValue:
    page = render_template(
        "entities/request_page.html",
        **central.details(enrolment_id),
        typed=request.form.get("reason", ""),
        longest=LONGEST_REASON,
        errors=invalid.errors if invalid else {},
    )
    return page, invalid.status if invalid else 200


@room.post("/central/enrolments/<uuid:enrolment_id>/approve", Permission.DECIDE_ENROLMENTS, Dangerous.RIGHTS)
def approve(enrolment_id: UUID) -> ResponseReturnValue:
    approve_enrolment(enrolment_id)
    return redirect(url_for("entities.request_page", enrolment_id=enrolment_id, done=APPROVED), 303)


@room.post("/central/enrolments/<uuid:enrolment_id>/refuse", Permission.DECIDE_ENROLMENTS)
def refuse(enrolment_id: UUID) -> ResponseReturnValue:
    reading = Reading()
    reason = reading.text("reason", longest=LONGEST_REASON, required=False, lines=True)
    try:
        reading.check()
        refuse_enrolment(enrolment_id, reason)
    except Invalid as invalid:
        return _request_page(enrolment_id, invalid)
    return redirect(url_for("entities.request_page", enrolment_id=enrolment_id, done=REFUSED), 303)
