"""The officer's own page: print a part of the recovery kit, show that it is there, put it away."""

from io import BytesIO
from typing import Any

from flask import redirect, render_template, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.access import papers, recovery
from spreekbuis.access.key_changes import waiting_changes
from spreekbuis.access.key_doors import room
from spreekbuis.clock import BRUSSELS
from spreekbuis.errors import Invalid, NotFound, type_text
from spreekbuis.identity.keys import my_secret
from spreekbuis.vault.recovery_paper import paper
from spreekbuis.vault.recovery_share import short_name
from spreekbuis.web.access import Dangerous, Permission
from spreekbuis.web.dates import day_in_words
from spreekbuis.web.door import the_account, the_entity
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import language, notice_after

PART_KEPT = notice_after(
    "part-kept", _l("Goed zo: wij bewaren jouw deel niet meer. Wis ook het bestand dat je downloadde.")
)
LONGEST_WORD = 40


@room.get("/entity/<ovo:ovo>/keys/part", Permission.KEEP_RECOVERY_PART)
def part() -> ResponseReturnValue:
    return _page({}, {})


@room.get("/entity/<ovo:ovo>/keys/part/paper", Permission.KEEP_RECOVERY_PART)
def part_paper() -> ResponseReturnValue:
    """The paper as a PDF, as often as asked until its officer says that it is kept."""
    me, entity = the_account(), the_entity()
    try:
        kit_id, share = recovery.my_part(me.id, my_secret())
    except NotFound:
        return _to_page()
    kit = recovery.kit_in_force()
    assert kit is not None
    made = paper(
        share, kit_id=kit_id, entity_name=entity.name, officer=me.label,
        made_on=kit.made_at.astimezone(BRUSSELS).date(), language=language(),
    )  # fmt: skip
    name = f"spreekbuis-{short_name(kit_id)}-{share.part.value}.pdf"
    response = send_file(BytesIO(made), "application/pdf", as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response


@room.post("/entity/<ovo:ovo>/keys/part", Permission.KEEP_RECOVERY_PART, Dangerous.KEYS)
def keep_part() -> ResponseReturnValue:
    """The part is on paper: two of its words prove it."""
    form = Reading()
    if _mine().get("state") != "waits":
        return _to_page()
    form.require(
        {"first_word": _l("Typ dit woord van je blad."), "second_word": _l("Typ dit woord van je blad.")}
    )
    typed = (form.text("first_word", longest=LONGEST_WORD), form.text("second_word", longest=LONGEST_WORD))
    if form.raw("safe") != "yes":
        form.errors["safe"] = _l("Leg je blad eerst op een veilige plek, en vink dit dan aan.")
    try:
        form.check()
        papers.keep_printed_part(the_account().id, my_secret(), typed)
    except Invalid as error:
        return _page(
            error.errors, {name: form.raw(name) for name in ("first_word", "second_word", "safe")}
        ), 422
    return redirect(url_for("keys.part", ovo=the_entity().ovo_code, done=PART_KEPT), 303)


def _to_page() -> ResponseReturnValue:
    return redirect(url_for("keys.part", ovo=the_entity().ovo_code), 303)


def _mine() -> dict[str, Any]:
    """My part of the kit in force and its state: waits, lost or kept; nothing when I have none."""
    me, kit = the_account().id, recovery.kit_in_force()
    kept = next((part for part in kit.parts if part.officer.account_id == me), None) if kit else None
    if kit is None or kept is None:
        return {}
    found: dict[str, Any] = {"part": kept.part.value, "other": "B" if kept.part.value == "A" else "A"}
    found["name"] = short_name(kit.id)
    if kept.kept_at is not None:
        return found | {"state": "kept", "since": day_in_words(kept.kept_at.astimezone(BRUSSELS).date())}
    if kept.lost:
        return found | {"state": "lost"}
    return found | {"state": "waits", "places": papers.asked_places(kit.id)}


def _page(errors: dict[str, type_text], given: dict[str, str]) -> str:
    ovo = the_entity().ovo_code
    return render_template(
        "access/part.html", mine=_mine(), errors=errors, given=given,
        changes_wait=bool(waiting_changes()), changes_url=url_for("keys.changes", ovo=ovo),
        post_url=url_for("keys.keep_part", ovo=ovo), paper_url=url_for("keys.part_paper", ovo=ovo),
    )  # fmt: skip
