"""“Confirm that it is you”: before a dangerous act, with the code of the app or a passkey.

The page in front of a form holds what was typed (identity.confirming) and sends it on together with the code. A passkey
answers to a script, which then sends the same form without a code: by then this browser has confirmed.
"""

from collections.abc import Mapping
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import ImmutableMultiDict

from spreekbuis.errors import DomainError, Invalid, type_text
from spreekbuis.identity import confirming, passkey_lock, passkey_use, sessions
from spreekbuis.identity import second_factor as factor
from spreekbuis.identity.lockout import LockedOut
from spreekbuis.identity.oidc.providers import all_providers
from spreekbuis.identity.views.entrance import first_page, local_path, room
from spreekbuis.identity.views.passkeys import passkey_answer, told
from spreekbuis.web import csrf
from spreekbuis.web.access import DANGERS, Audience
from spreekbuis.web.door import Here, SignedIn, here, the_account
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after
from spreekbuis.web.limits import CONFIRMED

KEPT = "kept"
CONFIRMED_NOTICE = notice_after(
    "confirmed", _l("Je bevestigde dat jij het bent. Ga terug naar het vorige tabblad om verder te gaan.")
)


def ask_again(at: Here) -> ResponseReturnValue | None:
    """What the door asks of this room before a dangerous act (web.door.Doors)."""
    assert at.account is not None, "a dangerous route asks for an account"
    me, recent = at.account, confirming.is_recent(at.account.confirmed_at)
    if request.method == "GET":
        return None if recent else redirect(url_for("identity.confirm", next=request.path), 303)
    kept = request.form.get(KEPT)
    if kept is None:
        if recent:
            return None
        fields = [(name, value) for name, value in request.form.items(multi=True) if name != csrf.FIELD]
        return _page(at, confirming.keep(me.id, request.path, fields))
    waited = confirming.what_waited(me.id, request.path, kept)
    if not recent:
        try:
            _confirm(Reading())
        except Invalid as error:
            return _page(at, kept, error.errors, status=error.status)
        except LockedOut as error:
            return _page(at, kept, refused=error, status=error.status)
    request.form = ImmutableMultiDict(waited)
    return None


def _confirm(form: Reading) -> None:
    me = the_account()
    form.require({"code": _l("Vul de code van je app in.")})
    code = form.text("code", longest=20)
    form.check()
    confirming.confirm_with_code(me.id, me.token_hash, code)


def _page(
    at: Here,
    kept: str = "",
    errors: dict[str, type_text] | None = None,
    refused: DomainError | None = None,
    *,
    path: str = "",
    status: int = 401,
) -> ResponseReturnValue:
    """The page that asks. `kept` waits for the address of this request; without it one goes on to `path`."""
    me, dangerous = the_account(), at.route.dangerous
    page = render_template(
        "identity/confirm.html",
        action=request.path if kept else url_for("identity.confirm_post"),
        kept=kept,
        next=path,
        why=None if dangerous is None else DANGERS[dangerous],
        limit=CONFIRMED,
        by_code=factor.has_app(me.id),
        elsewhere=_elsewhere(me, path if not kept else url_for("identity.account", done=CONFIRMED_NOTICE)),
        by_passkey=passkey_lock.site() is not None and passkey_use.has_passkeys(me.id),
        had_files=any(request.files.values()),
        errors=errors or {},
        refused=refused,
    )
    return page, status


def _elsewhere(me: SignedIn, path: str) -> dict[str, str] | None:
    """Where the organisation vouches again for who signed in there."""
    code = sessions.provider_of_session(me.token_hash)
    there = None if code is None else all_providers().get(code)
    if there is None:
        return None
    return {
        "name": there.name,
        "url": url_for("identity.go_elsewhere", provider=there.code, again="", next=path),
    }


@room.get("/account/confirm", Audience.SIGNED_IN)
def confirm() -> ResponseReturnValue:
    path = local_path(request.args.get("next", ""))
    if confirming.is_recent(the_account().confirmed_at):
        return redirect(path or first_page(the_account().id), 303)
    return _page(here(), path=path, status=200)


@room.post("/account/confirm", Audience.SIGNED_IN)
def confirm_post() -> ResponseReturnValue:
    form = Reading()
    path = local_path(form.raw("next"))
    try:
        _confirm(form)
    except Invalid as error:
        return _page(here(), errors=error.errors, path=path, status=error.status)
    except LockedOut as error:
        return _page(here(), refused=error, path=path, status=error.status)
    return redirect(path or first_page(the_account().id), 303)


@room.post("/account/confirm/begin", Audience.SIGNED_IN)
def begin_confirming() -> ResponseReturnValue:
    me = the_account()
    return told(lambda: passkey_use.ask_own(me.id, me.token_hash))


@room.post("/account/confirm/passkey", Audience.SIGNED_IN)
def confirm_with_passkey() -> ResponseReturnValue:
    me, path = the_account(), local_path(Reading().raw("next"))

    def confirmed() -> Mapping[str, Any]:
        confirming.confirm_with_passkey(me.id, me.token_hash, passkey_answer())
        return {"next": path or first_page(me.id)}

    return told(confirmed)
