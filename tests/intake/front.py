"""An agent of the front office in a browser, and what the tests look up behind it."""

from sqlalchemy import select
from werkzeug.test import TestResponse

from spreekbuis.cases.dialogue import read_dialogue
from spreekbuis.cases.models import Case
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.figures.models import OfficeContact
from spreekbuis.web.access import Role
from tests.intake.flow import field
from tests.world import Tenant, World

SUMMARY = "Mijn chef scheldt mij uit voor de hele ploeg."
USUAL = {
    "channel": "phone", "category": "bullying", "about": SUMMARY, "ended": "case", "reporter_class": "staff",
    "language": "nl",
}  # fmt: skip


class Agent:
    """Somebody of the front office."""

    def __init__(self, world: World) -> None:
        self.account_id = world.platform_member(Role.FRONT_DESK)
        self.browser = world.browser(self.account_id)

    def token(self) -> str:
        return field(self.browser.get("/front/contacts/new"), "token")

    def keep(self, token: str = "", **typed: str) -> TestResponse:
        form = {**USUAL, "token": token or self.token(), **typed}
        return self.browser.post("/front/contacts", {k: v for k, v in form.items() if v})


def counted() -> list[tuple[str, str | None, str, bool]]:
    """Channel, topic, ending and whether an entity counts it too, of each contact."""
    with transaction(PLATFORM):
        rows = db.session.scalars(select(OfficeContact).order_by(OfficeContact.ended)).all()
        return [(row.channel, row.topic, row.ended, row.in_entity) for row in rows]


def cases(world: World, entity: Tenant) -> list[Case]:
    with world.inside(entity) as session:
        found = session.scalars(select(Case).order_by(Case.number)).all()
        session.expunge_all()
        return list(found)


def texts(world: World, entity: Tenant, case: Case) -> list[tuple[str, str]]:
    """Author and text of each message, opened with the desk's own secret."""
    with world.inside(entity):
        return [(m.author, m.text) for m in read_dialogue(world.key(entity, case.id), internal=True)]
