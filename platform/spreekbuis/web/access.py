"""Who may do what: one enum of permissions, one of roles. Routes, navigation, the matrix test and the
documentation derive from here."""

from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l


class Audience(StrEnum):
    """Doors that need no permission."""

    EVERYONE = "everyone"
    RETURNING_REPORTER = "returning_reporter"
    """Whoever opened a case with its receipt code."""
    SIGNED_IN = "signed_in"
    DIRECTORY = "directory"
    """The directory of the entity in the address, a machine that shows the entity's token (SCIM)."""


class Permission(StrEnum):
    """What a role allows, in its entity or on the platform."""

    HANDLE_CASES = "handle_cases"
    MANAGE_ENTITY = "manage_entity"
    VIEW_OWN_FIGURES = "view_own_figures"
    KEEP_RECOVERY_PART = "keep_recovery_part"
    READ_INSTRUMENTS = "read_instruments"
    ANSWER_CONTACTS = "answer_contacts"
    DECIDE_ENROLMENTS = "decide_enrolments"
    EDIT_SERVICE = "edit_service"
    VIEW_FIGURES = "view_figures"
    MANAGE_CONTRIBUTIONS = "manage_contributions"
    MANAGE_PLATFORM = "manage_platform"


class Role(StrEnum):
    HANDLER = "handler"
    ENTITY_ADMINISTRATOR = "entity_administrator"
    FRONT_DESK = "front_desk"
    """Registers contacts for every entity, and reads no case back: what it writes is sealed to the entity's desk."""
    CENTRAL_ANALYST = "central_analyst"
    CONTRIBUTION_ADMINISTRATOR = "contribution_administrator"
    PLATFORM_ADMINISTRATOR = "platform_administrator"


ENTITY_ROLES = frozenset({Role.HANDLER, Role.ENTITY_ADMINISTRATOR})
PLATFORM_ROLES = frozenset(Role) - ENTITY_ROLES

MAY: dict[Role, frozenset[Permission]] = {
    Role.HANDLER: frozenset(
        {Permission.HANDLE_CASES, Permission.KEEP_RECOVERY_PART, Permission.READ_INSTRUMENTS}
    ),
    Role.ENTITY_ADMINISTRATOR: frozenset(
        {
            Permission.MANAGE_ENTITY,
            Permission.VIEW_OWN_FIGURES,
            Permission.KEEP_RECOVERY_PART,
            Permission.READ_INSTRUMENTS,
        }
    ),
    Role.FRONT_DESK: frozenset({Permission.ANSWER_CONTACTS}),
    Role.CENTRAL_ANALYST: frozenset(
        {Permission.DECIDE_ENROLMENTS, Permission.EDIT_SERVICE, Permission.VIEW_FIGURES}
    ),
    Role.CONTRIBUTION_ADMINISTRATOR: frozenset({Permission.MANAGE_CONTRIBUTIONS}),
    Role.PLATFORM_ADMINISTRATOR: frozenset({Permission.MANAGE_PLATFORM}),
}

ROLE_LABELS: dict[Role, LazyString] = {
    Role.HANDLER: _l("Behandelaar"),
    Role.ENTITY_ADMINISTRATOR: _l("Beheerder van de entiteit"),
    Role.FRONT_DESK: _l("Onthaal"),
    Role.CENTRAL_ANALYST: _l("Centrale dienst"),
    Role.CONTRIBUTION_ADMINISTRATOR: _l("Beheerder van de bijdragen"),
    Role.PLATFORM_ADMINISTRATOR: _l("Beheerder van het platform"),
}


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    return frozenset().union(*(MAY[role] for role in roles))
