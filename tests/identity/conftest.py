"""People with a real password and a real second factor, and a look at the mails that jobs would send."""

from dataclasses import dataclass
from uuid import UUID

import pyotp
import pytest
from sqlalchemy import select

from spreekbuis.clock import now
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.identity import second_factor
from spreekbuis.identity.accounts import create_account
from spreekbuis.identity.models import Account
from spreekbuis.jobs.models import Job
from spreekbuis.jobs.outbox import DEFINED
from spreekbuis.notify import mail
from tests.world import World

PASSWORD = "vier woorden op een rij"


@dataclass
class Person:
    id: UUID
    email: str
    password: str
    secret: str
    """Of the second factor."""
    key_secret: bytes
    """Of the account's key pair."""

    def code(self, steps: int = 0) -> str:
        """What the telephone shows now, or some steps of 30 seconds later."""
        return pyotp.TOTP(self.secret).at(now(), counter_offset=steps)


@pytest.fixture
def person(world: World) -> Person:
    """Somebody with a confirmed second factor."""
    made = make_person("loket@voorbeeld.example")
    world.secrets[made.id] = made.key_secret
    return made


def make_person(email: str) -> Person:
    secret = pyotp.random_base32()
    with transaction(PLATFORM) as session:
        made = create_account(email, "Loket Integriteit", "nl", PASSWORD)
        assert made.secret is not None
        account = session.get_one(Account, made.id)
        account.totp_sealed = second_factor.seal_secret(account.id, secret)
        account.totp_confirmed_at = now()
        return Person(made.id, email, PASSWORD, secret, made.secret)


@pytest.fixture
def mails(app, monkeypatch):
    """Runs the waiting jobs of a name in the platform's scope; gives the mails that they delivered."""
    sent: list[dict[str, str]] = []

    def deliver(template: str, to: str, language: str, **values: str) -> None:
        sent.append({"template": template, "to": to, "language": language, **values})

    monkeypatch.setattr(mail, "deliver", deliver)

    def run(name: str) -> list[dict[str, str]]:
        sent.clear()
        with transaction(PLATFORM) as session:
            for job in session.scalars(select(Job).where(Job.name == name).order_by(Job.id)).all():
                DEFINED[name].work(**job.args)
        return list(sent)

    return run
