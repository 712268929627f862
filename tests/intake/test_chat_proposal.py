"""The agent proposes where a talk becomes a case; the visitor sees it, changes it and decides."""

from html import unescape

import pytest
from sqlalchemy import select

from spreekbuis import clock
from spreekbuis.cases.models import Case
from spreekbuis.db.session import db
from tests.intake.chat import OPEN, ChatAgent, Visitor, chats, everything, talking
from tests.world import Tenant

TOLD = "Er verdwijnt gereedschap."


@pytest.fixture(autouse=True)
def open_hours():
    with clock.at(OPEN):
        yield


@pytest.fixture
def abb(world) -> Tenant:
    return world.entity("OVO001835")


@pytest.fixture
def visitor(world) -> Visitor:
    return Visitor(world.browser())


@pytest.fixture
def agent(world) -> ChatAgent:
    return ChatAgent(world)


def propose(agent, entity="OVO001835", category="theft", **more):
    return agent.browser.post("/front/chat/propose", {"entity": entity, "category": category, **more})


def cases(world, entity):
    with world.inside(entity):
        return db.session.scalars(select(Case.category)).all()


def test_the_visitor_sees_the_proposal_and_all_that_will_be_kept_and_agrees(world, visitor, agent, abb):
    talking(visitor, agent)
    visitor.say(TOLD)
    assert propose(agent).location.endswith("?done=chat-proposed")
    assert 'value="theft" selected' in agent.page()
    visitor.stop()
    page = visitor.page()
    assert "De medewerker vulde dit in als voorstel." in page
    assert f'value="{abb.name}"' in page
    assert 'value="theft" selected' in page
    assert TOLD in page
    assert cases(world, abb) == [], "nothing is made before the visitor says so"
    visitor.keep(abb.name, "theft", duty="yes", ovo=abb.ovo)
    assert cases(world, abb) == ["theft"]
    assert [c.proposal_sealed for c in chats()] == [None]


def test_the_visitor_may_choose_something_else_and_the_last_proposal_counts(world, visitor, agent, abb):
    talking(visitor, agent)
    visitor.say(TOLD)
    propose(agent)
    propose(agent, category="bullying")
    visitor.stop()
    assert 'value="bullying" selected' in visitor.page()
    visitor.keep(abb.ovo, "conflict")
    assert cases(world, abb) == ["conflict"]


def test_a_proposal_is_sealed_and_goes_when_the_visitor_erases(visitor, agent, abb):
    talking(visitor, agent)
    visitor.say(TOLD)
    propose(agent)
    (chat,) = chats()
    assert chat.proposal_sealed is not None
    assert "theft" not in "".join(line for line in everything().splitlines() if str(chat.id) in line)
    visitor.stop()
    visitor.leave()
    assert [c.proposal_sealed for c in chats()] == [None]


def test_a_proposal_that_cannot_be_is_refused_and_what_was_typed_stays(world, visitor, agent, abb):
    talking(visitor, agent)
    for wrong in ({"entity": "bestaat niet echt"}, {"entity": ""}, {"category": "nonsense"}):
        answer = propose(agent, **wrong)
        assert answer.status_code == 422, wrong
    assert "bestaat niet echt" in unescape(propose(agent, entity="bestaat niet echt").text)
    visitor.say(TOLD)
    visitor.stop()
    assert propose(agent).status_code == 409
    assert propose(ChatAgent(world)).status_code == 409, "no talk of this agent"
    assert chats()[0].proposal_sealed is None
