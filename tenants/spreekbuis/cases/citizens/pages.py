"""Passing a message to 1700 on: to a desk, or by letter."""

from collections.abc import Mapping
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext
from flask_babel import lazy_gettext as _l

from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases import shown
from spreekbuis.cases.citizens.letter import letter
from spreekbuis.cases.citizens.passing import (
    SENDER_NAMES,
    NotAgreed,
    Sender,
    message_of,
    name_entity,
    note_posted,
    pass_to_desk,
    subscribed,
)
from spreekbuis.cases.doors import my_desks, my_key, room
from spreekbuis.cases.export.export_page import as_download
from spreekbuis.cases.facts import reporter_facts
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.models import Case
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.once import id_of
from spreekbuis.cases.referral import open_referral
from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.directory.catalogue import CATEGORIES, DESK_LABELS, DESK_OF_TOPIC
from spreekbuis.directory.models import Organisation
from spreekbuis.directory.register import LONGEST_SEARCH, meant_by, organisation_of
from spreekbuis.errors import Invalid, type_text
from spreekbuis.web import door
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading, clean
from spreekbuis.web.frame import notice_after

LONGEST = 4000
NAMED = notice_after(
    "citizen-entity-named",
    _l("De organisatie is aangepast. De afzender kan bij het bericht zeggen of het doorgegeven mag worden."),
)
SENT = notice_after("citizen-passed-on", _l("Het bericht is doorgegeven aan het loket van de entiteit."))
POSTED = notice_after("citizen-posted", _l("De brief is genoteerd en het dossier is afgesloten."))


@room.get("/desk/<ovo:ovo>/cases/<uuid:case_id>/pass-on", Permission.HANDLE_CASES)
def pass_on(case_id: UUID) -> ResponseReturnValue:
    return _page(case_for(my_desks(), case_id), {}, request.args)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/pass-on/entity", Permission.HANDLE_CASES)
def name_about(case_id: UUID) -> ResponseReturnValue:
    """Say about which organisation it is: found by its name."""
    case = case_for(my_desks(), case_id, lock=True)
    message_of(case.id)
    form = Reading()
    words = form.text("entity", longest=LONGEST_SEARCH)
    found = meant_by(words)
    chosen = [one for one in found if one.ovo_code == form.raw("ovo")] or found
    try:
        if not found:
            form.errors.setdefault(
                "entity", _l("We kennen geen entiteit met deze naam, afkorting of OVO-code.")
            )
        elif len(chosen) > 1:
            form.errors.setdefault("ovo", _l("Kies welke entiteit je bedoelt."))
        form.check()
        name_entity(case, chosen[0].ovo_code)
    except Invalid as invalid:
        return _page(case, invalid.errors, request.form, found), invalid.status
    return _back("cases.pass_on", case, NAMED)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/pass-on/desk", Permission.HANDLE_CASES)
def pass_on_to_desk(case_id: UUID) -> ResponseReturnValue:
    case = case_for(my_desks(), case_id, lock=True)
    message_of(case.id)
    form = Reading()
    category = form.one_of("category", CATEGORIES)
    explanation = form.text("explanation", longest=LONGEST, lines=True)
    try:
        form.check()
        pass_to_desk(case, my_key(case.id), str(category), explanation, form.once())
    except Invalid as invalid:
        return _page(case, invalid.errors, request.form), invalid.status
    return _back("cases.show", case, SENT)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/pass-on/letter", Permission.HANDLE_CASES)
def pass_on_letter(case_id: UUID) -> ResponseReturnValue:
    """The letter to print. The address that was typed is in it, and nowhere else."""
    case = case_for(my_desks(), case_id)
    message = message_of(case.id)
    to = organisation_of(message.about or "")
    if to is None or message.agreed_at is None:
        raise NotAgreed
    form = Reading()
    address = form.text("address", longest=500, required=False, lines=True)
    key, number = my_key(case.id), number_of(case.topic, case.year, case.number)
    record(Audited.CASE_EXPORTED, case.id, {"what": "letter"})
    with force_locale("nl"):
        sender = [
            (gettext("Afzender"), str(SENDER_NAMES[Sender(message.sender)])),
            *reporter_facts(case, key),
        ]
    made = letter(key, reference=number, to=to.name, address=address, sender=sender)
    return as_download(made, f"{number}.pdf", "application/pdf")


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/pass-on/posted", Permission.HANDLE_CASES)
def pass_on_posted(case_id: UUID) -> ResponseReturnValue:
    case = case_for(my_desks(), case_id, lock=True)
    message_of(case.id)
    form = Reading()
    day = form.day("day")
    told = form.text("told", longest=LONGEST, lines=True)
    note = form.text("note", longest=LONGEST, required=False, lines=True)
    try:
        form.check()
        assert day is not None, "the form was checked"
        once = id_of(form.once(), "posted", day.isoformat(), told, note)
        note_posted(case, my_key(case.id), day, told, note, once)
    except Invalid as invalid:
        return _page(case, invalid.errors, request.form), invalid.status
    return _back("cases.show", case, POSTED)


def _back(endpoint: str, case: Case, code: str) -> ResponseReturnValue:
    return redirect(url_for(endpoint, ovo=door.the_entity().ovo_code, case_id=case.id, done=code), 303)


def _page(
    case: Case,
    errors: Mapping[str, type_text],
    given: Mapping[str, str],
    found: list[Organisation] | None = None,
) -> str:
    ovo, message, now = door.the_entity().ovo_code, message_of(case.id), today()
    about = organisation_of(message.about) if message.about else None
    name = about.name if about else ""
    movable = case.closed_at is None and open_referral(case.id) is None
    agreed = message.agreed_at is not None
    to_desk = about is not None and subscribed(about.ovo_code) is not None
    with force_locale(case.language):
        told = gettext(
            "We gaven je bericht per brief door aan %(entity)s. Het antwoord komt van daar.", entity=name
        )
    return render_template(
        "cases/pass_on.html",
        number=number_of(case.topic, case.year, case.number), url=url_for("cases.pass_on", ovo=ovo, case_id=case.id),
        sender=SENDER_NAMES[Sender(message.sender)],
        case_url=url_for("cases.show", ovo=ovo, case_id=case.id), about=name, movable=movable,
        agreed=agreed and shown.day(message.agreed_at, now) if message.agreed_at else "",
        posted=shown.day(message.posted_on, now) if message.posted_on else "",
        way="" if not (movable and agreed and about) else "desk" if to_desk else "letter",
        found=[(one.ovo_code, one.name) for one in found or ()] if "ovo" in errors else [],
        categories=[
            (c.code, gettext("%(category)s (%(desk)s)", category=c.label, desk=DESK_LABELS[DESK_OF_TOPIC[c.topic]]))
            for c in CATEGORIES.values()
        ],
        values={
            "entity": clean(given.get("entity", "")), "category": given.get("category", "other"),
            "explanation": given.get("explanation")
            or gettext("Dit bericht kwam binnen bij 1700. De afzender gaat ermee akkoord dat jullie het krijgen."),
            "day": given.get("day", now.isoformat()), "told": given.get("told") or told, "note": given.get("note", ""),
            "once": given.get("once") or str(new_id()),
        },
        errors=errors,
    )  # fmt: skip
