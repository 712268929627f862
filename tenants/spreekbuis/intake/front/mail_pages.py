"""The mailbox of the front office: what waits, what was set apart, and a mail as the draft of a contact."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.cases import shown
from spreekbuis.directory.catalogue import Channel
from spreekbuis.intake.front import imap
from spreekbuis.intake.front.letters import APART_LABELS
from spreekbuis.intake.front.mail_box import MOST, look_in_box, open_mail, put_away, unanswered_mails
from spreekbuis.intake.front.views import form_page
from spreekbuis.intake.story import new_token
from spreekbuis.web.access import Permission
from spreekbuis.web.frame import notice_after
from spreekbuis.web.room import Room

__all__ = ["imap", "room"]  # imap defines a job
room = Room("front_mail")

PUT_AWAY = notice_after("mail-put-away", _l("De mail is weggelegd. De afzender krijgt geen antwoord."))


@room.in_nav(_l("Mails"))
@room.get("/front/mails", Permission.ANSWER_CONTACTS)
def waiting() -> ResponseReturnValue:
    """The mails that wait for an agent, or those that nobody has to answer."""
    apart = request.args.get("view") == "apart"
    box = look_in_box()
    mails = box.apart if apart else box.waiting
    return render_template(
        "front/mails.html",
        apart=apart, most=MOST, full=len(mails) < box.counts[apart], unseen=box.unseen,
        unanswered=[(mail.address, mail.subject) for mail in unanswered_mails()] if apart else [],
        views=[
            {"label": label, "url": url, "current": chosen == apart, "count": box.counts[chosen]}
            for label, url, chosen in (
                (_l("Te behandelen"), url_for("front_mail.waiting"), False),
                (_l("Apart gezet"), url_for("front_mail.waiting", view="apart"), True),
            )
        ],
        mails=[
            (
                url_for("front_mail.draft", code=m.key), m.envelope,
                shown.minute(m.envelope.sent_at) if m.envelope.sent_at else "",
                APART_LABELS[m.envelope.apart] if m.envelope.apart else "",
            )
            for m in mails
        ],
    )  # fmt: skip


@room.get("/front/mails/<string:code>", Permission.ANSWER_CONTACTS)
def draft(code: str) -> ResponseReturnValue:
    """The form of a contact, filled in with the mail. Only the agent decides what becomes of it."""
    letter = open_mail(code)
    envelope = letter.envelope
    about = f"{envelope.subject}\n\n{letter.text}".strip()
    typed = {
        "channel": Channel.EMAIL.value, "about": about, "name": envelope.name, "contact": envelope.address,
        "existing": envelope.reference, "entity": envelope.ovo, "mail": code,
    }  # fmt: skip
    return form_page(new_token(), typed, {})


@room.post("/front/mails/<string:code>/apart", Permission.ANSWER_CONTACTS)
def put_apart(code: str) -> ResponseReturnValue:
    """Nobody has to answer it: out of the list, without a word to the sender. Not counted as a contact."""
    put_away(code, open_mail(code), answer=False)
    return redirect(url_for("front_mail.waiting", done=PUT_AWAY), 303)
