"""What an account may do in an entity, today."""

from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, or_, select, union_all

from spreekbuis.access.models import CaseExclusion, ErasedExclusion, Membership, MembershipLookup
from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows, within
from spreekbuis.directory.models import Entity
from spreekbuis.identity.workplaces import Workplace
from spreekbuis.web.access import Role
from spreekbuis.web.door import EntityRoles


def holds_today() -> ColumnElement[bool]:
    """The memberships of the tenant in scope that have begun and not ended (`until` is the last day)."""
    day = today()
    return (
        (Membership.entity_id == current_entity_id())
        & (Membership.since <= day)
        & or_(Membership.until.is_(None), Membership.until >= day)
    )


_EXCLUDED = union_all(
    *(
        select(table.case_id).where(
            table.entity_id == bindparam("entity"), table.account_id == bindparam("account")
        )
        for table in (CaseExclusion, ErasedExclusion)
    )
)
_ROLES = select(Membership.role, Membership.desk_id, func.array(_EXCLUDED.scalar_subquery())).where(
    Membership.entity_id == bindparam("entity"),
    Membership.account_id == bindparam("account"),
    Membership.since <= bindparam("today"),
    or_(Membership.until.is_(None), Membership.until >= bindparam("today")),
)


def roles_in_entity(account_id: UUID) -> EntityRoles:
    """Roles and desks in the tenant in scope. Read at each request, so that an end is at once."""
    held = rows(_ROLES, {"entity": current_entity_id(), "account": account_id, "today": today()})
    return EntityRoles(
        roles=frozenset(Role(role) for role, _, _ in held),
        desks=frozenset(desk_id for _, desk_id, _ in held if desk_id is not None),
        withheld=frozenset(case_id for _, _, cases in held for case_id in cases),
    )


def excluded_from(account_id: UUID) -> set[UUID]:
    """The cases of the tenant in scope that do not exist for this account, erased ones included."""
    return {case_id for (case_id,) in rows(_EXCLUDED, {"entity": current_entity_id(), "account": account_id})}


def workplaces_of(account_id: UUID) -> list[Workplace]:
    """The entities in which the account has a role today, by name.

    Asked in the platform's scope; enters each entity of the look-up, to read the roles behind its policies.
    """
    entities = db.session.execute(
        select(Entity.id, Entity.name, Entity.policy_area, Entity.ovo_code)
        .join(MembershipLookup, MembershipLookup.tenant_id == Entity.id)
        .where(MembershipLookup.account_id == account_id)
        .order_by(Entity.name)
    ).all()
    places = []
    for entity in entities:
        with within(entity.id):
            roles = roles_in_entity(account_id).roles
        if roles:
            places.append(Workplace(entity.name, entity.policy_area, roles, entity.ovo_code))
    return places
