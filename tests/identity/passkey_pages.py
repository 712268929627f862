"""What the script on the pages does with passkeys, through the test browser."""

from sqlalchemy import select

from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.identity.models import Passkey
from tests.identity.authenticator import Authenticator

LABEL = "Telefoon van het werk"


def question(browser, path="passkeys"):
    asked = browser.post(f"/account/{path}/begin")
    assert asked.status_code == 200, asked.text
    return asked.json


def add(browser, authenticator=None, label=LABEL, **other):
    """Add a passkey; gives the answer of the server."""
    made = (authenticator or Authenticator()).make(question(browser), **other)
    return browser.post("/account/passkeys/add", {"label": label, **made})


def restore(browser, authenticator, **other):
    used = authenticator.use(question(browser, "restore-access"), **other)
    return browser.post("/account/restore-access", used)


def rows():
    with transaction(PLATFORM) as session:
        return session.execute(select(*Passkey.__table__.columns).order_by(Passkey.created_at)).all()
