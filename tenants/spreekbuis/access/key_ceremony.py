"""The recovery ceremony as a page: both papers are typed, and whoever is chosen can read again.

The words are given back in the page when something is wrong, and stand nowhere else: no page is stored, no form is
logged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.access import recovery
from spreekbuis.access.desk_keys import DeskState, NoRecoveryKit, desk_states
from spreekbuis.access.key_doors import desk_title, officer_options, officers_given, read_officers, room
from spreekbuis.access.key_overview import reading
from spreekbuis.access.papers import open_typed_papers
from spreekbuis.errors import DomainError, Invalid, type_text
from spreekbuis.identity.lockout import LockedOut
from spreekbuis.vault.recovery_share import LONGEST_TEXT, short_name
from spreekbuis.web.access import Dangerous, Permission
from spreekbuis.web.door import the_account, the_entity
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

RECOVERED = notice_after(
    "recovered",
    _l(
        "Gelukt: wie je koos, kan de dossiers weer lezen. De bladen die je gebruikte, zijn niets meer waard. Er is een"
        " nieuwe herstelsleutel: wie een deel bewaart, kreeg een mail om het af te drukken."
    ),
)
RECOVERED_PARTLY = notice_after(
    "recovered-partly",
    _l(
        "Een deel is gelukt. De bladen die je gebruikte, zijn niets meer waard. Er blijven oudere dossiers dicht."
        " Hieronder lees je wat daarvoor nodig is."
    ),
    "warn",
)
RECOVERED_OLD = notice_after(
    "recovered-old",
    _l(
        "Gelukt: wie je koos, kan de dossiers van deze oudere bladen weer lezen. Die bladen zijn nu niets meer waard."
        " De herstelsleutel van nu blijft gelden."
    ),
)
OPENED_NOTHING = notice_after(
    "opened-nothing",
    _l("De bladen klopten, maar openden niets voor wie je koos. Kijk hieronder hoe het nu staat."),
    "warn",
)
CHANGED_SINCE = notice_after(
    "kit-changed",
    _l("Intussen is er een nieuwe herstelsleutel. Kijk hieronder hoe het nu staat."),
    "info",
)


@dataclass
class Given:
    """What stands in the form."""

    words: dict[str, str] = field(default_factory=dict)
    officers: dict[str, str] = field(default_factory=dict)
    to: list[str] = field(default_factory=list)


@room.get("/entity/<ovo:ovo>/keys/recover", Permission.MANAGE_ENTITY)
def recover() -> ResponseReturnValue:
    return _page(None, {})


@room.post("/entity/<ovo:ovo>/keys/recover", Permission.MANAGE_ENTITY, Dangerous.KEYS)
def recover_post() -> ResponseReturnValue:
    """Open with both papers, for whoever was chosen."""
    form, kit = Reading(), recovery.kit_in_force()
    if kit is None:
        raise NoRecoveryKit
    if form.raw("kit") != str(kit.id):  # sent twice, or a colleague was first
        return _done(CHANGED_SINCE)
    form.require(
        {
            "part_a": _l("Vul de 21 woorden van deel A in."),
            "part_b": _l("Vul de 21 woorden van deel B in."),
            "officer_a": _l("Kies wie het nieuwe deel A bewaart."),
            "officer_b": _l("Kies wie het nieuwe deel B bewaart."),
        }
    )
    part_a, part_b = (form.text(name, longest=LONGEST_TEXT, lines=True) for name in ("part_a", "part_b"))
    officers = read_officers(form, recovery.possible_officers())
    to = _chosen_readers(form)
    try:
        form.check()
        used, opened = open_typed_papers((part_a, part_b), to, officers)
    except Invalid as error:
        return _page(_given(), error.errors), error.status
    except (LockedOut, recovery.WrongPapers) as error:
        return _page(_given(), {}, error), error.status
    if not opened:
        return _done(OPENED_NOTHING)
    if any(state.is_shut for state in desk_states() if to & {m.account_id for m in state.members}):
        return _done(RECOVERED_PARTLY)
    return _done(RECOVERED if used == kit.id else RECOVERED_OLD)


def _done(code: str) -> ResponseReturnValue:
    return redirect(url_for("keys.overview", ovo=the_entity().ovo_code, done=code), 303)


def _chosen_readers(form: Reading) -> set[UUID]:
    possible = {str(m.account_id) for state in desk_states() for m in state.members if m.has_key}
    chosen = possible & set(request.form.getlist("to"))
    if not chosen:
        form.errors["to"] = _l("Kies minstens één collega die weer mag lezen.")
    return {UUID(one) for one in chosen}


def _given() -> Given:
    form = Reading()
    return Given(
        {name: form.raw(name) for name in ("part_a", "part_b")},
        {name: form.raw(name) for name in ("officer_a", "officer_b")},
        request.form.getlist("to"),
    )


def _page(given: Given | None, errors: dict[str, type_text], refused: DomainError | None = None) -> str:
    me, ovo = the_account().id, the_entity().ovo_code
    kit, officers, states = recovery.kit_in_force(), recovery.possible_officers(), desk_states()
    if given is None:
        given = Given(officers=officers_given(officers, kit, me))
    return render_template(
        "access/recover.html",
        kit=str(kit.id) if kit else "",
        safe=kit is not None and kit.is_safe,
        names=_names(kit),
        readers=_readers(states, {officer.account_id: officer.email for officer in officers}),
        officers=officer_options(officers),
        given=given,
        errors=errors,
        refused=refused,
        keys_url=url_for("keys.overview", ovo=ovo),
        post_url=url_for("keys.recover_post", ovo=ovo),
    )


def _names(kit: recovery.Kit | None) -> list[str]:
    """By which people know the papers that open something: of the kit in force, and of older ones."""
    older = [kit_id for kit_id in recovery.kits_in_use() if kit is None or kit_id != kit.id]
    printed = recovery.on_paper(older)
    names = [_("%(name)s (ouder)", name=short_name(kit_id)) for kit_id in older if kit_id in printed]
    return names if kit is None else [short_name(kit.id), *names]


def _readers(states: list[DeskState], emails: Mapping[UUID, str]) -> list[tuple[str, str, str]]:
    """Every handler with a key pair, with the address, since a label is what somebody chose, and what they can read."""
    labels: dict[str, str] = {}
    hints: dict[str, list[str]] = {}
    for state in states:
        for member in state.members:
            if member.has_key:
                account = str(member.account_id)
                labels[account] = f"{member.label} ({emails.get(member.account_id, '')})"
                hints.setdefault(account, []).append(
                    _(
                        "%(desk)s: %(state)s",
                        desk=desk_title(state.kind, state.came_from),
                        state=_inside(reading(member)[1]),
                    )
                )
    return [(account, label, ". ".join(hints[account])) for account, label in labels.items()]


def _inside(words: str) -> str:
    """As it stands inside a sentence; German nouns keep their capital."""
    return words[:1].lower() + words[1:]
