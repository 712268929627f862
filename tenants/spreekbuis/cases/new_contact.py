"""'Nieuw contact': write down a call, an e-mail or a visit in under a minute, on a new case or on one that
exists."""

import hashlib
import hmac
import secrets
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from spreekbuis.cases import shown
from spreekbuis.cases.contacts import (
    HAPPENED_ELSEWHERE,
    ContactReport,
    register_case,
    register_contact,
)
from spreekbuis.cases.doors import my_desks, my_key, room
from spreekbuis.cases.finding import case_by_number
from spreekbuis.cases.numbers import read_number
from spreekbuis.cases.once import id_of
from spreekbuis.clock import now, today
from spreekbuis.db.base import new_id
from spreekbuis.directory.catalogue import (
    CATEGORIES,
    DESK_LABELS,
    DESK_OF_TOPIC,
    WORK_RELATED,
    CaseKind,
    Channel,
    Identity,
    ReporterClass,
)
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.vault.receipt_code import SHORTEST_TOKEN, ReceiptCode, from_submission
from spreekbuis.web import door
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

ADDED = notice_after("contact-added", _l("Het contact is vastgelegd in dit dossier."))


@room.in_nav(_l("Nieuw contact"))
@room.get("/desk/<ovo:ovo>/contacts/new", Permission.HANDLE_CASES)
def contact_form() -> ResponseReturnValue:
    return _form({}, {}, str(new_id()))


@room.post("/desk/<ovo:ovo>/contacts/new", Permission.HANDLE_CASES)
def keep_contact() -> ResponseReturnValue:
    """Keep it on the case with the given number, or on a new one."""
    form = Reading()
    once = form.once()
    try:
        channel = Channel(form.one_of("channel", HAPPENED_ELSEWHERE) or Channel.PHONE)
        summary = form.text("about", longest=100_000, lines=True)
        if not summary:
            form.errors["about"] = _l("Schrijf waarover het gaat.")
        number = form.text("number", longest=20, required=False)
        if number:
            form.check()
            return _on_existing(number, channel, summary, form)
        category = form.one_of("category", CATEGORIES)
        if category is None:
            form.errors["category"] = _l("Kies een onderwerp.")
        kind = form.choice("kind", CaseKind) or CaseKind.NEW
        identity = form.choice("identity", Identity) or Identity.CONFIDENTIAL
        reporter_class = ReporterClass(form.one_of("reporter_class", WORK_RELATED) or ReporterClass.STAFF)
        name = form.text("name", longest=200, required=False)
        contact = form.text("contact", longest=200, required=False)
        token = form.raw("token")
        if len(token) < SHORTEST_TOKEN:  # not a form of ours
            token = secrets.token_urlsafe(24)
        report = ContactReport(
            # Of the account: an id that the form chose freely could be that of a case of another desk.
            case_id=id_of(
                door.the_account().id,
                str(once),
                channel,
                kind,
                category or "",
                identity,
                reporter_class,
                summary,
                name,
                contact,
            ),
            channel=channel,
            kind=kind,
            category=category or "other",
            identity=identity,
            reporter_class=reporter_class,
            summary=summary,
            reporter={"name": name, "contact": contact},
        )
        form.check()
        code = _code_of(token, report.case_id)
        case = register_case(report, code)
    except Invalid as invalid:
        return _form(dict(request.form), invalid.errors, str(once)), invalid.status
    ovo, mine = door.the_entity().ovo_code, case.desk_id in my_desks()
    return render_template(
        "cases/contact_kept.html",
        words=code.words(report.language), mine=mine,
        onward=url_for("cases.show", ovo=ovo, case_id=case.id) if mine else url_for("cases.work_list", ovo=ovo),
    )  # fmt: skip


def _code_of(token: str, case_id: UUID) -> ReceiptCode:
    """The code of what this form registers: `token` is the form's own secret, the id follows from what it says."""
    about = f"{door.the_entity().id} {case_id}"
    return from_submission(hmac.digest(token.encode(), about.encode(), hashlib.sha256))


def _on_existing(number: str, channel: Channel, summary: str, form: Reading) -> ResponseReturnValue:
    asked = read_number(number, today().year)
    unknown = {"number": _l("Bij jouw loket is er geen dossier met dit nummer.")}
    if asked is None:
        raise Invalid(unknown)
    try:
        case = case_by_number(my_desks(), asked, lock=True)
    except NotFound:
        raise Invalid(unknown) from None
    register_contact(case, my_key(case.id), channel, now(), summary, id_of(form.once(), channel, summary))
    return redirect(url_for("cases.show", ovo=door.the_entity().ovo_code, case_id=case.id, done=ADDED), 303)


def _form(kept: dict[str, str], errors: Any, once: str) -> str:
    words = shown.labels()
    usual = {
        "channel": Channel.PHONE.value, "kind": CaseKind.NEW.value, "identity": Identity.CONFIDENTIAL.value,
        "reporter_class": ReporterClass.STAFF.value,
        **dict.fromkeys(("about", "number", "category", "name", "contact"), ""),
    }  # fmt: skip
    return render_template(
        "cases/new_contact.html",
        values={**usual, **kept},
        errors=errors,
        once=once,
        token=kept.get("token") or secrets.token_urlsafe(24),
        channels=[(c, words.channel[c]) for c in HAPPENED_ELSEWHERE],
        categories=[
            (
                c.code,
                gettext(
                    "%(category)s (%(desk)s)", category=c.label, desk=DESK_LABELS[DESK_OF_TOPIC[c.topic]]
                ),
            )
            for c in CATEGORIES.values()
        ],
        kinds=[(k, words.kind[k]) for k in (CaseKind.NEW, CaseKind.REPORT, CaseKind.INFORMATION_REQUEST)],
        identities=[(i, words.identity[i]) for i in Identity],
        reporter_classes=[(r, words.reporter_class[r]) for r in WORK_RELATED],
    )
