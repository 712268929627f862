"""The catalogues of translations: extract from the code, keep in step, compile, and say what is missing.

    python translations/catalogs.py check     fail when a catalogue and the code do not agree
    python translations/catalogs.py update    add new texts, drop those that no code uses
    python translations/catalogs.py missing   list what has no translation
    python translations/catalogs.py compile   write the .mo files that the application reads

Dutch is the source, so it has no catalogue. English is complete; French and German are an aid for reporters.
The .mo files are not kept in git: `make test` and `make run` compile them, and so does building the package.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po, write_po

HERE = Path(__file__).parent
ROOT = HERE.parent
COMPLETE = ("en",)
LANGUAGES = (*COMPLETE, "fr", "de")
FOLDERS = ("platform", "tenants", "billing", "templates")
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
OPTIONS = {pattern: {"silent": "false"} for pattern in ("**.html", "**.txt")}
KEYWORDS = {
    "_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2), "lazy_pgettext": ((1, "c"), 2),
}  # fmt: skip
FIXED = datetime(2026, 1, 1, tzinfo=UTC)
"""In the header instead of the present time, so that a catalogue changes only when a text does."""


def extract() -> Catalog:
    """Every text of the code and the templates that people see, with the files that it stands in."""
    found = Catalog(project="Spreekbuis", charset="utf-8", creation_date=FIXED)
    for folder in FOLDERS:
        methods = [m for m in METHODS if (m[1] == "jinja2") == (folder == "templates")]
        texts = extract_from_dir(
            str(ROOT / folder), methods, OPTIONS, keywords=KEYWORDS, comment_tags=("Translators:",),
            directory_filter=lambda path: Path(path).name not in ("__pycache__", "static", "words", "data"),
        )  # fmt: skip
        for file, line, text, comments, context in sorted(texts, key=lambda t: (t[0], t[1])):
            found.add(text, None, [(f"{folder}/{file}", line)], auto_comments=comments, context=context)
    return found


def _po(language: str) -> Path:
    return HERE / language / "LC_MESSAGES" / "messages.po"


def load(language: str) -> Catalog:
    """The catalogue as it is kept; an empty one when there is none yet. Raises PoFileError."""
    path = _po(language)
    if not path.exists():
        return Catalog(language, project="Spreekbuis", charset="utf-8", creation_date=FIXED, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language, domain="messages", abort_invalid=True)


def save(language: str, catalog: Catalog) -> None:
    path = _po(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalog.creation_date = catalog.revision_date = FIXED
    catalog.fuzzy = False
    catalog.header_comment = (
        "# Dutch is the source. Written by `make translations`; see translations/catalogs.py."
    )
    catalog.version, catalog.msgid_bugs_address, catalog.last_translator = "", "", ""
    catalog.language_team = ""
    beside = path.with_suffix(".new")  # a failure in the middle leaves the old catalogue
    with beside.open("wb") as file:
        write_po(file, catalog, width=110, sort_by_file=True, ignore_obsolete=True, include_lineno=False)
    beside.replace(path)


def texts(catalog: Catalog) -> Iterator[Message]:
    """The messages without the header."""
    return (message for message in catalog if message.id)


def _translated(message: Message) -> bool:
    strings = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
    return all(strings)


def missing(language: str, code: Catalog) -> list[Message]:
    kept = load(language)
    return [m for m in texts(code) if (own := kept.get(m.id, m.context)) is None or not _translated(own)]


def faults(code: Catalog) -> Iterator[str]:
    """Where catalogues and code do not agree, a sentence each."""
    known = {(_key(m.id), m.context) for m in texts(code)}
    for language in LANGUAGES:
        if not _po(language).exists():
            yield f"{language}: there is no catalogue"
            continue
        try:
            kept = load(language)
        except PoFileError as error:
            yield f"{language}: {error}"
            continue
        for message in texts(kept):
            if (_key(message.id), message.context) not in known:
                yield f"{language}: no code uses {message.id!r}"
            if message.fuzzy:
                yield f"{language}: fuzzy: {message.id!r}"
            if _translated(message):
                yield from (f"{language}: {error}: {message.id!r}" for error in message.check(kept))
        unused = kept.obsolete.values()
        yield from (f"{language}: no code uses {message.id!r}" for message in unused)
        if language in COMPLETE:
            yield from (f"{language}: no translation of {m.id!r}" for m in missing(language, code))


def _key(text: str | list[str] | tuple[str, ...]) -> str:
    return text if isinstance(text, str) else text[0]


def check() -> int:
    found = list(faults(extract()))
    for fault in found:
        print(fault)
    if found:
        print(f"{len(found)} faults. `make translations` adds and drops texts; the translating is yours.")
    return 1 if found else 0


def update() -> int:
    code = extract()
    for language in LANGUAGES:
        catalog = load(language)
        catalog.update(code, no_fuzzy_matching=True, update_creation_date=False)
        save(language, catalog)
    return 0


def show_missing() -> int:
    code = extract()
    total = sum(1 for _ in texts(code))
    for language in LANGUAGES:
        lacking = missing(language, code)
        print(f"{language}: {total - len(lacking)} of {total} translated")
        for message in lacking:
            print(f"  {message.locations[0][0]}: {message.id!r}")
    return 0


def compile_all() -> int:
    """Write the .mo beside each .po that changed since."""
    for po in HERE.glob("*/LC_MESSAGES/messages.po"):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
            continue
        unfinished = mo.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            write_mo(file, load(po.parts[-3]))
        unfinished.replace(mo)
    return 0


COMMANDS = {"check": check, "update": update, "missing": show_missing, "compile": compile_all}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: python translations/catalogs.py {'|'.join(COMMANDS)}")
    sys.exit(COMMANDS[sys.argv[1]]())
