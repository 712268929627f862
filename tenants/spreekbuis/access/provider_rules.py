"""What an entity allows to whoever an organisation says works there: a role per group (identity.oidc).

Without a rule, signing in at an organisation gives nobody a role: one is invited. A rule is the administrator's own
word, for one group of one provider, in this entity alone; the provider must name both the entity (its OVO code) and the
group. It gives at most the role that it says, and never what somebody had and was taken from.
"""

from dataclasses import dataclass
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.desks import takes_new
from spreekbuis.access.members import join
from spreekbuis.access.models import Desk, Invitation, Membership, ProviderRule
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, within
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.directory.models import Entity
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.identity.oidc.arriving import Belongs
from spreekbuis.identity.oidc.providers import all_providers
from spreekbuis.web.access import ENTITY_ROLES, Role

LONGEST_GROUP = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the tenant in scope. `provider` is the name of the organisation, for people."""

    id: UUID
    provider: str
    group: str
    role: Role
    desk: DeskKind | None


def rules() -> list[Rule]:
    """The rules of the tenant in scope. One of a provider that this installation no longer has shows its code."""
    rows = db.session.execute(
        select(ProviderRule.id, ProviderRule.provider, ProviderRule.group_name, ProviderRule.role, Desk.kind)
        .outerjoin(Desk, (Desk.entity_id == ProviderRule.entity_id) & (Desk.id == ProviderRule.desk_id))
        .where(ProviderRule.entity_id == current_entity_id())
        .order_by(ProviderRule.provider, ProviderRule.group_name, ProviderRule.role, Desk.kind)
    )
    known = all_providers()
    return [
        Rule(r.id, known[r.provider].name if r.provider in known else r.provider, r.group_name, Role(r.role),
             DeskKind(r.kind) if r.kind else None)
        for r in rows
    ]  # fmt: skip


def add_rule(provider: str, group: str, role: Role, desk_kind: DeskKind | None) -> None:
    """Whoever the provider says is of this group gets the role from the next sign-in on. Twice is once.

    Raises Invalid. Audited.
    """
    errors = {}
    if provider not in all_providers():
        errors["provider"] = _l("Kies een van de mogelijkheden.")
    if role not in ENTITY_ROLES:
        errors["role"] = _l("Kies een van de mogelijkheden.")
    desk_id = None
    if role is Role.HANDLER:
        desk_id = db.session.scalar(
            select(Desk.id).where(Desk.entity_id == current_entity_id(), Desk.kind == desk_kind, takes_new())
        )
        if desk_id is None:
            errors["desk"] = _l("Kies het loket waarvoor deze persoon dossiers behandelt.")
    if errors:
        raise Invalid(errors)
    made = db.session.scalar(
        insert(ProviderRule)
        .values(
            entity_id=current_entity_id(), id=new_id(), provider=provider, group_name=group, role=role,
            desk_id=desk_id, by_account_id=acting().account_id, since=now(),
        )
        .on_conflict_do_nothing()
        .returning(ProviderRule.id)
    )  # fmt: skip
    if made is not None:
        record(Audited.PROVIDER_RULE_MADE, made, {"provider": provider, "role": role})


def end_rule(rule_id: UUID) -> None:
    """Nobody gets a role by this rule any more; who has one keeps it. Raises NotFound. Audited."""
    gone = delete(ProviderRule).where(
        ProviderRule.entity_id == current_entity_id(), ProviderRule.id == rule_id
    )
    if db.session.scalar(gone.returning(ProviderRule.id)) is None:
        raise NotFound
    record(Audited.PROVIDER_RULE_ENDED, rule_id)


def join_by_rules(account_id: UUID, belongs: Belongs) -> None:
    """Give the account what entities allow to the groups that it belongs to. In platform scope."""
    if not belongs.entities or not belongs.groups:
        return
    entities = db.session.scalars(
        select(Entity.id).where(Entity.ovo_code.in_(belongs.entities)).order_by(Entity.id)
    ).all()
    for entity_id in entities:
        with within(entity_id):
            for role, desk_id in _allowed(account_id, belongs):
                join(account_id, Role(role), desk_id)


def _allowed(account_id: UUID, belongs: Belongs) -> list[tuple[str, UUID | None]]:
    """Roles in the tenant in scope, without those that the account had before and lost."""
    taken = exists().where(
        Membership.entity_id == ProviderRule.entity_id,
        Membership.account_id == account_id,
        Membership.role == ProviderRule.role,
        Membership.desk_id.is_not_distinct_from(ProviderRule.desk_id),
        Membership.until.is_not(None),
    )
    found = db.session.execute(
        select(ProviderRule.role, ProviderRule.desk_id)
        .where(
            ProviderRule.entity_id == current_entity_id(), ProviderRule.provider == belongs.provider,
            ProviderRule.group_name.in_(belongs.groups), ~taken,
        )
        .distinct()
    )  # fmt: skip
    return [(row.role, row.desk_id) for row in found]


def is_invited(email: str) -> bool:
    """Whether somebody invited this address and that still stands. In platform scope."""
    invited = exists().where(
        Invitation.email == email, Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None),
        Invitation.expires_at > now(),
    )  # fmt: skip
    return bool(db.session.scalar(select(invited)))
