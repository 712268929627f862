"""What the entity allows to people of an organisation: for its administrator."""

from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.access import provider_rules
from spreekbuis.access.views import role_words, room
from spreekbuis.directory.catalogue import DESK_LABELS, DeskKind
from spreekbuis.errors import Invalid, type_text
from spreekbuis.identity.oidc.providers import all_providers
from spreekbuis.web.access import ENTITY_ROLES, ROLE_LABELS, Dangerous, Permission, Role
from spreekbuis.web.door import the_entity
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

ADDED = notice_after(
    "provider-rule-added", _l("De regel geldt vanaf de volgende keer dat iemand zich aanmeldt.")
)
ENDED = notice_after("provider-rule-ended", _l("De regel geldt niet meer. Wie al toegang had, houdt die."))
_FIELDS = ("provider", "group", "role", "desk")


@room.get("/entity/<ovo:ovo>/members/organisation", Permission.MANAGE_ENTITY)
def provider_rule_list() -> ResponseReturnValue:
    return _page({}, {})


def _page(errors: dict[str, type_text], given: dict[str, object]) -> str:
    ovo = the_entity().ovo_code
    return render_template(
        "access/provider_rules.html",
        rules=[
            {
                "provider": rule.provider,
                "group": rule.group,
                "role": role_words(rule.role, rule.desk),
                "end_url": url_for("access.end_provider_rule", ovo=ovo, rule_id=rule.id),
            }
            for rule in provider_rules.rules()
        ],
        providers=[(each.code, each.name) for each in all_providers().values() if each.groups_claim],
        roles=[(role, ROLE_LABELS[role]) for role in (Role.HANDLER, Role.ENTITY_ADMINISTRATOR)],
        desks=[(kind, DESK_LABELS[kind]) for kind in DeskKind],
        list_url=url_for("access.member_list", ovo=ovo),
        given=given,
        errors=errors,
    )


@room.post("/entity/<ovo:ovo>/members/organisation", Permission.MANAGE_ENTITY, Dangerous.RIGHTS)
def add_provider_rule() -> ResponseReturnValue:
    form = Reading()
    form.require(
        {
            "provider": _l("Kies een organisatie."),
            "group": _l("Vul de groep in, zoals je organisatie ze noemt."),
            "role": _l("Kies een rol."),
        }
    )
    provider = form.one_of("provider", all_providers())
    group = form.text("group", longest=provider_rules.LONGEST_GROUP)
    role = form.one_of("role", ENTITY_ROLES)
    desk = form.choice("desk", DeskKind, required=role == Role.HANDLER)
    try:
        form.check()
        provider_rules.add_rule(str(provider), group, Role(str(role)), desk)
    except Invalid as error:
        return _page(error.errors, {name: form.raw(name) for name in _FIELDS}), error.status
    return redirect(url_for("access.provider_rule_list", ovo=the_entity().ovo_code, done=ADDED), 303)


@room.post("/entity/<ovo:ovo>/members/organisation/<uuid:rule_id>/end", Permission.MANAGE_ENTITY)
def end_provider_rule(rule_id: UUID) -> ResponseReturnValue:
    provider_rules.end_rule(rule_id)
    return redirect(url_for("access.provider_rule_list", ovo=the_entity().ovo_code, done=ENDED), 303)
