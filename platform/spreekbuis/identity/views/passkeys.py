"""Passkeys of the own account: add, remove, and with one of them get back what a new password closed.

An authenticator answers to a script alone (static/passkeys.js), so what it asks and sends is JSON. What a passkey
gave travels in the body of a request, never in an address, and stays in no history of the browser.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.errors import DomainError, Invalid
from spreekbuis.identity import passkey_lock, passkeys, restoring
from spreekbuis.identity.authenticators import Answer, decoded
from spreekbuis.identity.keys import my_secret
from spreekbuis.identity.views.entrance import room
from spreekbuis.web.access import Audience, Dangerous
from spreekbuis.web.door import the_account
from spreekbuis.web.forms import Reading, clean
from spreekbuis.web.frame import notice_after

ADDED = notice_after("passkey-added", _l("Je passkey is toegevoegd."))
REMOVED = notice_after(
    "passkey-removed", _l("Je passkey is verwijderd. Verwijder hem ook op het toestel waar hij staat.")
)
RESTORED = notice_after(
    "access-restored", _l("Je toegang is terug. Je leest weer wat je las voor je nieuwe wachtwoord.")
)
NOTHING_RESTORED = notice_after(
    "nothing-restored",
    _l(
        "Je passkey past weer bij je account. Met je vroegere sleutel kon je niets meer lezen dat je nu niet leest."
    ),
    "info",
)


@room.get("/account/passkeys/new", Audience.SIGNED_IN, Dangerous.SIGN_IN)
def new_passkey() -> ResponseReturnValue:
    return render_template(
        "identity/new_passkey.html",
        passkeys_work=passkey_lock.site() is not None,
        longest_label=passkeys.LONGEST_LABEL,
    )


@room.post("/account/passkeys/begin", Audience.SIGNED_IN, Dangerous.SIGN_IN)
def begin_passkey() -> ResponseReturnValue:
    me = the_account()
    return told(lambda: passkeys.begin_adding(me.id, me.email, me.token_hash))


@room.post("/account/passkeys/add", Audience.SIGNED_IN, Dangerous.SIGN_IN)
def add_passkey() -> ResponseReturnValue:
    me, label = the_account(), clean(Reading().raw("label"))

    def add() -> Mapping[str, Any]:
        passkeys.finish_adding(me.id, me.token_hash, passkey_answer(), label, my_secret())
        return {"next": url_for("identity.account", done=ADDED)}

    return told(add)


@room.post("/account/passkeys/remove", Audience.SIGNED_IN, Dangerous.SIGN_IN)
def remove_passkey() -> ResponseReturnValue:
    me = the_account()
    passkeys.remove_passkey(me.id, Reading().raw("passkey"))
    return redirect(url_for("identity.account", done=REMOVED), 303)


@room.get("/account/restore-access", Audience.SIGNED_IN)
def restore_access() -> ResponseReturnValue:
    earlier = [own.label for own in passkeys.passkeys_of(the_account().id) if not own.of_today]
    return render_template(
        "identity/restore_access.html", earlier=earlier, passkeys_work=passkey_lock.site() is not None
    )


@room.post("/account/restore-access/begin", Audience.SIGNED_IN)
def begin_restoring() -> ResponseReturnValue:
    me = the_account()
    return told(lambda: restoring.begin_restoring(me.id, me.token_hash))


@room.post("/account/restore-access", Audience.SIGNED_IN)
def restore_access_post() -> ResponseReturnValue:
    me = the_account()

    def restore() -> Mapping[str, Any]:
        restored = restoring.restore_with_passkey(me.id, me.token_hash, passkey_answer(), my_secret())
        return {"next": url_for("identity.workplaces", done=RESTORED if restored else NOTHING_RESTORED)}

    return told(restore)


def passkey_answer() -> Answer:
    """What the script sends. An output that is no base64url is none."""
    form = Reading()
    try:
        output = decoded(form.raw("output"))
    except ValueError:
        output = b""
    return Answer(form.raw("answer"), output)


def told(do: Callable[[], Mapping[str, Any]]) -> ResponseReturnValue:
    """What `do` gives, as JSON; when it is refused, the words for the page."""
    try:
        return jsonify(do())
    except DomainError as refused:
        return refusal(refused)


def refusal(refused: DomainError) -> ResponseReturnValue:
    """The words for the page, as JSON."""
    if isinstance(refused, Invalid):
        return jsonify(title="", advice=str(next(iter(refused.errors.values())))), refused.status
    return jsonify(title=str(refused.title), advice=str(refused.advice)), refused.status
