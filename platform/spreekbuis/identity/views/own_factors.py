"""The own second factor: another app for the codes, and recovery codes on paper."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.errors import Invalid, type_text
from spreekbuis.identity import recovery_codes, sessions
from spreekbuis.identity import second_factor as factor
from spreekbuis.identity.second_factor import WrongCode
from spreekbuis.identity.views.entrance import room
from spreekbuis.identity.views.sign_in import drawing, in_fours
from spreekbuis.web.access import Audience, Dangerous
from spreekbuis.web.door import the_account
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

CHANGED = notice_after(
    "second-factor-changed",
    _l("Je nieuwe app maakt nu de codes. De vorige werkt niet meer. Op andere toestellen ben je afgemeld."),
)


@room.get("/account/second-factor", Audience.SIGNED_IN, Dangerous.SIGN_IN)
def change_second_factor() -> ResponseReturnValue:
    secret, sealed = factor.replacement(the_account().id)
    return _page(secret, sealed)


def _page(secret: str, sealed: bytes, errors: dict[str, type_text] | None = None) -> str:
    address = factor.address_for_app(secret, the_account().email)
    return render_template(
        "identity/change_second_factor.html", qr_code=drawing(address), app_url=address, secret=in_fours(secret),
        sealed=urlsafe_b64encode(sealed).decode(), errors=errors or {},
    )  # fmt: skip


@room.post("/account/second-factor", Audience.SIGNED_IN, Dangerous.SIGN_IN)
def change_second_factor_post() -> ResponseReturnValue:
    form, me = Reading(), the_account()
    code = form.text("code", longest=20)
    try:
        sealed = urlsafe_b64decode(form.raw("sealed").encode())
        secret = factor.secret_for_app(me.id, sealed)
    except (ValueError, WrongCode):  # not a page of ours: a new one
        return redirect(url_for("identity.change_second_factor"), 303)
    try:
        form.check()
        factor.replace(me.id, sealed, code)
    except Invalid as error:
        return _page(secret, sealed, error.errors), error.status
    sessions.end_all(me.id, but=me.token_hash)
    return redirect(url_for("identity.account", done=CHANGED), 303)


@room.post("/account/recovery-codes", Audience.SIGNED_IN, Dangerous.SIGN_IN)
def make_recovery_codes() -> ResponseReturnValue:
    """The page with the codes is the answer itself: no address shows them again."""
    return render_template(
        "identity/recovery_codes.html",
        codes=recovery_codes.make_codes(the_account().id),
        email=the_account().email,
    )
