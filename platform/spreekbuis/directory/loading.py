"""Load what the product brings along: the first register, the kinds of actors, and the central actors."""

from importlib.resources import files

from sqlalchemy.dialects.postgresql import insert

from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.actor_kinds import KINDS
from spreekbuis.directory.actors import ACTORS
from spreekbuis.directory.comparing import compare
from spreekbuis.directory.models import SINCE_EVER, Actor, ActorKind
from spreekbuis.directory.register_file import RegisterFile, read_register
from spreekbuis.directory.register_history import (
    areas,
    follow_register,
    lock_register,
    organisations,
    put_areas,
    put_organisations,
    register_version,
    set_register_version,
)


def load_register() -> None:
    """Add the policy areas, organisations, actor kinds and actors of the data folder. Twice is once.

    Of what the register knows already nothing changes: its history is the central office's, who imports it.
    """
    lock_register()
    known_areas, known = areas(), organisations()
    data = files("spreekbuis.directory") / "data"
    new = RegisterFile()
    for name in ("policy_areas.csv", "organisations.csv"):
        given = read_register((data / name).read_bytes())
        new.areas |= {code: lines for code, lines in given.areas.items() if code not in known_areas}
        new.organisations |= {code: lines for code, lines in given.organisations.items() if code not in known}
    compared = compare(new, known_areas, known, SINCE_EVER, complete=False)
    put_areas({change.code: change.after for change in compared.areas})
    put_organisations(
        {change.code: change.after for change in compared.organisations}, lambda _done, _of: None
    )
    if follow_register() and register_version() is not None:
        set_register_version(new_id())
    for kind in KINDS:
        db.session.execute(
            insert(ActorKind).values(**kind).on_conflict_do_update(index_elements=["code"], set_=kind)
        )
    for actor in ACTORS:  # what the central office changed since stays so
        db.session.execute(insert(Actor).values(**actor, confirmed_on=today()).on_conflict_do_nothing())
    db.session.flush()
