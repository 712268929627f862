"""People and groups as an entity's directory says them.

The directory never changes or closes an account, which may work elsewhere too: it gives and ends roles in its own
entity alone, of people with an address in one of the entity's own domains, and never more than its administrator
declared for a group.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.provisioning.models import (
    DirectoryGroup,
    DirectoryMember,
    DirectoryPerson,
    EntityDomain,
)
from spreekbuis.access.provisioning.settling import end_everything, settle
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, Invalid, NotFound
from spreekbuis.identity.accounts import email_address

LONGEST = 256
"""Characters of a name in the directory."""


class Taken(Conflict):
    """RFC 7644, 3.12: uniqueness."""

    title = _l("Deze gebruikersnaam bestaat al")
    advice = _l("Pas de bestaande gebruiker aan.")


@dataclass(frozen=True, slots=True)
class PersonGiven:
    """Somebody as the directory says it. `email`: in a domain of the entity."""

    user_name: str
    email: str
    external_id: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class GroupGiven:
    """A group as the directory says it, with the ids of its people."""

    display_name: str
    external_id: str | None
    members: frozenset[UUID]


def verified_domains() -> list[str]:
    """The domains of the entity in scope."""
    wanted = select(EntityDomain.domain).where(
        EntityDomain.entity_id == current_entity_id(), EntityDomain.verified_at.is_not(None)
    )
    return list(db.session.scalars(wanted.order_by(EntityDomain.domain)))


def person_of(person_id: UUID) -> DirectoryPerson:
    """Locked, as it is about to be read for a change. Raises NotFound."""
    found = db.session.get(DirectoryPerson, (current_entity_id(), person_id), with_for_update=True)
    if found is None:
        raise NotFound
    return found


def group_of(group_id: UUID) -> DirectoryGroup:
    """Locked. Raises NotFound."""
    found = db.session.get(DirectoryGroup, (current_entity_id(), group_id), with_for_update=True)
    if found is None:
        raise NotFound
    return found


def create_person(given: PersonGiven) -> DirectoryPerson:
    """Raises Invalid, also for an address outside the entity's domains; Taken."""
    given = _checked(given)
    made: DirectoryPerson | None = db.session.scalar(
        insert(DirectoryPerson)
        .values(
            entity_id=current_entity_id(), user_name=given.user_name, email=given.email,
            external_id=given.external_id, active=given.active,
        )
        .on_conflict_do_nothing()
        .returning(DirectoryPerson)
    )  # fmt: skip
    if made is None:
        raise Taken
    record(Audited.DIRECTORY_PERSON_CREATED, made.id, {"active": given.active})
    return made


def change_person(person: DirectoryPerson, given: PersonGiven) -> None:
    """What is said of somebody from now on; deactivated, all their roles in the entity end at once, with the reading.

    Raises Invalid; Taken.
    """
    given = _checked(given)
    before = PersonGiven(person.user_name, person.email, person.external_id, person.active)
    if given == before:
        return
    if given.user_name.lower() != before.user_name.lower() and _is_taken(given.user_name):
        raise Taken
    person.user_name, person.email = given.user_name, given.email
    person.external_id, person.active = given.external_id, given.active
    person.version, person.changed_at = person.version + 1, now()
    db.session.flush()
    record(Audited.DIRECTORY_PERSON_CHANGED, person.id, {"active": given.active})
    if before.active and not given.active:
        end_everything(person)
    else:
        settle(person, moved=given.email != before.email)


def remove_person(person: DirectoryPerson) -> None:
    """As deactivated, and forgotten. Their account stays."""
    end_everything(person)
    person_id = person.id
    db.session.delete(person)
    db.session.flush()
    record(Audited.DIRECTORY_PERSON_REMOVED, person_id)


def create_group(given: GroupGiven) -> DirectoryGroup:
    """A group gives no role until the administrator declares one. Raises Invalid."""
    _check_group(given)
    group = DirectoryGroup(
        entity_id=current_entity_id(), display_name=given.display_name, external_id=given.external_id
    )
    db.session.add(group)
    db.session.flush()
    _add_members(group.id, given.members)
    record(Audited.DIRECTORY_GROUP_CHANGED, group.id, {"members": len(given.members)})
    return group


def change_group(group: DirectoryGroup, given: GroupGiven) -> None:
    """What is said of a group from now on; who comes and who goes gets or loses what was declared. Raises Invalid."""
    _check_group(given)
    before = members_of(group.id)
    if (group.display_name, group.external_id, before) == (
        given.display_name,
        given.external_id,
        given.members,
    ):
        return
    group.display_name, group.external_id = given.display_name, given.external_id
    group.version, group.changed_at = group.version + 1, now()
    _add_members(group.id, given.members - before)
    if gone := before - given.members:
        db.session.execute(
            delete(DirectoryMember).where(
                DirectoryMember.entity_id == current_entity_id(),
                DirectoryMember.group_id == group.id,
                DirectoryMember.person_id.in_(gone),
            )
        )
    db.session.flush()
    record(Audited.DIRECTORY_GROUP_CHANGED, group.id, {"members": len(given.members)})
    if group.role is not None:
        settle_all(before ^ given.members)


def remove_group(group: DirectoryGroup) -> None:
    """Who was in it loses what was declared for it."""
    before, group_id = members_of(group.id), group.id
    db.session.delete(group)
    db.session.flush()
    record(Audited.DIRECTORY_GROUP_REMOVED, group_id)
    settle_all(before)


def members_of(group_id: UUID) -> frozenset[UUID]:
    """The ids of the people in the group."""
    wanted = select(DirectoryMember.person_id).where(
        DirectoryMember.entity_id == current_entity_id(), DirectoryMember.group_id == group_id
    )
    return frozenset(db.session.scalars(wanted))


def settle_all(person_ids: Collection[UUID]) -> None:
    """Give these people what their groups say, in a fixed order: two requests never wait for each other crosswise."""
    for person_id in sorted(person_ids):
        settle(person_of(person_id))


def _add_members(group_id: UUID, person_ids: Iterable[UUID]) -> None:
    rows = [
        {"entity_id": current_entity_id(), "group_id": group_id, "person_id": p} for p in sorted(person_ids)
    ]
    if rows:
        db.session.execute(insert(DirectoryMember).values(rows).on_conflict_do_nothing())


def _check_group(given: GroupGiven) -> None:
    if not 0 < len(given.display_name) <= LONGEST or len(given.external_id or "") > LONGEST:
        raise Invalid({"displayName": _l("Geef een naam van hoogstens %(num)s tekens.", num=LONGEST)})
    known = select(func.count()).where(
        DirectoryPerson.entity_id == current_entity_id(), DirectoryPerson.id.in_(given.members)
    )
    if given.members and db.session.scalar(known) != len(given.members):
        raise Invalid({"members": _l("Een lid van deze groep is hier niet bekend.")})


def _checked(given: PersonGiven) -> PersonGiven:
    if not 0 < len(given.user_name) <= LONGEST or len(given.external_id or "") > LONGEST:
        raise Invalid({"userName": _l("Geef een naam van hoogstens %(num)s tekens.", num=LONGEST)})
    email = email_address(given.email)
    if email.rpartition("@")[2] not in verified_domains():
        raise Invalid({"email": _l("Dit adres staat niet in een domein van deze entiteit dat bevestigd is.")})
    return PersonGiven(given.user_name, email, given.external_id, given.active)


def _is_taken(user_name: str) -> bool:
    same = select(DirectoryPerson.id).where(
        DirectoryPerson.entity_id == current_entity_id(),
        func.lower(DirectoryPerson.user_name) == user_name.lower(),
    )
    return db.session.scalar(same) is not None
