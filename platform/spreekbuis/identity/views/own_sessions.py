"""Where the account is signed in, and ending that."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_datetime
from flask_babel import lazy_gettext as _l

from spreekbuis.identity import sessions
from spreekbuis.identity.browser_kind import in_words
from spreekbuis.identity.views.entrance import room
from spreekbuis.web.access import Audience
from spreekbuis.web.door import the_account
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after
from spreekbuis.web.limits import IDLE, WHOLE

SESSION_ENDED = notice_after("session-ended", _l("Die sessie is beëindigd."))
OTHERS_ENDED = notice_after("others-ended", _l("Op alle andere toestellen ben je afgemeld."))
_MOMENT = "d MMMM, HH:mm"


@room.get("/account/sessions", Audience.SIGNED_IN)
def own_sessions() -> ResponseReturnValue:
    me = the_account()
    rows = sessions.open_sessions(me.id, me.token_hash)
    return render_template(
        "identity/sessions.html",
        sessions=[
            {
                "handle": row.handle,
                "browser": in_words(row.browser),
                "since": format_datetime(row.created_at, _MOMENT),
                "seen": format_datetime(row.last_seen_at, _MOMENT),
                "ends": format_datetime(row.ends_at, _MOMENT),
                "is_this_one": row.is_this_one,
            }
            for row in rows
        ],
        has_others=len(rows) > 1,
        idle=IDLE,
        whole=WHOLE,
    )


@room.post("/account/sessions/end", Audience.SIGNED_IN)
def end_session() -> ResponseReturnValue:
    sessions.end_one(the_account().id, Reading().raw("session"))
    return redirect(url_for("identity.own_sessions", done=SESSION_ENDED), 303)


@room.post("/account/sessions/end-others", Audience.SIGNED_IN)
def end_other_sessions() -> ResponseReturnValue:
    me = the_account()
    sessions.end_all(me.id, but=me.token_hash)
    return redirect(url_for("identity.own_sessions", done=OTHERS_ENDED), 303)
