"""Sign-in beside a bare page: everything of it but the password hash, which is slow on purpose (`deploy/bench.md`).

    .venv/bin/python -m tests.benchmarks.signing_in

What is measured: the count of tries, the session and its key, the second factor, the trail, in the production server.
It is two posts, the password and the code; the budget is for each. A code serves once, so that each sign-in has an
account of its own.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import pyotp
from flask import Flask

from spreekbuis.app import create_app
from spreekbuis.clock import now
from spreekbuis.db.bootstrap import migrate, prepare
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.embedded.services import start_services
from spreekbuis.identity import passwords, second_factor, sessions
from spreekbuis.identity.accounts import create_account
from spreekbuis.identity.models import Account
from spreekbuis.settings import Settings
from spreekbuis.web import csrf
from tests.benchmarks.__main__ import OWN_BARE, _environment, _row, _server
from tests.benchmarks.load import Client, Refused, in_turns
from tests.benchmarks.table import verdict

BUDGET = 3.0
"""Bare pages of the product that each step of signing in may cost, the password hash aside."""
SECONDS = 6.0
ACCOUNTS = 1_500
PASSWORD = "vier woorden op een rij"
FORM = "a-form-cookie-of-the-benchmark-0"
Half = tuple[str, str, str]
"""A session that waits for its code: cookie, token of the form, secret of the app."""


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="spreekbuis-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    services = start_services(folder, None, None)
    try:
        addresses = prepare(services.admin_url, "spreekbuis_bench", folder / "passwords")
        migrate(addresses.owner)
        env = _environment(addresses, services.redis_url, folder)
        passwords.WORK = passwords.Work(passes=1, memory=8, lanes=1)  # as in the server that is measured
        app = create_app(Settings.from_environment(env), pool_size=1)
        with app.app_context():
            emails, halves, token = _people(app)
        with (
            _server("tests.benchmarks.quick_password:app", env) as (port, _),
            _server("tests.benchmarks.bare:app", env) as (bare_port, _),
        ):
            _steps(port, bare_port, emails, halves, token)
    finally:
        services.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _people(app: Flask) -> tuple[list[str], list[Half], str]:
    """Addresses of accounts, as many half-way sessions, and the token of the sign-in form."""
    secret = pyotp.random_base32()
    emails, halves = [], []
    for number in range(ACCOUNTS):
        with transaction(PLATFORM) as session:
            email = f"loket-{number}@voorbeeld.example"
            made = create_account(email, "Loket", "nl", PASSWORD)
            account = session.get_one(Account, made.id)
            account.totp_sealed = second_factor.seal_secret(made.id, secret)
            account.totp_confirmed_at = now()
            token = sessions.start(made.id, made.secret or b"", complete=False)
        emails.append(email)
        halves.append((token, csrf._token_for(token), secret))
    with app.test_request_context():
        return emails, halves, csrf._token_for(FORM)


def _steps(port: int, bare_port: int, emails: list[str], halves: list[Half], token: str) -> None:
    addresses: Iterator[str] = cycle(emails)

    def password(client: Client) -> None:
        client.cookies = {"form": FORM}
        fields = [("csrf", token), ("email", next(addresses)), ("password", PASSWORD)]
        _needs_303(client, client.post("/sign-in", fields))

    waiting = iter(halves[:-1])

    def code(client: Client) -> None:
        cookie, form, secret = next(waiting)
        digits = pyotp.TOTP(secret).at(now())
        client.cookies = {"sign-in": cookie}
        _needs_303(client, client.post("/sign-in/second-factor", [("csrf", form), ("code", digits)]))

    signed_in = _signed_in(port, *halves[-1])
    for name, work in (("password, without its hash", password), ("code", code)):
        measured, own, bare = in_turns(
            [(work, port), (signed_in, port), (lambda c: c.get("/"), bare_port)], SECONDS
        )
        ratio = measured.p50 / own.p50
        _row(
            name, measured,
            f"{ratio:.1f} of our own bare pages of {own.p50:.2f} ms: {verdict(ratio, BUDGET)};"
            f" {measured.p50 / bare.p50:.0f} bare Flask pages",
        )  # fmt: skip


def _signed_in(port: int, cookie: str, form: str, secret: str) -> Callable[[Client], object]:
    """The product's own bare page, for somebody who is signed in."""
    entering = Client(port, {"sign-in": cookie})
    fields = [("csrf", form), ("code", pyotp.TOTP(secret).at(now()))]
    _needs_303(entering, entering.post("/sign-in/second-factor", fields))
    entering.close()

    def page(client: Client) -> None:
        client.cookies = {"sign-in": entering.cookies["sign-in"]}
        client.get(OWN_BARE)

    return page


def _needs_303(client: Client, answer: tuple[int, str]) -> None:
    if answer[0] != 303:
        raise Refused(f"sign-in: {answer[0]} {client.location}")


if __name__ == "__main__":
    main()
