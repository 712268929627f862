"""`spreekbuis register …`: import the register of organisations, as the pages of the central office do."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click
from flask import Flask

from spreekbuis.actor import COMMAND, acting_as
from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.import_list import changes_page, entities_touched
from spreekbuis.directory.imports import apply_import, propose_import
from spreekbuis.directory.register_file import LARGEST, FaultyFile


@click.group("register")
@click.pass_context
def commands(context: click.Context) -> None:
    """The register of organisations: import a file."""
    application: Callable[[], Flask] = context.obj
    context.with_resource(application().app_context())


@commands.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--preview", "how", flag_value="preview", default="preview", help="Show what would change (usual)."
)
@click.option("--apply", "how", flag_value="apply", help="Change the register.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="From when holds what has no date; today.")
@click.option("--complete", is_flag=True, help="The file is the whole register: what is not in it ends.")
def import_file(file: Path, how: str, day: datetime | None, complete: bool) -> None:
    """Import FILE (CSV or JSON). A preview leaves nothing behind; ends with 1 when the file has faults."""
    with file.open("rb") as opened:
        content = opened.read(LARGEST + 1)
    with acting_as(COMMAND), transaction(PLATFORM):
        try:
            made = propose_import(
                new_id(), content, file.name, day.date() if day else today(), complete=complete
            )
        except FaultyFile as faulty:
            _tell_faults(faulty)
            raise SystemExit(1) from None
        changes = made.counts["all"]
        if how == "apply":
            with click.progressbar(length=max(changes, 1), label="Importing") as bar:
                apply_import(made.id, lambda done, _of: bar.update(done - bar.pos))
            click.echo(f"{changes} changes were applied. The figures follow within a minute.")
        else:
            _tell_changes(made.id, changes)
            raise SystemExit(0)  # which rolls back


def _tell_changes(import_id: UUID, changes: int) -> None:
    page = changes_page(import_id, "")
    while page.rows:
        for row in page.rows:
            for one in row.differences:
                entity = " (an entity)" if row.is_entity else ""
                click.echo(f"{row.code}{entity} {one.kind} from {one.day}: {one.before!r} -> {one.after!r}")
        if page.after is None:
            break
        page = changes_page(import_id, "", after=page.after)
    click.echo(f"{changes} changes, {entities_touched(import_id)} of them of entities. Nothing was changed.")


def _tell_faults(faulty: FaultyFile) -> None:
    for fault in faulty.faults:
        click.echo(f"line {fault.line}: {fault.what}" if fault.line else str(fault.what))
    if faulty.more:
        click.echo(f"and {faulty.more} more")
