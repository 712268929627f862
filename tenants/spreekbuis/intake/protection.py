"""The page on which somebody makes a request for protection against reprisals, ready to send."""

from collections.abc import Mapping
from io import BytesIO

from flask import render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from spreekbuis.clock import today
from spreekbuis.db.session import db
from spreekbuis.directory.models import Actor
from spreekbuis.errors import Invalid, type_text
from spreekbuis.intake.protection_letter import SITUATION_LABELS, ProtectionRequest, Situation, letter
from spreekbuis.web.access import Audience
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import language
from spreekbuis.web.room import Room

room = Room("protection")

SERVICE = "ombudsman"
"""The central actor (directory.actors) that protects."""
LONGEST = {"name": 120, "contact": 200, "works_at": 200, "reported": 500, "feared": 3000}
"""Characters, per field."""


@room.get("/protection", Audience.EVERYONE)
def ask() -> ResponseReturnValue:
    return _page({}, {})


@room.post("/protection", Audience.EVERYONE)
def make() -> ResponseReturnValue:
    """The letter as a download. What was typed is in it, and nowhere else afterwards."""
    form = Reading()
    form.require(
        {
            "name": _("Vul je naam in: zonder naam kan de Ombudsdienst je niet beschermen."),
            "contact": _("Vul in hoe de Ombudsdienst je bereikt."),
            "situation": _("Kies wat voor jou geldt."),
        }
    )
    given = {
        name: form.text(name, longest=longest, required=name in ("name", "contact"), lines=name == "feared")
        for name, longest in LONGEST.items()
    }
    situation = form.choice("situation", Situation)
    try:
        form.check()
    except Invalid as invalid:
        return _page(
            {**given, "situation": request.form.get("situation", "")}, invalid.errors
        ), invalid.status
    assert situation is not None, "the form was checked"
    asked = ProtectionRequest(situation=situation, **given)
    made = letter(asked, service_email=_service()[0], day=today(), language=language())
    name = _("verzoek-om-bescherming.pdf")
    response = send_file(BytesIO(made), "application/pdf", as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(given: Mapping[str, str], errors: Mapping[str, type_text]) -> str:
    email, phone = _service()
    return render_template(
        "intake/protection.html", given=given, errors=errors, action=url_for("protection.make"), email=email,
        phone=phone, situations=list(SITUATION_LABELS.items()),
    )  # fmt: skip


def _service() -> tuple[str, str]:
    """E-mail address and phone number of the service that protects."""
    row = db.session.execute(select(Actor.email, Actor.phone).where(Actor.code == SERVICE)).one()
    return row.email or "", row.phone or ""
