"""How the contact point itself is reached, for pages that say so."""

from flask import current_app

from spreekbuis.settings import Reachable, Settings


def reachable() -> Reachable:
    """What this installation says of it; of what is empty no page speaks."""
    settings: Settings = current_app.extensions["settings"]
    return settings.reachable
