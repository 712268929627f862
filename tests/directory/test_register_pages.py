"""The pages of the register, as the central office and the platform's administrators see them."""

import io
import re
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from sqlalchemy import select

from spreekbuis.audit.models import AuditEvent
from spreekbuis.clock import today
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.imports import undo_import
from spreekbuis.directory.models import RegisterImport
from spreekbuis.jobs.models import Job
from spreekbuis.jobs.worker import do
from spreekbuis.web.access import Role
from tests.directory.registers import areas, imported, organisations, propose, quiet
from tests.statements import statements_sent

AWV = "OVO990007"
RENAMED = f"{AWV},Wegenagentschap,MOW,0316380841,AWV,2026-06-01,"
IMPORTS = "/central/register/imports"


@pytest.fixture
def office(register):
    return register.browser(register.platform_member(Role.CENTRAL_ANALYST))


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def names(html: str) -> list[str]:
    """The organisations of the list, in order."""
    return [unescape(name) for name in re.findall(r'<th role="rowheader"[^>]*><a [^>]*>(.*?)</a>', html)]


def send(browser, content: bytes, name: str = "register.csv", **form):
    data = {"day": "2026-11-01", "once": str(uuid4()), "file": (io.BytesIO(content), name), **form}
    return browser.post(IMPORTS, data, content_type="multipart/form-data")


def work_off() -> None:
    """Do what the outbox holds of the register."""
    with transaction(PLATFORM) as session:
        waiting = session.scalars(
            select(Job.id).where(Job.name.startswith("directory."), Job.state == "waiting")
        ).all()
    for job_id in waiting:
        do(job_id)


# --- the list and the history ----------------------------------------------------------------------------------


def test_the_list_shows_what_exists_on_the_day(register, office):
    imported(organisations(RENAMED, f"OVO123456,Nieuw,OMG,,,{today() + timedelta(days=3)},"))
    page = office.get("/central/register").text
    assert "Digitaal Vlaanderen" in names(page)
    assert "Nieuw" not in names(page)
    assert names(office.get("/central/register?q=wegen").text) == ["Wegenagentschap"]
    assert names(office.get("/central/register?q=wegen&on=2026-05-31").text) == [
        "Agentschap Wegen en Verkeer"
    ]
    assert names(office.get("/central/register?standing=coming").text) == ["Nieuw"]


def test_the_list_can_be_of_one_area(register, office):
    assert names(office.get("/central/register?area=FB").text) == [
        "Departement Financiën en Begroting", "Vlaamse Belastingdienst",
    ]  # fmt: skip
    assert "VDAB" in names(office.get("/central/register?area=WSE&on=2020-01-01").text)


def test_the_list_turns_pages_both_ways(register, office):
    imported(organisations(*(f"OVO12{n:04d},Kantoor {n:02d},OMG,,,2020-01-01," for n in range(40))))
    first = office.get("/central/register?q=kantoor").text
    second = office.get(unescape(re.search(r'href="([^"]+)" rel="next"', first)[1])).text
    assert len(names(first)) == 25
    everything = names(first) + names(second)
    assert everything[:2] == ["Kantoor 00", "Kantoor 01"]
    assert len(set(everything)) == len(everything) == 40
    back = office.get(unescape(re.search(r'href="([^"]+)" rel="prev"', second)[1])).text
    assert names(back) == names(first)


def test_an_entity_whose_organisation_ended_asks_for_a_decision_and_nothing_happens_by_itself(
    register, office
):
    register.entity(AWV)
    assert "beslissing" not in words(office.get("/central/register").text)
    imported(
        organisations(
            f"{AWV},Agentschap Wegen en Verkeer,MOW,,,,2026-06-30", "OVO990010,OVAM,OMG,,,,2026-06-30"
        )
    )
    assert "1 entiteit wacht op een beslissing" in words(office.get("/central/register").text)
    assert names(office.get("/central/register?standing=to_decide").text) == ["Agentschap Wegen en Verkeer"]
    assert len(names(office.get("/central/register?standing=ended").text)) == 2
    page = words(office.get(f"/central/register/organisations/{AWV}").text)
    assert "Te beslissen" in page
    assert "bestond tot en met 30 juni 2026" in page
    assert "Te beslissen" not in words(office.get("/central/register/organisations/OVO990010").text)


def test_an_organisation_shows_its_history_the_latest_first(register, office):
    imported(organisations(RENAMED))
    page = words(office.get(f"/central/register/organisations/{AWV}").text)
    assert page.index("vanaf 1 juni 2026 Wegenagentschap") < page.index(
        "tot en met 31 mei 2026 Agentschap Wegen"
    )
    assert "KBO 0316.380.841" in page
    then = words(office.get(f"/central/register/organisations/{AWV}?on=2020-01-01").text)
    assert "Op 1 januari 2020 Naam Agentschap Wegen en Verkeer" in then


@pytest.mark.parametrize(
    "address",
    [
        "?on=gisteren", "?on=0001-01-01", "?on=9999-12-31", "?standing=gone", "?area=XXX", "?area='",
        "/organisations/OVO000000", "/organisations/x", f"/organisations/{AWV}?on=x", "/imports?after=x",
        "/imports/01234567-89ab-7def-8123-456789abcdef",
    ],
)  # fmt: skip
def test_an_address_that_makes_no_sense_is_not_found(office, address):
    assert office.get(f"/central/register{address}").status_code == 404


@pytest.mark.parametrize("address", ["?after=OVO000000", "?q=%00", "?q=%25", "?before=x&after=y"])
def test_an_address_that_names_nothing_shows_nothing(office, address):
    assert office.get(f"/central/register{address}").status_code == 200


def test_the_list_asks_the_database_as_much_for_many_as_for_few(register, office):
    office.get("/central/register")
    with statements_sent() as few:
        office.get("/central/register")
    imported(organisations(*(f"OVO12{n:04d},Dienst {n:02d},OMG,,,2020-01-01," for n in range(30))))
    with statements_sent() as many:
        office.get("/central/register")
    assert len(many) == len(few) <= 8


# --- imports ---------------------------------------------------------------------------------------------------


def test_a_file_is_looked_at_before_it_changes_anything_and_then_applied(register, office):
    register.entity(AWV)
    answer = send(office, organisations(RENAMED, "OVO123456,Nieuw,OMG,,,,"))
    assert answer.status_code == 303
    page = office.get(answer.location).text
    assert (
        "Er veranderen 2 organisaties en beleidsdomeinen. 1 ervan is een entiteit bij Spreekbuis."
        in words(page)
    )
    assert "Agentschap Wegen en Verkeer → Wegenagentschap vanaf 1 juni 2026" in words(page)
    assert "Wegenagentschap" not in office.get("/central/register?q=wegen").text
    url = f"{answer.location}/apply"
    for _ in range(2):
        assert office.post(url).status_code == 303
    assert "wordt nu bijgewerkt" in office.get(answer.location).text
    work_off()
    assert "Wegenagentschap" in office.get("/central/register?q=wegen").text
    assert "Toegepast op" in office.get(IMPORTS).text
    with transaction(PLATFORM) as session:
        kinds = session.scalars(select(AuditEvent.kind)).all()
    assert kinds.count("register.imported") == kinds.count("register.proposed") == 1


def test_the_changes_can_be_seen_by_kind(register, office):
    register.entity(AWV)
    url = send(office, organisations(RENAMED, "OVO123456,Nieuw,OMG,,,,")).location
    assert "Wegenagentschap" not in office.get(f"{url}?kind=new").text
    assert "OVO123456" not in office.get(f"{url}?kind=renamed").text
    assert "OVO123456" not in office.get(f"{url}?kind=touching").text
    assert office.get(f"{url}?kind=other").status_code == 404
    assert office.get(f"{url}?after=x").status_code == 404


def test_many_changes_stand_on_several_pages(register, office):
    url = send(
        office, organisations(*(f"OVO12{n:04d},Dienst {n:02d},OMG,,,2020-01-01," for n in range(60)))
    ).location
    seen, at = [], f"{url}?kind=new"
    while at:
        page = office.get(at).text
        seen += re.findall(r"OVO12\d{4}", page)
        found = re.search(r'href="([^"]+)" rel="next"', page)
        at = unescape(found[1]) if found else ""
    assert len(seen) == len(set(seen)) == 60


def test_a_file_with_faults_is_refused_with_its_lines_and_the_rest_of_the_form_kept(register, office):
    answer = send(office, organisations(RENAMED, "OVO1,,OMG,,,,"), day="2026-02-03", complete="yes")
    assert answer.status_code == 422
    assert "3 Een OVO-code is OVO en zes cijfers." in words(answer.text)
    assert 'value="2026-02-03"' in answer.text
    assert "checked" in answer.text
    with transaction(PLATFORM) as session:
        assert session.scalars(select(RegisterImport.id)).all() == []


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ({"day": ""}, "datum"), ({"day": "9999-12-31"}, "datum"), ({"day": "31/12/2026"}, "datum"),
        ({"file": (io.BytesIO(b""), "")}, "Kies een bestand"),
        ({"file": (io.BytesIO(b"\x00"), "x.xlsx")}, "geen tekst"),
    ],
)  # fmt: skip
def test_a_form_that_is_not_filled_in_well_is_refused_in_words(office, form, word):
    answer = send(office, organisations(RENAMED), **form)
    assert answer.status_code == 422
    assert word in words(answer.text)


def test_a_name_from_a_file_is_text_and_nothing_else(register, office):
    url = send(
        office, organisations('OVO123456,"<script>alert(1)</script>",OMG,,,,'), name="<b>.csv"
    ).location
    page = office.get(url).text
    assert "<script>alert" not in page
    assert "<b>.csv" not in page


def test_the_same_form_sent_twice_is_one_proposal(register, office):
    once = str(uuid4())
    urls = {send(office, organisations(RENAMED), once=once).location for _ in range(2)}
    assert urls == {f"{IMPORTS}/{once}"}


def test_who_was_overtaken_gets_a_new_comparison_to_look_at(register, office):
    late = send(office, organisations(f"{AWV},Wegen,MOW,,,2026-07-01,")).location
    imported(organisations(RENAMED))
    answer = office.post(f"{late}/apply")
    page = words(office.get(answer.location).text)
    assert "Dit is een nieuwe vergelijking" in page
    assert "Wegenagentschap → Wegen" in page
    assert "Agentschap Wegen en Verkeer →" not in page


def test_who_was_overtaken_after_asking_is_told_so(register, office):
    late = send(office, organisations(f"{AWV},Wegen,MOW,,,2026-07-01,")).location
    office.post(f"{late}/apply")
    imported(organisations(RENAMED))
    work_off()
    page = words(office.get(late).text)
    assert "Pas toe" in page
    with transaction(PLATFORM) as session:
        (job,) = session.scalars(select(Job).where(Job.name == "directory.apply_import"))
        assert job.result == {"outcome": "changed"}


def test_a_file_that_no_longer_fits_says_why(register, office):
    area = imported(areas("LEEF,Leefomgeving,2026-01-01,,"))
    late = send(office, organisations("OVO123456,Nieuw,LEEF,,,,")).location
    with transaction(PLATFORM):
        undo_import(area, quiet)
    answer = office.post(f"{late}/apply")
    assert answer.status_code == 422
    assert "2 Beleidsdomein LEEF staat niet in het register." in words(answer.text)


def test_the_last_import_can_be_undone_and_an_earlier_one_not(register, office):
    first = send(office, organisations(RENAMED)).location
    office.post(f"{first}/apply")
    work_off()
    second = send(office, organisations("OVO123456,Nieuw,OMG,,,,")).location
    office.post(f"{second}/apply")
    work_off()
    assert "Maak ongedaan" not in office.get(first).text
    assert office.post(f"{first}/undo").status_code == 409
    for _ in range(2):
        assert office.post(f"{second}/undo").status_code == 303
    work_off()
    assert office.post(f"{second}/undo").status_code == 303
    assert names(office.get("/central/register?q=nieuw").text) == []
    assert "Ongedaan gemaakt" in office.get(second).text
    assert office.post(f"{second}/apply").status_code == 409
    assert "Maak ongedaan" in office.get(first).text


def test_nobody_else_sees_or_changes_the_register(register):
    made, _ = propose(organisations(RENAMED))
    entity = register.entity(AWV)
    others = [
        register.browser(), register.browser(register.member(entity, Role.ENTITY_ADMINISTRATOR)),
        register.browser(register.platform_member(Role.FRONT_DESK)),
        register.browser(register.platform_member(Role.CONTRIBUTION_ADMINISTRATOR)),
    ]  # fmt: skip
    for other in others:
        for url in (
            "/central/register",
            f"/central/register/organisations/{AWV}",
            IMPORTS,
            f"{IMPORTS}/{made}",
        ):
            answer = other.get(url)
            assert answer.status_code in (303, 403)
            assert "Wegen" not in answer.text
        for url in (IMPORTS, f"{IMPORTS}/{made}/apply", f"{IMPORTS}/{made}/undo"):
            assert other.post(url).status_code in (401, 403)
    with transaction(PLATFORM) as session:
        assert session.get_one(RegisterImport, made).job_id is None


def test_an_administrator_of_the_platform_may_import_too(register):
    administrator = register.browser(register.platform_member(Role.PLATFORM_ADMINISTRATOR))
    assert send(administrator, organisations(RENAMED)).status_code == 303
