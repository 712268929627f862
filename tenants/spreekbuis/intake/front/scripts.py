"""Answer texts: found while the agent listens, edited by the central office, kept in every version."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from uuid import NAMESPACE_URL, UUID, uuid5

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from spreekbuis.audit.trail import Audited, record
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import Topic
from spreekbuis.directory.register import searchable
from spreekbuis.errors import Conflict, Invalid, NotFound
from spreekbuis.intake.front.models import Script

LONGEST_TITLE = 120
LONGEST_TEXT = 4_000


class EditedMeanwhile(Conflict):
    """Somebody saved a newer version than the one that this form began with."""

    title = _l("Iemand anders paste deze tekst net aan")
    advice = _l("Je versie staat nog in het formulier. Bekijk eerst de nieuwe versie.")


@dataclass(frozen=True, slots=True)
class Wording:
    """An answer text as it is written: by language code."""

    topic: Topic
    titles: Mapping[str, str]
    texts: Mapping[str, str]


def load_scripts() -> None:
    """Bring in the texts with which every installation starts. What was edited or retired since stays so."""
    for line in (files("spreekbuis.intake.front") / "data" / "scripts.json").read_text("utf-8").splitlines():
        given = json.loads(line)
        db.session.execute(
            insert(Script)
            .values(
                id=uuid5(NAMESPACE_URL, f"spreekbuis script {given['code']}"), version=1, topic=given["topic"],
                titles=given["titles"], texts=given["texts"],
            )
            .on_conflict_do_nothing()
        )  # fmt: skip


def current_scripts(*, topic: Topic | None = None, words: str = "", language: str = "nl") -> list[Script]:
    """The texts in force, of one topic or all, that hold every one of `words` (accents and case aside).

    By topic, then by title. There are tens of them, so the words are looked for here.
    """
    latest = select(Script).ext(distinct_on(Script.id)).order_by(Script.id, Script.version.desc())
    wanted = searchable(words).split()
    found = [
        script
        for script in db.session.scalars(latest)
        if not script.retired
        and (topic is None or script.topic == topic)
        and _holds(script, wanted, language)
    ]
    order = list(Topic)
    return sorted(found, key=lambda s: (order.index(Topic(s.topic)), title_in(s, language)))


def _holds(script: Script, words: list[str], language: str) -> bool:
    text = searchable(f"{title_in(script, language)} {text_in(script, language)}")
    return all(word in text for word in words)


def title_in(script: Script, language: str) -> str:
    """The title in this language, else in Dutch."""
    return str(script.titles.get(language) or script.titles["nl"])


def text_in(script: Script, language: str) -> str:
    """The text in this language, else in Dutch."""
    return str(script.texts.get(language) or script.texts["nl"])


def newest(script_id: UUID) -> Script | None:
    """The newest version, retired or not; None when there is no such text."""
    return db.session.scalars(
        select(Script).where(Script.id == script_id).order_by(Script.version.desc()).limit(1)
    ).one_or_none()


def script_of(script_id: UUID, version: int) -> Script | None:
    """The version that an agent had on the screen, or None when there never was one."""
    return db.session.get(Script, (script_id, version))


def save_script(script_id: UUID, begun_with: int, wording: Wording) -> Script:
    """Keep a new version, or a new text when `begun_with` is 0. The same wording again changes nothing.

    Raises Invalid, and EditedMeanwhile when `begun_with` is not the newest version any more.
    """
    wrong = {
        f"{name}_nl": _l("Schrijf dit minstens in het Nederlands.")
        for name, given in (("title", wording.titles), ("text", wording.texts))
        if not given.get("nl")
    }
    if wrong:
        raise Invalid(wrong)
    titles = {code: text for code, text in wording.titles.items() if text}
    texts = {code: text for code, text in wording.texts.items() if text}
    now_there, wanted = newest(script_id), (wording.topic, titles, texts, False)
    if now_there and (now_there.topic, now_there.titles, now_there.texts, now_there.retired) == wanted:
        return now_there
    if (now_there.version if now_there else 0) != begun_with:
        raise EditedMeanwhile
    return _add(Script(id=script_id, topic=wording.topic.value, titles=titles, texts=texts), begun_with)


def retire_script(script_id: UUID) -> None:
    """Take a text away from the agents; its versions stay. Twice is once. Raises NotFound."""
    last = newest(script_id)
    if last is None:
        raise NotFound
    if not last.retired:
        _add(
            Script(id=script_id, topic=last.topic, titles=last.titles, texts=last.texts, retired=True),
            last.version,
        )


def _add(script: Script, after: int) -> Script:
    """Add the version that follows; two editors at once: the second is refused. Raises EditedMeanwhile."""
    made = db.session.scalars(
        insert(Script)
        .values(
            id=script.id, version=after + 1, topic=script.topic, titles=script.titles, texts=script.texts,
            retired=bool(script.retired),
        )
        .on_conflict_do_nothing()
        .returning(Script)
    ).one_or_none()  # fmt: skip
    if made is None:
        raise EditedMeanwhile
    record(Audited.SCRIPT_CHANGED, script.id, {"version": made.version, "retired": made.retired})
    return made
