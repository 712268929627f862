"""`spreekbuis account …`: what an administrator of the machine does with accounts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import click
from flask import Flask
from flask_babel import force_locale

from spreekbuis.actor import COMMAND, acting_as
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.errors import DomainError, Invalid
from spreekbuis.identity import accounts
from spreekbuis.identity.oidc.providers import give_domain
from spreekbuis.web.access import PLATFORM_ROLES, Role
from spreekbuis.web.frame import LANGUAGES


@click.group("account")
def commands() -> None:
    """Accounts: make, disable, new second factor, roles on the platform."""


@contextmanager
def _acting() -> Iterator[None]:
    """One transaction of the platform; what cannot be done is said in one line."""
    application: Callable[[], Flask] = click.get_current_context().obj
    with application().app_context():
        try:
            with acting_as(COMMAND), transaction(PLATFORM):
                yield
        except DomainError as error:
            with force_locale("nl"):
                reasons = error.errors.values() if isinstance(error, Invalid) else (error.title,)
                raise click.ClickException(" ".join(str(reason) for reason in reasons)) from None


def _id_of(email: str) -> UUID:
    return accounts.account_of(email).id


@commands.command()
@click.argument("email")
@click.argument("label")
@click.option("--language", type=click.Choice(list(LANGUAGES)), default="nl", show_default=True)
@click.password_option(help="Asked for when not given; the second factor is set up at the first sign-in.")
def create(email: str, label: str, language: str, password: str) -> None:
    """Make an account for EMAIL, shown to colleagues as LABEL."""
    with _acting():
        accounts.create_account(email, label, language, password)
    click.echo("The account was made.")


@commands.command()
@click.argument("email")
def disable(email: str) -> None:
    """Close the account of EMAIL and end its sessions."""
    with _acting():
        accounts.disable_account(_id_of(email))
    click.echo("The account is closed.")


@commands.command("reset-second-factor")
@click.argument("email")
def reset_second_factor(email: str) -> None:
    """Let EMAIL set up a new second factor. First make sure that it is really the owner who asks."""
    with _acting():
        accounts.reset_second_factor(_id_of(email))
    click.echo("The next sign-in asks to set up a new second factor.")


@commands.command("sign-in-domain")
@click.argument("domain")
@click.argument("provider", required=False)
def sign_in_domain(domain: str, provider: str | None) -> None:
    """Let people with an address in DOMAIN sign in at PROVIDER (its code in SIGN_IN_PROVIDERS); without one, here."""
    with _acting():
        give_domain(domain, provider)
    click.echo("The domain was set.")


@commands.command("grant-role")
@click.argument("email")
@click.argument("role", type=click.Choice(sorted(role.value for role in PLATFORM_ROLES)))
def grant_role(email: str, role: str) -> None:
    """Give EMAIL a ROLE on the platform."""
    with _acting():
        accounts.grant_platform_role(_id_of(email), Role(role))
    click.echo("The role was granted.")
