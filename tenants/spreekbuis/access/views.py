"""Members and invitations of an entity, for its administrator; and the page behind an invitation's link."""

from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date
from flask_babel import lazy_gettext as _l

from spreekbuis.access import acceptance, invitations, members, upkeep
from spreekbuis.access.desks import kinds_here
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.directory.catalogue import DESK_LABELS, DeskKind
from spreekbuis.directory.models import EntityStatus
from spreekbuis.errors import Invalid, type_text
from spreekbuis.identity import sign_in
from spreekbuis.identity.accounts import LONGEST_LABEL
from spreekbuis.identity.oidc.providers import all_providers
from spreekbuis.identity.password_policy import SHORTEST
from spreekbuis.identity.views.elsewhere import elsewhere_for
from spreekbuis.web.access import ENTITY_ROLES, ROLE_LABELS, Audience, Dangerous, Permission, Role
from spreekbuis.web.cookies import SIGN_IN, write_cookie
from spreekbuis.web.door import here, the_account, the_entity
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import LANGUAGES, language, notice_after
from spreekbuis.web.room import Room

room = Room("access")
__all__ = ["room", "upkeep"]

INVITED = notice_after("invited", _l("De uitnodiging is onderweg. Ze blijft 14 dagen geldig."))
WITHDRAWN = notice_after("withdrawn", _l("De uitnodiging is ingetrokken."))
NAMED = notice_after("adviser-named", _l("De rol van preventieadviseur is aangepast."))
ENDED = notice_after("member-ended", _l("De toegang is beëindigd, ook voor wie nu aangemeld is."))


def role_words(role: Role, desk: DeskKind | None, came_from: str | None = None) -> type_text:
    """A role as people read it, with its desk, and the entity from which that came."""
    if desk is None:
        return ROLE_LABELS[role]
    if came_from is not None:
        return _l(
            "%(role)s, %(desk)s (vroeger %(entity)s)",
            role=ROLE_LABELS[role], desk=DESK_LABELS[desk], entity=came_from,
        )  # fmt: skip
    return _l("%(role)s, %(desk)s", role=ROLE_LABELS[role], desk=DESK_LABELS[desk])


@room.in_nav(_l("Medewerkers"))
@room.get("/entity/<ovo:ovo>/members", Permission.MANAGE_ENTITY)
def member_list() -> ResponseReturnValue:
    return _member_page({}, {"once": new_id(), "language": language()})


@room.post("/entity/<ovo:ovo>/members", Permission.MANAGE_ENTITY, Dangerous.RIGHTS)
def invite() -> ResponseReturnValue:
    form = Reading()
    once = form.once()
    try:
        form.require({"email": _l("Vul het e-mailadres in."), "role": _l("Kies een rol.")})
        email = form.text("email", longest=254)
        role = form.one_of("role", ENTITY_ROLES)
        desk = form.choice("desk", DeskKind, required=role == Role.HANDLER)
        chosen = form.one_of("language", LANGUAGES)
        form.check()
        invitations.invite(email, Role(str(role)), desk, str(chosen), once)
    except Invalid as error:
        names = ("email", "role", "desk", "language")
        return _member_page(error.errors, {name: form.raw(name) for name in names} | {"once": once}), 422
    return redirect(url_for("access.member_list", ovo=the_entity().ovo_code, done=INVITED), 303)


def _member_page(errors: dict[str, type_text], given: dict[str, object]) -> str:
    me, moment, ovo = the_account().id, now(), the_entity().ovo_code
    return render_template(
        "access/members.html",
        members=[
            {
                "label": m.label,
                "email": m.email,
                "role": role_words(m.role, m.desk, m.came_from),
                "since": format_date(m.since, "long"),
                "adviser": m.prevention_adviser,
                "adviser_url": url_for("access.name_adviser", ovo=ovo, membership_id=m.membership_id)
                if m.desk is DeskKind.WELLBEING and m.account_id != me
                else None,
                "end_url": None
                if m.account_id == me
                else url_for("access.end_member", ovo=ovo, membership_id=m.membership_id),
            }
            for m in members.members()
        ],
        invitations=[
            {
                "email": i.email,
                "role": role_words(i.role, i.desk),
                "until": format_date(i.expires_at, "long"),
                "is_over": i.expires_at <= moment,
                "withdraw_url": url_for("access.withdraw", ovo=ovo, invitation_id=i.id),
            }
            for i in invitations.open_invitations()
        ],
        roles=[(Role.HANDLER, ROLE_LABELS[Role.HANDLER]),
               (Role.ENTITY_ADMINISTRATOR, ROLE_LABELS[Role.ENTITY_ADMINISTRATOR])],
        desks=[(kind, DESK_LABELS[kind]) for kind in kinds_here()],
        languages=list(LANGUAGES.items()),
        preparing=the_entity().status == EntityStatus.PREPARING,
        keys_url=url_for("keys.overview", ovo=ovo),
        rules_url=url_for("access.provider_rule_list", ovo=ovo) if all_providers() else None,
        given=given,
        errors=errors,
    )  # fmt: skip


@room.get("/entity/<ovo:ovo>/members/<uuid:membership_id>/end", Permission.MANAGE_ENTITY)
def end_member(membership_id: UUID) -> ResponseReturnValue:
    member = members.member(membership_id)
    role = role_words(member.role, member.desk, member.came_from)
    return render_template("access/end.html", member=member, role=role,
                           reads_cases=member.desk is not None,
                           list_url=url_for("access.member_list", ovo=the_entity().ovo_code))  # fmt: skip


@room.post("/entity/<ovo:ovo>/members/<uuid:membership_id>/end", Permission.MANAGE_ENTITY, Dangerous.RIGHTS)
def end_member_post(membership_id: UUID) -> ResponseReturnValue:
    members.end_membership(membership_id)
    return redirect(url_for("access.member_list", ovo=the_entity().ovo_code, done=ENDED), 303)


@room.post(
    "/entity/<ovo:ovo>/members/<uuid:membership_id>/adviser", Permission.MANAGE_ENTITY, Dangerous.RIGHTS
)
def name_adviser(membership_id: UUID) -> ResponseReturnValue:
    """A handler of the wellbeing desk is a prevention adviser from now on, or no longer."""
    members.name_prevention_adviser(membership_id, Reading().raw("named") == "yes")
    return redirect(url_for("access.member_list", ovo=the_entity().ovo_code, done=NAMED), 303)


@room.post("/entity/<ovo:ovo>/invitations/<uuid:invitation_id>/withdraw", Permission.MANAGE_ENTITY)
def withdraw(invitation_id: UUID) -> ResponseReturnValue:
    invitations.withdraw_invitation(invitation_id)
    return redirect(url_for("access.member_list", ovo=the_entity().ovo_code, done=WITHDRAWN), 303)


@room.get("/invitation/<string:token>", Audience.EVERYONE)
def invitation(token: str) -> ResponseReturnValue:
    try:
        return _invitation_page(token, {}, "")
    except acceptance.InvitationUsed as used:
        return _used_page(used), used.status


def _invitation_page(token: str, errors: dict[str, type_text], label: str) -> str:
    offer, account = acceptance.read_offer(token), here().account
    return render_template(
        "access/invitation.html",
        offer=offer,
        role=role_words(offer.role, offer.desk),
        elsewhere=elsewhere_for(offer.email, url_for("access.invitation", token=token)),
        signed_in=account is not None and account.complete and account.email == offer.email,
        somebody_else=account is not None and account.email != offer.email,
        sign_in_url=url_for("identity.sign_in", next=url_for("access.invitation", token=token)),
        reads_cases=offer.desk is not None,
        errors=errors,
        label=label,
        shortest=SHORTEST,
    )


def _used_page(used: acceptance.InvitationUsed) -> str:
    return render_template(
        "identity/link_over.html", over=used, url=url_for("identity.sign_in"), label=_l("Meld je aan")
    )


@room.post("/invitation/<string:token>", Audience.EVERYONE)
def accept(token: str) -> ResponseReturnValue:
    """With an account: take the role. Without one: make it, and go on to the second factor."""
    account = here().account
    if account is not None and account.complete:
        acceptance.accept_invitation(token, account.id)
        return redirect(url_for("identity.workplaces"), 303)
    form = Reading()
    label, password = form.text("label", longest=LONGEST_LABEL), form.raw("password")
    try:
        form.require({"label": _l("Vul in hoe collega’s je zien."), "password": _l("Kies een wachtwoord.")})
        form.check()
        made = acceptance.accept_with_new_account(token, label, password, language())
    except Invalid as error:
        return _invitation_page(token, error.errors, label), 422
    except acceptance.InvitationUsed as used:
        return _used_page(used), used.status
    response = redirect(url_for("identity.second_factor"), 303)
    write_cookie(response, SIGN_IN, sign_in.after_password(made.id, made.secret or b""))
    return response
