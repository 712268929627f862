"""The pages of contributions: the administrator's, and an entity's own."""

import re
from datetime import date

import pytest
from sqlalchemy import select

from spreekbuis.clock import today
from spreekbuis.db.scope import CONTRIBUTIONS, PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.directory.models import Entity
from spreekbuis.subscriptions.contributions import set_contribution_status, start_affiliation
from spreekbuis.subscriptions.models import Affiliation, Contribution, ContributionStatus
from spreekbuis.web.access import Role
from tests.statements import statements_sent

YEAR = today().year


@pytest.fixture
def administrator(world):
    return world.browser(world.platform_member(Role.CONTRIBUTION_ADMINISTRATOR))


@pytest.fixture
def three(world):
    """One entity affiliated, one paid, one that owes."""
    tenants = [world.entity(code, entitled=False) for code in ("OVO000039", "OVO000067", "OVO000096")]
    with transaction(CONTRIBUTIONS):
        start_affiliation(tenants[0].id, date(YEAR, 1, 1))
        set_contribution_status(tenants[1].id, YEAR, ContributionStatus.PAID)
    return tenants


def rows(page) -> dict[str, str]:
    """The text of each line by OVO code."""
    body = page.text.split("<tbody")[1].split("</tbody>")[0] if "<tbody" in page.text else ""
    found = {}
    for row in body.split("<tr")[1:]:
        code = re.search(r"OVO\d{6}", row).group()
        found[code] = " ".join(re.sub(r"<[^>]*>", " ", row).split())
    return found


def test_each_entity_stands_in_the_list_with_its_access_and_why(administrator, three):
    lines = rows(administrator.get("/admin/contributions"))
    assert list(lines) == ["OVO000039", "OVO000067", "OVO000096"]
    assert "Aangesloten bij GDPB Ja De entiteit is op" in lines["OVO000039"]
    assert f"Betaald Ja De bijdrage voor {YEAR} is betaald." in lines["OVO000067"]
    assert "Verschuldigd Nee De entiteit is op" in lines["OVO000096"]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({"status": "affiliated"}, ["OVO000039"]),
        ({"status": "paid"}, ["OVO000067"]),
        ({"status": "due"}, ["OVO000096"]),
        ({"status": "waived"}, []),
        ({"q": "mobiliteit"}, ["OVO000096"]),
        ({"q": "ovo000067", "status": "due"}, []),
        ({"year": str(YEAR - 1), "status": "paid"}, []),
        ({"year": str(YEAR - 1), "status": "due"}, ["OVO000039", "OVO000067", "OVO000096"]),
        ({"year": str(YEAR + 1), "status": "affiliated"}, ["OVO000039"]),
    ],
)
def test_the_list_is_filtered_by_year_status_and_name(administrator, three, query, codes):
    assert list(rows(administrator.get("/admin/contributions", query_string=query))) == codes


@pytest.mark.parametrize(
    "query", ["year=2013", "year=1", "year=onzin", "year=٢٠٢٦", "status=onzin", "year=99999"]
)
def test_a_filter_that_does_not_exist_is_a_page_that_does_not_exist(administrator, query):
    assert administrator.get(f"/admin/contributions?{query}").status_code == 404


def test_the_number_of_statements_does_not_grow_with_the_entities(world, administrator):
    world.entity()
    with statements_sent() as few:
        administrator.get("/admin/contributions")
    for _ in range(8):
        world.entity()
    with statements_sent() as many:
        administrator.get("/admin/contributions")
    assert 0 < len(many) == len(few) <= 10


def test_the_administrator_sets_a_status_and_sees_the_access_change(administrator, three):
    code, url = "OVO000096", "/admin/contributions/OVO000096"
    assert "Nee, deze entiteit heeft geen toegang." in administrator.get(url).text
    answer = administrator.post(f"{url}/status", {"year": str(YEAR), "status": "paid"})
    assert answer.status_code == 303
    page = administrator.get(answer.location)
    assert "Ja, deze entiteit heeft toegang." in page.text
    assert "De status van de bijdrage is bewaard." in page.text
    with transaction(PLATFORM) as session:
        until = session.scalar(select(Entity.service_until).where(Entity.ovo_code == code))
    assert until == date(YEAR, 12, 31)


def test_a_waiver_without_a_reason_comes_back_with_what_was_chosen(administrator, three):
    url = "/admin/contributions/OVO000096"
    answer = administrator.post(f"{url}/status", {"year": str(YEAR), "status": "waived", "reason": ""})
    assert answer.status_code == 422
    assert 'href="#reason"' in answer.text
    assert re.search(r'value="waived"[^>]*checked', answer.text)
    answer = administrator.post(
        f"{url}/status", {"year": str(YEAR), "status": "waived", "reason": "Besluit 4"}
    )
    assert "Besluit 4" in administrator.get(answer.location).text


@pytest.mark.parametrize(
    "data",
    [
        {}, {"year": "2013", "status": "paid"}, {"year": "onzin", "status": "paid"},
        {"year": str(YEAR), "status": "gratis"}, {"year": str(YEAR), "status": "waived", "reason": "x" * 501},
        {"year": str(YEAR + 2), "status": "paid"},
    ],
)  # fmt: skip
def test_wrong_input_changes_nothing(administrator, three, data):
    assert administrator.post("/admin/contributions/OVO000096/status", data).status_code == 422
    with transaction(CONTRIBUTIONS) as session:
        assert session.get(Contribution, {"entity_id": three[2].id, "service_year": YEAR}) is None


def day(name: str, value: date) -> dict:
    return {f"{name}_day": str(value.day), f"{name}_month": str(value.month), f"{name}_year": str(value.year)}


def test_affiliation_is_started_and_ended_by_date(administrator, three):
    url = "/admin/contributions/OVO000096/affiliation"
    assert administrator.post(f"{url}/start", day("first_day", date(YEAR, 1, 1))).status_code == 303
    assert administrator.post(f"{url}/start", day("first_day", date(YEAR, 2, 1))).status_code == 422
    assert administrator.post(f"{url}/end", day("last_day", date(YEAR, 12, 30))).status_code == 303
    with transaction(PLATFORM) as session:
        until = session.scalar(select(Entity.service_until).where(Entity.ovo_code == "OVO000096"))
    assert until == date(YEAR, 12, 30)


@pytest.mark.parametrize(
    "data",
    [
        {}, {"first_day_day": "31", "first_day_month": "2", "first_day_year": "2026"},
        {"first_day_day": "x", "first_day_month": "2", "first_day_year": "2026"},
        {"first_day_day": "1", "first_day_month": "1", "first_day_year": "99999"},
        {"first_day_day": "1", "first_day_month": "1", "first_day_year": "1850"},
        {"first_day_day": "²", "first_day_month": "1", "first_day_year": "2026"},
    ],
)  # fmt: skip
def test_a_date_that_does_not_exist_is_told_at_its_field(administrator, three, data):
    answer = administrator.post("/admin/contributions/OVO000096/affiliation/start", data)
    assert answer.status_code == 422
    assert 'href="#first_day"' in answer.text
    with transaction(CONTRIBUTIONS) as session:
        assert len(session.scalars(select(Affiliation)).all()) == 1


def test_an_entity_that_does_not_exist_has_no_page(administrator):
    assert administrator.get("/admin/contributions/OVO123456").status_code == 404
    assert administrator.get("/admin/contributions/%00").status_code == 404
    assert administrator.post("/admin/contributions/OVO123456/status").status_code == 404


def test_an_entity_administrator_sees_the_own_entitlement_and_not_that_of_another(world, three):
    browser = world.browser(world.member(three[2], Role.ENTITY_ADMINISTRATOR))
    own = browser.get("/entity/OVO000096/subscription")
    assert own.status_code == 200
    assert "Nee, deze entiteit heeft geen toegang." in own.text
    assert f"de bijdrage voor {YEAR} is niet betaald" in own.text
    assert browser.get("/entity/OVO000067/subscription").status_code == 403
    assert browser.get("/admin/contributions").status_code == 403


def test_an_entity_is_told_nothing_about_years_before_it_existed(world, three):
    browser = world.browser(world.member(three[2], Role.ENTITY_ADMINISTRATOR))
    page = browser.get("/entity/OVO000096/subscription").text
    assert re.findall(r'scope="row">(\d{4})<', page) == [str(YEAR + 1), str(YEAR)]


def test_others_have_no_business_with_contributions(world, three):
    analyst = world.browser(world.platform_member(Role.CENTRAL_ANALYST))
    assert analyst.get("/admin/contributions").status_code == 403
    assert (
        analyst.post(
            "/admin/contributions/OVO000096/status", {"year": str(YEAR), "status": "paid"}
        ).status_code
        == 403
    )
    handler = world.handler(three[2], DeskKind.INTEGRITY)
    assert handler.get("/entity/OVO000096/subscription").status_code == 403
    assert world.browser().get("/admin/contributions").status_code == 303
