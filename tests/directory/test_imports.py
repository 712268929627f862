"""Importing the register: propose, apply, undo; one after the other, as a whole or not at all."""

import json
import threading
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from spreekbuis.audit.models import AuditEvent
from spreekbuis.clock import at, now, today
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory import imports, register_history
from spreekbuis.directory.imports import (
    NotTheLast,
    RegisterChanged,
    apply_import,
    ask_to_apply,
    ask_to_undo,
    compare_again,
    undo_import,
)
from spreekbuis.directory.loading import load_register
from spreekbuis.directory.models import (
    Entity,
    EntityStatus,
    Organisation,
    OrganisationPeriod,
    PolicyArea,
    PolicyAreaPeriod,
    PolicyAreaSuccession,
    RegisterChange,
    RegisterImport,
)
from spreekbuis.directory.register import policy_area_on, search
from spreekbuis.directory.register_file import FaultyFile
from spreekbuis.directory.register_history import StillInUse, follow_register, organisation_on
from spreekbuis.entities.models import Enrolment, EnrolmentStatus
from spreekbuis.jobs.models import Job
from spreekbuis.jobs.outbox import DEFINED
from spreekbuis.jobs.worker import do
from spreekbuis.web.access import Role
from tests.directory.registers import areas, imported, organisations, propose, quiet

AWV = "OVO990007"
AWV_LINE = f"{AWV},Agentschap Wegen en Verkeer,MOW,0316380841,AWV,,"
MERGED = (
    "LEEF,Leefomgeving,2026-01-01,,",
    "OMG,Omgeving,,2025-12-31,LEEF",
    "MOW,Mobiliteit,,2025-12-31,LEEF",
)
RENAMED = f"{AWV},Wegenagentschap,MOW,0316380841,AWV,2026-06-01,"


def state_on(code: str, day: date):
    with transaction(PLATFORM):
        return organisation_on(code, day)


def entity_row(entity) -> tuple[str, str, str]:
    with transaction(PLATFORM) as session:
        row = session.get_one(Entity, entity.id)
        return row.name, row.policy_area, row.status


def everything() -> list:
    """All that the register says, for comparing before and after."""
    with transaction(PLATFORM) as session:
        tables = (
            Organisation,
            OrganisationPeriod,
            PolicyArea,
            PolicyAreaPeriod,
            PolicyAreaSuccession,
            Entity,
        )
        return [sorted(map(tuple, session.execute(select(*t.__table__.c)))) for t in tables]


def test_a_rename_keeps_the_old_name_for_the_days_before(register):
    imported(organisations(RENAMED))
    assert state_on(AWV, date(2026, 5, 31)).name == "Agentschap Wegen en Verkeer"
    assert state_on(AWV, date(2026, 6, 1)).name == "Wegenagentschap"


def test_an_entity_is_called_as_the_register_calls_it_today_and_its_trail_tells(register):
    entity = register.entity(AWV)
    imported(organisations(RENAMED))
    assert entity_row(entity)[0] == "Wegenagentschap"
    with register.inside(entity) as session:
        kinds = session.scalars(select(AuditEvent.kind)).all()
    assert kinds.count("entity.renamed") == 1
    with transaction(PLATFORM):
        assert [o.ovo_code for o in search("wegenagentschap")] == [AWV]


def test_a_rename_that_is_known_beforehand_comes_on_its_day(register):
    entity = register.entity(AWV)
    soon = today() + timedelta(days=10)
    imported(organisations(f"{AWV},Wegenagentschap,MOW,,,{soon},"))
    assert entity_row(entity)[0] == "Agentschap Wegen en Verkeer"
    with at(now() + timedelta(days=10)), transaction(PLATFORM):
        DEFINED["directory.follow_register"].work()
    assert entity_row(entity)[0] == "Wegenagentschap"
    with transaction(PLATFORM) as session:
        assert "figures.restructure" in session.scalars(select(Job.name)).all()


def test_what_has_no_date_holds_from_the_day_of_the_import_and_the_same_again_changes_nothing(register):
    line = f"{AWV},Wegenagentschap,MOW,0316380841,AWV,,"
    imported(organisations(line), date(2026, 3, 1))
    assert state_on(AWV, date(2026, 2, 28)).name == "Agentschap Wegen en Verkeer"
    assert state_on(AWV, date(2026, 3, 1)).name == "Wegenagentschap"
    assert propose(organisations(line), date(2026, 4, 1))[1] == {"all": 0}


def test_a_line_that_says_what_is_known_leaves_a_plan_alone(register):
    soon = today() + timedelta(days=10)
    imported(organisations(f"{AWV},Wegenagentschap,MOW,,,{soon},"))
    assert propose(organisations(AWV_LINE), today())[1] == {"all": 0}


def test_only_a_complete_file_ends_what_is_not_in_it(register):
    content = organisations(AWV_LINE)
    assert propose(content)[1] == {"all": 0}
    assert propose(content, complete=True)[1] == {"all": 23, "ended": 23}


def test_an_organisation_that_ends_is_no_more_found_and_its_entity_goes_on(register):
    entity = register.entity(AWV)
    other = "OVO990008"
    imported(organisations(
        f"{AWV},Agentschap Wegen en Verkeer,MOW,0316380841,AWV,,2026-06-30",
        f"{other},Agentschap voor Natuur en Bos,OMG,0316380841,ANB,,2026-06-30",
    ))  # fmt: skip
    assert state_on(AWV, date(2026, 7, 1)) is None
    assert entity_row(entity) == ("Agentschap Wegen en Verkeer", "MOW", EntityStatus.ACTIVE)
    with transaction(PLATFORM):
        assert [o.ovo_code for o in search("agentschap wegen")] == [AWV]  # its people are still heard
        assert search("natuur bos") == []
    assert register.browser().get(f"/enrol/{other}").status_code == 404


def test_a_request_of_an_organisation_that_ended_is_still_there_to_refuse(register):
    with transaction(PLATFORM) as session:
        asked = Enrolment(
            ovo_code=AWV, requester_name="Aanvrager", requester_email="a@voorbeeld.example", verified_at=now(),
            requester_function="functie", headcount=10, affiliated=False, status=EnrolmentStatus.WAITING,
        )  # fmt: skip
        session.add(asked)
        session.flush()
        url = f"/central/enrolments/{asked.id}"
    imported(organisations(f"{AWV},Agentschap Wegen en Verkeer,MOW,,,,2026-06-30"))
    office = register.browser(register.platform_member(Role.CENTRAL_ANALYST))
    assert "Mobiliteit en Openbare Werken" in office.get(url).text
    assert office.post(f"{url}/approve").status_code == 404
    assert office.post(f"{url}/refuse", {"reason": "Bestaat niet meer"}).status_code == 303


def test_an_organisation_can_come_back(register):
    imported(organisations(f"{AWV},Agentschap Wegen en Verkeer,MOW,0316380841,AWV,,2020-12-31"))
    _, counts = propose(organisations(f"{AWV},Wegen,MOW,,,2026-01-01,"))
    assert counts == {"all": 1, "reappeared": 1}
    imported(organisations(f"{AWV},Wegen,MOW,,,2026-01-01,"))
    assert [state_on(AWV, date(year, 6, 1)) is None for year in (2020, 2023, 2026)] == [False, True, False]


def test_who_is_in_areas_that_merge_moves_along_and_nobody_is_lost(register):
    entity, other = register.entity("OVO990001"), register.entity(AWV)
    imported(
        areas(
            "LEEF,Leefomgeving,2026-01-01,,",
            "OMG,Omgeving,,2025-12-31,LEEF",
            "MOW,Mobiliteit,,2025-12-31,LEEF",
        )
    )
    assert {entity_row(e)[1] for e in (entity, other)} == {"LEEF"}
    with transaction(PLATFORM):
        assert policy_area_on("OVO990001", date(2025, 12, 31)) == "OMG"
        assert policy_area_on("OVO990001", date(2026, 1, 1)) == "LEEF"


def test_an_area_that_is_split_says_where_each_of_its_organisations_goes(register):
    begin, end = {"start": "2026-01-01"}, {"end": "2025-12-31"}
    new = [{"code": code, "name": code, "validity": begin} for code in ("FIN", "BEG")]
    old = {"code": "FB", "name": "Financiën en Begroting", "validity": end, "successors": ["FIN", "BEG"]}
    split = {"policyAreas": [*new, old]}
    with pytest.raises(FaultyFile) as caught:
        propose(json.dumps(split).encode())
    assert [str(fault.what)[:9] for fault in caught.value.faults] == ["OVO990003", "OVO990014"]
    split["organisations"] = [
        {"ovoNumber": code, "name": name, "policyArea": area, "validity": begin}
        for code, name, area in (("OVO990003", "Begroting", "BEG"), ("OVO990014", "Belastingdienst", "FIN"))
    ]
    imported(json.dumps(split).encode())
    with transaction(PLATFORM):
        assert [policy_area_on(code) for code in ("OVO990003", "OVO990014")] == ["BEG", "FIN"]


def test_the_entity_of_an_organisation_that_ended_goes_along_with_its_area(register):
    entity = register.entity(AWV)
    imported(organisations(f"{AWV},Agentschap Wegen en Verkeer,MOW,0316380841,AWV,,2020-12-31"))
    imported(areas("LEEF,Leefomgeving,2026-01-01,,", "MOW,Mobiliteit,,2025-12-31,LEEF"))
    assert entity_row(entity)[1] == "LEEF"
    with transaction(PLATFORM):
        assert policy_area_on(AWV, date(2020, 12, 31)) == "MOW"


@pytest.mark.parametrize(
    "content",
    [
        organisations("OVO123456,Een,NIETS,,,,"),
        organisations("OVO123456,Een,WEWILS,,,2020-01-01,"),  # that area began in 2024
        areas("OMG,Omgeving,,2025-12-31,NIETS"),
        areas("OMG,Omgeving,,2025-12-31,"),  # organisations are in it
    ],
)
def test_nobody_is_put_in_an_area_that_does_not_exist(register, content):
    before = everything()
    with pytest.raises(FaultyFile):
        propose(content)
    assert everything() == before


def test_a_proposal_changes_nothing(register):
    before = everything()
    propose(organisations(RENAMED, "OVO123456,Nieuw,OMG,,,,"))
    assert everything() == before


def test_undoing_the_last_import_puts_everything_back(register):
    register.entity(AWV)
    before = everything()
    one = imported(organisations(RENAMED, "OVO123456,Nieuw,OMG,,,2026-02-01,"))
    middle = everything()
    two = imported(
        areas(
            "LEEF,Leefomgeving,2026-01-01,,",
            "MOW,Mobiliteit,,2025-12-31,LEEF",
            "OMG,Omgeving,,2025-12-31,LEEF",
        )
    )
    with pytest.raises(NotTheLast), transaction(PLATFORM):
        undo_import(one, quiet)
    with transaction(PLATFORM):
        undo_import(two, quiet)
        undo_import(two, quiet)
    assert everything() == middle
    with transaction(PLATFORM):
        undo_import(one, quiet)
    assert everything() == before


def test_an_import_on_which_something_depends_is_not_undone(register):
    made = imported(organisations("OVO123456,Nieuw,OMG,,,,", RENAMED))
    register.entity("OVO123456")
    before = everything()
    with pytest.raises(StillInUse), transaction(PLATFORM):
        undo_import(made, quiet)
    assert everything() == before
    with transaction(PLATFORM) as session:
        ask_to_undo(made)
        job_id = session.get_one(RegisterImport, made).job_id
    do(job_id)
    with transaction(PLATFORM) as session:
        assert session.get_one(Job, job_id).result == {"outcome": "refused"}
    assert everything() == before


def test_a_proposal_that_was_overtaken_is_refused_and_made_anew(register):
    late, _ = propose(organisations(f"{AWV},Wegen,MOW,,,2026-07-01,"))
    imported(organisations(RENAMED))
    with pytest.raises(RegisterChanged), transaction(PLATFORM):
        apply_import(late, quiet)
    with transaction(PLATFORM) as session:
        assert ask_to_apply(late) is False
        (change,) = session.scalars(select(RegisterChange).where(RegisterChange.import_id == late))
        assert "Wegenagentschap" in str(change.before)
    with transaction(PLATFORM):
        assert ask_to_apply(late) is True


def test_a_proposal_still_holds_after_the_import_between_was_undone(register):
    first, _ = propose(organisations(f"{AWV},Wegen,MOW,,,2026-07-01,"))
    second = imported(organisations(RENAMED))
    with transaction(PLATFORM):
        undo_import(second, quiet)
    with transaction(PLATFORM) as session:
        assert compare_again(session.get_one(RegisterImport, first)) is False
        assert apply_import(first, quiet) == 1


def test_of_two_proposals_that_are_applied_at_once_one_wins(register):
    made = [propose(organisations(f"{AWV},Wegen {n},MOW,,,2026-07-01,"))[0] for n in range(2)]
    app, outcomes = register.app, []

    def apply(import_id: UUID) -> None:
        with app.app_context():
            try:
                with transaction(PLATFORM):
                    apply_import(import_id, quiet)
                outcomes.append("applied")
            except RegisterChanged:
                outcomes.append("refused")

    threads = [threading.Thread(target=apply, args=(each,)) for each in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["applied", "refused"]


def test_asking_twice_is_asking_once_and_the_work_happens_once(register):
    made, _ = propose(organisations(RENAMED))
    for _ in range(2):
        with transaction(PLATFORM):
            assert ask_to_apply(made)
    with transaction(PLATFORM) as session:
        jobs = session.scalars(select(Job.id).where(Job.name == "directory.apply_import")).all()
    assert len(jobs) == 1
    do(jobs[0])
    with transaction(PLATFORM):
        assert apply_import(made, quiet) == 0
    with transaction(PLATFORM) as session:
        job = session.get_one(Job, jobs[0])
        assert (job.result, job.progress_done, job.progress_total) == ({"outcome": "applied"}, 1, 1)
        session.execute(text("DELETE FROM job"))
    with transaction(PLATFORM), pytest.raises(imports.AlreadyApplied):
        ask_to_apply(made)


def test_work_that_breaks_off_leaves_nothing_and_completes_when_it_is_tried_again(register, monkeypatch):
    monkeypatch.setattr(register_history, "BATCH", 2)
    made, _ = propose(organisations(RENAMED, *(f"OVO12345{n},Nieuw {n},OMG,,,," for n in range(7))))
    before = everything()

    def broken(done: int, of: int) -> None:
        if done >= 6:
            raise KeyboardInterrupt

    for _ in range(5):
        with pytest.raises(KeyboardInterrupt), transaction(PLATFORM):
            apply_import(made, broken)
        assert everything() == before
    with transaction(PLATFORM):
        assert apply_import(made, quiet) == 8
    assert state_on("OVO123456", date(2026, 11, 1)).name == "Nieuw 6"


def test_the_same_form_sent_twice_is_one_proposal(register):
    once = new_id()
    for _ in range(2):
        with transaction(PLATFORM):
            imports.propose_import(once, organisations(RENAMED), "a.csv", today(), complete=False)
    with transaction(PLATFORM) as session:
        assert len(session.scalars(select(RegisterImport.id)).all()) == 1


def test_what_the_product_brings_along_never_undoes_an_import(register):
    imported(organisations(RENAMED))
    before = everything()
    with transaction(PLATFORM):
        load_register()
    assert everything() == before


def test_a_proposal_that_nobody_applied_is_forgotten(register):
    made, _ = propose(organisations(RENAMED))
    applied = imported(organisations("OVO123456,Nieuw,OMG,,,,"))
    with at(now() + timedelta(days=31)), transaction(PLATFORM):
        DEFINED["directory.forget_proposals"].work()
    with transaction(PLATFORM) as session:
        assert session.scalars(select(RegisterImport.id)).all() == [applied]
        assert made not in set(session.scalars(select(RegisterChange.import_id)))


def test_following_twice_changes_nothing(register):
    register.entity(AWV)
    imported(organisations(RENAMED))
    with transaction(PLATFORM):
        assert follow_register() is False
