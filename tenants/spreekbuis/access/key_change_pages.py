"""What everybody who works in the entity sees of its keys: changes that wait for a second person, and what was done."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.access import key_changes
from spreekbuis.access.jobs import STOP_LINK
from spreekbuis.access.key_changes import Asked, Outcome, Person
from spreekbuis.access.key_doors import desk_title, room
from spreekbuis.access.recovery import Officer, kit_in_force
from spreekbuis.clock import BRUSSELS, now
from spreekbuis.web import links
from spreekbuis.web.access import Audience, Dangerous, Permission
from spreekbuis.web.dates import day_in_words, hour_in_words
from spreekbuis.web.door import here, the_account, the_entity
from spreekbuis.web.frame import notice_after

DONE = notice_after("change-done", _l("Goed. Het is uitgevoerd, en iedereen krijgt er een mail over."))
AGREED = notice_after(
    "change-agreed",
    _l("Goed. Zodra ook wie het andere deel bewaart akkoord gaat, wordt het uitgevoerd."),
    "info",
)
STOPPED = notice_after("change-stopped", _l("Tegengehouden. Er verandert niets aan de sleutels."))
_OUTCOMES = {
    Outcome.AGREED: _l("Uitgevoerd: %(who)s ging akkoord op %(day)s."),
    Outcome.WAITED: _l("Uitgevoerd door %(who)s op %(day)s, na de wachttijd."),
    Outcome.STOPPED: _l("Tegengehouden door %(who)s op %(day)s."),
    Outcome.REPLACED: _l("Vervangen door een nieuwe vraag van %(who)s op %(day)s."),
}


@room.get("/entity/<ovo:ovo>/keys/changes", Permission.KEEP_RECOVERY_PART)
def changes() -> ResponseReturnValue:
    me, kit = the_account().id, kit_in_force()
    manages = here().may(Permission.MANAGE_ENTITY)
    officer = me in key_changes.officers_today()
    return render_template(
        "access/key_changes.html",
        waiting=[_waiting(change, me, officer=officer) for change in key_changes.waiting_changes()],
        past=[_past(change) for change in key_changes.past_changes()],
        kit=kit and {"made": _day(kit.made_at), "officers": [_who(part.officer) for part in kit.parts]},
        back=(_("Sleutels"), _url("overview"))
        if manages
        else (_("Toegang"), url_for("cases.access", ovo=the_entity().ovo_code)),
    )


@room.post(
    "/entity/<ovo:ovo>/keys/changes/<uuid:change_id>/agree", Permission.KEEP_RECOVERY_PART, Dangerous.KEYS
)
def agree(change_id: UUID) -> ResponseReturnValue:
    """Want it as an officer."""
    done = key_changes.agree(change_id)
    return redirect(_url("changes", done=DONE if done else AGREED), 303)


@room.post("/entity/<ovo:ovo>/keys/changes/<uuid:change_id>/stop", Permission.KEEP_RECOVERY_PART)
def stop(change_id: UUID) -> ResponseReturnValue:
    """Any member may."""
    key_changes.stop(change_id)
    return redirect(_url("changes", done=STOPPED), 303)


@room.get("/o/<ovo:ovo>/keys/stop/<string:token>", Audience.EVERYONE)
def stop_form(token: str) -> ResponseReturnValue:
    """From the mail, also for who does not work here any more: what is stopped by it."""
    change_id = links.read(STOP_LINK, token, key_changes.LAPSE)
    waiting = next((one for one in key_changes.waiting_changes() if one.id == change_id), None)
    return render_template(
        "access/key_stop.html",
        change=waiting and _waiting(waiting, UUID(int=0), officer=False),
        url=_url("stop_by_link", token=token),
    )


@room.post("/o/<ovo:ovo>/keys/stop/<string:token>", Audience.EVERYONE)
def stop_by_link(token: str) -> ResponseReturnValue:
    key_changes.stop(links.read(STOP_LINK, token, key_changes.LAPSE))
    return redirect(_url("stop_form", token=token, done=STOPPED), 303)


@room.post(
    "/entity/<ovo:ovo>/keys/changes/<uuid:change_id>/carry-out", Permission.MANAGE_ENTITY, Dangerous.KEYS
)
def carry_out(change_id: UUID) -> ResponseReturnValue:
    """After the wait, without a second person."""
    key_changes.carry_out(change_id)
    return redirect(_url("changes", done=DONE), 303)


def _url(view: str, **values: Any) -> str:
    return url_for(f"keys.{view}", ovo=the_entity().ovo_code, **values)


def _waiting(change: Asked, me: UUID, *, officer: bool) -> dict[str, Any]:
    due, mine = now() >= change.due_at, change.asked_by.id == me
    agreed = change.agreed_by is not None and change.agreed_by.id == me
    return {
        "title": _title(change),
        "asked": _(
            "%(who)s vroeg dit op %(day)s om %(hour)s.",
            who=_who(change.asked_by), day=_day(change.asked_at), hour=hour_in_words(change.asked_at),
        ),
        "officers": [_who(one) for one in change.officers],
        "readers": [_who(one) for one in change.readers],
        "agreed": _("%(who)s gaat akkoord.", who=_who(change.agreed_by)) if change.agreed_by else "",
        "due": "" if due else _(
            "Gaan ze niet allebei akkoord? Dan kan het vanaf %(day)s om %(hour)s, als niemand het tegenhoudt.",
            day=_day(change.due_at), hour=hour_in_words(change.due_at),
        ),
        "mine": mine,
        "agree_url": _url("agree", change_id=change.id) if officer and not mine and not agreed else "",
        "stop_url": _url("stop", change_id=change.id),
        "carry_out_url": _url("carry_out", change_id=change.id)
        if due and here().may(Permission.MANAGE_ENTITY)
        else "",
    }  # fmt: skip


def _past(change: Asked) -> dict[str, str]:
    assert change.outcome is not None
    assert change.ended_at is not None
    who = _who(change.ended_by) if change.ended_by else _("wie de link in de mail gebruikte")
    return {
        "title": _title(change),
        "asked": _("Gevraagd door %(who)s op %(day)s.", who=_who(change.asked_by), day=_day(change.asked_at)),
        "outcome": str(_OUTCOMES[change.outcome]) % {"who": who, "day": _day(change.ended_at)},
    }


def _title(change: Asked) -> str:
    if change.desk is None:
        return _("Een nieuwe herstelsleutel")
    return _("%(desk)s openen voor nieuwe dossiers", desk=desk_title(change.desk))


def _who(person: Person | Officer) -> str:
    """With the address: a label is what somebody chose."""
    return f"{person.label} ({person.email})"


def _day(moment: datetime) -> str:
    return day_in_words(moment.astimezone(BRUSSELS).date())
