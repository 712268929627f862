"""People on a bad day, in browsers: a handler at the page of a case, and what waits in the outbox done for them."""

import re
from dataclasses import dataclass
from html import unescape

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from spreekbuis.cases.models import Case
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.notify import mail
from spreekbuis.web.access import Role
from tests.intake.flow import Reporter
from tests.world import Browser, Tenant, World


@dataclass
class Handler:
    """Somebody of a desk with the pages open."""

    browser: Browser
    entity: Tenant

    @property
    def list_url(self) -> str:
        return f"/desk/{self.entity.ovo}/cases"

    def numbers(self, view: str = "open") -> list[str]:
        """The addresses of the cases in this view."""
        page = self.browser.get(f"{self.list_url}?view={view}")
        assert page.status_code == 200
        return re.findall(rf'href="({self.list_url}/[0-9a-f-]{{36}})"', page.text)

    def read(self, url: str) -> str:
        page = self.browser.get(url)
        assert page.status_code == 200, page.status_code
        return unescape(page.text)

    def press(self, url: str, action: str, **typed: str) -> TestResponse:
        """Fill in the form `action` on the page of the case, and send it."""
        found = re.search(
            rf'<form[^>]*action="[^"]*/{action}".*?</form>', self.browser.get(url).text, re.DOTALL
        )
        assert found, f"no form {action} on the page"
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', found[0]))
        return self.browser.post(f"{url}/{action}", {**fields, **typed})


@pytest.fixture
def entity(world: World) -> Tenant:
    return world.entity()


@pytest.fixture
def reporter(world: World, entity: Tenant) -> Reporter:
    return Reporter(world.browser(), entity)


@pytest.fixture
def handler(world: World, entity: Tenant) -> Handler:
    """Of the wellbeing desk, where the reports of these tests go."""
    return Handler(world.handler(entity, DeskKind.WELLBEING), entity)


@pytest.fixture
def administrator(world: World, entity: Tenant) -> Browser:
    return world.browser(world.member(entity, Role.ENTITY_ADMINISTRATOR))


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Template and receiver of every mail that goes out."""
    sent: list[tuple[str, str]] = []

    class Box:
        def send(self, message) -> None:  # type: ignore[no-untyped-def]
            sent.append((message["To"], message["Subject"]))

    monkeypatch.setattr(mail, "mailer", lambda _settings: Box())
    return sent


@pytest.fixture
def cases(world: World, entity: Tenant):  # type: ignore[no-untyped-def]
    """The cases of the entity as they stand in the database, the oldest first."""

    def found() -> list[Case]:
        with world.inside(entity) as session:
            rows = list(
                session.scalars(select(Case).where(Case.entity_id == entity.id).order_by(Case.received_at))
            )
            session.expunge_all()
            return rows

    return found
