"""What was said in a case, as its page shows it: the dialogue and the contacts elsewhere."""

from typing import Any
from uuid import UUID

from flask_babel import gettext

from spreekbuis.cases import shown
from spreekbuis.cases.contacts import ShownContact, read_contacts
from spreekbuis.cases.dialogue import MessageKind, ShownFile, ShownMessage, read_dialogue
from spreekbuis.cases.doors import myself
from spreekbuis.cases.left_notes import take_in_notes
from spreekbuis.cases.minutes import MINUTES_LABELS, minutes_in
from spreekbuis.cases.wishes import titles_of
from spreekbuis.clock import today
from spreekbuis.vault.cleaning import Cleaned
from spreekbuis.vault.content import ContentKey

AT_ONCE = 6
"""Messages that the page shows unfolded: the first, and the newest."""


def talk_part(key: ContentKey, me: UUID, url: str) -> dict[str, Any]:
    """What `cases/talk.html` needs, and what the dialogue tells about what comes next. `url` is the page's."""
    contacts = _contacts(key)  # first: files that were left become those of a message
    dialogue = read_dialogue(key, internal=True)
    states = {minutes.message.id: str(MINUTES_LABELS[minutes.state]) for minutes in minutes_in(dialogue)}
    messages = [_message(message, me, url, states.get(message.id, "")) for message in dialogue]
    said = [message for message in dialogue if not message.internal]
    rest = messages[1:]
    return {
        "story": messages[:1],
        "between": rest[: 1 - AT_ONCE],
        "newest": rest[1 - AT_ONCE :],
        "told_reprisals": any(message.kind == MessageKind.REPRISALS for message in dialogue),
        "reporter_waits": bool(said) and said[-1].author == "reporter",
        "contacts": contacts,
    }


def _message(message: ShownMessage, me: UUID, url: str, minutes_state: str) -> dict[str, Any]:
    if message.internal:
        who, kind = gettext("Interne notitie, niet zichtbaar voor de melder"), "note"
    elif message.author == "reporter":
        who, kind = gettext("Melder"), ""
    else:
        who, kind = gettext("Loket, jij") if message.account_id == me else gettext("Loket"), "own"
    return {
        "who": ", ".join(filter(None, (who, *titles_of(message), minutes_state))),
        "kind": kind,
        "when": shown.minute(message.at),
        "iso": shown.iso(message.at),
        "text": message.text,
        "files": [{"label": _label(f), "url": f"{url}/files/{f.id}"} for f in message.files],
    }


def _label(file: ShownFile) -> str:
    """A handler must know when a file is not byte for byte what was sent."""
    if file.cleaned in (Cleaned.CLEANED, Cleaned.PARTLY):
        return gettext(
            "%(name)s (%(size)s, zonder verborgen gegevens)", name=file.name, size=_size(file.size)
        )
    return gettext("%(name)s (%(size)s)", name=file.name, size=_size(file.size))


def _size(size: int) -> str:
    """Kilobytes, or megabytes from one on."""
    kilobytes = max(1, round(size / 1024))
    return f"{kilobytes} kB" if kilobytes < 1024 else f"{kilobytes / 1024:.1f} MB".replace(".", ",")


def _contacts(key: ContentKey) -> list[dict[str, str]]:
    """The contacts; notes that the front office left are taken in first."""
    contacts = read_contacts(key)
    if any(contact.left for contact in contacts):
        me = myself()
        take_in_notes(key, me.account_id, me.secret)
        contacts = read_contacts(key)
    return [_contact(contact) for contact in contacts]


def _contact(contact: ShownContact) -> dict[str, str]:
    waits = gettext("Deze nota wacht op een collega met een vroegere sleutel.")
    return {
        "who": shown.labels().channel[contact.channel], "when": shown.day(contact.at, today()),
        "iso": shown.iso(contact.at), "text": waits if contact.left else contact.note, "kind": "note",
    }  # fmt: skip
