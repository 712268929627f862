"""Cross-site request forgery: two checks on every POST, and no lost text when the second one fails.

1. The browser's own word: `Sec-Fetch-Site` or `Origin` must be this site. What comes from elsewhere is refused.
2. A token: HMAC of the sign-in session, of the mailbox session, or of a random form cookie, under the server's key.
   When it does not fit (cookies were cleared, the session ended) the page keeps what was written and asks again.
"""

from __future__ import annotations

import hmac
import re
import secrets
from urllib.parse import urlsplit

from flask import current_app, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.errors import DomainError
from spreekbuis.settings import Settings
from spreekbuis.web.cookies import FORM, MAILBOX, SIGN_IN, read_cookie

FIELD = "csrf"
KEPT_LIMIT = 200_000
"""Characters of a form that are carried over; more than any field of ours accepts."""


class FromElsewhere(DomainError):
    """Another site sent the form."""

    status = 403
    title = _l("Dit formulier kwam niet van deze site")
    advice = _l("Open de pagina opnieuw en vul het formulier hier in.")


class TokenExpired(DomainError):
    """The form is ours, the token no longer fits. The page shows what was written, ready to send again."""

    status = 409
    title = _l("Je formulier was verlopen")
    advice = _l(
        "We hebben nog niets ontvangen. Wat je schreef staat hieronder. Kijk het na en verstuur het opnieuw."
    )


def token() -> str:
    """The token for a form on this page. Makes a form cookie when there is nothing yet to bind to."""
    return _token_for(_binding())


def _binding() -> str:
    session = None if g.get("session_ended") else read_cookie(SIGN_IN) or read_cookie(MAILBOX)
    bound = session or read_cookie(FORM) or g.get("form_cookie")
    if not bound:
        bound = g.form_cookie = secrets.token_urlsafe(24)
    return str(bound)


def _token_for(binding: str) -> str:
    settings: Settings = current_app.extensions["settings"]
    return hmac.digest(f"csrf {settings.secret_key}".encode(), binding.encode(), "sha256").hex()


def check() -> None:
    """Raise FromElsewhere or TokenExpired when the POST did not come from a page that we gave this browser."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        raise FromElsewhere
    origin = request.headers.get("Origin")
    # "null" is what a browser without Sec-Fetch-Site sends under our own no-referrer policy: the token decides then.
    if site is None and origin not in (None, "null") and urlsplit(origin).netloc != request.host:
        raise FromElsewhere
    bindings = [b for b in (read_cookie(SIGN_IN), read_cookie(MAILBOX), read_cookie(FORM)) if b]
    given = request.form.get(FIELD, "")
    if not any(hmac.compare_digest(given.encode(), _token_for(b).encode()) for b in bindings):
        raise TokenExpired


_SECRETS = re.compile(
    r".*password.*|.*passphrase|code|recovery_code|output|(part|words)_.*|(first|second)_word"
)
"""Fields that are never written into a page: passwords, codes, what a passkey gave, words of a recovery paper."""


def kept_fields() -> list[tuple[str, str]]:
    """What was posted, to be carried in a page: no secrets, no files; bounded."""
    kept, size = [], 0
    for name, value in request.form.items(multi=True):
        size += len(value)
        if name == FIELD or _SECRETS.fullmatch(name) or size > KEPT_LIMIT:
            continue
        kept.append((name, value))
    return kept


def keep_and_ask(where: str) -> ResponseReturnValue:
    """A page that keeps the posted text and asks to sign in (or give the code) in another tab, then send again.

    Its token is bound to the form cookie, which is still there when the other tab has a new session.
    """
    g.session_ended = True
    return (
        render_template("errors/kept.html", ask_url=where, action=request.full_path, kept=kept_fields(),
                        had_files=any(request.files.values()), home=url_for("home.start")),
        401,
    )  # fmt: skip
