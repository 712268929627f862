"""The page on which an entity's administrator connects its directory, and says what the members of a group may do."""

from typing import Any
from uuid import UUID

from flask import current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, format_datetime
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from spreekbuis.access.provisioning.directory import group_of, verified_domains
from spreekbuis.access.provisioning.models import DirectoryGroup, DirectoryMember, DirectoryPerson
from spreekbuis.access.provisioning.settling import Right, declare
from spreekbuis.access.provisioning.tokens import current_token, end_token, make_token
from spreekbuis.access.views import role_words
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.errors import Invalid, type_text
from spreekbuis.settings import Settings
from spreekbuis.web.access import Permission, Role
from spreekbuis.web.door import the_entity
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after
from spreekbuis.web.room import Room

room = Room("provisioning")

ENDED = notice_after(
    "directory-token-ended", _l("Het token is beëindigd. Je directory kan niets meer veranderen.")
)
DECLARED = notice_after("directory-declared", _l("De rol van deze groep is aangepast."))
SHOWN = 200
"""Groups on the page."""
RIGHTS: dict[str, Right | None] = {
    "none": None,
    **{f"handler-{desk.value}": Right(Role.HANDLER, desk) for desk in DeskKind},
    "administrator": Right(Role.ENTITY_ADMINISTRATOR),
}


@room.in_nav(_l("Directory"), rare=True)
@room.get("/entity/<ovo:ovo>/directory", Permission.MANAGE_ENTITY)
def overview() -> ResponseReturnValue:
    return _page("", {})


@room.post("/entity/<ovo:ovo>/directory/token", Permission.MANAGE_ENTITY)
def new_token() -> ResponseReturnValue:
    """Makes the token and shows it, this once."""
    return _page(make_token(Reading().once()), {})


@room.post("/entity/<ovo:ovo>/directory/token/end", Permission.MANAGE_ENTITY)
def stop_token() -> ResponseReturnValue:
    end_token()
    return redirect(url_for("provisioning.overview", ovo=the_entity().ovo_code, done=ENDED), 303)


@room.post("/entity/<ovo:ovo>/directory/groups/<uuid:group_id>", Permission.MANAGE_ENTITY)
def declare_role(group_id: UUID) -> ResponseReturnValue:
    """What the members of a group are; administrators only when that was said twice."""
    group = group_of(group_id)
    form = Reading()
    try:
        chosen = form.one_of("right", RIGHTS)
        if chosen == "administrator" and form.raw("sure") != "yes":
            form.errors["right"] = _l("Vink ook aan dat deze groep beheerders mag maken.")
        form.check()
        declare(group, RIGHTS[str(chosen)])
    except Invalid as invalid:
        return _page("", invalid.errors, str(group_id)), invalid.status
    return redirect(url_for("provisioning.overview", ovo=the_entity().ovo_code, done=DECLARED), 303)


def _page(token: str, errors: dict[str, type_text], wrong: str = "") -> str:
    settings: Settings = current_app.extensions["settings"]
    ovo, there = the_entity().ovo_code, current_token()
    words = {name: _l("Geen rol") if r is None else role_words(r.role, r.desk) for name, r in RIGHTS.items()}
    people = select(func.count()).where(
        DirectoryPerson.entity_id == current_entity_id(), DirectoryPerson.active
    )
    return render_template(
        "provisioning/overview.html", token=token, once=new_id(), errors=errors, wrong=wrong,
        address=f"{settings.base_url}/scim/v2/{ovo}", domains=verified_domains(), people=db.session.scalar(people),
        current=there and {
            "made": format_date(there.made_at, "long"), "until": format_date(there.expires_at, "long"),
            "over": there.expires_at <= now(),
            "used": format_datetime(there.last_used_at, "short") if there.last_used_at else "",
        },
        rights=list(words.items()), groups=_groups(),
    )  # fmt: skip


def _groups() -> list[dict[str, Any]]:
    size = (
        select(func.count())
        .where(
            DirectoryMember.entity_id == DirectoryGroup.entity_id,
            DirectoryMember.group_id == DirectoryGroup.id,
        )
        .scalar_subquery()
    )
    wanted = (
        select(DirectoryGroup, size)
        .where(DirectoryGroup.entity_id == current_entity_id())
        .order_by(DirectoryGroup.display_name, DirectoryGroup.id)
        .limit(SHOWN)
    )
    names = {
        right and (right.role.value, right.desk and right.desk.value): name for name, right in RIGHTS.items()
    }
    return [
        {
            "id": str(group.id), "name": group.display_name, "size": count,
            "right": names[group.role and (group.role, group.desk)],
        }
        for group, count in db.session.execute(wanted)
    ]  # fmt: skip
