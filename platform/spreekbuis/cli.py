"""The `spreekbuis` command."""

import os
import sys

import click
from flask import Flask

from spreekbuis.settings import Settings, SettingsError


def application() -> Flask:
    """The application of this environment, for a command."""
    from spreekbuis.app import create_app

    return create_app(settings())


def settings() -> Settings:
    try:
        return Settings.from_environment(os.environ)
    except SettingsError as error:
        click.echo(f"spreekbuis cannot start: {error}.", err=True)
        sys.exit(2)


@click.group()
def main() -> None:
    """Spreekbuis: operate the contact point."""


@main.command()
def migrate() -> None:
    """Bring the database to this version (needs DATABASE_OWNER_URL)."""
    from spreekbuis.db.bootstrap import migrate as run

    url = settings().database_owner_url
    if url is None:
        click.echo("DATABASE_OWNER_URL is not set.", err=True)
        sys.exit(2)
    run(url)
    click.echo("The database is up to date.")


if __name__ == "__main__":
    main()
