"""Account and security: the own password and language, and what else one signs in with."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date
from flask_babel import lazy_gettext as _l

from spreekbuis.db.session import db
from spreekbuis.errors import DomainError, Invalid, type_text
from spreekbuis.identity import accounts, passkey_lock, passkeys, password_change, recovery_codes
from spreekbuis.identity import second_factor as factor
from spreekbuis.identity.lockout import LockedOut
from spreekbuis.identity.models import Account
from spreekbuis.identity.password_policy import SHORTEST
from spreekbuis.identity.passwords import Busy
from spreekbuis.identity.views.entrance import room
from spreekbuis.web.access import Audience, Dangerous
from spreekbuis.web.door import the_account
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import LANGUAGES, notice_after

PASSWORD_CHANGED = notice_after(
    "password-changed", _l("Je wachtwoord is veranderd. Op andere toestellen ben je afgemeld.")
)
LANGUAGE_CHANGED = notice_after("language-changed", _l("Je taal is bewaard."))


@room.get("/account", Audience.SIGNED_IN)
def account() -> ResponseReturnValue:
    return _page()


def _page(errors: dict[str, type_text] | None = None, refused: DomainError | None = None) -> str:
    me = the_account()
    return render_template(
        "identity/account.html",
        me=me,
        languages=list(LANGUAGES.items()),
        shortest=SHORTEST,
        has_app=factor.has_app(me.id),
        elsewhere=db.session.get_one(Account, me.id).elsewhere,
        codes_left=recovery_codes.left(me.id),
        codes_made=recovery_codes.HOW_MANY,
        passkeys=[
            {
                "handle": own.handle,
                "label": own.label,
                "added": format_date(own.created_at, "d MMMM y"),
                "used": own.last_used_at and format_date(own.last_used_at, "d MMMM y"),
                "of_today": own.of_today,
            }
            for own in passkeys.passkeys_of(me.id)
        ],
        passkeys_work=passkey_lock.site() is not None,
        errors=errors or {},
        refused=refused,
    )


@room.post("/account/password", Audience.SIGNED_IN, Dangerous.SIGN_IN)
def change_password() -> ResponseReturnValue:
    form, me = Reading(), the_account()
    current, new = form.raw("current_password"), form.raw("new_password")
    form.require(
        {
            "current_password": _l("Vul je huidige wachtwoord in."),
            "new_password": _l("Vul je nieuwe wachtwoord in."),
        },
    )
    try:
        form.check()
        password_change.change_password(me.id, current, new, me.token_hash)
    except Invalid as error:
        return _page(error.errors), error.status
    except (LockedOut, Busy) as error:
        return _page(refused=error), error.status
    return redirect(url_for("identity.account", done=PASSWORD_CHANGED), 303)


@room.post("/account/language", Audience.SIGNED_IN)
def choose_language() -> ResponseReturnValue:
    form = Reading()
    chosen = form.one_of("language", LANGUAGES)
    try:
        form.check()
    except Invalid as error:
        return _page(error.errors), error.status
    accounts.choose_language(the_account().id, str(chosen))
    # `lang` also replaces what this browser chose before, which goes before the account's own language
    return redirect(url_for("identity.account", lang=chosen, done=LANGUAGE_CHANGED), 303)
