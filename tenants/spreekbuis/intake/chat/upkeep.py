"""What the chat does when nobody looks at it."""

from datetime import timedelta

from spreekbuis.intake.chat.queue import tidy
from spreekbuis.jobs.outbox import job


@job("intake.tidy_chats", every=timedelta(minutes=1))
def tidy_chats() -> dict[str, int]:
    """Erase talks that nobody comes back for, also when no page is asked for any more."""
    return {"chats": tidy()}
