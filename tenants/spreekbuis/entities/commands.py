"""`spreekbuis entities …`: one entity goes over into another. Confirming takes a second person, on the pages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import click
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select

from spreekbuis.actor import COMMAND, acting_as
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.models import Entity
from spreekbuis.entities import merging
from spreekbuis.entities.models import EntityMerge, MergeState
from spreekbuis.errors import DomainError


@click.group("entities")
def commands() -> None:
    """The life of entities: merge one into another, and undo that until it is confirmed."""


@commands.command("plan-merge")
@click.argument("source")
@click.argument("into")
def plan_merge(source: str, into: str) -> None:
    """Say what would happen if the entity SOURCE went over into INTO (OVO codes); changes nothing."""
    with _at_work():
        found = merging.plan(_entity(source), _entity(into))
    click.echo(
        f"desks: {found.desks}, cases: {found.cases} ({found.open_cases} open), handlers: {found.members}"
    )
    for obstacle in found.obstacles:
        click.echo(f"in the way: {obstacle}")
    if found.obstacles:
        raise SystemExit(1)


@commands.command()
@click.argument("source")
@click.argument("into")
def merge(source: str, into: str) -> None:
    """Let the entity SOURCE go over into INTO (OVO codes). The worker moves the cases."""
    with _at_work():
        merging.begin(_entity(source), _entity(into))
    click.echo("The merge has begun. Somebody of the central office confirms it on the page of merges.")


@commands.command("undo-merge")
@click.argument("source")
def undo_merge(source: str) -> None:
    """Bring back the entity SOURCE (OVO code), whose merge is not confirmed yet."""
    with _at_work():
        merge_id = db.session.scalar(
            select(EntityMerge.id).where(
                EntityMerge.from_id == _entity(source), EntityMerge.state == MergeState.MOVED
            )
        )
        if merge_id is None:
            raise click.ClickException("there is no merge of this entity that waits to be confirmed")
        merging.undo(merge_id)
    click.echo("The worker brings everything back.")


def _entity(code: str) -> UUID:
    found = db.session.scalar(select(Entity.id).where(Entity.ovo_code == code))
    if found is None:
        raise click.ClickException(f"no entity has the code {code}")
    return found


@contextmanager
def _at_work() -> Iterator[None]:
    application: Callable[[], Flask] = click.get_current_context().obj
    with application().app_context():
        try:
            with acting_as(COMMAND), transaction(PLATFORM):
                yield
        except DomainError as error:
            with force_locale("nl"):
                raise click.ClickException(str(error.title)) from None
