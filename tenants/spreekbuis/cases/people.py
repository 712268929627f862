"""The people in a case: who is concerned, who saw it, who was hurt. All that is written of them is sealed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.cases.changes import Happened, changed, refuse_closed
from spreekbuis.cases.duplicates import NO_KEYS, type_keys
from spreekbuis.cases.exclusion import exclude
from spreekbuis.cases.models import Case, CasePerson
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows
from spreekbuis.directory.catalogue import ExclusionReason, PersonRole
from spreekbuis.vault.content import ContentKey


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of somebody. All but the role and the name may be empty."""

    role: PersonRole
    name: str
    function: str = ""
    contact: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class ShownPerson:
    """A person that was opened for a reader."""

    id: UUID
    person: Person


def add_person(
    case: Case,
    key: ContentKey,
    person: Person,
    *,
    once: UUID,
    member: UUID | None = None,
    also: type_keys = NO_KEYS,
) -> None:
    """Add a person to the case. The same `once` again changes nothing.

    `member`: the account that this person has here. From the next request on the case does not exist for it.
    Raises CaseClosed; NotFound and NoKeyYet as `exclude`, which takes `also`.
    """
    if person_made_by(case, once):
        return
    refuse_closed(case)
    person_id = new_id()
    details = json.dumps(asdict(person), ensure_ascii=False)
    made = db.session.scalar(
        insert(CasePerson)
        .values(
            entity_id=case.entity_id, id=person_id, case_id=case.id, once=once,
            details_sealed=key.seal(_details_of(person_id), details),
        )
        .on_conflict_do_nothing(index_elements=["entity_id", "case_id", "once"])
        .returning(CasePerson.id)
    )  # fmt: skip
    if made is None:
        return
    changed(case, Happened.PERSON, step="added")
    if member is not None:
        exclude(case, key, member, ExclusionReason.NAMED, also)


def remove_person(case: Case, person_id: UUID) -> None:
    """Strike a person out. Who was kept out because of it stays out (`exclusion.admit` ends that).

    Raises CaseClosed."""
    refuse_closed(case)
    gone = db.session.scalar(
        delete(CasePerson)
        .where(
            CasePerson.entity_id == case.entity_id, CasePerson.case_id == case.id, CasePerson.id == person_id
        )
        .returning(CasePerson.id)
    )
    if gone is not None:
        changed(case, Happened.PERSON, step="removed")


def person_made_by(case: Case, once: UUID) -> bool:
    """Whether the form with this `once` added somebody before."""
    asked = select(CasePerson.id).where(
        CasePerson.entity_id == case.entity_id, CasePerson.case_id == case.id, CasePerson.once == once
    )
    return db.session.scalar(asked) is not None


def people_in(key: ContentKey) -> list[ShownPerson]:
    """The people in the case of this key, in the order of adding. One query. Raises CannotOpen."""
    found = rows(_PEOPLE, {"entity": current_entity_id(), "case": key.subject_id})
    return [
        ShownPerson(person_id, _opened(key.open(_details_of(person_id), sealed)))
        for person_id, sealed in found
    ]


_PEOPLE = (
    select(CasePerson.id, CasePerson.details_sealed)
    .where(CasePerson.entity_id == bindparam("entity"), CasePerson.case_id == bindparam("case"))
    .order_by(CasePerson.created_at, CasePerson.id)
)
_PEOPLE_OF_CASES = select(CasePerson.case_id, CasePerson.id, CasePerson.details_sealed).where(
    CasePerson.entity_id == bindparam("entity"),
    CasePerson.case_id == any_(bindparam("cases", type_=ARRAY(Uuid))),
)


def people_of_cases(keys: Mapping[UUID, ContentKey]) -> Iterator[tuple[UUID, str | None]]:
    """What is written of everybody in these cases, with the case; None for what does not open. One query."""
    asked = {"entity": current_entity_id(), "cases": list(keys)}
    for case_id, person_id, sealed in rows(_PEOPLE_OF_CASES, asked):
        details = keys[case_id].open_or_none(_details_of(person_id), sealed)
        yield case_id, None if details is None else _in_words(_opened(details))


def _opened(details: str) -> Person:
    given = json.loads(details)
    return Person(**{**given, "role": PersonRole(given["role"])})


def _in_words(person: Person) -> str:
    return "\n".join((person.name, person.function, person.contact, person.description))


def _details_of(person_id: UUID) -> str:
    return f"person/{person_id}"
