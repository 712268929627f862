"""The accounts of the demo: one per role, by function. Only on a demo or test installation."""

from base64 import b32encode
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import pyotp
from flask import current_app
from sqlalchemy import select, update

from spreekbuis.actor import COMMAND, acting_as
from spreekbuis.clock import now
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.errors import NotFound
from spreekbuis.identity.accounts import create_account, grant_platform_role
from spreekbuis.identity.models import Account
from spreekbuis.identity.second_factor import STEP, seal_secret
from spreekbuis.identity.sign_in import known_account, open_account
from spreekbuis.settings import Environment, Settings
from spreekbuis.web.access import PLATFORM_ROLES, Role

PASSWORD = "drie-kleine-boten-varen-uit"  # noqa: S105 (public on purpose: every demo has it)


class NotADemo(Exception):
    """This installation serves real people: nobody loads a demo into it."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Somebody who signs in. `label` is what colleagues see; `start` the page for the role."""

    email: str
    label: str
    role: Role
    start: str

    @property
    def totp_secret(self) -> str:
        """The same in every demo, so that an app that was set up once keeps working."""
        return b32encode(sha256(f"spreekbuis demo {self.email}".encode()).digest()[:20]).decode()


HANDLERS = {
    DeskKind.INTEGRITY: DemoAccount(
        "behandelaar.integriteit@omg.voorbeeld.example",
        "Behandelaar integriteit",
        Role.HANDLER,
        "/desk/OVO990001/cases",
    ),
    DeskKind.WELLBEING: DemoAccount(
        "behandelaar.welzijn@omg.voorbeeld.example",
        "Behandelaar welzijn",
        Role.HANDLER,
        "/desk/OVO990001/cases",
    ),
}
COLLEAGUE = DemoAccount(
    "collega.integriteit@omg.voorbeeld.example",
    "Collega integriteit",
    Role.HANDLER,
    "/desk/OVO990001/cases",
)
"""Works at the same desk as the handler for integrity: who takes over, and who can be kept out."""
ENTITY_ADMINISTRATOR = DemoAccount(
    "beheerder@omg.voorbeeld.example",
    "Beheerder Omgeving",
    Role.ENTITY_ADMINISTRATOR,
    "/entity/OVO990001/members",
)
CITIZENS_HANDLER = DemoAccount(
    "behandelaar.1700@dv.voorbeeld.example", "Behandelaar 1700", Role.HANDLER, "/desk/OVO002949/cases"
)
ANALYST = DemoAccount(
    "centrale.dienst@voorbeeld.example", "Centrale dienst", Role.CENTRAL_ANALYST, "/central/figures"
)
FRONT_DESK = DemoAccount("onthaal@voorbeeld.example", "Onthaal", Role.FRONT_DESK, "/front/contacts/new")
TREASURER = DemoAccount(
    "bijdragen@voorbeeld.example",
    "Beheerder bijdragen",
    Role.CONTRIBUTION_ADMINISTRATOR,
    "/admin/contributions",
)
OPERATOR = DemoAccount(
    "platform@voorbeeld.example", "Beheerder platform", Role.PLATFORM_ADMINISTRATOR, "/admin/jobs"
)
ACCOUNTS = (
    *HANDLERS.values(),
    COLLEAGUE,
    CITIZENS_HANDLER,
    ENTITY_ADMINISTRATOR,
    FRONT_DESK,
    ANALYST,
    TREASURER,
    OPERATOR,
)


@dataclass(frozen=True, slots=True)
class DemoSignIn:
    """What somebody needs to sign in as a role of the demo."""

    role: str
    email: str
    password: str
    totp_secret: str
    url: str

    @property
    def code(self) -> str:
        """The code of this moment."""
        return pyotp.TOTP(self.totp_secret, interval=STEP).now()


def settings_of_demo() -> Settings:
    """The settings. Raises NotADemo where real people are served."""
    settings: Settings = current_app.extensions["settings"]
    if settings.environment not in (Environment.DEMO, Environment.TEST):
        raise NotADemo("a demo is loaded only where SPREEKBUIS_ENV is demo")
    return settings


def make_account(account: DemoAccount) -> UUID:
    """Make the account with its second factor confirmed, in a transaction of its own; gives its id.

    Twice is once.
    """
    with acting_as(COMMAND), transaction(PLATFORM) as session:
        found = session.scalar(select(Account.id).where(Account.email == account.email))
        if found is not None:
            return found
        made = create_account(account.email, account.label, "nl", PASSWORD).id
        confirm_second_factor(made, account)
        if account.role in PLATFORM_ROLES:
            grant_platform_role(made, account.role)
        return made


def secret_of(account: DemoAccount) -> bytes:
    """The secret of the account's key pair, opened with the password of the demo."""
    secret = open_account(known_account(account.email), PASSWORD)
    assert secret is not None, "the demo made this account with this password"
    return secret


def confirm_second_factor(account_id: UUID, account: DemoAccount) -> None:
    """Set the demo's own secret. No code is used up, so that the first sign-in can follow at once."""
    db.session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(totp_sealed=seal_secret(account_id, account.totp_secret), totp_confirmed_at=now())
    )


def sign_ins() -> list[DemoSignIn]:
    """How to sign in, one for each role."""
    base = settings_of_demo().base_url
    return [DemoSignIn(a.label, a.email, PASSWORD, a.totp_secret, f"{base}{a.start}") for a in ACCOUNTS]


def sign_in_of(email: str) -> DemoSignIn:
    """How to sign in with one address. Raises NotFound."""
    for sign_in in sign_ins():
        if sign_in.email == email.strip().lower():
            return sign_in
    raise NotFound
