"""An answer of a passkey that exists, judged: for a second factor, for signing in, and to get back what it locks."""

from uuid import UUID

from sqlalchemy import select

from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.identity import authenticators
from spreekbuis.identity.authenticators import Answer, NotAccepted, type_options
from spreekbuis.identity.models import Passkey
from spreekbuis.identity.passkey_lock import new_challenge, required_site, take_challenge


def has_passkeys(account_id: UUID) -> bool:
    return bool(
        db.session.scalar(select(select(Passkey.credential_id).filter_by(account_id=account_id).exists()))
    )


def ask_own(account_id: UUID, session: bytes) -> type_options:
    """What the browser of this session asks one of the account's own passkeys. Raises NoPasskeysHere."""
    here = required_site()
    known = db.session.scalars(select(Passkey.credential_id).filter_by(account_id=account_id)).all()
    return authenticators.question_for_known(here, new_challenge(session), known)


def own_that_answered(account_id: UUID, session: bytes, answer: Answer) -> Passkey:
    """The account's own passkey that answered what this session asked. Raises NoPasskeysHere, ChallengeOver,
    NotAccepted."""
    passkey = that_answered(take_challenge(session), answer)
    if passkey.account_id != account_id:
        raise NotAccepted
    return passkey


def that_answered(challenge: bytes, answer: Answer) -> Passkey:
    """The passkey that answered, whoever's it is; its count is kept, so that a copy of it betrays itself.

    Raises NoPasskeysHere, NotAccepted.
    """
    here = required_site()
    passkey = db.session.scalar(
        select(Passkey).filter_by(credential_id=authenticators.named_in(answer.told)).with_for_update()
    )
    if passkey is None:
        raise NotAccepted
    passkey.sign_count = authenticators.check_use(
        here, challenge, answer.told, passkey.public_key, passkey.sign_count
    )
    passkey.last_used_at = now()
    return passkey
