"""The page 'Bewaren en delen' of a case: how long it is kept, stopping that, and erasing it early."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from spreekbuis.cases import shown
from spreekbuis.cases.consent import SHARING_LABELS, Sharing, consents_of, knows_who, tell_legal_duty
from spreekbuis.cases.doors import my_desks, my_key, room
from spreekbuis.cases.finding import case_for, note_reading
from spreekbuis.cases.gate import Gate, never
from spreekbuis.cases.keeping import early
from spreekbuis.cases.keeping.grounds import EARLY, GROUND_LABELS, Ground
from spreekbuis.cases.keeping.holds import hold_on, holds_of, lift_hold, lift_reason_of, reason_of, set_hold
from spreekbuis.cases.keeping.overview import certificate_of
from spreekbuis.cases.keeping.state import notes_on, term_in_words
from spreekbuis.cases.keeping.terms import due_on
from spreekbuis.cases.labels import labels_of
from spreekbuis.cases.models import Case
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.procedures import retention_of
from spreekbuis.clock import local_date, today
from spreekbuis.db.base import new_id
from spreekbuis.errors import Invalid, NotFound, type_text
from spreekbuis.vault.content import ContentKey
from spreekbuis.web import door
from spreekbuis.web.access import Dangerous, Permission
from spreekbuis.web.dates import day_in_words
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

LONGEST_REASON = 2000

HELD = notice_after("case-held", _l("Het wissen is stilgezet."))
RELEASED = notice_after("case-released", _l("Het wissen is niet meer stilgezet. De bewaartermijn telt weer."))
TOLD = notice_after(
    "case-law-told", _l("De melder leest nu waarom de wet de naam vraagt. Geef de naam pas hierna.")
)
ASKED = notice_after(
    "erasure-asked", _l("Je vraag staat klaar. Een collega van je loket moet ze bevestigen.")
)
WITHDRAWN = notice_after("erasure-withdrawn", _l("De vraag om te wissen is ingetrokken. Er is niets gewist."))
ERASED = notice_after("case-erased", _l("Het dossier is gewist. Het attest staat hieronder."))


@room.get("/desk/<ovo:ovo>/cases/<uuid:case_id>/file", Permission.HANDLE_CASES)
def case_file(case_id: UUID) -> ResponseReturnValue:
    case = case_for(my_desks(), case_id)
    note_reading(case, door.the_account().id)
    return file_page(case)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/hold", Permission.HANDLE_CASES)
def hold(case_id: UUID) -> ResponseReturnValue:
    return _with_reason(case_id, "hold_reason", set_hold, HELD)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/named-by-law", Permission.HANDLE_CASES)
def named_by_law(case_id: UUID) -> ResponseReturnValue:
    """Write the reporter that the law obliges the desk to say who they are, and why."""

    def read(form: Reading) -> tuple[Sharing | None, UUID, str]:
        reasons = form.text("law_reasons", longest=LONGEST_REASON, required=False, lines=True)
        return form.choice("law_to", Sharing), form.once(), reasons

    def tell(case: Case, asked: tuple[Sharing | None, UUID, str]) -> None:
        to, once, reasons = asked
        assert to is not None, "the form was checked"
        tell_legal_duty(case, my_key(case.id), to, reasons, once=once)

    return _on_file.act(case_id, read, never, tell, TOLD, any_version=True)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/hold/lift", Permission.HANDLE_CASES)
def release(case_id: UUID) -> ResponseReturnValue:
    return _with_reason(case_id, "lift_reason", lift_hold, RELEASED)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/erasure", Permission.HANDLE_CASES, Dangerous.ERASURE)
def ask_to_erase(case_id: UUID) -> ResponseReturnValue:
    def read(form: Reading) -> tuple[Ground, str]:
        return form.choice("ground", Ground) or Ground.MISTAKE, _reason("erasure_reason")(form)

    return _on_file.act(
        case_id,
        read,
        never,
        lambda case, asked: early.ask_erasure(case, my_key(case.id), *asked),
        ASKED,
        any_version=True,
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/erasure/withdraw", Permission.HANDLE_CASES)
def withdraw(case_id: UUID) -> ResponseReturnValue:
    early.withdraw_erasure(case_for(my_desks(), case_id, lock=True))
    return _on_file.back(case_id, WITHDRAWN)


@room.post(
    "/desk/<ovo:ovo>/cases/<uuid:case_id>/file/erasure/confirm", Permission.HANDLE_CASES, Dangerous.ERASURE
)
def confirm(case_id: UUID) -> ResponseReturnValue:
    """Erase. A second press finds the certificate."""
    try:
        case = case_for(my_desks(), case_id, lock=True)
    except NotFound:
        certificate_of(my_desks(), case_id)
        return _to_overview()
    form = Reading()
    if form.raw("sure") != "yes":
        form.errors["sure"] = _l("Vink aan dat je zeker bent.")
    try:
        form.check()
    except Invalid as invalid:
        return file_page(case, invalid.errors, status=invalid.status)
    early.confirm_erasure(case, my_key(case.id), _moment(form.raw("asked_at")))
    return _to_overview()


def _moment(text: str) -> datetime:
    """When it was asked, as the form has it. Raises NothingAsked."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise early.NothingAsked from None


def _to_overview() -> ResponseReturnValue:
    return redirect(url_for("cases.keeping", ovo=door.the_entity().ovo_code, done=ERASED), 303)


def _with_reason(
    case_id: UUID, field: str, do: Callable[[Case, ContentKey, str], object], done: str
) -> ResponseReturnValue:
    """Do what asks a reason, which is kept sealed."""
    return _on_file.act(
        case_id,
        _reason(field),
        never,
        lambda case, reason: do(case, my_key(case.id), reason),
        done,
        any_version=True,
    )


def _reason(field: str) -> Callable[[Reading], str]:
    def read(form: Reading) -> str:
        form.require({field: _l("Schrijf waarom.")})
        return form.text(field, longest=LONGEST_REASON, lines=True)

    return read


def file_page(
    case: Case,
    errors: Mapping[str, type_text] | None = None,
    kept: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    """The page; `kept` is what was typed in a form that was not accepted."""
    key, retention, due = my_key(case.id), retention_of(case), due_on(case)
    url = url_for("cases.case_file", ovo=door.the_entity().ovo_code, case_id=case.id)
    return make_response(
        render_template(
            "cases/file.html",
            url=url,
            case_url=url_for("cases.show", ovo=door.the_entity().ovo_code, case_id=case.id),
            number=number_of(case.topic, case.year, case.number),
            notes=notes_on(case),
            closed=case.closed_at is not None,
            terms=[
                (_("Afgesloten"), _day(local_date(case.closed_at)) if case.closed_at else _("Nog niet")),
                (_("Bewaartermijn"), term_in_words(retention.months)),
                (_("Wordt gewist"), _("vanaf %(day)s", day=_day(due)) if due else _("Telt vanaf het afsluiten")),
            ],
            source=retention.source,
            held=hold_on(case.id) is not None,
            holds=_holds(case, key),
            asked=_asked(case, key),
            grounds=[(ground, GROUND_LABELS[ground]) for ground in EARLY],
            sharing=_sharing(case),
            sharings=list(SHARING_LABELS.items()),
            knows_who=knows_who(case),
            once=new_id(),
            lapse_days=early.LAPSES_AFTER.days,
            errors=dict(errors or {}),
            kept=kept or {},
        ),
        status,
    )  # fmt: skip


_on_file = Gate("cases.case_file", file_page)


_day = day_in_words


def _sharing(case: Case) -> list[tuple[str, str]]:
    """To whom the desk may say who the reporter is, and why."""
    words = {True: _("Ja, de melder stemde toe"), False: _("Nee")}
    return [
        (
            str(SHARING_LABELS[to]),
            _("Ja, de wet vraagt het en de melder weet het") if to in case.named_by_law else words[given],
        )
        for to, given in consents_of(case.shares_with)
    ]


def _holds(case: Case, key: ContentKey) -> list[dict[str, str]]:
    """Every hold there was, with its reasons, as the macro `talk` shows them."""
    holds = holds_of(case)
    people = labels_of({who for h in holds for who in (h.set_by, h.lifted_by)})
    found = []
    for each in holds:
        told = [(each.set_by, each.set_at, _("Stilgezet door %(who)s"), reason_of(each, key))]
        if each.lifted_at is not None and each.lifted_by is not None:
            told.append(
                (each.lifted_by, each.lifted_at, _("Opgeheven door %(who)s"), lift_reason_of(each, key))
            )
        found += [
            {
                "who": words % {"who": people.get(who, _("een collega"))}, "when": shown.minute(at),
                "iso": shown.iso(at), "text": text, "kind": "note",
            }
            for who, at, words, text in told
        ]  # fmt: skip
    return found


def _asked(case: Case, key: ContentKey) -> dict[str, Any] | None:
    """The question to erase that waits, and whether whoever looks may confirm it."""
    waiting = early.open_request(case)
    if waiting is None:
        return None
    who = labels_of({waiting.asked_by}).get(waiting.asked_by, _("een collega"))
    return {
        "own": waiting.asked_by == door.the_account().id,
        "asked_at": waiting.asked_at.isoformat(),
        "facts": [
            (_("Gevraagd door"), _("%(who)s, op %(when)s", who=who, when=shown.minute(waiting.asked_at))),
            (_("Reden"), str(GROUND_LABELS[Ground(waiting.ground)])),
            (_("Uitleg"), early.reason_of(waiting, key)),
            (_("Vervalt op"), shown.day(waiting.asked_at + early.LAPSES_AFTER, today())),
        ],
    }
