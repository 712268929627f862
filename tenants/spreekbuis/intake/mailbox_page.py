"""What the mailbox shows."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.answers import answers_shown
from spreekbuis.cases.consent import SHARING_LABELS
from spreekbuis.cases.dialogue import ShownMessage, read_dialogue
from spreekbuis.cases.finding import ShownToReporter, shown_to_reporter
from spreekbuis.cases.minutes import MinutesState, minutes_in
from spreekbuis.cases.procedures import State
from spreekbuis.cases.wishes import REACH_LABELS, WAY_LABELS, contact_preference, titles_of
from spreekbuis.clock import local_date
from spreekbuis.db.base import new_id
from spreekbuis.directory.catalogue import EVERY_CATEGORY, OUTCOME_LABELS, Identity, Outcome, Topic
from spreekbuis.errors import type_text
from spreekbuis.intake.citizen_consent import pass_on_box
from spreekbuis.intake.course import course_of, desk_of, state_of, steps, together_of
from spreekbuis.intake.mailbox_room import case_id
from spreekbuis.intake.referral_answer import referral_box
from spreekbuis.intake.reporters import IDLE_LIMIT, key_in_session
from spreekbuis.vault import files as accepting
from spreekbuis.vault.content import ContentKey
from spreekbuis.web.dates import day_in_words, hour_in_words

_NOTHING: Mapping[str, str] = MappingProxyType({})
_MINUTES = {
    MinutesState.WAITING: _l("wacht op jouw akkoord"),
    MinutesState.CORRECTED: _l("je stuurde een verbetering"),
    MinutesState.AGREED: _l("je gaat akkoord"),
}


def inbox_page(errors: Mapping[str, type_text] = _NOTHING, kept: Mapping[str, str] = _NOTHING) -> str:
    """The mailbox; `kept` is what was typed and not accepted, by field."""
    case, key = shown_to_reporter(case_id()), key_in_session()
    desk = desk_of(case)
    words, step = state_of(case)
    dialogue = read_dialogue(key, internal=False)
    records = minutes_in(dialogue)
    to_check = next((r.message for r in reversed(records) if r.state is MinutesState.WAITING), None)
    states = {r.message.id: str(_MINUTES[r.state]) for r in records}
    closed, together = case.closed_at is not None and not case.goes_on, case.outcome == Outcome.DUPLICATE
    if case.goes_on:
        words, step = together_of(case)
    return render_template(
        "intake/inbox.html",
        case=case, state_words=words, step=step,
        steps_shown=steps(),
        course=course_of(case, together=together, goes_on=case.goes_on), together=case.goes_on,
        category_label=EVERY_CATEGORY[case.category].label,
        received_on=day_in_words(local_date(case.received_at)),
        answers=answers_shown(case, key),
        messages=[
            _shown(m, desk[:1].upper() + desk[1:], states.get(m.id, ""), above=m is to_check) for m in dialogue
        ],
        closed=closed,
        scorable=closed and case.score is None and not together and case.outcome != Outcome.REFERRED,
        outcome=OUTCOME_LABELS[Outcome(case.outcome)] if case.outcome and not together else None,
        errors=errors, kept=kept, once=new_id,
        minutes=IDLE_LIMIT // timedelta(minutes=1), accept=accepting.ACCEPT,
        most_files=accepting.MOST_FILES, most_megabytes=accepting.most_megabytes(),
        scores=_scores() if closed else [],
        referral=referral_box(case_id(), key, named=case.identity != Identity.ANONYMOUS)
        if case.being_referred and not closed
        else None,
        on_its_way=case.state == State.REFERRED,
        pass_on=pass_on_box(case_id()) if case.topic == Topic.CITIZENS and not closed else None,
        to_check=to_check, **_wishes(case, key, kept),
        signpost_url=url_for("signpost.of_entity", ovo=case.ovo_code), protection_url=url_for("protection.ask"),
    )  # fmt: skip


def _wishes(case: ShownToReporter, key: ContentKey, kept: Mapping[str, str]) -> dict[str, object]:
    """How the reporter wants to talk and be reached, and with whom the name may be shared."""
    wanted = contact_preference(case.contact_preference_sealed, key)
    return {
        "ways": list(WAY_LABELS.items()), "reaches": list(REACH_LABELS.items()),
        "contact": {
            "reach": kept.get("contact_reach", wanted.reach if wanted else ""),
            "where": kept.get("contact_where", wanted.where if wanted else ""),
            "when": kept.get("contact_when", wanted.when if wanted else ""),
        },
        "sharings": list(SHARING_LABELS.items()), "shared": case.shares_with,
        "has_name": case.identity != Identity.ANONYMOUS or bool(case.shares_with),
    }  # fmt: skip


def _scores() -> list[tuple[str, str]]:
    return [
        ("5", _("5: heel tevreden")),
        ("4", _("4: tevreden")),
        ("3", _("3: gaat wel")),
        ("2", _("2: niet tevreden")),
        ("1", _("1: helemaal niet tevreden")),
    ]


def _shown(message: ShownMessage, desk: str, minutes_state: str, *, above: bool) -> dict[str, object]:
    """`above`: the text stands at the top already, to be checked."""
    own = message.author == "reporter"
    when = _(
        "%(day)s, %(time)s uur",
        day=day_in_words(local_date(message.at)),
        time=hour_in_words(message.at),
    )
    return {
        "who": ", ".join(filter(None, (_("Jij") if own else desk, *titles_of(message), minutes_state))),
        "kind": "own" if own else "", "when": when,
        "iso": message.at.isoformat(timespec="minutes"),
        "text": _("Je leest dit verslag hierboven.") if above else message.text,
        "files": [{"url": url_for("mailbox.file", file_id=f.id), "label": f.name} for f in message.files],
    }  # fmt: skip
