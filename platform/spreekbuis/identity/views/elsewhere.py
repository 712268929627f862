"""Signing in at an organisation: go there, come back, and be told that somebody signed out there."""

from urllib.parse import quote

from flask import current_app, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.errors import DomainError, Invalid, type_text
from spreekbuis.identity import confirming, sessions
from spreekbuis.identity.accounts import email_address
from spreekbuis.identity.oidc import arriving, signed_out
from spreekbuis.identity.oidc.outside import NotVouchedFor
from spreekbuis.identity.oidc.providers import Provider, all_providers, provider_for, provider_of
from spreekbuis.identity.views.entrance import local_path, room
from spreekbuis.identity.views.sign_in import arrival
from spreekbuis.settings import Settings
from spreekbuis.web.access import Audience
from spreekbuis.web.cookies import ELSEWHERE, SIGN_IN, drop_cookie, read_cookie, write_cookie
from spreekbuis.web.door import here
from spreekbuis.web.forms import Reading


@room.get("/sign-in/organisation", Audience.EVERYONE)
def choose_organisation() -> ResponseReturnValue:
    return _choose_page(local_path(request.args.get("next", "")))


@room.post("/sign-in/organisation", Audience.EVERYONE)
def choose_organisation_post() -> ResponseReturnValue:
    """By the domain of the address. That a domain signs in elsewhere is no secret; nothing is said of an address."""
    form = Reading()
    path = local_path(form.raw("next"))
    form.require({"email": _l("Vul je e-mailadres in.")})
    email = form.text("email", longest=254)
    try:
        form.check()
        found = provider_for(email_address(email))
        if found is None:
            raise Invalid(
                {"email": _l("Met dit adres meld je je niet aan via een organisatie. Gebruik je wachtwoord.")}
            )
    except Invalid as error:
        return _choose_page(path, email, error.errors), error.status
    return _choose_page(path, found=found)


def _choose_page(
    path: str,
    email: str = "",
    errors: dict[str, type_text] | None = None,
    found: Provider | None = None,
) -> str:
    offered = [found] if found else [each for each in all_providers().values() if each.everybody]
    return render_template(
        "identity/choose_organisation.html", next=path, email=email, errors=errors or {}, found=found is not None,
        providers=[{"name": each.name, "url": _go(each, path)} for each in offered],
    )  # fmt: skip


def elsewhere_for(email: str, path: str) -> dict[str, str] | None:
    """Where whoever has this address signs in, and then goes on to `path`; None for here."""
    found = provider_for(email)
    return None if found is None else {"name": found.name, "url": _go(found, path)}


def _go(provider: Provider, path: str) -> str:
    address = url_for("identity.go_elsewhere", provider=provider.code)
    return f"{address}?next={quote(path)}" if path else address


@room.get("/sign-in/organisation/<string:provider>/go", Audience.EVERYONE)
def go_elsewhere(provider: str) -> ResponseReturnValue:
    there, path = provider_of(provider), local_path(request.args.get("next", ""))
    begun = arriving.begin(there, _back(there), path, again="again" in request.args)
    response = redirect(begun.address, 303)
    write_cookie(response, ELSEWHERE, begun.kept, arriving.LIFETIME)
    return response


def _back(provider: Provider) -> str:
    """Where this provider sends browsers back to: an address of its own."""
    settings: Settings = current_app.extensions["settings"]
    return settings.base_url + url_for("identity.come_back", provider=provider.code)


@room.get("/sign-in/organisation/<string:provider>/back", Audience.EVERYONE)
def come_back(provider: str) -> ResponseReturnValue:
    there, before = provider_of(provider), here().account
    try:
        vouched = arriving.finish(there, _back(there), request.args, read_cookie(ELSEWHERE) or "")
        account_id = arriving.account_for(there, vouched.claims)
        if vouched.waiting.again:
            if before is None or not before.complete or before.id != account_id:
                raise NotVouchedFor
            confirming.confirmed(before.token_hash)
            response = redirect(vouched.waiting.next or url_for("identity.account"), 303)
        else:
            token = arriving.enter(account_id, there, vouched.claims, arrival())
            if before is not None:
                sessions.end(before.token_hash)
            response = redirect(url_for("identity.own_vault", next=vouched.waiting.next or None), 303)
            write_cookie(response, SIGN_IN, token)
    except DomainError as refused:
        return render_template("identity/not_from_elsewhere.html", refused=refused), refused.status
    drop_cookie(response, ELSEWHERE)
    return response


@room.message("/sign-in/organisation/<string:provider>/logout")
def signed_out_elsewhere(provider: str) -> ResponseReturnValue:
    """Back-channel logout. The answers are those of section 2.8."""
    try:
        signed_out.end_sessions(provider_of(provider), Reading().raw("logout_token"))
    except DomainError:
        return jsonify(error="invalid_request"), 400
    return "", 200
