"""What a tenant records for the figures: the present state of a case or contact, in this transaction.

Totals follow by deltas, rows that are only added: writers of one tenant share no counter, so that they never
wait for each other and cannot deadlock. The roll-up (figures.roll_up) moves deltas into totals afterwards.
"""

from dataclasses import asdict, dataclass, fields
from typing import Literal
from uuid import UUID

from sqlalchemy import select, text

from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import DeskKind, Outcome, ReporterClass
from spreekbuis.figures.models import Fact

ACKNOWLEDGE_WITHIN = 7
"""Calendar days; decree of 18 November 2022: acknowledge within 7 days."""

type_cell = tuple[int, str, str]
"""Year, dimension ("category"), value ("fraud")."""
type_measure = tuple[int, int]
"""How many, and the sum of their measure where there is one (scores, cents), else 0."""
LAW_KIND, LAW_TOPIC = "report", "integrity"
"""The cases that Directive (EU) 2019/1937, article 27, wants counted: reports under the decree of 18 November 2022."""


@dataclass(frozen=True, slots=True)
class CaseFact:
    """A case as figures see it. Year and month are those of receipt (Belgian calendar); times are in calendar
    days."""

    year: int
    month: int
    kind: str
    topic: str
    category: str
    channel: str
    identity: str
    reporter_class: str
    desk: str
    status: str
    """"open" or "closed"."""
    outcome: str | None
    score: int | None
    days_to_acknowledge: int | None
    days_to_feedback: int | None
    days_to_close: int | None
    damage_cents: int | None
    """Estimated; None when nobody knows."""
    recovered_cents: int | None
    follow_up: str | None
    """A directory.catalogue.FollowUp."""


@dataclass(frozen=True, slots=True)
class ContactFact:
    """One contact: year and month in which it took place, and its channel."""

    year: int
    month: int
    channel: str


@dataclass(frozen=True, slots=True)
class TrainingFact:
    """A contact person at a training: year and month in which it took place, a directory.catalogue.TrainingKind, online
    or at a place, and whether they were there ("attended" or "absent")."""

    year: int
    month: int
    kind: str
    channel: str
    status: str


type_fact = CaseFact | ContactFact | TrainingFact


def record_case(fact_id: UUID, fact: CaseFact, *, new: bool = False) -> None:
    """Write or correct the fact of a case of the tenant in scope; the totals follow by the difference.

    `new` promises that this fact was never written, which saves a read.
    """
    _record("case", fact_id, fact, new)


def record_contact(fact_id: UUID, fact: ContactFact, *, new: bool = False) -> None:
    """Write or correct the fact of a contact of the tenant in scope; the totals follow by the difference.

    `new` promises that this fact was never written, which saves a read.
    """
    _record("contact", fact_id, fact, new)


def record_training(fact_id: UUID, fact: TrainingFact) -> None:
    """Write or correct the fact of a contact person at a training, of the tenant in scope."""
    _record("training", fact_id, fact, new=False)


def contributions(fact: type_fact) -> dict[type_cell, type_measure]:
    """The cells to which a fact counts."""
    if isinstance(fact, ContactFact):
        return {(fact.year, "contacts", fact.channel): (1, 0)}
    if isinstance(fact, TrainingFact):
        return {(fact.year, "trained", fact.kind): (1, 0)} if fact.status == "attended" else {}
    if fact.reporter_class == ReporterClass.CITIZEN:  # of 1700, and no case of Spreekbuis, at whichever desk
        where = "received" if fact.desk == DeskKind.CITIZENS else "taken_over"
        return {(fact.year, "citizens", where): (1, 0)}
    if fact.outcome == Outcome.REFERRED:
        return {(fact.year, "referred", "all"): (1, 0)}  # counted where it is handled
    if fact.outcome == Outcome.DUPLICATE:
        return {(fact.year, "duplicates", "all"): (1, 0)}  # the case with which it is handled counts
    values = {
        "cases": "all",
        "kind": fact.kind,
        "category": fact.category,
        "channel": fact.channel,
        "reporter_class": fact.reporter_class,
        "identity": fact.identity,
        "desk": fact.desk,
        "status": fact.status,
        "month": f"{fact.month:02d}",
        "topic_of_reports": fact.topic if fact.kind == "report" else None,
        "outcome": fact.outcome,
        "acknowledged": _in_time(fact.days_to_acknowledge),
    }
    cells = {
        (fact.year, dimension, value): (1, 0) for dimension, value in values.items() if value is not None
    }
    if fact.score is not None:
        cells[fact.year, "score", str(fact.score)] = (1, fact.score)
    return {**cells, **_for_the_law(fact)}


def _for_the_law(fact: CaseFact) -> dict[type_cell, type_measure]:
    """What article 27 asks: reports received, what came of them, estimated damage and recoveries, in cents."""
    if (fact.kind, fact.topic) != (LAW_KIND, LAW_TOPIC):
        return {}
    cells = {(fact.year, "law", "received"): (1, 0)}
    if fact.outcome is not None:
        cells[fact.year, "law_outcome", fact.outcome] = (1, 0)
    if fact.follow_up is not None:
        cells[fact.year, "law_follow_up", fact.follow_up] = (1, 0)
    if fact.damage_cents is not None:
        cells[fact.year, "law_money", "damage"] = (1, fact.damage_cents)
    if fact.recovered_cents is not None:
        cells[fact.year, "law_money", "recovered"] = (1, fact.recovered_cents)
    return cells


def _in_time(days_to_acknowledge: int | None) -> str | None:
    if days_to_acknowledge is None:
        return None
    return "in_time" if days_to_acknowledge <= ACKNOWLEDGE_WITHIN else "late"


_CASE_COLUMNS = tuple(field.name for field in fields(CaseFact))
_NOTHING = dict.fromkeys(_CASE_COLUMNS)
_COLUMNS = ", ".join(_CASE_COLUMNS)
# Fact and deltas in one statement of a fixed text: one round trip, prepared once; every report passes here.
_DELTAS = """
INSERT INTO figure_delta (entity_id, id, year, dimension, value, n, total)
SELECT CAST(:entity_id AS uuid), gen_random_uuid(), delta.* FROM unnest(
    CAST(:years AS integer[]), CAST(:dimensions AS text[]), CAST(:delta_values AS text[]),
    CAST(:ns AS integer[]), CAST(:totals AS bigint[])
) AS delta"""
_ADD = text(f"""
WITH written AS (
    INSERT INTO fact (entity_id, id, subject, {_COLUMNS})
    VALUES (:entity_id, :id, :subject, {", ".join(f":{name}" for name in _CASE_COLUMNS)})
){_DELTAS}""")  # noqa: S608 (the names of our own columns)
_CORRECT = text(f"""
WITH written AS (
    UPDATE fact SET {", ".join(f"{name} = :{name}" for name in _CASE_COLUMNS)}
    WHERE entity_id = :entity_id AND id = :id
){_DELTAS}""")  # noqa: S608 (the names of our own columns)


def _record(
    subject: Literal["case", "contact", "training"], fact_id: UUID, fact: type_fact, new: bool
) -> None:
    entity_id = current_entity_id()
    before = None if new else _known(entity_id, fact_id)
    if fact == before:
        return
    old, now = contributions(before) if before else {}, contributions(fact)
    deltas = []
    for cell in {**old, **now}:
        n_before, total_before = old.get(cell, (0, 0))
        n, total = now.get(cell, (0, 0))
        if (n, total) != (n_before, total_before):
            deltas.append((*cell, n - n_before, total - total_before))
    columns = list(zip(*deltas, strict=True)) or [()] * 5
    names = ("years", "dimensions", "delta_values", "ns", "totals")
    db.session.execute(
        _CORRECT if before else _ADD,
        {
            **_NOTHING, **asdict(fact), "entity_id": entity_id, "id": fact_id, "subject": subject,
            **dict(zip(names, map(list, columns), strict=True)),
        },
    )  # fmt: skip


def _known(entity_id: UUID, fact_id: UUID) -> type_fact | None:
    """The fact as it stands, locked: two corrections of one fact follow each other."""
    wanted = select(Fact.subject, *(getattr(Fact, name) for name in _CASE_COLUMNS))
    row = db.session.execute(
        wanted.where(Fact.entity_id == entity_id, Fact.id == fact_id).with_for_update()
    ).one_or_none()
    if row is None:
        return None
    subject, *values = row
    if subject == "contact":
        return ContactFact(row.year, row.month, row.channel)
    if subject == "training":
        return TrainingFact(row.year, row.month, row.kind, row.channel, row.status)
    return CaseFact(*values)
