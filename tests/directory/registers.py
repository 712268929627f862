"""Registers for tests: files, and an empty register that is put back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from sqlalchemy import Engine, text

from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.imports import apply_import, propose_import
from spreekbuis.directory.loading import load_register

COLUMNS = "ovo_code,name_nl,policy_area,kbo,also_known_as,valid_from,valid_to"


def organisations(*lines: str) -> bytes:
    """A CSV of organisations."""
    return "\n".join((COLUMNS, *lines)).encode()


def areas(*lines: str) -> bytes:
    """A CSV of policy areas."""
    return "\n".join(("code,name_nl,valid_from,valid_to,successors", *lines)).encode()


def quiet(_done: int, _of: int) -> None:
    """Nobody watches how far it is."""


def propose(
    content: bytes, day: date = date(2026, 11, 1), *, complete: bool = False, name: str = "register.csv"
):
    """Propose an import, in a transaction of its own; gives its id and what it counts."""
    with transaction(PLATFORM):
        made = propose_import(new_id(), content, name, day, complete=complete)
        return made.id, made.counts


def imported(content: bytes, day: date = date(2026, 11, 1), *, complete: bool = False):
    """Propose an import and apply it; gives its id."""
    import_id, _ = propose(content, day, complete=complete)
    with transaction(PLATFORM):
        apply_import(import_id, quiet)
    return import_id


@contextmanager
def own_register(cleaner: Engine) -> Iterator[None]:
    """A register that the test may change: what it leaves is replaced by the one that the product brings along."""
    try:
        yield
    finally:
        with cleaner.connect() as connection:
            connection.execute(
                text("TRUNCATE organisation, policy_area, register_version, register_import CASCADE")
            )
        with transaction(PLATFORM):
            load_register()
