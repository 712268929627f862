"""Erasing takes the keys, the texts and the files, and leaves figures, trail and certificate."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Column, LargeBinary, MetaData, Table, Uuid, delete, func, select, update

from spreekbuis import clock
from spreekbuis.access.models import CaseKey, DeskKeyGrant, Membership
from spreekbuis.audit.models import AuditEvent
from spreekbuis.audit.trail import Audited, first_break
from spreekbuis.cases.exclusion import admit, exclude, withhold_from
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.keeping.early import (
    LAPSES_AFTER,
    NothingAsked,
    SamePerson,
    StillOpen,
    ask_erasure,
    confirm_erasure,
    open_request,
    withdraw_erasure,
)
from spreekbuis.cases.keeping.erasure import rows_of_cases
from spreekbuis.cases.keeping.grounds import Ground
from spreekbuis.cases.keeping.holds import Held, lift_hold, set_hold
from spreekbuis.cases.keeping.models import DoomedContent, ErasureCertificate
from spreekbuis.cases.models import Attachment, Case
from spreekbuis.clock import now
from spreekbuis.db.base import Base
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import DeskKind, ExclusionReason
from spreekbuis.errors import Invalid
from spreekbuis.figures.models import Fact
from spreekbuis.identity.models import Account
from spreekbuis.intake.models import Receipt, ReporterSession
from spreekbuis.intake.reporters import find_receipt, open_mailbox
from spreekbuis.vault import readable
from spreekbuis.vault.sealing import CannotOpen, new_secret
from spreekbuis.vault.storage import storage
from spreekbuis.web.access import Role
from tests.cases.conftest import opened_with_key
from tests.keeping.conftest import FILE, Desk, run_all_jobs
from tests.security.rows import RowFactory

LATER = datetime(2026, 5, 1, 9, tzinfo=UTC)
NOT_OF_A_CASE = {"desk_key", "desk_key_grant", "recovery_share", "draft_file", "receipt"}
"""Tables with sealed columns that hold nothing of a case; the receipt loses its own in intake.erased."""


def locked(desk: Desk, case_id) -> Case:
    return case_for(set(desk.entity.desks.values()), case_id, lock=True)


def ask(desk: Desk, case_id, key, ground: Ground = Ground.MISTAKE) -> datetime:
    with desk.inside(desk.one):
        ask_erasure(locked(desk, case_id), key, ground, "Dubbel ingestuurd.")
        request = open_request(locked(desk, case_id))
        assert request is not None
        return request.asked_at


def erase(desk: Desk, case_id, key) -> None:
    with clock.at(LATER):
        asked_at = ask(desk, case_id, key)
        with desk.inside(desk.two):
            confirm_erasure(locked(desk, case_id), key, asked_at)
        run_all_jobs()


def test_every_table_with_something_of_a_case_is_found_by_itself(desk):
    found = {table.name for table in rows_of_cases(Base.metadata)}
    assert found >= {
        "message",
        "attachment",
        "contact",
        "case_event",
        "case_key",
        "case_hold",
        "case_reading",
    }
    fresh = MetaData()
    for name in ("of_tomorrow", "of_nobody"):
        columns = [Column("entity_id", Uuid), Column("letter_sealed", LargeBinary, info={"sealed": True})]
        Table(name, fresh, *columns, *([Column("case_id", Uuid)] if name == "of_tomorrow" else []))
    assert [table.name for table in rows_of_cases(fresh)] == ["of_tomorrow"]


def test_every_sealed_column_is_of_a_case_or_is_known_to_be_of_none(desk):
    """A new table with texts of a case under another key than `case_id` must not escape."""
    sealed = {
        name
        for name, declared in readable.tables()
        if any(why == [readable.SEALED] for why in readable.reasons(declared).values())
    }
    assert sealed - {table.name for table in rows_of_cases(Base.metadata)} - {"case"} == NOT_OF_A_CASE - {
        "receipt"
    }


def test_nothing_points_at_a_case_that_would_keep_it(desk):
    """Whatever refers to a case goes along with it, or lets go."""
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            if key.referred_table.name == "case":
                assert key.ondelete in ("CASCADE", "SET NULL"), f"{table.name}: {key.column_keys}"


def test_no_row_of_any_table_keeps_an_erased_case(desk, database):
    case_id, key, _ = desk.closed_case()
    with desk.inside(desk.one) as session:
        rows = RowFactory(session.connection())
        for table in rows_of_cases(Base.metadata):
            there = select(func.count()).select_from(table).where(table.c.case_id == case_id)
            if session.scalar(there) == 0 and table.name not in ("case_hold", "erasure_request"):
                rows.made["case", desk.entity.id] = {"entity_id": desk.entity.id, "id": case_id}
                rows.made["desk", desk.entity.id] = {
                    "entity_id": desk.entity.id,
                    "id": desk.entity.desks[DeskKind.INTEGRITY],
                }
                rows.fresh(table, desk.entity.id, insert=True)
                assert session.scalar(there) == 1, table.name
    erase(desk, case_id, key)
    with desk.inside() as session:
        for table in rows_of_cases(Base.metadata):
            there = select(func.count()).select_from(table).where(table.c.case_id == case_id)
            assert session.scalar(there) == 0, table.name
        assert session.get(Case, (desk.entity.id, case_id)) is None


def test_the_keys_of_desk_and_reporter_are_gone_and_so_are_the_files(desk):
    case_id, key, code = desk.closed_case()
    with desk.inside() as session:
        contents = session.scalars(select(Attachment.storage_key).where(Attachment.case_id == case_id)).all()
        receipt = find_receipt(code)
        assert receipt is not None
        open_mailbox(receipt, code)
        assert len(storage().open(contents[0]).read()) > len(FILE)
    erase(desk, case_id, key)
    with desk.inside() as session:
        assert session.scalars(select(CaseKey).where(CaseKey.case_id == case_id)).all() == []
        assert session.scalars(select(ReporterSession).where(ReporterSession.case_id == case_id)).all() == []
        receipt = session.scalars(select(Receipt).where(Receipt.case_id == case_id)).one()
        assert (receipt.secret_sealed, receipt.erased_because) == (None, Ground.MISTAKE)
        assert session.scalars(select(DoomedContent)).all() == []
        for content in contents:
            with pytest.raises(FileNotFoundError):
                storage().open(content)


def test_the_files_go_after_the_commit_and_again_when_that_failed(desk, monkeypatch):
    case_id, key, _ = desk.closed_case()
    with clock.at(LATER):
        asked_at = ask(desk, case_id, key)
        with desk.inside(desk.two):
            confirm_erasure(locked(desk, case_id), key, asked_at)
        with desk.inside() as session:
            (content,) = session.scalars(select(DoomedContent.storage_key)).all()
            assert storage().open(content)
            storage().delete(content)  # a run that was broken off after this
        run_all_jobs()
        with desk.inside() as session:
            assert session.scalars(select(DoomedContent)).all() == []


def test_figures_and_trail_stay_and_the_certificate_holds_the_end_of_the_trail(desk):
    case_id, key, _ = desk.closed_case()
    with desk.inside() as session:
        facts = session.scalar(select(func.count()).select_from(Fact))
        trail = session.scalar(select(func.count()).select_from(AuditEvent))
    erase(desk, case_id, key)
    with desk.inside() as session:
        assert session.scalar(select(func.count()).select_from(Fact)) == facts
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.sequence)).all()
        assert len(events) == trail + 2
        assert first_break() is None
        last = events[-1]
        assert (last.kind, last.subject_id) == (Audited.CASE_ERASED, case_id)
        certificate = session.get_one(ErasureCertificate, (desk.entity.id, case_id))
        assert certificate.trail_hash == last.hash
        assert (certificate.asked_by, certificate.confirmed_by) == (desk.one, desk.two)
        assert certificate.case_number == "I-2026-001"
        assert certificate.closed_on.isoformat() == "2026-03-31"
        assert "niet langer bewaren dan nodig" in certificate.source
        assert certificate.files == 1


def test_one_person_alone_erases_nothing(desk):
    case_id, key, _ = desk.closed_case()
    with clock.at(LATER):
        asked_at = ask(desk, case_id, key)
        with pytest.raises(SamePerson), desk.inside(desk.one):
            confirm_erasure(locked(desk, case_id), key, asked_at)
        assert desk.case(case_id)


def test_what_nobody_asked_or_what_lapsed_cannot_be_confirmed(desk):
    case_id, key, _ = desk.closed_case()
    with clock.at(LATER), pytest.raises(NothingAsked), desk.inside(desk.two):
        confirm_erasure(locked(desk, case_id), key, now())
    with clock.at(LATER):
        asked_at = ask(desk, case_id, key)
    for moment in (LATER + LAPSES_AFTER, LATER + LAPSES_AFTER + timedelta(days=1)):
        with clock.at(moment), pytest.raises(NothingAsked), desk.inside(desk.two):
            confirm_erasure(locked(desk, case_id), key, asked_at)
    with clock.at(LATER + LAPSES_AFTER):
        again = ask(desk, case_id, key, Ground.NOT_OURS)
        assert again != asked_at
        with pytest.raises(NothingAsked), desk.inside(desk.two):
            confirm_erasure(locked(desk, case_id), key, asked_at)
    assert desk.case(case_id)


def test_a_withdrawn_question_cannot_be_confirmed(desk):
    case_id, key, _ = desk.closed_case()
    with clock.at(LATER):
        asked_at = ask(desk, case_id, key)
        with desk.inside(desk.two):
            withdraw_erasure(locked(desk, case_id))
        with pytest.raises(NothingAsked), desk.inside(desk.two):
            confirm_erasure(locked(desk, case_id), key, asked_at)


def test_an_open_case_is_not_erased_and_the_term_is_no_ground_that_people_choose(desk):
    with desk.inside(desk.one):
        case, key = opened_with_key()
        with pytest.raises(StillOpen):
            ask_erasure(case, key, Ground.MISTAKE, "x")
        with pytest.raises(Invalid):
            ask_erasure(case, key, Ground.TERM, "x")


def test_a_hold_stops_asking_and_confirming_until_it_is_lifted(desk):
    case_id, key, _ = desk.closed_case()
    with clock.at(LATER):
        asked_at = ask(desk, case_id, key)
        with desk.inside(desk.one):
            set_hold(locked(desk, case_id), key, "De rechtbank vraagt het dossier.")
        with pytest.raises(Held), desk.inside(desk.two):
            confirm_erasure(locked(desk, case_id), key, asked_at)
        with pytest.raises(Held), desk.inside(desk.two):
            ask_erasure(locked(desk, case_id), key, Ground.MISTAKE, "x")
        with desk.inside(desk.two):
            lift_hold(locked(desk, case_id), key, "Het vonnis is er.")
        with desk.inside(desk.two):
            confirm_erasure(locked(desk, case_id), key, asked_at)
    assert desk.case(case_id) is None


def test_whoever_comes_back_with_the_words_reads_that_the_report_was_erased_and_why(desk, world):
    case_id, key, code = desk.closed_case()
    erase(desk, case_id, key)
    page = world.browser().post("/inbox/open", {"code": " ".join(code.words("nl"))})
    assert page.status_code == 410
    for words in ("Deze melding is gewist", "1 mei 2026", "vergissing"):
        assert words in page.text


def test_nothing_of_the_texts_is_in_trail_or_certificate(desk):
    case_id, key, _ = desk.closed_case()
    erase(desk, case_id, key)
    with desk.inside() as session:
        kept = [
            str(vars(row))
            for table in (AuditEvent, ErasureCertificate)
            for row in session.scalars(select(table))
        ]
        assert kept
        assert "Wouterloot" not in "".join(kept)
        assert "Dubbel" not in "".join(kept)


def test_whoever_was_kept_out_of_a_case_is_kept_out_of_what_is_left_of_it(desk):
    third = desk.world.member(desk.entity, Role.HANDLER, DeskKind.INTEGRITY)
    case_id, key, _ = desk.closed_case()
    with desk.inside(desk.one):
        exclude(locked(desk, case_id), key, third, ExclusionReason.NAMED)
    url = f"/desk/{desk.entity.ovo}/cases/keeping"
    erase(desk, case_id, key)
    for account, sees in ((desk.one, True), (third, False)):
        browser = desk.browser(account)
        assert (str(case_id) in browser.get(url).text) == sees
        assert browser.get(f"{url}/{case_id}").status_code == (200 if sees else 404)
        gone = {"sure": "yes", "asked_at": LATER.isoformat()}
        assert browser.post(desk.url(case_id, "file/erasure/confirm"), gone).status_code == (
            303 if sees else 404
        )
    with desk.inside():
        withhold_from(third)
        assert certificates() == 0
    with desk.inside():
        assert certificates() == 1


def test_whoever_cannot_read_the_case_confirms_nothing(desk):
    case_id, key, _ = desk.closed_case()
    with clock.at(LATER):
        asked_at = ask(desk, case_id, key)
        with desk.inside() as session:
            session.execute(delete(DeskKeyGrant).where(DeskKeyGrant.account_id == desk.two))
        browser = desk.browser(desk.two)
        form = {"sure": "yes", "asked_at": asked_at.isoformat()}
        assert browser.post(desk.url(case_id, "file/erasure/confirm"), form).status_code == 403
        with pytest.raises(CannotOpen), desk.inside(desk.two):
            confirm_erasure(locked(desk, case_id), replace(key, secret=new_secret()), asked_at)
    assert desk.case(case_id)


def test_whoever_is_kept_out_meanwhile_asked_nothing_any_more(desk):
    case_id, key, _ = desk.closed_case()
    with clock.at(LATER):
        third = desk.world.member(desk.entity, Role.HANDLER, DeskKind.INTEGRITY)
        with desk.inside(third):
            ask_erasure(locked(desk, case_id), key, Ground.MISTAKE, "Weg ermee.")
            asked_at = open_request(locked(desk, case_id)).asked_at
        with desk.inside(desk.one):
            exclude(locked(desk, case_id), key, third, ExclusionReason.NAMED)
        with desk.inside(desk.one):
            admit(locked(desk, case_id), key, third)
        with pytest.raises(NothingAsked), desk.inside(desk.two):
            confirm_erasure(locked(desk, case_id), key, asked_at)


@pytest.mark.parametrize("left", ["the desk", "and came back", "for good"])
def test_the_question_of_somebody_who_left_is_none(desk, left):
    case_id, key, _ = desk.closed_case()
    with clock.at(LATER):
        asked_at = ask(desk, case_id, key)
        assert "Wacht op bevestiging" in desk.browser(desk.two).get(desk.url(case_id)).text
        with desk.inside() as session:
            mine = update(Membership).where(Membership.account_id == desk.one)
            if left == "for good":
                session.execute(update(Account).where(Account.id == desk.one).values(disabled_at=now()))
            elif left == "the desk":
                session.execute(mine.values(until=LATER.date() - timedelta(days=1)))
            else:
                session.execute(mine.values(since=LATER.date() + timedelta(days=1)))
    with clock.at(LATER + timedelta(days=1)):
        browser = desk.browser(desk.two)
        assert "Wacht op bevestiging" not in browser.get(desk.url(case_id)).text
        assert "Wacht op bevestiging" not in browser.get(f"/desk/{desk.entity.ovo}/cases/keeping").text
        with pytest.raises(NothingAsked), desk.inside(desk.two):
            confirm_erasure(locked(desk, case_id), key, asked_at)


def certificates() -> int:
    return db.session.scalar(select(func.count()).select_from(ErasureCertificate))
