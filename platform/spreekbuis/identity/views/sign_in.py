"""Sign in, second factor, sign out, workplaces.

The pages between the two steps are open to everyone and look for the half-way session themselves: the door
turns away a session that waits for its second factor.
"""

from collections.abc import Callable
from urllib.parse import quote
from uuid import UUID

import segno
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response

from spreekbuis.errors import DomainError, Invalid, type_text
from spreekbuis.identity import known_browser, passkey_lock, passkey_use, sessions
from spreekbuis.identity import second_factor as factor
from spreekbuis.identity import sign_in as steps
from spreekbuis.identity.browser_kind import kind_of
from spreekbuis.identity.lockout import LockedOut
from spreekbuis.identity.oidc.providers import all_providers
from spreekbuis.identity.passwords import Busy
from spreekbuis.identity.sign_in import Arrival
from spreekbuis.identity.views.entrance import entries, first_page, local_path, room
from spreekbuis.identity.workplaces import workplaces_of
from spreekbuis.web.access import ROLE_LABELS, Audience
from spreekbuis.web.cookies import KNOWN_BROWSER, SIGN_IN, drop_cookie, read_cookie, write_cookie
from spreekbuis.web.door import SignedIn, here, the_account
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

SIGNED_OUT = notice_after("signed-out", _l("Je bent afgemeld."))


@room.get("/sign-in", Audience.EVERYONE)
def sign_in() -> ResponseReturnValue:
    account = here().account
    if account is not None and account.complete:
        return redirect(local_path(request.args.get("next", "")) or first_page(account.id), 303)
    return _sign_in_page(local_path(request.args.get("next", "")))


@room.post("/sign-in", Audience.EVERYONE)
def sign_in_post() -> ResponseReturnValue:
    form = Reading()
    path = local_path(form.raw("next"))
    form.require({"email": _l("Vul je e-mailadres in."), "password": _l("Vul je wachtwoord in.")})
    email, password = form.text("email", longest=254), form.raw("password")
    try:
        form.check()
        token = steps.give_password(email, password, read_cookie(KNOWN_BROWSER))
    except Invalid as error:
        return _sign_in_page(path, email, error.errors), error.status
    except (steps.WrongCredentials, LockedOut, Busy) as error:
        return _sign_in_page(path, email, refused=error), error.status
    before = here().account
    if before is not None:
        sessions.end(before.token_hash)
    response = redirect(_with_next("identity.second_factor", path), 303)
    write_cookie(response, SIGN_IN, token)
    return response


def _with_next(endpoint: str, path: str) -> str:
    address = url_for(endpoint)
    return f"{address}?next={quote(path)}" if path else address


def _sign_in_page(
    path: str,
    email: str = "",
    errors: dict[str, type_text] | None = None,
    refused: DomainError | None = None,
) -> str:
    return render_template(
        "identity/sign_in.html", next=path, email=email, errors=errors or {}, refused=refused,
        reset_url=url_for("identity.password_reset"), by_passkey=passkey_lock.site() is not None,
        by_organisation=bool(all_providers()),
    )  # fmt: skip


@room.get("/sign-in/second-factor", Audience.EVERYONE)
def second_factor() -> ResponseReturnValue:
    account, path = here().account, local_path(request.args.get("next", ""))
    if account is None:
        return redirect(_with_next("identity.sign_in", path), 303)
    if account.complete:
        return redirect(path or first_page(account.id), 303)
    return _code_page(account, path)


@room.post("/sign-in/second-factor", Audience.EVERYONE)
def second_factor_post() -> ResponseReturnValue:
    return _second_step("code", _l("Vul de code van je app in."), steps.give_code)


@room.post("/sign-in/recovery-code", Audience.EVERYONE)
def recovery_code() -> ResponseReturnValue:
    return _second_step("recovery_code", _l("Vul een van je herstelcodes in."), steps.give_recovery_code)


def _second_step(
    name: str, needed: type_text, give: Callable[[UUID, str, str, Arrival], str]
) -> ResponseReturnValue:
    """End the half-way session with the code in the field `name`."""
    form = Reading()
    account, path = here().account, local_path(form.raw("next"))
    if account is None or account.complete:  # a second press of the button, or the half-way session is over
        return redirect(path or url_for("identity.workplaces"), 303)
    form.require({name: needed})
    code = form.text(name, longest=30)
    try:
        form.check()
        token = give(account.id, read_cookie(SIGN_IN) or "", code, arrival())
    except Invalid as error:
        return _code_page(account, path, error.errors), error.status
    except LockedOut as error:
        return _code_page(account, path, refused=error), error.status
    return signed_in(redirect(path or first_page(account.id), 303), account.id, token)


def arrival() -> Arrival:
    """The browser of this request."""
    return Arrival(kind_of(request.headers.get("User-Agent", "")), read_cookie(KNOWN_BROWSER))


def signed_in(response: Response, account_id: UUID, token: str) -> Response:
    """The answer with which a complete session begins."""
    write_cookie(response, SIGN_IN, token)
    write_cookie(response, KNOWN_BROWSER, known_browser.new_mark(account_id), known_browser.LIFETIME)
    return response


def _code_page(
    account: SignedIn,
    path: str,
    errors: dict[str, type_text] | None = None,
    refused: DomainError | None = None,
) -> str:
    """Ask for a code; whoever has no second factor yet first gets the secret for the app."""
    values = {"next": path, "errors": errors or {}, "refused": refused}
    secret = factor.secret_to_set_up(account.id)
    if secret is None:
        by_passkey = passkey_lock.site() is not None and passkey_use.has_passkeys(account.id)
        return render_template("identity/second_factor.html", by_passkey=by_passkey, **values)
    address = factor.address_for_app(secret, account.email)
    return render_template(
        "identity/set_up.html", qr_code=drawing(address), app_url=address, secret=in_fours(secret), **values
    )


def in_fours(secret: str) -> str:
    """The secret of an app, as one types it over."""
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))


def drawing(text: str) -> Markup:
    """A QR code as SVG without a style: dark on white in every theme, with the quiet zone of four modules."""
    code = segno.make(text, error="m", micro=False)
    drawn: str = code.svg_inline(scale=5, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None)
    return Markup(drawn)  # noqa: S704 (made of a drawing, not of the text)


@room.post("/sign-out", Audience.EVERYONE)
def sign_out() -> ResponseReturnValue:
    account = here().account
    if account is not None:
        sessions.end(account.token_hash)
    response = redirect(url_for("identity.sign_in", done=SIGNED_OUT), 303)
    drop_cookie(response, SIGN_IN)
    return response


@room.get("/workplaces", Audience.SIGNED_IN)
def workplaces() -> ResponseReturnValue:
    return render_template(
        "identity/workplaces.html",
        places=[
            {
                "name": place.name,
                "roles": ", ".join(str(ROLE_LABELS[role]) for role in sorted(place.roles)),
                "entries": entries(place),
            }
            for place in workplaces_of(the_account().id)
        ],
    )
