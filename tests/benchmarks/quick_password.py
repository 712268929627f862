"""The product with the least work for a password that Argon2id knows, so that what remains of a sign-in is the rest."""

from spreekbuis.identity import passwords

passwords.WORK = passwords.Work(passes=1, memory=8, lanes=1)

from spreekbuis.web.wsgi import app  # noqa: E402 (after the change above)

__all__ = ["app"]
