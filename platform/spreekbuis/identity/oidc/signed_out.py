"""OpenID Connect Back-Channel Logout 1.0: a provider tells us that somebody signed out there."""

from datetime import timedelta
from typing import Final

from sqlalchemy import delete

from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.identity.models import SignInSession
from spreekbuis.identity.oidc.outside import LEEWAY, NotVouchedFor, checked
from spreekbuis.identity.oidc.providers import Provider
from spreekbuis.identity.once import is_first_use

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LONGEST_AGO: Final = timedelta(minutes=5)
"""An older message is refused; so long we remember which ones we had."""
_LONGEST: Final = 20_000


def end_sessions(provider: Provider, token: str) -> int:
    """End what the provider's message (section 2.6) names: one session, or all of a person; gives how many. Audited.

    Raises NotVouchedFor, also for a message that came before; ProviderAway.
    """
    if len(token) > _LONGEST:
        raise NotVouchedFor
    claims = checked(provider, token, {"jti": {"essential": True}})
    events, issued = claims.get("events"), claims["iat"]
    subject, session = claims.get("sub"), claims.get("sid")
    if not isinstance(events, dict) or EVENT not in events or "nonce" in claims or not (subject or session):
        raise NotVouchedFor
    if not isinstance(issued, int) or now().timestamp() - issued > LONGEST_AGO.total_seconds():
        raise NotVouchedFor
    until = now() + LONGEST_AGO + timedelta(seconds=LEEWAY)
    if not is_first_use(f"signed out at {provider.code}", str(claims["jti"]), until):
        raise NotVouchedFor
    gone = delete(SignInSession).where(SignInSession.provider == provider.code)
    if subject:
        gone = gone.where(SignInSession.provider_subject == str(subject))
    if session:
        gone = gone.where(SignInSession.provider_session == str(session))
    ended = db.session.scalars(gone.returning(SignInSession.account_id)).all()
    for account_id in sorted(set(ended)):
        record(Audited.ACCOUNT_SIGNED_OUT, account_id, {"by": provider.code})
    return len(ended)
