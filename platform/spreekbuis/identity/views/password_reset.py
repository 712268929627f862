"""A forgotten password: ask for a link, choose a new one with it."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.errors import DomainError, Invalid, type_text
from spreekbuis.identity import password_change
from spreekbuis.identity.accounts import email_address
from spreekbuis.identity.password_policy import SHORTEST
from spreekbuis.identity.views.entrance import room
from spreekbuis.web.access import Audience
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after
from spreekbuis.web.links import LinkExpired

ASKED = notice_after(
    "reset-asked",
    _l("Is er een account met dit adres, dan krijg je een mail met een link. De link werkt één uur."),
    "info",
)
PASSWORD_SET = notice_after(
    "password-set",
    _l(
        "Je nieuwe wachtwoord is bewaard. Meld je ermee aan. Lees je dossiers? Haal je toegang terug met je"
        " passkey, bij ‘Account en beveiliging’. Heb je er geen? Vraag dan aan een collega van je loket om je"
        " toegang te geven, op de pagina Toegang."
    ),
)


@room.get("/password-reset", Audience.EVERYONE)
def password_reset() -> ResponseReturnValue:
    return _ask_page("", {})


@room.post("/password-reset", Audience.EVERYONE)
def password_reset_post() -> ResponseReturnValue:
    form = Reading()
    form.require({"email": _l("Vul je e-mailadres in.")})
    email = form.text("email", longest=254)
    try:
        form.check()
        password_change.request_reset(email_address(email))
    except Invalid as error:
        return _ask_page(email, error.errors), error.status
    return redirect(url_for("identity.sign_in", done=ASKED), 303)


def _ask_page(email: str, errors: dict[str, type_text]) -> str:
    return render_template("identity/reset_ask.html", email=email, errors=errors)


@room.get("/password-reset/<string:token>", Audience.EVERYONE)
def choose_password(token: str) -> ResponseReturnValue:
    try:
        password_change.check_reset(token)
    except (password_change.LinkUsed, LinkExpired) as over:
        return _over_page(over), over.status
    return _choose_page({})


@room.post("/password-reset/<string:token>", Audience.EVERYONE)
def choose_password_post(token: str) -> ResponseReturnValue:
    try:
        password_change.reset_password(token, Reading().raw("new_password"))
    except Invalid as error:
        return _choose_page(error.errors), error.status
    except (password_change.LinkUsed, LinkExpired) as over:
        return _over_page(over), over.status
    return redirect(url_for("identity.sign_in", done=PASSWORD_SET), 303)


def _over_page(over: DomainError) -> str:
    return render_template(
        "identity/link_over.html",
        over=over,
        url=url_for("identity.password_reset"),
        label=_l("Vraag een nieuwe link"),
    )


def _choose_page(errors: dict[str, type_text]) -> str:
    return render_template("identity/reset_choose.html", errors=errors, shortest=SHORTEST)
