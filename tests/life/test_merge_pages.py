"""The pages of a merge, as two people of the central office use them."""

import re

from sqlalchemy import select

from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.entities.models import EntityMerge, MergeState
from spreekbuis.jobs import worker
from spreekbuis.web.access import Role
from tests.intake.flow import STORY, Reporter, hidden


def people(world):
    return [world.browser(world.platform_member(Role.CENTRAL_ANALYST)) for _ in range(2)]


def the_merge() -> EntityMerge:
    with transaction(PLATFORM) as session:
        merge = session.scalars(select(EntityMerge)).one()
        session.expunge(merge)
        return merge


def test_from_plan_to_confirmation_in_the_pages(world):
    source, into = world.entity(name="Agentschap Vroeger"), world.entity(name="Departement Samen")
    one, another = people(world)
    handler = world.handler(source, DeskKind.INTEGRITY)
    world.case(source)
    plan = one.get(f"/central/merges/plan?source={source.ovo}&into={into.ovo}")
    assert "Agentschap Vroeger gaat over naar Departement Samen" in plan.text
    begun = one.post("/central/merges/begin", hidden(plan))
    assert begun.status_code == 303
    again = one.post("/central/merges/begin", hidden(plan))  # a double click
    assert again.location == begun.location
    assert "Hoever het is" in one.get(begun.location).text
    worker.do(the_merge().job_id)
    page = one.get(begun.location)
    assert "Bevestig de fusie" not in page.text
    assert "Een collega van de centrale dienst moet ze bevestigen" in page.text
    url = begun.location.partition("?")[0]
    assert one.post(f"{url}/confirm").status_code == 403
    assert "Bevestig de fusie" in another.get(url).text
    assert another.post(f"{url}/confirm").status_code == 303
    assert the_merge().state == MergeState.CONFIRMED
    assert another.post(f"{url}/undo").status_code == 409
    assert "Departement Samen" in another.get("/central/merges").text
    assert handler.get(f"/desk/{into.ovo}/cases").status_code == 200
    assert handler.get(f"/desk/{source.ovo}/cases").status_code == 403
    administrator = world.browser(world.member(into, Role.ENTITY_ADMINISTRATOR))
    assert "(vroeger Agentschap Vroeger)" in administrator.get(f"/entity/{into.ovo}/members").text


def test_the_old_report_page_leads_to_the_new_one_and_gives_the_text_back(world):
    source, into = world.entity(), world.entity(name="Departement Samen")
    reporter = Reporter(world.browser(), source)
    form = reporter.start()
    one, _ = people(world)
    plan = one.get(f"/central/merges/plan?source={source.ovo}&into={into.ovo}")
    one.post("/central/merges/begin", hidden(plan))
    page = world.browser().get(f"/o/{source.ovo}/report")
    assert page.status_code == 200
    (link,) = re.findall(rf'href="([^"]*/o/{into.ovo}/report)"', page.text)
    assert world.browser().get(link).status_code == 200
    assert STORY in reporter.check(form).text


def test_what_makes_no_plan_is_said(world):
    source, into = world.entity(), world.entity()
    one, _ = people(world)
    for codes in ("source=&into=", f"source={source.ovo}&into=OVO999999", f"source=%00&into={into.ovo}"):
        page = one.get(f"/central/merges/plan?{codes}")
        assert page.status_code == 422
        assert "We kennen geen entiteit met deze OVO-code" in page.text
    plan = one.get(f"/central/merges/plan?source={source.ovo}&into={source.ovo}")
    assert "Kies twee verschillende entiteiten." in plan.text
    assert "Start de fusie" not in plan.text
    same = {"once": str(new_id()), "source": source.ovo, "into": source.ovo}
    assert one.post("/central/merges/begin", same).status_code == 409
    assert one.get(f"/central/merges/{new_id()}").status_code == 404
