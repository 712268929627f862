"""The doors of this room: signing in, the own account and its passkeys, a forgotten password."""

from spreekbuis.identity.views import account, passkeys, password_reset, sign_in
from spreekbuis.identity.views.entrance import room

__all__ = ["account", "passkeys", "password_reset", "room", "sign_in"]
