"""`spreekbuis audit …`: prove that nobody changed the trail."""

from collections.abc import Callable

import click
from flask import Flask
from sqlalchemy import select

from spreekbuis.audit.trail import first_break, holds_at, taken_over
from spreekbuis.db.scope import PLATFORM, Scope, tenant
from spreekbuis.db.session import transaction
from spreekbuis.directory.models import Entity


@click.group("audit")
@click.pass_context
def commands(context: click.Context) -> None:
    """The audit trail: prove that it is whole."""
    application: Callable[[], Flask] = context.obj
    context.with_resource(application().app_context())


@commands.command()
def verify() -> None:
    """Follow the chain of each entity and of the platform, and from an entity to the one that took it over; ends with 1
    where a row was changed, added or removed."""
    with transaction(PLATFORM) as session:
        entities = session.execute(select(Entity.ovo_code, Entity.id).order_by(Entity.ovo_code)).all()
    trails: list[tuple[str, Scope]] = [("platform", PLATFORM), *((code, tenant(i)) for code, i in entities)]
    broken = 0
    for name, scope in trails:
        with transaction(scope):
            place, before = first_break(), taken_over()
        for entity_id, sequence, head in before:
            with transaction(tenant(entity_id)):
                if not holds_at(sequence, head):
                    broken += 1
                    click.echo(f"{name}: what it took over is broken at {sequence}")
        if place is not None:
            broken += 1
            click.echo(f"{name}: broken at {place}")
    if broken:
        raise SystemExit(1)
    click.echo(f"{len(trails)} trails are whole.")
