"""The product as in production, but for one thing: here a hundred reports a second are no flood, so nobody waits."""

from spreekbuis.intake import pace
from spreekbuis.web.wsgi import app

pace.CALM = 10**9  # type: ignore[misc]

__all__ = ["app"]
