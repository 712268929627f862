"""The administrator's page on keys: the recovery kit, and who can read at each desk."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.access import key_changes, recovery
from spreekbuis.access.desk_keys import DeskMember, DeskState, desk_states
from spreekbuis.access.key_doors import desk_title, officer_options, officers_given, read_officers, room
from spreekbuis.clock import BRUSSELS
from spreekbuis.directory.models import EntityStatus
from spreekbuis.errors import Invalid, type_text
from spreekbuis.vault.recovery_share import short_name
from spreekbuis.web.access import Dangerous, Permission
from spreekbuis.web.dates import day_in_words
from spreekbuis.web.door import the_account, the_entity
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

KIT_MADE = notice_after(
    "kit-made",
    _l("De herstelsleutel is gemaakt. Wie een deel bewaart, krijgt een mail om het af te drukken."),
)
DESK_OPENED = notice_after(
    "desk-opened", _l("De behandelaars van het loket kunnen nu alles lezen wat vanaf nu binnenkomt.")
)


KIT_ASKED = notice_after(
    "kit-asked",
    _l(
        "Je vraag om een nieuwe herstelsleutel staat klaar. Iedereen die in je entiteit met Spreekbuis werkt, kreeg een"
        " mail. Wie de twee delen van de herstelsleutel bewaart, moet akkoord gaan."
    ),
    "info",
)
DESK_ASKED = notice_after(
    "desk-asked",
    _l(
        "Je vraag om het loket te openen staat klaar. Iedereen die in je entiteit met Spreekbuis werkt, kreeg een mail."
        " Wie de twee delen van de herstelsleutel bewaart, moet akkoord gaan."
    ),
    "info",
)


@room.in_nav(_l("Sleutels"))
@room.get("/entity/<ovo:ovo>/keys", Permission.MANAGE_ENTITY)
def overview() -> ResponseReturnValue:
    return _page({}, None)


@room.post("/entity/<ovo:ovo>/keys/kit", Permission.MANAGE_ENTITY, Dangerous.KEYS)
def make_kit() -> ResponseReturnValue:
    """Make the first kit, or ask for one that replaces the kit that the form showed."""
    form, kit, officers = Reading(), recovery.kit_in_force(), recovery.possible_officers()
    if form.raw("kit") != (str(kit.id) if kit else ""):
        # sent twice, or a colleague was first: show how it is now
        return redirect(url_for("keys.overview", ovo=the_entity().ovo_code), 303)
    form.require({"officer_a": _l("Kies wie deel A bewaart."), "officer_b": _l("Kies wie deel B bewaart.")})
    if kit is not None and form.raw("replace") != "yes":
        form.errors["replace"] = _l("Vink aan dat de oude bladen vervallen.")
    chosen = read_officers(form, officers)
    try:
        form.check()
        made = key_changes.replace_kit(chosen)
    except Invalid as error:
        given = {name: form.raw(name) for name in ("officer_a", "officer_b", "replace")}
        return _page(error.errors, given), error.status
    return _to(KIT_MADE) if made else _to(KIT_ASKED, "keys.changes")


@room.post("/entity/<ovo:ovo>/keys/desks/<uuid:desk_id>/open", Permission.MANAGE_ENTITY, Dangerous.KEYS)
def open_desk(desk_id: UUID) -> ResponseReturnValue:
    """Give a desk where nobody can read new cases a new key, or ask for it."""
    opened = key_changes.open_desk(desk_id)
    return _to(DESK_OPENED) if opened else _to(DESK_ASKED, "keys.changes")


def _to(code: str, endpoint: str = "keys.overview") -> ResponseReturnValue:
    return redirect(url_for(endpoint, ovo=the_entity().ovo_code, done=code), 303)


def _page(errors: dict[str, type_text], given: dict[str, str] | None) -> str:
    me, ovo = the_account().id, the_entity().ovo_code
    kit, officers = recovery.kit_in_force(), recovery.possible_officers()
    present = {officer.account_id for officer in officers}
    return render_template(
        "access/keys.html",
        preparing=the_entity().status == EntityStatus.PREPARING,
        kit=kit and _kit(kit, present, me),
        officers=officer_options(officers),
        enough=len(officers) > 1,
        given=given or officers_given(officers, kit, me),
        desks=[_desk(state) for state in desk_states()] if kit else [],
        errors=errors,
        changes_wait=bool(key_changes.waiting_changes()),
        changes_url=url_for("keys.changes", ovo=ovo),
        kit_url=url_for("keys.make_kit", ovo=ovo),
        part_url=url_for("keys.part", ovo=ovo),
        recover_url=url_for("keys.recover", ovo=ovo),
        members_url=url_for("access.member_list", ovo=ovo),
    )


def _day(moment: datetime) -> str:
    return day_in_words(moment.astimezone(BRUSSELS).date())


def _kit(kit: recovery.Kit, present: set[UUID], me: UUID) -> dict[str, Any]:
    parts = [_part(kept, present) for kept in kit.parts]
    older = [one for one in recovery.kits_in_use() if one != kit.id]
    printed = recovery.on_paper(older)
    return {
        "id": str(kit.id),
        "name": short_name(kit.id),
        "made": _day(kit.made_at),
        "parts": parts,
        "mine": any(p.officer.account_id == me for p in kit.parts),
        "my_part_waits": any(
            p.officer.account_id == me and p.kept_at is None and not p.lost for p in kit.parts
        ),
        "waits": any(part["tag"] == "wait" for part in parts),
        "broken": [part["broken"] for part in parts if part["broken"]],
        "older": ", ".join(short_name(one) for one in older if one in printed),
        "uncovered": any(one not in printed for one in older),
    }


def _part(kept: recovery.Kept, present: set[UUID]) -> dict[str, str]:
    part, who = kept.part.value, kept.officer.label
    tag, state, broken = "ok", "", ""
    if kept.kept_at is not None:
        state = _("Op papier sinds %(day)s", day=_day(kept.kept_at))
        if kept.officer.account_id not in present:
            tag = "stop"
            broken = _(
                "%(who)s bewaart deel %(part)s, maar werkt niet meer voor je entiteit.", who=who, part=part
            )
    elif kept.lost or kept.officer.account_id not in present:
        tag, state = "stop", _("Verloren")
        broken = _(
            "Deel %(part)s is verloren: %(who)s heeft het niet afgedrukt en kan het niet meer openen.",
            who=who, part=part,
        )  # fmt: skip
    else:
        tag, state = "wait", _("Nog af te drukken")
    return {
        "part": _("Deel %(part)s", part=part), "who": who, "tag": tag, "state": state,
        "broken": broken,
    }  # fmt: skip


class Trouble(NamedTuple):
    """What is wrong at a desk and the way out. `open_url`: a button opens it for new cases; `old`: the recovery kit
    opens older ones; `invite`: somebody must be invited."""

    kind: str
    title: str
    text: str
    open_url: str = ""
    old: bool = False
    invite: bool = False


def _desk(state: DeskState) -> dict[str, Any]:
    return {
        "title": desk_title(state.kind, state.came_from),
        "people": [person(member) for member in state.members],
        "trouble": _trouble(state),
    }


def person(member: DeskMember, me: UUID | None = None) -> dict[str, str]:
    """A handler in the list of a desk."""
    tag, state = reading(member)
    label = _("%(who)s (jij)", who=member.label) if member.account_id == me else member.label
    return {"label": label, "tag": tag, "state": state}


def reading(member: DeskMember) -> tuple[str, str]:
    """What a handler can read, as a tag: its kind and words."""
    if member.can_read:
        return "ok", _("Kan alles lezen")
    if member.can_read_new:
        return "half", _("Leest alleen nieuwe dossiers")
    if member.has_key:
        return "wait", _("Wacht op toegang")
    return "off", _("Heeft nog geen wachtwoord")


def _trouble(state: DeskState) -> Trouble | None:
    if not state.members:
        return Trouble(
            "stop",
            _("Hier werkt nog niemand."),
            _("Meldingen komen wel binnen, maar niemand kan ze lezen. Nodig een behandelaar uit."),
            invite=True,
        )
    if state.is_shut_for_new and not state.waiting:
        return Trouble(
            "stop",
            _("Hier kan niemand lezen."),
            _("De behandelaars hebben nog geen wachtwoord. Vraag hen er een te kiezen met ‘Wachtwoord vergeten’."),
        )  # fmt: skip
    if state.is_shut_for_new:
        return Trouble(
            "stop",
            _("Hier kan niemand lezen."),
            _(
                "Open het loket, dan lezen de behandelaars alles wat vanaf nu binnenkomt. Oudere"
                " dossiers blijven dicht tot je de herstelsleutel gebruikt."
            ),
            open_url=url_for("keys.open_desk", ovo=the_entity().ovo_code, desk_id=state.desk_id),
            old=True,
        )
    if state.is_shut:
        return Trouble(
            "stop",
            _("Oudere dossiers zijn dicht."),
            _(
                "Nieuwe dossiers zijn leesbaar. De oudere gaan weer open met de bladen van toen, of als een behandelaar"
                " een passkey van vroeger gebruikt."
            ),
            old=True,
        )
    if state.waiting:
        return Trouble(
            "info",
            _("Er wacht iemand op toegang."),
            _(
                "Vraag het aan een collega van het loket die kan lezen: die geeft toegang op de pagina Toegang."
            ),
        )
    if state.keys > 1:
        return Trouble(
            "info",
            _("Er zijn dossiers met een oude sleutel."),
            _("Vraag aan een behandelaar van het loket om ze te vernieuwen, op de pagina Toegang."),
        )
    return None
