"""How many files reporters leave, and where that ends: a reporter needs no account, so that anybody could fill the
disk, for a day with files of reports that are never sent, for years with those of reports and messages that are.

Bounds hold for each entity, so that a flood at one leaves the others alone, and for all together, so that a flood at
many does not take the disk. They are far above what honest use asks: five hundred reporters at the same moment in
one entity, each with as many files as a form takes, of the size of two photos of a telephone together. Where it is
full, the text of a report still comes through, and files follow with the receipt code.

What is sent does not wait any more, so a day has a bound of its own for each entity, over all that reporters bring.

What an entity has is counted under the lock of its row; of the others the rows are read. Files that are added in two
entities at the same moment do not see each other: so much, and no more, the bound for all can be passed.
"""

from typing import Final

from flask_babel import gettext as _
from sqlalchemy import and_, case, func, select, update
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.clock import now, today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.intake.models import DraftFile, DraftStock
from spreekbuis.vault.files import MOST_FILES

AT_ONCE: Final = 500
"""Honest reporters of one entity who have chosen files and sent nothing yet."""
ENTITY_FILES: Final = AT_ONCE * MOST_FILES
ENTITY_BYTES: Final = AT_ONCE * 10 * 2**20
"""5,242,880,000: ten mebibytes for each, two photos of a good telephone."""
ALL_FILES: Final = 4 * ENTITY_FILES
ALL_BYTES: Final = 4 * ENTITY_BYTES
"""20,971,520,000: four entities that are full."""
MOST: Final = (ENTITY_FILES, ENTITY_BYTES, ALL_FILES, ALL_BYTES)
SAVED: Final = (ENTITY_FILES // 4, ENTITY_BYTES // 4)
"""Of what may wait in an entity, the share for drafts that were saved: they wait for a week, the others for a day."""

DAY_BYTES: Final = 2 * ENTITY_BYTES
"""10,485,760,000 into one entity on one day: a thousand reporters with ten mebibytes each, where the largest entity has
a few on a day. Twice what may wait at one time, so that a full stock can still be sent and followed by others."""


class Full(Exception):
    """More files would wait than we keep. Says so to the reporter."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Er staan nu te veel bestanden klaar die nog niet verstuurd zijn. We konden die van jou niet "
                "bewaren, je tekst wel. Verstuur je melding zonder bestanden: daarna voeg je ze toe met je "
                "toegangscode. Of probeer het later opnieuw."
            )
        )


class DayFull(Exception):
    """More bytes would come on one day than we take. Says so to the reporter."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Er kwamen hier vandaag te veel bestanden binnen. We konden die van jou niet bewaren, je tekst wel. "
                "Verstuur je tekst zonder bestanden, en voeg ze morgen toe met je toegangscode."
            )
        )


def check_room() -> None:
    """Raises Full or DayFull when nothing more can be added now: asked before the work of cleaning and storing."""
    check_day(1)
    if any(one >= most for one, most in zip(_noted(), MOST, strict=True)):
        raise Full


def check() -> None:
    """Raises Full when this transaction added too much: then it must end without that. Count again first."""
    if any(one > most for one, most in zip(_noted(), MOST, strict=True)):
        raise Full


def check_day(size: int) -> None:
    """Raises DayFull when no `size` bytes more can come into the entity in scope today."""
    came = db.session.scalar(
        select(DraftStock.came).where(DraftStock.tenant_id == current_entity_id(), DraftStock.day == today())
    )
    if (came or 0) + size > DAY_BYTES:
        raise DayFull


def bring(size: int) -> None:
    """Note that a reporter brings so many bytes into the entity in scope. Holds its row until the transaction ends, so
    that of two at once the second counts the first. Raises DayFull: then the transaction must end without them."""
    row = insert(DraftStock).values(tenant_id=current_entity_id(), day=today(), came=size)
    before = case((DraftStock.day == today(), DraftStock.came), else_=0)
    came = db.session.scalar(
        row.on_conflict_do_update(
            index_elements=["tenant_id"], set_={"day": today(), "came": before + size}
        ).returning(DraftStock.came)
    )
    if (came or 0) > DAY_BYTES:
        raise DayFull


def saved_is_full() -> bool:
    """Whether the files of saved drafts take more than their share, in the entity in scope. Count again first."""
    saved = and_(
        DraftFile.entity_id == current_entity_id(), DraftFile.taken_at.is_(None), DraftFile.kept_until > now()
    )
    counted = db.session.execute(
        select(func.count(), func.coalesce(func.sum(DraftFile.size), 0)).where(saved)
    ).one()
    return any(one > most for one, most in zip(counted, SAVED, strict=True))


def count_again() -> None:
    """Count what waits in the entity in scope, and note it. Holds its row until the transaction ends: what others add
    or take meanwhile is counted after that."""
    entity_id = current_entity_id()
    row = insert(DraftStock).values(tenant_id=entity_id)
    db.session.execute(  # also a row that is there already is held
        row.on_conflict_do_update(index_elements=["tenant_id"], set_={"files": DraftStock.files})
    )
    waiting = and_(DraftFile.entity_id == entity_id, DraftFile.taken_at.is_(None))
    files, size = db.session.execute(
        select(func.count(), func.coalesce(func.sum(DraftFile.size), 0)).where(waiting)
    ).one()
    db.session.execute(
        update(DraftStock).where(DraftStock.tenant_id == entity_id).values(files=files, size=size)
    )


def _noted() -> tuple[int, ...]:
    """What waits, in the order of MOST."""
    mine = DraftStock.tenant_id == current_entity_id()
    files, size = func.sum(DraftStock.files), func.sum(DraftStock.size)
    row = db.session.execute(select(files.filter(mine), size.filter(mine), files, size)).one()
    return tuple(int(number or 0) for number in row)
