"""The doors of this room: signing in, the own account, a forgotten password."""

from spreekbuis.identity.views import account, password_reset, sign_in
from spreekbuis.identity.views.entrance import room

__all__ = ["account", "password_reset", "room", "sign_in"]
