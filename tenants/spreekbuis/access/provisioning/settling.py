"""From groups to roles: what somebody has through the directory is made what their groups say, no more and no less."""

from dataclasses import dataclass
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.access.desks import takes_new
from spreekbuis.access.invitations import NotOpen, invite, withdraw_invitation
from spreekbuis.access.members import LastAdministrator, OwnRights, end_membership, join
from spreekbuis.access.models import Desk, Invitation, Membership
from spreekbuis.access.provisioning.models import (
    DirectoryGrant,
    DirectoryGroup,
    DirectoryMember,
    DirectoryPerson,
)
from spreekbuis.access.roles import holds_today
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.errors import Conflict, Invalid, NotFound
from spreekbuis.identity.models import Account
from spreekbuis.web.access import Role

MOST_DECLARED = 200
"""People in a group for which a role can be declared: more is a mistake."""


class TooLarge(Conflict):
    title = _l("Deze groep is te groot")
    advice = _l(
        "Een rol kan voor een groep van hoogstens 200 mensen. Maak een kleinere groep in je directory."
    )


@dataclass(frozen=True, slots=True)
class Right:
    """A role in the entity, of one desk when it is a handler's."""

    role: Role
    desk: DeskKind | None = None


def declare(group: DirectoryGroup, right: Right | None) -> None:
    """What the members of a group are from now on; None: nothing. The same again changes nothing.

    Raises OwnRights when the administrator who declares it would gain by it or lose; TooLarge; Invalid for a desk that
    the entity does not have.
    """
    if right and right.desk and right.desk not in _desks():
        raise Invalid({"right": _l("Kies een van de mogelijkheden.")})
    wanted = (right.role.value if right else None, right.desk.value if right and right.desk else None)
    if (group.role, group.desk) == wanted:
        return
    people = _people_of(group.id)
    if len(people) > MOST_DECLARED:
        raise TooLarge
    me = acting().account_id
    mine = db.session.scalar(select(Account.email).where(Account.id == me))
    if any(me == person.account_id or person.email == mine for person in people):
        raise OwnRights
    group.role, group.desk = wanted
    db.session.flush()
    record(Audited.DIRECTORY_ROLE_DECLARED, group.id, {"role": wanted[0], "desk": wanted[1]})
    for person in people:
        settle(person)


def _desks() -> set[str]:
    return set(db.session.scalars(select(Desk.kind).where(Desk.entity_id == current_entity_id())))


def _people_of(group_id: UUID) -> list[DirectoryPerson]:
    return list(
        db.session.scalars(
            select(DirectoryPerson)
            .join(
                DirectoryMember,
                (DirectoryMember.entity_id == DirectoryPerson.entity_id)
                & (DirectoryMember.person_id == DirectoryPerson.id),
            )
            .where(DirectoryPerson.entity_id == current_entity_id(), DirectoryMember.group_id == group_id)
            .order_by(DirectoryPerson.id)
        )
    )


def settle(person: DirectoryPerson, *, moved: bool = False) -> None:
    """Give and end roles until they are what the person's groups say. `moved`: the address is another one, so that an
    invitation that nobody accepted yet goes to the new one."""
    wanted = _declared(person) if person.active else set()
    account_id = _account_of(person)
    for grant in _grants(person):
        right = Right(Role(grant.role), DeskKind(grant.desk) if grant.desk else None)
        _look_for_membership(grant, account_id)
        if right in wanted and not (moved and grant.membership_id is None):
            wanted.discard(right)
            continue
        _take_back(grant)
    for right in sorted(wanted, key=str):
        _give(person, account_id, right)


def end_everything(person: DirectoryPerson) -> None:
    """Somebody left the organisation: every role in the entity ends at once, also what was given otherwise. The last
    administrator stays one, as the entity would be nobody's; the trail says so."""
    account_id = _account_of(person)
    for grant in _grants(person):
        _look_for_membership(grant, account_id)
        _take_back(grant)
    if account_id is None:
        return
    held = select(Membership.id).where(holds_today(), Membership.account_id == account_id)
    for membership_id in db.session.scalars(held.order_by(Membership.id)).all():
        _end(membership_id)


def _declared(person: DirectoryPerson) -> set[Right]:
    groups = (
        select(DirectoryGroup.role, DirectoryGroup.desk)
        .join(
            DirectoryMember,
            (DirectoryMember.entity_id == DirectoryGroup.entity_id)
            & (DirectoryMember.group_id == DirectoryGroup.id),
        )
        .where(
            DirectoryGroup.entity_id == current_entity_id(),
            DirectoryMember.person_id == person.id,
            DirectoryGroup.role.is_not(None),
        )
    )
    return {
        Right(Role(role), DeskKind(desk) if desk else None)
        for role, desk in db.session.execute(groups)
        if role
    }


def _grants(person: DirectoryPerson) -> list[DirectoryGrant]:
    wanted = select(DirectoryGrant).where(
        DirectoryGrant.entity_id == current_entity_id(), DirectoryGrant.person_id == person.id
    )
    return list(db.session.scalars(wanted.order_by(DirectoryGrant.id)))


def _account_of(person: DirectoryPerson) -> UUID | None:
    """The account of this person, whom the address names until it is known."""
    if person.account_id is None:
        person.account_id = db.session.scalar(
            select(Account.id).where(Account.email == person.email, Account.disabled_at.is_(None))
        )
    return person.account_id


def _look_for_membership(grant: DirectoryGrant, account_id: UUID | None) -> None:
    """An invitation may have been accepted meanwhile."""
    if grant.membership_id is not None or account_id is None:
        return
    accepted = select(Invitation.accepted_at).where(Invitation.id == grant.invitation_id)
    if db.session.scalar(accepted) is not None:
        desk_id = _desk_id(DeskKind(grant.desk)) if grant.desk else None
        grant.membership_id = _open_membership(account_id, Role(grant.role), desk_id)


def _open_membership(account_id: UUID, role: Role, desk_id: UUID | None) -> UUID | None:
    return db.session.scalar(
        select(Membership.id).where(
            holds_today(),
            Membership.account_id == account_id,
            Membership.role == role,
            Membership.desk_id.is_not_distinct_from(desk_id),
        )
    )


def _desk_id(kind: DeskKind) -> UUID:
    return db.session.scalars(
        select(Desk.id).where(Desk.entity_id == current_entity_id(), Desk.kind == kind, takes_new())
    ).one()


def _give(person: DirectoryPerson, account_id: UUID | None, right: Right) -> None:
    """A known account has the role at once; else its address is invited. What somebody has already stays theirs."""
    grant = DirectoryGrant(
        entity_id=current_entity_id(), person_id=person.id, role=right.role.value, desk=right.desk
    )
    if account_id is None:
        try:
            grant.invitation_id = invite(person.email, right.role, right.desk, "nl").id
        except Invalid:  # an administrator invited them before
            return
    else:
        desk_id = _desk_id(right.desk) if right.desk else None
        if _open_membership(account_id, right.role, desk_id) is not None:
            return
        join(account_id, right.role, desk_id)
        grant.membership_id = _open_membership(account_id, right.role, desk_id)
    db.session.add(grant)
    db.session.flush()


def _take_back(grant: DirectoryGrant) -> None:
    membership_id, invitation_id = grant.membership_id, grant.invitation_id
    db.session.delete(grant)
    db.session.flush()
    if membership_id is not None:
        _end(membership_id)
    elif invitation_id is not None:
        try:
            withdraw_invitation(invitation_id)
        except NotOpen:
            return


def _end(membership_id: UUID) -> None:
    try:
        end_membership(membership_id)
    except NotFound:  # ended otherwise meanwhile
        return
    except LastAdministrator:
        record(Audited.DIRECTORY_LAST_ADMINISTRATOR_KEPT, membership_id)
