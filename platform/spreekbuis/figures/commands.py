"""`spreekbuis figures …`: prove that the totals are right, and repair them."""

from collections.abc import Callable

import click
from flask import Flask

from spreekbuis.figures import roll_up


@click.group("figures")
@click.pass_context
def commands(context: click.Context) -> None:
    """Figures: prove that the totals are right, and repair them."""
    application: Callable[[], Flask] = context.obj
    context.with_resource(application().app_context())


@commands.command()
def verify() -> None:
    """Recount all facts and compare with the totals; ends with 1 when something differs."""
    differences = roll_up.verify()
    for d in differences:
        click.echo(
            f"{d.place} {d.year} {d.dimension}.{d.value}: {d.shown_n} (sum {d.shown_total})"
            f" instead of {d.n} (sum {d.total})"
        )
    if differences:
        raise SystemExit(1)
    click.echo("Every total is the sum of its facts.")


@commands.command()
def rebuild() -> None:
    """Write every total anew from the facts."""
    roll_up.rebuild()
    click.echo("The totals were written anew.")
