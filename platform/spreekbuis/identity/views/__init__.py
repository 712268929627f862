"""The doors of this room: signing in, the own account and what one signs in with, a forgotten password."""

from spreekbuis.identity.views import (
    account,
    confirm,
    elsewhere,
    own_factors,
    own_sessions,
    own_vault,
    passkey_sign_in,
    passkeys,
    password_reset,
    sign_in,
)
from spreekbuis.identity.views.entrance import room

__all__ = [
    "account", "confirm", "elsewhere", "own_factors", "own_sessions", "own_vault", "passkey_sign_in", "passkeys",
    "password_reset", "room", "sign_in",
]  # fmt: skip
