"""The own vault: opened after signing in at an organisation, or later."""

from collections.abc import Mapping
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.db.session import db
from spreekbuis.errors import DomainError, Invalid, type_text
from spreekbuis.identity import own_vault as vault
from spreekbuis.identity import passkey_lock, passkey_use
from spreekbuis.identity.lockout import LockedOut
from spreekbuis.identity.models import Account
from spreekbuis.identity.password_policy import SHORTEST
from spreekbuis.identity.passwords import Busy
from spreekbuis.identity.views.entrance import first_page, local_path, room
from spreekbuis.identity.views.passkeys import passkey_answer, told
from spreekbuis.web.access import Audience, Dangerous
from spreekbuis.web.cookies import SIGN_IN, read_cookie
from spreekbuis.web.door import the_account
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

OPENED = notice_after("vault-opened", _l("Je kluis is open tot je je afmeldt."))


@room.get("/account/vault", Audience.SIGNED_IN)
def own_vault() -> ResponseReturnValue:
    path = local_path(request.args.get("next", ""))
    if vault.is_open(the_account().token_hash):
        return redirect(path or first_page(the_account().id), 303)
    return _page(path)


def _page(path: str, errors: dict[str, type_text] | None = None, refused: DomainError | None = None) -> str:
    me = the_account()
    has_vault = vault.has_vault(me.id)
    return render_template(
        "identity/own_vault.html",
        next=path,
        later=path or first_page(me.id),
        has_vault=has_vault,
        elsewhere=db.session.get_one(Account, me.id).elsewhere,
        by_passkey=has_vault and passkey_lock.site() is not None and passkey_use.has_passkeys(me.id),
        shortest=SHORTEST,
        errors=errors or {},
        refused=refused,
    )


@room.post("/account/vault", Audience.SIGNED_IN)
def open_vault() -> ResponseReturnValue:
    form, me = Reading(), the_account()
    path = local_path(form.raw("next"))
    form.require({"passphrase": _l("Vul je kluiswoord in.")})
    try:
        form.check()
        vault.open_with_passphrase(me.id, read_cookie(SIGN_IN) or "", form.raw("passphrase"))
    except Invalid as error:
        return _page(path, error.errors), error.status
    except (LockedOut, Busy) as error:
        return _page(path, refused=error), error.status
    return redirect(path or first_page(me.id), 303)


@room.post("/account/vault/choose", Audience.SIGNED_IN, Dangerous.SIGN_IN)
def choose_passphrase() -> ResponseReturnValue:
    form, me = Reading(), the_account()
    path = local_path(form.raw("next"))
    form.require({"new_passphrase": _l("Kies een kluiswoord.")})
    try:
        form.check()
        vault.choose_passphrase(me.id, read_cookie(SIGN_IN) or "", form.raw("new_passphrase"))
    except Invalid as error:
        return _page(path, error.errors), error.status
    except Busy as error:
        return _page(path, refused=error), error.status
    return redirect(path or url_for("identity.account", done=OPENED), 303)


@room.post("/account/vault/begin", Audience.SIGNED_IN)
def begin_opening_vault() -> ResponseReturnValue:
    me = the_account()
    return told(lambda: passkey_use.ask_own(me.id, me.token_hash))


@room.post("/account/vault/passkey", Audience.SIGNED_IN)
def open_vault_with_passkey() -> ResponseReturnValue:
    me, path = the_account(), local_path(Reading().raw("next"))

    def opened() -> Mapping[str, Any]:
        vault.open_with_passkey(me.id, read_cookie(SIGN_IN) or "", passkey_answer())
        return {"next": path or first_page(me.id)}

    return told(opened)
