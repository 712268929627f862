"""The pages of keeping and erasing: two people, a reason, and nothing lost of what was typed."""

import io
import re
from datetime import UTC, datetime, timedelta

import pikepdf
import pytest
from sqlalchemy import func, select

from spreekbuis import clock
from spreekbuis.audit.models import AuditEvent
from spreekbuis.audit.trail import Audited
from spreekbuis.cases.keeping.models import CaseHold, ErasureCertificate
from spreekbuis.directory.catalogue import DeskKind
from tests.documents.reading import text_of
from tests.keeping.conftest import Desk

LATER = datetime(2026, 5, 1, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def later():
    with clock.at(LATER):
        yield


def ask(desk: Desk, case_id):
    form = {"ground": "mistake", "erasure_reason": "Dubbel ingestuurd."}
    return desk.browser(desk.one).post(desk.url(case_id, "file/erasure"), form)


def confirmation(desk: Desk, case_id) -> dict[str, str]:
    page = desk.browser(desk.two).get(desk.url(case_id)).text
    return {"asked_at": page.split('name="asked_at" value="')[1].split('"')[0], "sure": "yes"}


def test_the_page_says_how_long_and_by_which_law(desk):
    case_id, _, _ = desk.closed_case()
    page = desk.browser(desk.one).get(desk.url(case_id)).text
    for words in (
        "5 jaar na het afsluiten",
        "vanaf 31 maart 2031",
        "niet langer bewaren dan nodig",
        "reservekopieën",
    ):
        assert words in page
    assert desk.url(case_id) in desk.browser(desk.one).get(desk.url(case_id, "")[:-1]).text


def test_one_asks_and_another_confirms(desk):
    case_id, _, _ = desk.closed_case()
    assert "done=erasure-asked" in ask(desk, case_id).headers["Location"]
    own = desk.browser(desk.one)
    assert "Een collega van je loket moet het bevestigen" in own.get(desk.url(case_id)).text
    form = confirmation(desk, case_id)
    refused = own.post(desk.url(case_id, "file/erasure/confirm"), form)
    assert refused.status_code == 409
    assert "Een collega moet dit bevestigen" in refused.text
    two = desk.browser(desk.two)
    assert "Dubbel ingestuurd." in two.get(desk.url(case_id)).text
    done = two.post(desk.url(case_id, "file/erasure/confirm"), form)
    assert done.status_code == 303
    again = two.post(desk.url(case_id, "file/erasure/confirm"), form)
    assert again.headers["Location"] == done.headers["Location"]
    assert desk.case(case_id) is None
    overview = two.get(done.headers["Location"]).text
    assert "Het dossier is gewist" in overview
    assert "I-2026-001" in overview
    assert two.get(desk.url(case_id)).status_code == 404


def test_confirming_asks_to_be_sure_and_what_was_asked(desk):
    case_id, _, _ = desk.closed_case()
    ask(desk, case_id)
    form, two = confirmation(desk, case_id), desk.browser(desk.two)
    unsure = two.post(desk.url(case_id, "file/erasure/confirm"), {**form, "sure": ""})
    assert unsure.status_code == 422
    for asked_at in ("", "gisteren", (LATER - timedelta(seconds=1)).isoformat(), "2026-05-01T09:00:00"):
        other = two.post(desk.url(case_id, "file/erasure/confirm"), {**form, "asked_at": asked_at})
        assert other.status_code == 409
    assert desk.case(case_id)


def test_asking_without_a_reason_keeps_what_was_typed(desk):
    case_id, _, _ = desk.closed_case()
    one = desk.browser(desk.one)
    page = one.post(
        desk.url(case_id, "file/erasure"), {"ground": "term2", "erasure_reason": "Omdat het moet"}
    )
    assert page.status_code == 422
    assert "Omdat het moet" in page.text
    for ground in ("", "term"):
        assert (
            one.post(desk.url(case_id, "file/erasure"), {"ground": ground, "erasure_reason": "x"}).status_code
            == 422
        )
    assert one.post(desk.url(case_id, "file/hold"), {"hold_reason": " "}).status_code == 422
    with desk.inside() as session:
        kinds = session.scalars(select(AuditEvent.kind)).all()
        assert Audited.ERASURE_ASKED not in kinds
        assert Audited.CASE_HELD not in kinds


def test_a_hold_is_seen_on_the_case_and_set_once_however_often_the_button_is_pressed(desk):
    case_id, _, _ = desk.closed_case()
    one = desk.browser(desk.one)
    for _ in range(2):
        one.post(desk.url(case_id, "file/hold"), {"hold_reason": "De rechtbank vraagt het."})
    with desk.inside() as session:
        assert session.scalar(select(func.count()).select_from(CaseHold)) == 1
        assert b"rechtbank" not in session.scalars(select(CaseHold.reason_sealed)).one()
    assert "Wissen stilgezet" in one.get(desk.url(case_id, "")[:-1]).text
    page = desk.browser(desk.two).get(desk.url(case_id)).text
    assert "De rechtbank vraagt het." in page
    assert '/file/erasure"' not in page
    assert ask(desk, case_id).status_code == 409
    one.post(desk.url(case_id, "file/hold/lift"), {"lift_reason": "Vonnis gevallen."})
    assert "Vonnis gevallen." in one.get(desk.url(case_id)).text
    assert "Wissen stilgezet" not in one.get(desk.url(case_id, "")[:-1]).text


def test_the_certificate_is_a_pdf_that_says_who_and_why_and_nothing_else(desk):
    case_id, _, _ = desk.closed_case()
    ask(desk, case_id)
    two = desk.browser(desk.two)
    two.post(desk.url(case_id, "file/erasure/confirm"), confirmation(desk, case_id))
    answer = two.get(f"/desk/{desk.entity.ovo}/cases/keeping/{case_id}")
    assert answer.mimetype == "application/pdf"
    text = text_of(answer.data)
    with desk.inside() as session:
        last = session.get_one(ErasureCertificate, (desk.entity.id, case_id)).trail_hash.hex()
    for words in (
        "I-2026-001",
        str(case_id),
        "31 maart 2026",
        "Vergissing",
        "Testaccount",
        last,
    ):
        assert re.sub(r"\s", "", words) in re.sub(r"\s", "", text)
    assert "Wouterloot" not in text
    with pikepdf.open(io.BytesIO(answer.data)) as document:
        assert document.Root.Lang == "nl"


def test_another_desk_sees_neither_question_nor_certificate(desk, world):
    case_id, _, _ = desk.closed_case()
    ask(desk, case_id)
    other = world.handler(desk.entity, DeskKind.WELLBEING)
    assert "I-2026" not in other.get(f"/desk/{desk.entity.ovo}/cases/keeping").text
    desk.browser(desk.two).post(desk.url(case_id, "file/erasure/confirm"), confirmation(desk, case_id))
    assert "I-2026" not in other.get(f"/desk/{desk.entity.ovo}/cases/keeping").text
    assert other.get(f"/desk/{desk.entity.ovo}/cases/keeping/{case_id}").status_code == 404
    for before in ("x", str(case_id)):
        assert other.get(f"/desk/{desk.entity.ovo}/cases/keeping?before={before}").status_code == 404


def test_the_list_of_what_was_erased_goes_on_on_a_next_page(desk, monkeypatch):
    from spreekbuis.cases.keeping import overview

    monkeypatch.setattr(overview, "PAGE", 1)
    one, two = desk.browser(desk.one), desk.browser(desk.two)
    for _ in range(2):
        case_id, _, _ = desk.closed_case()
        ask(desk, case_id)
        two.post(desk.url(case_id, "file/erasure/confirm"), confirmation(desk, case_id))
    first = one.get(f"/desk/{desk.entity.ovo}/cases/keeping").text
    assert ("I-2026-001" in first, "I-2026-002" in first) in ((True, False), (False, True))
    more = first.split("?before=")[1].split('"')[0]
    second = one.get(f"/desk/{desk.entity.ovo}/cases/keeping?before={more}").text
    assert ("I-2026-001" in second) != ("I-2026-001" in first)
