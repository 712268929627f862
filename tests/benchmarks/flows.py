"""What is measured: the pages that people use most, as a browser asks for them."""

import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from uuid import UUID

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from spreekbuis.web.door import hash_token
from tests.benchmarks.keys import give_account_key, grant
from tests.benchmarks.load import HIDDEN, Client, Refused

STORY = "Een collega wordt al weken gepest in de vergaderingen. " * 20
WORDS = re.compile(r'<ol class="receipt__words"[^>]*>(.*?)</ol>', re.DOTALL)


@dataclass(frozen=True)
class Signed:
    """Sign-in tokens of a handler of the measured entity, of a central analyst, and of who keeps contributions."""

    handler: str
    analyst: str
    treasurer: str


def _hidden(page: str) -> list[tuple[str, str]]:
    """The hidden fields of the first form with one, as a browser sends them."""
    form = page[page.index("<form") :]
    return [(n, unescape(v)) for n, v in HIDDEN.findall(form[: form.index("</form>")])]


def report(client: Client, ovo: str) -> str:
    """One complete anonymous report, with the pages that a person sees; gives the words of the receipt."""
    client.get(f"/o/{ovo}/report")
    story = client.get(f"/o/{ovo}/report/story?topic=wellbeing&category=bullying")
    told = [("text", STORY), ("identity", "anonymous"), ("reporter_class", "staff")]
    status, check = client.post(f"/o/{ovo}/report/check", _hidden(story) + told, multipart=True)
    if status != 200:
        raise Refused(f"check: {status}")
    status, receipt = client.post(f"/o/{ovo}/report/send", _hidden(check))
    words = WORDS.search(receipt)
    if status != 200 or words is None:
        raise Refused(f"send: {status}")
    return " ".join(re.findall(r"<li[^>]*>\s*(?:<[^>]+>)*([a-z]+)", words[1]))


def open_mailbox(client: Client, words: str) -> None:
    """Return with the receipt: the form's answer and the mailbox that follows."""
    client.cookies.setdefault("form", "")
    if not client.cookies["form"]:
        client.cookies.pop("form")
        client.token = dict(_hidden(client.get("/inbox/open")))["csrf"]  # type: ignore[attr-defined]
    status, _ = client.post("/inbox/open", [("csrf", client.token), ("code", words)])  # type: ignore[attr-defined]
    if status != 303:
        raise Refused(f"code: {status}")
    client.get("/inbox")


def mailbox(client: Client, words: str) -> None:
    if "mailbox" not in client.cookies:
        open_mailbox(client, words)
    client.get("/inbox")


def page_of(client: Client, path: str, token: str) -> None:
    """A page of somebody who is signed in."""
    client.cookies["sign-in"] = token
    client.get(path)


def first_case(client: Client, ovo: str, token: str) -> str:
    """The address of the case on top of the list."""
    client.cookies["sign-in"] = token
    found = re.search(rf'href="(/desk/{ovo}/cases/[0-9a-f-]{{36}})"', client.get(f"/desk/{ovo}/cases"))
    assert found is not None, "the list is empty"
    return found[1]


def search(client: Client, ovo: str, token: str, words: str, more: Sequence[tuple[str, str]] = ()) -> str:
    """One stretch of a search in the texts of the desk; the form is asked for once."""
    client.cookies["sign-in"] = token
    if not client.form:
        page = client.get(f"/desk/{ovo}/search")
        client.form = [("csrf", dict(_hidden(page[page.index("<main") :]))["csrf"])]
    status, page = client.post(f"/desk/{ovo}/search", [*client.form, ("words", words), *more])
    if status != 200:
        raise Refused(f"search: {status}")
    return page


def search_everything(client: Client, ovo: str, token: str) -> dict[str, float]:
    """Look for a word that stands nowhere, stretch after stretch, until every text was opened."""
    began, stretches, more = time.perf_counter(), 0, [("looked", "0")]
    while more:
        page = search(client, ovo, token, "nergensgenoemd", more)
        stretches += 1
        more = [(n, v) for n, v in HIDDEN.findall(page) if n in ("after", "looked", "shut")]
    return {"seconds": time.perf_counter() - began, "requests": stretches}


def sign_in_rows(admin_url: str, database: str, ovo: str) -> Signed:
    """Accounts that are signed in: a handler of the integrity desk, and two of the platform."""
    engine = create_engine(make_url(admin_url).set(drivername="postgresql+psycopg", database=database))
    with engine.begin() as connection:
        entity, desk = connection.execute(
            text(
                "SELECT e.id, d.id FROM entity e JOIN desk d ON d.entity_id = e.id"
                " WHERE e.ovo_code = :o AND d.kind = 'integrity'"
            ),
            {"o": ovo},
        ).one()
        handler, handler_token, key = _account(connection, "handler")
        analyst, analyst_token, _ = _account(connection, "analyst")
        connection.execute(
            text(
                "INSERT INTO membership (entity_id, id, account_id, role, desk_id, since)"
                " VALUES (:e, uuidv7(), :a, 'handler', :d, current_date)"
            ),
            {"e": entity, "a": handler, "d": desk},
        )
        grant(connection.connection.driver_connection, entity, desk, handler, key)
        treasurer, treasurer_token, _ = _account(connection, "treasurer")
        connection.execute(
            text("INSERT INTO platform_role (account_id, role, granted_at) VALUES (:a, :r, now())"),
            [{"a": analyst, "r": "central_analyst"}, {"a": treasurer, "r": "contribution_administrator"}],
        )
    engine.dispose()
    return Signed(handler_token, analyst_token, treasurer_token)


def _account(connection, label: str) -> tuple[UUID, str, tuple[UUID, bytes, bytes]]:  # type: ignore[no-untyped-def]
    token = secrets.token_urlsafe(32)
    account = connection.scalar(
        text(
            "INSERT INTO account (id, email, label, totp_last_counter, language, created_at)"
            " VALUES (uuidv7(), :m, :l, 0, 'nl', now()) RETURNING id"
        ),
        {"m": f"{label}@voorbeeld.example", "l": label},
    )
    key = give_account_key(connection.connection.driver_connection, account, token)
    connection.execute(
        text(
            "INSERT INTO sign_in_session (token_hash, account_id, complete, key_locked, browser,"
            " created_at, last_seen_at, expires_at, confirmed_at)"
            " VALUES (:t, :a, true, :k, '', now(), now(), now() + interval '1 day', now())"
        ),
        {"t": hash_token(token), "a": account, "k": key[2]},
    )
    return account, token, key
