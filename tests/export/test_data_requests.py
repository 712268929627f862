"""A question about data has its legal term, its checklist and its letter, and never says who the reporter is."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from spreekbuis import clock
from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases.export import data_requests
from spreekbuis.cases.export.answer_letter import checklist, letter
from spreekbuis.cases.export.data_requests import (
    Answer,
    Answered,
    Asker,
    Kind,
    TooLate,
    answer,
    due_on,
    record_request,
)
from spreekbuis.cases.export.models import DataRequest
from spreekbuis.cases.finding import case_for
from spreekbuis.clock import BRUSSELS
from spreekbuis.db.base import new_id
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.sealing import new_secret
from tests.keeping.conftest import Desk


def asked(received_on: date, *, extended: bool = False) -> DataRequest:
    return DataRequest(
        id=new_id(), case_id=new_id(), received_on=received_on, extended=extended, answered_on=None
    )


@pytest.mark.parametrize(
    ("received_on", "due", "later"),
    [
        (date(2026, 1, 31), date(2026, 2, 28), date(2026, 4, 30)),
        (date(2028, 1, 31), date(2028, 2, 29), date(2028, 4, 30)),
        (date(2026, 10, 25), date(2026, 11, 25), date(2027, 1, 25)),
        (date(2026, 11, 30), date(2026, 12, 30), date(2027, 2, 28)),
    ],
)
def test_the_answer_is_due_within_one_calendar_month_and_two_more_when_extended(received_on, due, later):
    assert due_on(asked(received_on)) == due
    assert due_on(asked(received_on, extended=True)) == later


def test_extending_is_for_the_first_month_and_once(desk):
    request = asked(date(2026, 1, 10))
    key = ContentKey(desk.entity.id, request.case_id, new_secret())

    def extend(request):
        data_requests.extend(request, key, "Het dossier is groot.")

    with desk.inside(desk.one):
        with clock.at(datetime(2026, 2, 11, tzinfo=BRUSSELS)), pytest.raises(TooLate):
            extend(request)
        with clock.at(datetime.combine(date(2026, 2, 10), time(23, 59), BRUSSELS)):
            extend(request)
            extend(request)
        assert due_on(request) == date(2026, 4, 10)
        assert data_requests.reasons_of(request, key) == "Het dossier is groot."
        answer(request, Answer.PARTLY)
        answer(request, Answer.PARTLY)
        for again in (lambda: answer(request, Answer.GRANTED), lambda: extend(request)):
            with pytest.raises(Answered):
                again()


def test_a_question_is_noted_once_and_not_for_tomorrow(desk):
    case_id, _, _ = desk.closed_case()
    other_id, _, _ = desk.closed_case()
    once, day = new_id(), clock.today()
    with desk.inside(desk.one) as session:
        case, other = (
            case_for(set(desk.entity.desks.values()), each, lock=True) for each in (case_id, other_id)
        )
        for _ in range(2):
            record_request(case, once, Kind.ACCESS, Asker.CONCERNED, day)
        with pytest.raises(NotFound):
            record_request(other, once, Kind.ACCESS, Asker.CONCERNED, day)
        with pytest.raises(Invalid):
            record_request(case, new_id(), Kind.ACCESS, Asker.CONCERNED, day + timedelta(days=1))
        for before in (date.min, clock.local_date(case.received_at) - timedelta(days=1)):
            with pytest.raises(Invalid):
                record_request(case, new_id(), Kind.ACCESS, Asker.CONCERNED, before)
        assert len(session.scalars(select(DataRequest)).all()) == 1
    with desk.inside() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.kind == "data_request.recorded")).all()
        assert [event.data for event in events] == [{"kind": "access", "asker": "concerned"}]


@pytest.mark.parametrize("kind", Kind)
def test_whoever_is_not_the_reporter_never_learns_who_is(app, kind):
    with app.test_request_context():
        for asker in Asker:
            steps = " ".join(map(str, checklist(kind, asker)))
            assert ("nooit wie de melder is" in steps) == (asker is not Asker.REPORTER)
        for outcome in Answer:
            text = letter(
                kind, outcome, reference="0a1b2c3d", entity="Departement", received_on=date(2026, 1, 31), language="nl"
            )  # fmt: skip
            assert "31 januari 2026" in text
            assert "0a1b2c3d" in text
            assert "Toezichtcommissie" in text
            assert "melder" not in text


def page_of(desk: Desk, case_id, **form):
    browser = desk.browser(desk.one)
    return browser, browser.post(desk.url(case_id, "file/requests"), form)


def test_from_the_question_to_the_answer(desk):
    case_id, _, _ = desk.closed_case()
    browser, noted = page_of(
        desk, case_id, kind="access", asker="concerned", received_on=clock.today().isoformat()
    )
    assert noted.status_code == 303
    where = noted.headers["Location"].partition("?")[0]
    page = browser.get(where).text
    assert "Nog" in page or "nog" in page
    assert desk.url(case_id, "file/redacted") in page
    assert "We kregen je vraag op" in page
    assert (
        "I-2026-001" not in page.partition("We kregen je vraag op")[2]
    )  # that there is a case tells something
    assert "Vraag over gegevens" in browser.get(desk.url(case_id, "")[:-1]).text
    refused = browser.post(f"{where}/extend", {"reasons": " "})
    assert refused.status_code == 422
    assert "Schrijf waarom je meer tijd nodig hebt." in refused.text
    assert browser.post(f"{where}/extend", {"reasons": "Het dossier is groot."}).status_code == 303
    assert "Het dossier is groot." in browser.get(where).text
    assert "Ja, met 2 maanden" in browser.get(where).text
    assert browser.post(f"{where}/answer", {"outcome": "maybe"}).status_code == 422
    assert browser.post(f"{where}/answer", {"outcome": "partly"}).status_code == 303
    page = browser.get(where).text
    assert "Deels ingewilligd" in page
    assert "We kregen je vraag op" not in page
    assert "Vraag over gegevens" not in browser.get(desk.url(case_id, "")[:-1]).text
    assert "Beantwoord op" in browser.get(desk.url(case_id, "file/requests")).text


def test_what_is_missing_is_said_and_the_rest_kept(desk):
    case_id, _, _ = desk.closed_case()
    _, refused = page_of(desk, case_id, kind="access", asker="", received_on="2026-13-45")
    assert refused.status_code == 422
    assert re.search(r'value="access"[^>]*checked', refused.text)
    assert "2026-13-45" in refused.text


def test_a_question_of_another_case_is_not_there(desk):
    case_id, _, _ = desk.closed_case()
    other_id, _, _ = desk.closed_case()
    browser, noted = page_of(
        desk, case_id, kind="erasure", asker="reporter", received_on=clock.today().isoformat()
    )
    where = noted.headers["Location"].partition("?")[0]
    assert "Naar vroeger wissen" in browser.get(where).text
    assert browser.get(where.replace(str(case_id), str(other_id))).status_code == 404


def test_the_letter_to_a_reporter_is_in_the_language_of_the_report(desk):
    case_id, _, _ = desk.closed_case(language="fr")
    browser, noted = page_of(
        desk, case_id, kind="access", asker="reporter", received_on=clock.today().isoformat()
    )
    page = browser.get(noted.headers["Location"]).text
    assert "We kregen je vraag" not in page


def test_it_goes_with_the_case(desk):
    from tests.keeping.test_erasure import erase

    case_id, key, _ = desk.closed_case()
    with clock.at(datetime(2026, 4, 20, tzinfo=UTC)), desk.inside(desk.one):
        case = case_for(set(desk.entity.desks.values()), case_id, lock=True)
        record_request(case, new_id(), Kind.ERASURE, Asker.REPORTER, date(2026, 4, 20))
    erase(desk, case_id, key)
    with desk.inside() as session:
        assert session.scalars(select(DataRequest)).all() == []
