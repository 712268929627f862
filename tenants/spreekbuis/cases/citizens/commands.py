"""`spreekbuis citizens …`: where 1700 is."""

from collections.abc import Callable

import click
from flask import Flask
from flask_babel import force_locale

from spreekbuis.actor import COMMAND, acting_as
from spreekbuis.cases.citizens.host import make_host
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.errors import DomainError


@click.group("citizens")
def commands() -> None:
    """1700: the desk for citizens and businesses."""


@commands.command()
@click.argument("ovo_code")
def host(ovo_code: str) -> None:
    """Give the entity OVO_CODE the desk of 1700. Twice is once."""
    application: Callable[[], Flask] = click.get_current_context().obj
    with application().app_context():
        try:
            with acting_as(COMMAND), transaction(PLATFORM):
                make_host(ovo_code)
        except DomainError as error:
            with force_locale("nl"):
                raise click.ClickException(str(error.title)) from None
    click.echo("The desk of 1700 is there. Invite its handlers on the page of members.")
