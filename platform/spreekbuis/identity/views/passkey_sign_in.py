"""Signing in with a passkey: alone, or as the second step after the password. Both answer to a script, with JSON."""

from flask import jsonify, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from spreekbuis.errors import DomainError
from spreekbuis.identity import passkey_sign_in, passkey_use, sessions
from spreekbuis.identity import sign_in as steps
from spreekbuis.identity.views.entrance import first_page, local_path, room
from spreekbuis.identity.views.passkeys import passkey_answer, refusal, told
from spreekbuis.identity.views.sign_in import arrival, signed_in
from spreekbuis.web import csrf
from spreekbuis.web.access import Audience
from spreekbuis.web.cookies import SIGN_IN, read_cookie
from spreekbuis.web.door import here
from spreekbuis.web.forms import Reading


@room.post("/sign-in/passkey/begin", Audience.EVERYONE)
def begin_passkey_sign_in() -> ResponseReturnValue:
    return told(lambda: passkey_sign_in.begin(Reading().raw(csrf.FIELD)))


@room.post("/sign-in/passkey", Audience.EVERYONE)
def passkey_sign_in_post() -> ResponseReturnValue:
    form, before = Reading(), here().account
    try:
        entered = passkey_sign_in.sign_in_with_passkey(form.raw(csrf.FIELD), passkey_answer(), arrival())
    except DomainError as refused:
        return refusal(refused)
    if before is not None:
        sessions.end(before.token_hash)
    onward = local_path(form.raw("next")) or first_page(entered.account_id)
    return signed_in(jsonify(next=onward), entered.account_id, entered.token)


@room.post("/sign-in/second-factor/passkey/begin", Audience.EVERYONE)
def begin_passkey_second_factor() -> ResponseReturnValue:
    account = here().account
    if account is None or account.complete:
        return _over()
    return told(lambda: passkey_use.ask_own(account.id, account.token_hash))


@room.post("/sign-in/second-factor/passkey", Audience.EVERYONE)
def passkey_second_factor() -> ResponseReturnValue:
    account, path = here().account, local_path(Reading().raw("next"))
    if account is None or account.complete:
        return _over()
    try:
        token = steps.give_passkey(account.id, read_cookie(SIGN_IN) or "", passkey_answer(), arrival())
    except DomainError as refused:
        return refusal(refused)
    return signed_in(jsonify(next=path or first_page(account.id)), account.id, token)


def _over() -> Response:
    """A second press of the button, or the half-way session is over: what comes next says which."""
    return jsonify(next=url_for("identity.sign_in"))
