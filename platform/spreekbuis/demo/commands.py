"""`spreekbuis demo`: fill a demo installation, and tell how to sign in."""

import os
import sys
from collections.abc import Callable
from datetime import time
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import click
from flask import Flask

from spreekbuis.actor import COMMAND, acting_as
from spreekbuis.app import load_shared_data
from spreekbuis.clock import now, today
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import transaction
from spreekbuis.demo import entities, people, present, replay, year_2014
from spreekbuis.demo.citizens import write_messages
from spreekbuis.errors import NotFound
from spreekbuis.figures.roll_up import roll_up_all
from spreekbuis.intake.chat.hours import WEEKDAYS, schedule, set_hours


@click.group("demo", invoke_without_command=True)
@click.option("--year", type=click.Choice(["2014"]), help="Only replay this year.")
@click.pass_context
def demo(context: click.Context, year: str | None) -> None:
    """Fill a demo installation with entities, accounts and cases; twice is once."""
    application: Callable[[], Flask] = context.obj
    context.with_resource(application().app_context())
    try:
        people.settings_of_demo()
    except people.NotADemo as error:
        raise click.ClickException(f"Refused: {error}.") from None
    if context.invoked_subcommand is None:
        load_year_2014()
        if year is None:
            load_present()
            show_sign_ins()


@demo.command()
@click.argument("email")
def code(email: str) -> None:
    """Print the code of the second factor that EMAIL needs now."""
    try:
        click.echo(people.sign_in_of(email).code)
    except NotFound:
        raise click.ClickException("no account of the demo has this address") from None


@demo.command()
@click.option("--last", default=3, show_default=True, help="How many.")
def mails(last: int) -> None:
    """Print the last mails of the demo's mailbox folder."""
    files = sorted(people.settings_of_demo().mail_folder.glob("*.eml"))[-last:]
    for file in files:
        mail = message_from_bytes(file.read_bytes(), policy=default)
        body = mail.get_body(("plain",))
        click.echo(
            f"To: {mail['To']}\nSubject: {mail['Subject']}\n\n{body.get_content() if body else ''}\n---"
        )
    if not files:
        click.echo("No mail yet.")


def load_year_2014() -> None:
    """The shared data, the entities of 2014 and the cases of that year."""
    with transaction(PLATFORM):
        load_shared_data()
    team = entities.staff()
    replay.play_all(year_2014.plan(), entities.settle_2014(team), team, _progress("2014"))
    roll_up_all()


def load_present() -> None:
    """The entities as they stand now, and cases of these months."""
    team = entities.staff()
    settled = entities.settle_present(team)
    write_messages(entities.enrol(entities.HOST, team), team.citizens)
    keep_chat_open()
    replay.play_all(present.plan(now()), settled, team, _progress("Present"))
    roll_up_all()


def keep_chat_open() -> None:
    """Day and night: a demo is shown at any hour."""
    with acting_as(COMMAND), transaction(PLATFORM):
        if not schedule().weeks:
            set_hours(today(), dict.fromkeys(WEEKDAYS, (time.min, time(23, 59))))


def show_sign_ins() -> None:
    """Print how to sign in as each role, and how to return as a reporter."""
    command = os.path.relpath(Path(sys.executable).with_name("spreekbuis"))
    click.echo(
        f"\nSign in with the password {people.PASSWORD} and the code beside the address. A code works for"
    )
    click.echo(f"30 seconds and once; for a new one: {command} demo code EMAIL (the secret is for an app).")
    click.echo(f"Mails stay on this machine: {command} demo mails\n")
    for sign_in in people.sign_ins():
        click.echo(f"  {sign_in.role:24} {sign_in.email:46} {sign_in.code}  {sign_in.totp_secret}")
        click.echo(f"  {'':24} {sign_in.url}")
    receipt, ovo_code = _returning_reporter()
    click.echo(f"\nReturn as the reporter of a closed case in {ovo_code} with the code:\n  {receipt}\n")


def _returning_reporter() -> tuple[str, str]:
    """The receipt code of a case that can be scored, and its entity."""
    script = next(s for s in present.plan(now()) if present.waits_for_a_score(s))
    with transaction(PLATFORM):
        entity_id = entities.entity_id_of(script.ovo_code)
    assert entity_id is not None, "the present was loaded"
    with transaction(tenant(entity_id)):
        return replay.receipt_code(script), script.ovo_code


def _progress(label: str) -> replay.Progress:
    def show(done: int, total: int) -> None:
        if done == total or done % 10 == 0:
            click.echo(f"{label}: {done} of {total} cases", err=True)

    return show
