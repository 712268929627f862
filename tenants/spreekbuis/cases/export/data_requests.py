"""Questions of people about their data in a case: which, when they must be answered, and what became of them.

GDPR, article 12(3): an answer within one month of receipt; two months more where it is complex, when the person is
told so, with the reasons, within that first month. Counted as calendar months; a day that the month does not have is
its last.
"""

from datetime import date
from enum import StrEnum
from uuid import UUID

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, exists, select

from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.deadlines import add_months
from spreekbuis.cases.export.models import DataRequest
from spreekbuis.cases.models import Case
from spreekbuis.clock import local_date, today
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, Invalid, NotFound
from spreekbuis.vault.content import ContentKey

TERM, EXTENDED = 1, 3
"""Months after receipt."""


class Kind(StrEnum):
    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    OBJECTION = "objection"


KIND_LABELS: dict[Kind, LazyString] = {
    Kind.ACCESS: _l("Inzage: welke gegevens heb je over mij?"),
    Kind.RECTIFICATION: _l("Verbetering: er staat iets fout"),
    Kind.ERASURE: _l("Wissen: haal mijn gegevens weg"),
    Kind.OBJECTION: _l("Bezwaar: gebruik mijn gegevens niet"),
}


class Asker(StrEnum):
    REPORTER = "reporter"
    CONCERNED = "concerned"
    OTHER = "other"


ASKER_LABELS: dict[Asker, LazyString] = {
    Asker.REPORTER: _l("De melder"),
    Asker.CONCERNED: _l("Iemand over wie de melding gaat"),
    Asker.OTHER: _l("Iemand anders die in het dossier staat"),
}


class Answer(StrEnum):
    GRANTED = "granted"
    PARTLY = "partly"
    REFUSED = "refused"


ANSWER_LABELS: dict[Answer, LazyString] = {
    Answer.GRANTED: _l("Ingewilligd"),
    Answer.PARTLY: _l("Deels ingewilligd"),
    Answer.REFUSED: _l("Geweigerd"),
}


class TooLate(Conflict):
    """The first month is over: the person had to be told within it."""

    title = _l("Verlengen kan niet meer")
    advice = _l("Dat moest binnen de eerste maand gezegd worden. Antwoord zo snel mogelijk.")


class Answered(Conflict):
    """It was answered; nothing of it changes any more."""

    title = _l("Deze vraag is al beantwoord")
    advice = _l("Er is niets veranderd.")


def record_request(case: Case, request_id: UUID, kind: Kind, asker: Asker, received_on: date) -> DataRequest:
    """Note a question on a case, which is locked. The same id again changes nothing.

    Raises Invalid for a day in the future or before there was a case, or NotFound for an id of another case.
    """
    if received_on > today():
        raise Invalid({"received_on": _l("Kies vandaag of een dag ervoor.")})
    if received_on < local_date(case.received_at):
        raise Invalid(
            {"received_on": _l("Kies de dag van de melding of een dag erna: voordien was er geen dossier.")}
        )
    made = db.session.get(DataRequest, (case.entity_id, request_id))
    if made is not None:
        if made.case_id != case.id:
            raise NotFound
        return made
    request = DataRequest(
        entity_id=case.entity_id, id=request_id, case_id=case.id, kind=kind, asker=asker, received_on=received_on,
        extended=False,
    )  # fmt: skip
    db.session.add(request)
    record(Audited.DATA_REQUEST_RECORDED, case.id, {"kind": kind.value, "asker": asker.value})
    return request


def due_on(request: DataRequest) -> date:
    """The last Belgian day on which an answer is in time."""
    return add_months(request.received_on, EXTENDED if request.extended else TERM)


def extend(request: DataRequest, key: ContentKey, reasons: str) -> None:
    """Take two months more, for these reasons, which the desk tells the person; extended before: nothing happens.
    Raises Answered, TooLate."""
    if request.answered_on is not None:
        raise Answered
    if request.extended:
        return
    if today() > due_on(request):
        raise TooLate
    request.extended, request.reasons_sealed = True, key.seal(_reasons_of(request.id), reasons)
    record(Audited.DATA_REQUEST_EXTENDED, request.case_id, {"due": due_on(request).isoformat()})


def reasons_of(request: DataRequest, key: ContentKey) -> str:
    """Why it takes longer; empty when it does not. Raises CannotOpen."""
    return key.open(_reasons_of(request.id), request.reasons_sealed) if request.reasons_sealed else ""


def answer(request: DataRequest, outcome: Answer) -> None:
    """Note that the answer went out today. The same again: nothing happens. Raises Answered for another one."""
    if request.answered_on is not None:
        if request.outcome != outcome:
            raise Answered
        return
    request.answered_on, request.outcome = today(), outcome
    late = today() > due_on(request)
    record(Audited.DATA_REQUEST_ANSWERED, request.case_id, {"outcome": outcome.value, "late": late})


def requests_on(case: Case) -> list[DataRequest]:
    """The questions on a case, the last one first."""
    found = db.session.scalars(
        select(DataRequest)
        .where(DataRequest.entity_id == case.entity_id, DataRequest.case_id == case.id)
        .order_by(DataRequest.received_on.desc(), DataRequest.id.desc())
    )
    return list(found)


def unanswered() -> ColumnElement[bool]:
    """Of a query of cases: those about which a question still waits for an answer."""
    return exists().where(
        DataRequest.entity_id == Case.entity_id,
        DataRequest.case_id == Case.id,
        DataRequest.answered_on.is_(None),
    )


def request_on(case: Case, request_id: UUID) -> DataRequest:
    """One of them. Raises NotFound."""
    found = db.session.get(DataRequest, (case.entity_id, request_id))
    if found is None or found.case_id != case.id:
        raise NotFound
    return found


def _reasons_of(request_id: UUID) -> str:
    return f"data_request/{request_id}/reasons"
