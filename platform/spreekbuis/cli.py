"""The `spreekbuis` command."""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click
from flask import Flask

from spreekbuis.settings import Settings, SettingsError


def application() -> Flask:
    """The application of this environment, for a command."""
    from spreekbuis.app import UnsafeDatabase, create_app

    with _explained():
        try:
            return create_app(settings(), pool_size=2)
        except UnsafeDatabase as error:
            _give_up(str(error))


def settings() -> Settings:
    from spreekbuis.run import remembered

    with _explained():
        return Settings.from_environment(remembered(os.environ))


@contextmanager
def _explained() -> Iterator[None]:
    """What an administrator can mend is one sentence and exit code 2, not a stack trace."""
    from sqlalchemy.exc import OperationalError

    from spreekbuis.db.bootstrap import DatabaseNotReady, what_is_wrong
    from spreekbuis.embedded.errors import EmbeddedError

    try:
        yield
    except (SettingsError, EmbeddedError, DatabaseNotReady) as error:
        _give_up(str(error))
    except OperationalError as error:
        _give_up(what_is_wrong(error))


def _give_up(reason: str) -> NoReturn:
    click.echo(f"spreekbuis cannot start: {reason.rstrip('.')}.", err=True)
    sys.exit(2)


ROOM_COMMANDS = {
    "account": "spreekbuis.identity.commands:commands",
    "audit": "spreekbuis.audit.commands:commands",
    "figures": "spreekbuis.figures.commands:commands",
    "citizens": "spreekbuis.cases.citizens.commands:commands",
    "entities": "spreekbuis.entities.commands:commands",
    "register": "spreekbuis.directory.commands:commands",
    "demo": "spreekbuis.demo.commands:demo",
}
"""Groups of commands that rooms bring, loaded only when asked for: `run` stays small."""


class Commands(click.Group):
    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), *ROOM_COMMANDS])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in ROOM_COMMANDS:
            module, _, attribute = ROOM_COMMANDS[name].partition(":")
            found: click.Command = getattr(importlib.import_module(module), attribute)
            return found
        return super().get_command(context, name)


@click.group(cls=Commands)
@click.pass_context
def main(context: click.Context) -> None:
    """Spreekbuis: operate the contact point."""
    context.obj = application


@main.command()
@click.option("--demo/--empty", default=True, help="Load the demo entities, or only the shared register.")
def run(demo: bool) -> None:
    """Run everything on this machine until Ctrl-C."""
    from spreekbuis.run import run as run_all
    from spreekbuis.vault.confined import close_memory

    close_memory()
    try:
        with _explained():
            sys.exit(run_all(os.environ, demo=demo))
    except KeyboardInterrupt:
        sys.exit(130)


@main.command()
def worker() -> None:
    """Do the work of the outbox until Ctrl-C."""
    from spreekbuis.jobs.worker import serve
    from spreekbuis.vault.confined import close_memory

    close_memory()
    serve(application())


@main.command()
def migrate() -> None:
    """Bring the database to this version (needs DATABASE_OWNER_URL)."""
    from spreekbuis.db.bootstrap import migrate as bring_up

    url = settings().database_owner_url
    if url is None:
        _give_up("DATABASE_OWNER_URL is not set")
    with _explained():
        bring_up(url)
    click.echo("The database is up to date.")


@main.command()
def routes() -> None:
    """Print who may enter which route, as in platform/spreekbuis/web/ACCESS.md."""
    from spreekbuis.web.matrix import access_matrix

    click.echo(access_matrix(application()), nl=False)


@main.command()
def readable() -> None:
    """Print what stays readable of a tenant's tables, as in platform/spreekbuis/vault/READABLE.md."""
    from spreekbuis.app import import_models
    from spreekbuis.vault.readable import document

    import_models()
    click.echo(document(), nl=False)


@main.command("load-shared")
def load_shared() -> None:
    """Load the register, the central actors, published figures, scope rules and questionnaires."""
    from spreekbuis.app import load_shared_data
    from spreekbuis.db.scope import PLATFORM
    from spreekbuis.db.session import transaction

    with application().app_context(), transaction(PLATFORM):
        load_shared_data()
    click.echo("Register, actors, published figures, scope rules and questionnaires are loaded.")


if __name__ == "__main__":
    main()
