"""Signing in at an organisation: the code flow of OpenID Connect Core 1.0 with PKCE (RFC 7636).

What the answer must fit (state, nonce, verifier, provider) travels in a cookie of that browser, locked with the
server's key: nothing is kept of who only begins. It serves once and ends after ten minutes. Each provider has an
address of its own for its answers, and an answer that names its issuer must name the right one (mix-up, RFC 9207).

Who comes is known by the provider's own name for them (`sub`). The first time an address decides: it must be in a
domain that was given to this provider, and be that of an account here, or have an open invitation. The provider makes
nobody more than that, but for rules of an entity's administrator (access.provider_rules).
"""

import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from flask import Flask, current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.errors import DomainError, Invalid
from spreekbuis.identity import accounts, jobs, sessions
from spreekbuis.identity.models import Account, ProviderIdentity
from spreekbuis.identity.oidc import outside
from spreekbuis.identity.oidc.outside import NotVouchedFor, type_claims
from spreekbuis.identity.oidc.providers import Provider, provider_for
from spreekbuis.identity.once import is_first_use
from spreekbuis.identity.sign_in import Arrival
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.settings import Settings
from spreekbuis.vault.sealing import CannotOpen, context, derive, lock, unlock
from spreekbuis.web.limits import CONFIRMED

LIFETIME: Final = timedelta(minutes=10)
"""To sign in at the provider."""
_LONGEST: Final = 2_000
"""Characters of a parameter of an answer."""


class NotInvited(DomainError):
    """The provider vouches for somebody who has no place here. Also for a closed account."""

    status = 403
    title = _l("Je hebt nog geen toegang")
    advice = _l(
        "Je organisatie kent je, maar je bent hier niet uitgenodigd. Vraag de beheerder van je entiteit om je uit te"
        " nodigen op je e-mailadres van het werk."
    )


class Belongs(NamedTuple):
    """What a provider says about where somebody works."""

    provider: str
    entities: frozenset[str]
    """OVO codes."""
    groups: frozenset[str]


IsInvited = Callable[[str], bool]
"""Whether an address has an open invitation. In platform scope."""
Join = Callable[[UUID, Belongs], None]
"""Gives the account what entities allowed to who belongs there. In platform scope."""


def install(app: Flask, invited: IsInvited, join: Join) -> None:
    """Tell `app` who on the upper floors knows of invitations and gives rights. Called by the composition root."""
    app.extensions["is_invited"], app.extensions["join_by_provider"] = invited, join


class Begun(NamedTuple):
    address: str
    """At the provider."""
    kept: str
    """For the cookie."""


class Waiting(NamedTuple):
    """What the answer must fit, and where the visitor then goes. `again`: only to prove to be oneself."""

    provider: str
    state: str
    nonce: str
    verifier: str
    until: int
    next: str
    again: bool


def begin(provider: Provider, back: str, path: str, *, again: bool = False) -> Begun:
    """Where this browser goes to sign in, and what it keeps meanwhile. Raises ProviderAway."""
    waiting = Waiting(
        provider.code, secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48),
        int((now() + LIFETIME).timestamp()), path, again,
    )  # fmt: skip
    more = {"prompt": "login", "max_age": "0"} if again else {}
    address = outside.question(provider, back, waiting.state, waiting.nonce, waiting.verifier, **more)
    told = lock(_key(), json.dumps(waiting).encode(), context("sign-in elsewhere"))
    return Begun(address, urlsafe_b64encode(told).decode())


class Vouched(NamedTuple):
    """Whom a provider vouches for, as an answer to what `waiting` asked."""

    claims: type_claims
    waiting: Waiting


def finish(provider: Provider, back: str, answer: Mapping[str, str], kept: str) -> Vouched:
    """Judge the answer with which a browser comes back. Raises NotVouchedFor, ProviderAway."""
    waiting = _waiting(kept)
    state, issuer, code = (answer.get(name, "")[:_LONGEST] for name in ("state", "iss", "code"))
    until = datetime.fromtimestamp(waiting.until, UTC)
    if waiting.provider != provider.code or not hmac.compare_digest(state.encode(), waiting.state.encode()):
        raise NotVouchedFor
    if issuer != provider.issuer and (issuer or outside.published(provider).names_itself):
        raise NotVouchedFor
    if until <= now() or not code:
        raise NotVouchedFor
    # the provider is asked before the database is, which then waits for nobody outside
    claims = outside.claims_for(provider, back, code, waiting.verifier, waiting.nonce)
    if waiting.again and not _just_now(claims.get("auth_time")):
        raise NotVouchedFor
    if not is_first_use("sign-in elsewhere", waiting.state, until):
        raise NotVouchedFor
    return Vouched(claims, waiting)


def _just_now(told: Any) -> bool:
    """Whether the provider says that one signed in there anew, and not that it remembered."""
    return isinstance(told, int) and abs(now().timestamp() - told) < CONFIRMED.lasts.total_seconds()


def account_for(provider: Provider, claims: type_claims) -> UUID:
    """The account of who comes, made when there is an open invitation. Raises NotInvited."""
    subject = str(claims["sub"])
    account_id = db.session.scalar(
        select(Account.id)
        .join(ProviderIdentity, ProviderIdentity.account_id == Account.id)
        .where(
            ProviderIdentity.provider == provider.code, ProviderIdentity.subject == subject,
            Account.disabled_at.is_(None),
        )
    )  # fmt: skip
    if account_id is None:
        account_id = _first_time(provider, subject, claims)
    join: Join = current_app.extensions["join_by_provider"]
    with acting_as(Actor("account", account_id)):
        join(account_id, _belongs(provider, claims))
    return account_id


def _first_time(provider: Provider, subject: str, claims: type_claims) -> UUID:
    try:
        email = accounts.email_address(str(claims.get("email", "")))
    except Invalid:
        raise NotInvited from None
    if claims.get("email_verified") is False or provider_for(email) != provider:
        raise NotInvited
    known = db.session.scalar(select(Account).where(Account.email == email))
    if known is not None and known.disabled_at is not None:
        raise NotInvited
    account_id = _invited(email, claims) if known is None else known.id
    linked = db.session.scalar(
        insert(ProviderIdentity)
        .values(provider=provider.code, subject=subject, account_id=account_id, created_at=now())
        .on_conflict_do_nothing()
        .returning(ProviderIdentity.account_id)
    )
    if linked is None:  # this name is that of a closed account, or another name has this account
        raise NotInvited
    with acting_as(Actor("account", account_id)):
        record(Audited.ACCOUNT_LINKED, account_id, {"provider": provider.code})
    enqueue(jobs.MAIL_ACCOUNT_LINKED, id=str(account_id))
    return account_id


def _invited(email: str, claims: type_claims) -> UUID:
    """A new account without a password, for an address with an open invitation. Raises NotInvited."""
    invited: IsInvited = current_app.extensions["is_invited"]
    if not invited(email):
        raise NotInvited
    label = str(claims.get("name") or email).strip()[: accounts.LONGEST_LABEL]
    return accounts.create_account(email, label, "nl", None, elsewhere=True).id


def _belongs(provider: Provider, claims: type_claims) -> Belongs:
    return Belongs(
        provider.code, _texts(claims.get(provider.entities_claim)), _texts(claims.get(provider.groups_claim))
    )


def _texts(told: Any) -> frozenset[str]:
    """The values of a claim, of which a single one may come without a list."""
    values: Sequence[Any] = told if isinstance(told, list) else [told]
    return frozenset(value for value in values if isinstance(value, str) and value)


def enter(account_id: UUID, provider: Provider, claims: type_claims, arrival: Arrival) -> str:
    """Begin a complete session that carries no key yet (identity.own_vault); gives its token. Audited."""
    with acting_as(Actor("account", account_id)):
        record(Audited.ACCOUNT_SIGNED_IN, account_id, {"by": provider.code})
    came = sessions.CameFrom(provider.code, str(claims["sub"]), str(claims.get("sid") or ""))
    return sessions.start(account_id, None, complete=True, browser=arrival.browser, came_from=came)


def _waiting(kept: str) -> Waiting:
    try:
        return Waiting(
            *json.loads(unlock(_key(), urlsafe_b64decode(kept.encode()), context("sign-in elsewhere")))
        )
    except (CannotOpen, ValueError, TypeError):
        raise NotVouchedFor from None


def _key() -> bytes:
    settings: Settings = current_app.extensions["settings"]
    return derive(settings.secret_key.encode(), context("sign-in elsewhere"))
