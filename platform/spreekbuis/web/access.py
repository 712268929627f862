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
    EDIT_REGISTER = "edit_register"
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


class Dangerous(StrEnum):
    """What is asked again for: acts with a route of their own, for which whoever does them gave a second factor no
    longer than ten minutes ago (web.limits.CONFIRMED). Not what only makes things safer, such as stopping a change."""

    KEYS = "keys"
    """Change the keys of an entity, or let somebody read with them."""
    RIGHTS = "rights"
    """Give or end somebody's rights, and so who administers."""
    SIGN_IN = "sign_in"
    """Change what one signs in with."""
    EXPORT = "export"
    """Take a case out of the house."""
    ERASURE = "erasure"
    """Have a case erased before its term."""


DANGERS: dict[Dangerous, LazyString] = {
    Dangerous.KEYS: _l("Je verandert wie dossiers kan lezen."),
    Dangerous.RIGHTS: _l("Je verandert wie toegang heeft."),
    Dangerous.SIGN_IN: _l("Je verandert hoe je je aanmeldt."),
    Dangerous.EXPORT: _l("Je neemt een dossier mee buiten Spreekbuis."),
    Dangerous.ERASURE: _l("Je laat een dossier voor altijd wissen."),
}

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
        {
            Permission.DECIDE_ENROLMENTS,
            Permission.EDIT_SERVICE,
            Permission.EDIT_REGISTER,
            Permission.VIEW_FIGURES,
        }
    ),
    Role.CONTRIBUTION_ADMINISTRATOR: frozenset({Permission.MANAGE_CONTRIBUTIONS}),
    Role.PLATFORM_ADMINISTRATOR: frozenset({Permission.MANAGE_PLATFORM, Permission.EDIT_REGISTER}),
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
