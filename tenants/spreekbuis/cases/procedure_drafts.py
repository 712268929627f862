"""The next version of a procedure: drafted by the central office, checked, then published for good."""

import re
from collections.abc import Mapping
from copy import deepcopy
from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.definition import LANGUAGES, After, BadDefinition, Procedure, Step, read_definition
from spreekbuis.cases.definition_checks import faults
from spreekbuis.cases.procedure_models import ProcedureDraft, ProcedureVersion
from spreekbuis.clock import now, today
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, Invalid, NotFound, type_text

_PART = re.compile(r"terms|terms\.[0-9]{1,2}(?:\.(?:exemptions|extension|pause|extension\.reasons))?")
_ENTRY = re.compile(
    r"terms\.[0-9]{1,2}(?:\.(?:extension|pause|(?:exemptions|extension\.reasons)\.[0-9]{1,2}))?"
)


class DraftChanged(Conflict):
    """Two people work on one draft: nothing of the second is lost, and nothing of the first is overwritten."""

    title = _l("Iemand anders veranderde dit ontwerp")
    advice = _l("Er is niets bewaard. Open het ontwerp opnieuw en kijk wat er intussen staat.")


class NotReady(Conflict):
    title = _l("Dit ontwerp kan nog niet gepubliceerd worden")
    advice = _l("Er is niets veranderd. Kijk bij het ontwerp wat er nog moet.")


def history(code: str) -> list[ProcedureVersion]:
    """Every published version, the newest first. Raises NotFound."""
    found = db.session.scalars(
        select(ProcedureVersion)
        .where(ProcedureVersion.code == code)
        .order_by(ProcedureVersion.version.desc())
    ).all()
    if not found:
        raise NotFound
    return list(found)


def drafted() -> set[str]:
    """The procedures of which a next version is being written."""
    return set(db.session.scalars(select(ProcedureDraft.code)))


def draft_of(code: str, *, lock: bool = False) -> ProcedureDraft:
    """The draft of the next version. Raises NotFound."""
    asked = select(ProcedureDraft).where(ProcedureDraft.code == code)
    draft = db.session.scalar(asked.with_for_update() if lock else asked)
    if draft is None:
        raise NotFound
    return draft


def start_draft(code: str) -> ProcedureDraft:
    """A draft that says what the newest version says; the one that is there already when there is one.

    Raises NotFound for a procedure that does not exist.
    """
    newest = history(code)[0]
    draft = db.session.get(ProcedureDraft, code)
    if draft is None:
        draft = ProcedureDraft(
            code=code, definition=deepcopy(newest.definition), valid_from=today() + timedelta(days=1),
            edited_by=acting().account_id,
        )  # fmt: skip
        db.session.add(draft)
        record(Audited.PROCEDURE_EDITED, None, {"code": code, "what": "started"})
    return draft


def save_draft(code: str, definition: Mapping[str, Any], valid_from: date, revision: str) -> None:
    """Keep what was typed, ready or not. Raises DraftChanged when `revision` is not the draft's, NotFound."""
    draft = _unchanged(code, revision)
    draft.definition, draft.valid_from = dict(definition), valid_from
    draft.edited_at, draft.edited_by = now(), acting().account_id
    record(Audited.PROCEDURE_EDITED, None, {"code": code, "what": "saved"})


def discard_draft(code: str, revision: str) -> None:
    """Throw the draft away. Raises DraftChanged, NotFound."""
    db.session.delete(_unchanged(code, revision))
    record(Audited.PROCEDURE_EDITED, None, {"code": code, "what": "discarded"})


def publish_draft(code: str, revision: str) -> ProcedureVersion:
    """Make the draft a version that never changes, for cases that are opened from its day on.

    Raises NotReady while something is wrong with it, DraftChanged, NotFound.
    """
    draft = _unchanged(code, revision)
    newest = history(code)[0]
    if wrong_with(draft):
        raise NotReady
    version = ProcedureVersion(
        code=code, version=newest.version + 1, valid_from=draft.valid_from, definition=draft.definition,
        published_by=acting().account_id,
    )  # fmt: skip
    db.session.add(version)
    db.session.delete(draft)
    from_day = version.valid_from.isoformat()
    record(
        Audited.PROCEDURE_PUBLISHED, None, {"code": code, "version": version.version, "valid_from": from_day}
    )
    return version


def wrong_with(draft: ProcedureDraft) -> dict[str, type_text]:
    """What stands between the draft and publishing, by the place it is about."""
    found: dict[str, type_text] = {}
    # From tomorrow on, so that every process knows it in time; and not before what is published already.
    newest = history(draft.code)[0].valid_from
    if draft.valid_from <= max(today(), newest):
        found["valid_from"] = _l("Kies een dag na vandaag, en na de dag van de vorige versie.")
    try:
        rules = read_draft(draft)
    except BadDefinition as bad:
        return found | bad.errors
    return found | faults(rules)


def read_draft(draft: ProcedureDraft) -> Procedure:
    """The draft as a procedure. Raises BadDefinition."""
    return read_definition(draft.code, 0, draft.definition)


def with_part(definition: Mapping[str, Any], place: str, step: str = "") -> dict[str, Any]:
    """The definition with an empty part more: a term for `step`, a reason, an extension or a rule for pausing.
    Raises Invalid for a place where none can be."""
    changed = deepcopy(dict(definition))
    if not _PART.fullmatch(place):
        raise Invalid({"": _l("Dit kan hier niet.")})
    if place == "terms":
        if step not in set(Step) or step in {term["step"] for term in changed["terms"]}:
            raise Invalid({"": _l("Deze stap heeft al een termijn.")})
        changed["terms"].append(_empty_term(step))
        changed["terms"].sort(key=lambda term: list(Step).index(Step(term["step"])))
        return changed
    parent, name = _parent(changed, place)
    if name == "extension":
        parent[name] = {"days": 0, "months": 0, "reasons": []}
    elif name == "pause":
        parent[name] = {**_empty_texts(), "verified": False}
    else:
        used = {reason["code"] for reason in parent[name]}
        code = next(code for n in range(1, 1000) if (code := f"reason_{n}") not in used)
        parent[name].append({"code": code, "label": _empty_texts()})
    return changed


def without_part(definition: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The definition without one part. Raises Invalid for what has to be there."""
    changed = deepcopy(dict(definition))
    if not _ENTRY.fullmatch(place):
        raise Invalid({"": _l("Dit kan hier niet.")})
    parent, name = _parent(changed, place)
    if isinstance(parent, list):
        parent.pop(int(name))
    else:
        parent[name] = None
    return changed


def _parent(definition: dict[str, Any], place: str) -> tuple[Any, str]:
    """The mapping or list that holds the place. Raises Invalid when there is none."""
    *way, name = place.split(".")
    found: Any = definition
    try:
        for part in way:
            found = found[int(part)] if isinstance(found, list) else found[part]
        if isinstance(found, list):
            found[int(name)]
        elif name not in found:
            raise KeyError(name)
    except (KeyError, IndexError, TypeError, ValueError):
        raise Invalid({"": _l("Dit kan hier niet.")}) from None
    return found, name


def _empty_texts() -> dict[str, str]:
    return dict.fromkeys(LANGUAGES, "")


def _empty_term(step: str) -> dict[str, Any]:
    return {
        "step": step, "label": _empty_texts(), "days": 0, "months": 0, "after": After.RECEIVED.value,
        "needs_identity": False, "source": {**_empty_texts(), "verified": False}, "exemptions": [],
        "extension": None, "pause": None,
    }  # fmt: skip


def _unchanged(code: str, revision: str) -> ProcedureDraft:
    draft = draft_of(code, lock=True)
    if str(draft.revision) != revision:
        raise DraftChanged
    return draft
