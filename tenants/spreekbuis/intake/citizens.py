"""The pages of 1700: who should be elsewhere, the form, and the copy of the message with its receipt."""

from collections.abc import Mapping
from io import BytesIO

from flask import make_response, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from spreekbuis.cases.citizens.host import host
from spreekbuis.cases.citizens.passing import SENDER_LABELS, Sender, terms_of_citizens
from spreekbuis.clock import now, today
from spreekbuis.db.session import db
from spreekbuis.directory.models import Organisation
from spreekbuis.directory.register import LONGEST_SEARCH, meant_by
from spreekbuis.documents.blocks import Block, Document, Facts, Said
from spreekbuis.errors import DomainError, Invalid, type_text
from spreekbuis.identity.accounts import email_address
from spreekbuis.intake.citizen_message import ToCitizensDesk, TooBusy, send_message
from spreekbuis.intake.story import LONGEST_FIELD, LONGEST_STORY, new_token, posted_token
from spreekbuis.web.access import Audience
from spreekbuis.web.dates import day_in_words
from spreekbuis.web.forms import Reading, clean
from spreekbuis.web.frame import language
from spreekbuis.web.home import MAIL_1700, PHONE_1700
from spreekbuis.web.room import Room

room = Room("citizens")

FIELDS = (
    "sender", "name", "email", "phone", "address", "entity", "ovo", "unknown", "agreed", "subject", "text",
)  # fmt: skip
_WITH_LINES = ("address", "text")
LONGEST_ADDRESS = 500


@room.get("/1700", Audience.EVERYONE)
def start() -> ResponseReturnValue:
    """Whoever works for the government is shown the protected way before typing anything."""
    page = render_template(
        "citizens/start.html",
        open=host() is not None, write_url=url_for("citizens.write"), report_url=url_for("home.choose_entity"),
        mailbox_url=url_for("mailbox.open_form"), phone=PHONE_1700, mail=MAIL_1700,
    )  # fmt: skip
    response = make_response(page)
    response.headers["X-Robots-Tag"] = "all"
    return response


@room.get("/1700/message", Audience.EVERYONE)
def write() -> ResponseReturnValue:
    return _form(new_token(), {}, {})


@room.post("/1700/message", Audience.EVERYONE)
def send() -> ResponseReturnValue:
    """The copy and the receipt. Sent twice, the same again."""
    token = posted_token() or new_token()
    try:
        message = _read()
        arrived = send_message(token, message)
    except Invalid as invalid:
        db.session.rollback()
        return _form(token, _typed(), invalid.errors), invalid.status
    except TooBusy as busy:
        db.session.rollback()
        return _form(token, _typed(), {}, busy), busy.status
    words = arrived.code.words(language())
    return render_template(
        "citizens/sent.html",
        words=words, code=" ".join(words), number=arrived.number, again=arrived.again, told=_told(message),
        text=message.whole, mailed=message.email, kept=_typed(), about=message.about and message.about.name,
        days=terms_of_citizens(),
        mailbox_url=url_for("mailbox.open_case"), copy_url=url_for("citizens.copy"),
    )  # fmt: skip


@room.post("/1700/copy", Audience.EVERYONE)
def copy() -> ResponseReturnValue:
    """The copy as a PDF, made of the form itself: nothing is read from the case, nothing is kept."""
    from spreekbuis.documents.pdf import as_pdf  # costly to import

    try:
        message = _read()
    except Invalid as invalid:
        return _form(new_token(), _typed(), invalid.errors), invalid.status
    day = day_in_words(today())
    blocks: list[Block] = [Facts(_told(message)), Said(_("Je bericht"), day, message.whole)]
    made = as_pdf(Document(_("Kopie van je bericht aan 1700"), day, language(), now(), blocks))
    response = send_file(
        BytesIO(made), "application/pdf", as_attachment=True, download_name=_("kopie-1700.pdf")
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _read() -> ToCitizensDesk:
    """The posted message. Raises Invalid."""
    form = Reading()
    form.require(
        {
            "sender": _("Kies hoe je schrijft."),
            "name": _("Vul je naam in. Bij 1700 kun je niet anoniem schrijven."),
            "subject": _("Vul in waarover het gaat."),
            "text": _("Schrijf je vraag of klacht."),
        }
    )
    sender = form.choice("sender", Sender)
    name = form.text("name", longest=LONGEST_FIELD)
    email, phone = (form.text(field, longest=LONGEST_FIELD, required=False) for field in ("email", "phone"))
    address = form.text("address", longest=LONGEST_ADDRESS, required=False, lines=True)
    if not (email or phone or address):
        form.errors.setdefault("email", _("Vul in hoe we je bereiken: e-mail, telefoon of postadres."))
    if email:
        try:
            email = email_address(email)
        except Invalid as invalid:
            form.errors.setdefault("email", invalid.errors["email"])
    about = None if form.raw("unknown") else _organisation(form)
    subject = form.text("subject", longest=LONGEST_FIELD)
    text = form.text("text", longest=LONGEST_STORY, lines=True)
    form.check()
    assert sender is not None, "the form was checked"
    agreed = bool(form.raw("agreed"))
    return ToCitizensDesk(sender, name, email, phone, address, about, agreed, subject, text, language())


def _organisation(form: Reading) -> Organisation | None:
    """The one organisation that was meant; says so in the form's errors when there is none, or several."""
    words = form.text("entity", longest=LONGEST_SEARCH, required=False)
    found = meant_by(words) if words else []
    chosen = [one for one in found if one.ovo_code == form.raw("ovo")]
    if len(chosen or found) == 1:
        return (chosen or found)[0]
    if found:
        form.errors.setdefault("ovo", _("Kies welke organisatie je bedoelt."))
    elif words:
        form.errors.setdefault(
            "entity", _("We vinden geen organisatie met deze naam. Of vink aan dat je het niet weet.")
        )
    else:
        form.errors.setdefault("entity", _("Vul in over wie het gaat, of vink aan dat je het niet weet."))
    return None


def _told(message: ToCitizensDesk) -> list[tuple[str, str]]:
    agreed = _("Ja, met mijn naam") if message.agreed else _("Nee")
    facts = [
        (_("Over"), message.about.name if message.about else _("Ik weet het niet")), (_("Naam"), message.name),
        (_("E-mail"), message.email), (_("Telefoon"), message.phone), (_("Postadres"), message.address),
        (_("Doorgeven"), agreed if message.about else ""),
    ]  # fmt: skip
    return [(label, value) for label, value in facts if value]


def _typed() -> dict[str, str]:
    return {name: clean(request.form.get(name, ""), lines=name in _WITH_LINES) for name in ("token", *FIELDS)}


def _form(
    token: str, given: Mapping[str, str], errors: Mapping[str, type_text], refused: DomainError | None = None
) -> str:
    found = meant_by(given.get("entity", "")) if "ovo" in errors else []
    return render_template(
        "citizens/message.html",
        open=host() is not None, token=token, given=given, errors=errors, refused=refused,
        senders=list(SENDER_LABELS.items()), found=[(one.ovo_code, one.name) for one in found],
        send_url=url_for("citizens.send"), report_url=url_for("home.choose_entity"), longest=LONGEST_SEARCH,
        start_url=url_for("citizens.start"),
    )  # fmt: skip
