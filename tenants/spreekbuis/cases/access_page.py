"""Who can read at my desks, letting colleagues read, and resealing what is under an older key."""

import hashlib
import time
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.access.desk_keys import DeskMember, DeskState, desk_states, grant_desk_keys
from spreekbuis.access.key_changes import waiting_changes
from spreekbuis.access.key_doors import desk_title
from spreekbuis.access.key_overview import person
from spreekbuis.access.recovery import kit_in_force
from spreekbuis.cases.doors import my_desks, myself, room
from spreekbuis.cases.keys import ReadersChanged, reseal, to_reseal
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, type_text
from spreekbuis.identity.models import Account
from spreekbuis.identity.restoring import has_earlier
from spreekbuis.vault.sealing import context
from spreekbuis.web import door
from spreekbuis.web.access import Dangerous, Permission
from spreekbuis.web.frame import notice_after

GRANTED = notice_after("access-granted", _l("Je collega’s kunnen nu meelezen. Ze hoeven niets te doen."))
READERS_CHANGED = notice_after("readers-changed", ReadersChanged.title, "warn")
NOBODY_WAITS = notice_after("nobody-waits", _l("Er wacht niemand meer op toegang."), "info")
STRETCH = 0.7
"""Seconds of resealing in one request, so that a page comes within a second or so."""
MOST = 10_000_000


@room.in_nav(_l("Toegang"), rare=True)
@room.get("/desk/<ovo:ovo>/access", Permission.HANDLE_CASES)
def access() -> ResponseReturnValue:
    return _page({})


@room.post("/desk/<ovo:ovo>/access", Permission.HANDLE_CASES, Dangerous.KEYS)
def grant() -> ResponseReturnValue:
    """Let the chosen colleagues of a desk read all that I can read there."""
    me, form = door.the_account().id, request.form
    state = next((s for s in desk_states(my_desks()) if str(s.desk_id) == form.get("desk")), None)
    if state is None:
        raise Conflict(_l("Dit loket is niet van jou"), _l("Kies een loket waar je dossiers behandelt."))
    if not state.helped_by(me):
        return _to_page(NOBODY_WAITS)
    chosen = {m.account_id for m in state.helped_by(me) if str(m.account_id) in form.getlist(_field(state))}
    if not chosen:
        return _page({_field(state): _l("Kies minstens één collega.")}), 422
    grant_desk_keys(state.desk_id, me, myself().secret, chosen)
    return _to_page(GRANTED)


def _to_page(code: str) -> ResponseReturnValue:
    return redirect(url_for("cases.access", ovo=door.the_entity().ovo_code, done=code), 303)


def _field(state: DeskState) -> str:
    """The name of the group of boxes of a desk, by which an error leads to it."""
    return f"to_{state.desk_id if state.came_from else state.kind}"


def _page(errors: dict[str, type_text]) -> str:
    me, ovo = door.the_account().id, door.the_entity().ovo_code
    desks = my_desks()
    old = to_reseal(desks)
    mine = to_reseal(desks, me) if old else {}
    kit = kit_in_force()
    states = desk_states(desks)
    addresses = _addresses(member for state in states for member in state.helped_by(me))
    shown = [
        _desk(state, me, old.get(state.desk_id, 0), mine.get(state.desk_id, 0), addresses) for state in states
    ]
    shut_out = any(desk["mine"] for desk in shown)
    return render_template(
        "cases/access.html",
        desks=shown,
        restore_url=url_for("identity.restore_access") if shut_out and has_earlier(me) else "",
        no_kit=kit is None,
        part_waits=kit is not None
        and any(p.officer.account_id == me and p.kept_at is None and not p.lost for p in kit.parts),
        errors=errors,
        grant_url=url_for("cases.grant", ovo=ovo),
        reseal_url=url_for("cases.reseal_page", ovo=ovo),
        part_url=url_for("keys.part", ovo=ovo),
        changes_wait=bool(waiting_changes()),
        changes_url=url_for("keys.changes", ovo=ovo),
    )  # fmt: skip


def _desk(state: DeskState, me: UUID, old: int, mine: int, addresses: dict[UUID, str]) -> dict[str, Any]:
    """A desk as the page shows it. Whoever waits stands there with the address: a label is what somebody chose."""
    own = next((member for member in state.members if member.account_id == me), None)
    return {
        "id": str(state.desk_id),
        "title": desk_title(state.kind, state.came_from),
        "field": _field(state),
        "people": [person(member, me) for member in state.members],
        "waiting": [
            (str(member.account_id), member.label, addresses[member.account_id])
            for member in state.helped_by(me)
        ],
        "mine": _my_state(state, own is not None and own.can_read, own is not None and own.can_read_new),
        "old": _old(old) if mine else "",
    }  # fmt: skip


def _addresses(members: Iterable[DeskMember]) -> dict[UUID, str]:
    """The e-mail addresses of these members."""
    asked = {member.account_id for member in members}
    if not asked:
        return {}
    found = db.session.execute(select(Account.id, Account.email).where(Account.id.in_(asked)))
    return {row.id: row.email for row in found}


def _my_state(state: DeskState, can_read: bool, can_read_new: bool) -> dict[str, str]:
    """What I cannot read here, and whom to ask; nothing when I read all."""
    if can_read:
        return {}
    if can_read_new:
        title, helpers = (
            _("Je leest hier alleen nieuwe dossiers."),
            [m.label for m in state.members if m.can_read],
        )
    else:
        title, helpers = _("Je kunt hier nog niet lezen."), [m.label for m in state.members if m.can_read_new]
    if helpers:
        text = _(
            "Wat in de dossiers staat, is versleuteld. Vraag aan een van deze collega’s om je toegang te geven op deze"
            " pagina: %(who)s.",
            who=", ".join(helpers),
        )
    elif can_read_new:
        text = _(
            "Niemand van je loket kan de oudere dossiers openen. Vraag aan de beheerder van je entiteit om de"
            " herstelsleutel te gebruiken."
        )
    else:
        text = _(
            "Niemand van je loket kan nu lezen. Vraag aan de beheerder van je entiteit om het loket te openen op de"
            " pagina Sleutels."
        )
    return {"title": title, "text": text}


def _old(count: int) -> str:
    return ngettext(
        "%(count)s dossier is nog te openen met een sleutel van vroeger.",
        "%(count)s dossiers zijn nog te openen met een sleutel van vroeger.",
        count,
        count=format_decimal(count),
    )


@room.get("/desk/<ovo:ovo>/reseal", Permission.HANDLE_CASES)
def reseal_page() -> ResponseReturnValue:
    """How far resealing is, and who will read those cases. Looking starts nothing: a button does."""
    return _reseal_page("cases/reseal.html", request.args.get("total", ""))


@room.post("/desk/<ovo:ovo>/reseal", Permission.HANDLE_CASES)
def reseal_step() -> ResponseReturnValue:
    """Reseal for as long as a page may take, then show how far it is. The part for htmx asks for the next step.

    The form tells whom it showed as readers, in each step anew: when others read by now, nothing moves.
    """
    me, desks = myself(), my_desks()
    todo = to_reseal(desks, me.account_id)
    total = max(_total(request.form.get("total", "")), sum(todo.values()))
    states = desk_states(todo) if todo else []
    if not {_print_of(state) for state in states} <= set(request.form.getlist("shown")):
        return _onward(total, READERS_CHANGED)
    until = time.perf_counter() + STRETCH
    try:
        for state in states:
            while time.perf_counter() < until and reseal(state.desk_id, me, state.newest).done:
                pass
    except ReadersChanged:  # this very moment
        return _onward(total, READERS_CHANGED)
    if _in_part():
        return _reseal_page("cases/reseal_part.html", str(total), going=states)
    return _onward(total)


def _in_part() -> bool:
    return request.headers.get("HX-Request") == "true"


def _onward(total: int, done: str | None = None) -> ResponseReturnValue:
    """To the page on resealing, also from the part of it that htmx asked for."""
    url = url_for("cases.reseal_page", ovo=door.the_entity().ovo_code, total=total, done=done)
    return ("", {"HX-Redirect": url}) if _in_part() else redirect(url, 303)


def _print_of(state: DeskState) -> str:
    """Which key of the desk is the newest and who reads it, in one word for a form. It keeps nobody's secret."""
    who = sorted(member.account_id.bytes for member in state.readers_of_new)
    return hashlib.sha256(context("shown", state.desk_id, state.newest) + b"".join(who)).hexdigest()


def _reseal_page(template: str, given: str, *, going: Sequence[DeskState] | None = None) -> str:
    """`given`: the number of cases at the start. `going`: the next step begins by itself, for the readers of these."""
    me, ovo, desks = door.the_account().id, door.the_entity().ovo_code, my_desks()
    todo, all_left = to_reseal(desks, me), sum(to_reseal(desks).values())
    left = sum(todo.values())
    total = max(_total(given), left)
    states = going if going is not None else desk_states(todo) if todo else []
    return render_template(
        template,
        going=going is not None,
        readers=[] if going is not None else _readers_after(states),
        shown=[_print_of(state) for state in states],
        done=total - left,
        left=left,
        total=total,
        words=_(
            "%(done)s van %(total)s dossiers vernieuwd",
            done=format_decimal(total - left), total=format_decimal(total),
        ),
        for_others=_for_others(all_left - left),
        url=url_for("cases.reseal_step", ovo=ovo),
        access_url=url_for("cases.access", ovo=ovo),
    )  # fmt: skip


def _readers_after(states: Sequence[DeskState]) -> list[dict[str, Any]]:
    """Of each of these desks: who has its newest key, and so reads every case that is moved to it."""
    addresses = _addresses(member for state in states for member in state.readers_of_new)
    return [
        {
            "title": desk_title(state.kind, state.came_from),
            "people": [{"label": m.label, "email": addresses[m.account_id]} for m in state.readers_of_new],
        }
        for state in states
    ]


def _total(value: str) -> int:
    """The number of cases at the start, as the address or the form carries it; nothing sensible is none."""
    return min(int(value), MOST) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def _for_others(count: int) -> str:
    if not count:
        return ""
    return ngettext(
        "%(count)s dossier kun jij niet openen. Een collega die het kan lezen, vernieuwt het.",
        "%(count)s dossiers kun jij niet openen. Een collega die ze kan lezen, vernieuwt ze.",
        count,
        count=format_decimal(count),
    )
