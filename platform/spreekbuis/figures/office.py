"""Contacts with the front office: counted here, whether or not they became a case of an entity.

Those on a case are facts of that entity as well (figures.facts). The totals over all entities take from here only
what no entity counts, so that each contact is there once.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import Channel, ContactEnd, Topic
from spreekbuis.figures.models import OfficeContact


@dataclass(frozen=True, slots=True)
class OfficeFact:
    """One contact. `script`: id and version of the answer text that was used."""

    day: date
    channel: Channel
    topic: Topic | None
    ended: ContactEnd
    in_entity: bool
    script: tuple[UUID, int] | None = None


def record_office_contact(contact_id: UUID, fact: OfficeFact) -> bool:
    """Count a contact; the same id again counts nothing. Gives whether it was new."""
    script_id, script_version = fact.script or (None, None)
    made = db.session.scalar(
        insert(OfficeContact)
        .values(
            id=contact_id, day=fact.day, channel=fact.channel.value, topic=fact.topic and fact.topic.value,
            ended=fact.ended.value, in_entity=fact.in_entity, script_id=script_id, script_version=script_version,
        )
        .on_conflict_do_nothing()
        .returning(OfficeContact.id)
    )  # fmt: skip
    return made is not None


@dataclass(frozen=True, slots=True)
class Count:
    """Contacts today, since Monday and since New Year."""

    today: int = 0
    week: int = 0
    year: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.today + other.today, self.week + other.week, self.year + other.year)


@dataclass(frozen=True, slots=True)
class OfficeCounts:
    """Contacts by channel, topic ("" for those on a case that existed) and ending, and altogether."""

    channels: dict[str, Count]
    topics: dict[str, Count]
    endings: dict[str, Count]
    total: Count


def office_counts(day: date) -> OfficeCounts:
    """The counts as they stand on `day` (Belgian calendar; a week begins on Monday). One query."""
    monday, new_year = day - timedelta(days=day.weekday()), date(day.year, 1, 1)
    table = OfficeContact
    rows = db.session.execute(
        select(
            table.channel, func.coalesce(table.topic, ""), table.ended,
            func.count().filter(table.day == day),
            func.count().filter(table.day >= monday),
            func.count().filter(table.day >= new_year),
        )
        .where(table.day >= min(monday, new_year), table.day <= day)
        .group_by(table.channel, table.topic, table.ended)
    )  # fmt: skip
    counts = OfficeCounts({}, {}, {}, Count())
    total = Count()
    for channel, topic, ended, *numbers in rows:
        count = Count(*numbers)
        total += count
        for by, value in ((counts.channels, channel), (counts.topics, topic), (counts.endings, ended)):
            by[value] = by.get(value, Count()) + count
    return OfficeCounts(counts.channels, counts.topics, counts.endings, total)
