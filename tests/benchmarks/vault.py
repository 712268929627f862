"""What the vault costs: in a report, on a page, when a desk's key is renewed, for a large file, and at sign-in."""

import io
import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from uuid import UUID

import psutil
from flask import Flask
from sqlalchemy import select

from spreekbuis.access.desk_keys import desk_states, handlers_with_key, renew_desk_key
from spreekbuis.access.models import CaseKey, Desk, Membership
from spreekbuis.app import create_app
from spreekbuis.cases.dialogue import write_message
from spreekbuis.cases.finding import case_of_reporter
from spreekbuis.cases.keys import Reader, key_of, reseal, to_reseal
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import transaction
from spreekbuis.directory.models import Entity
from spreekbuis.identity.keys import secret_in_session
from spreekbuis.intake import pace
from spreekbuis.settings import Settings
from spreekbuis.vault import sealing
from spreekbuis.vault.streams import OpenedStream, SealingStream
from tests.benchmarks.flows import STORY, _hidden
from tests.benchmarks.load import Client
from tests.benchmarks.seed import ovo

MESSAGES = 100
FILE_SIZE = 200 << 20
TOGETHER = 8
PASSWORD = "trompet-zeven-wolken-kajuit"
CIPHERS = ("seal", "open_sealed", "open_with", "pair_of", "lock", "unlock", "derive", "public_key_of")


class Measuring:
    """An installation of the benchmark, looked at from inside."""

    def __init__(self, env: dict[str, str], handler_token: str) -> None:
        self.env, self.token = env, handler_token
        logging.disable(logging.INFO)  # a line for each request would go to the terminal
        pace.CALM = 10**9  # type: ignore[misc] # as in `product`
        self.app: Flask = create_app(Settings.from_environment(env), pool_size=2)
        with self.app.app_context(), transaction(PLATFORM) as session:
            self.entity_id: UUID = session.scalars(select(Entity.id).where(Entity.ovo_code == ovo(1))).one()

    def in_a_report(self, rounds: int) -> dict[str, float]:
        """Milliseconds of a complete report without the network, and the share of them spent on ciphers."""
        flows, ciphers = [], []
        with _timed() as spent:
            for _ in range(rounds):
                client, before, began = self.app.test_client(), spent[0], time.perf_counter()
                client.get(f"/o/{ovo(2)}/report")
                page = client.get(f"/o/{ovo(2)}/report/story?topic=wellbeing&category=bullying").text
                told = {"text": STORY, "identity": "anonymous", "reporter_class": "staff"}
                page = client.post(f"/o/{ovo(2)}/report/check", data=dict(_hidden(page)) | told).text
                assert client.post(f"/o/{ovo(2)}/report/send", data=dict(_hidden(page))).status_code == 200
                flows.append((time.perf_counter() - began) * 1000)
                ciphers.append((spent[0] - before) * 1000)
        flow, cipher = statistics.median(flows), statistics.median(ciphers)
        return {"flow ms": flow, "ciphers ms": cipher, "share": cipher / flow}

    def on_a_page(self, path: str, rounds: int) -> dict[str, float]:
        """Milliseconds of a page without the network, and of them those spent on ciphers."""
        client = self.app.test_client()
        client.set_cookie("sign-in", self.token)
        pages, ciphers = [], []
        with _timed() as spent:
            for _ in range(rounds):
                before, began = spent[0], time.perf_counter()
                assert client.get(path).status_code == 200
                pages.append((time.perf_counter() - began) * 1000)
                ciphers.append((spent[0] - before) * 1000)
        return {"page ms": statistics.median(pages), "ciphers ms": statistics.median(ciphers)}

    def long_case(self) -> str:
        """The address of a case with 100 messages."""
        reader = self._reader()
        with self.app.app_context(), transaction(tenant(self.entity_id)) as session:
            case_id = session.scalars(
                select(CaseKey.case_id).where(CaseKey.entity_id == self.entity_id)
            ).first()
            assert case_id is not None
            key = key_of(case_id, reader)
            case = case_of_reporter(case_id, lock=True)
            for number in range(MESSAGES - 1):
                write_message(case, key, author="handler", text=f"Bericht {number}. {STORY}")
        return f"/desk/{ovo(1)}/cases/{case_id}"

    def resealing(self) -> dict[str, float]:
        """Renew the key of the large desk and move all its cases to it."""
        reader = self._reader()
        with self.app.app_context():
            with transaction(tenant(self.entity_id)) as session:
                desk = session.scalars(
                    select(Desk.id).where(Desk.entity_id == self.entity_id, Desk.kind == "integrity")
                ).one()
                renew_desk_key(desk, handlers_with_key(desk))
                count, newest = to_reseal([desk])[desk], desk_states([desk])[0].newest
            began, longest, left = time.perf_counter(), 0.0, count
            while left:
                step = time.perf_counter()
                with transaction(tenant(self.entity_id)):
                    left = reseal(desk, reader, newest).left
                longest = max(longest, time.perf_counter() - step)
            seconds = time.perf_counter() - began
        return {"cases": count, "seconds": seconds, "a second": count / seconds, "longest step s": longest}

    def _reader(self) -> Reader:
        with self.app.app_context(), transaction(tenant(self.entity_id)) as session:
            account_id = session.scalars(
                select(Membership.account_id).where(Membership.role == "handler")
            ).one()
        with self.app.app_context(), transaction(PLATFORM):
            return Reader(account_id, secret_in_session(self.token))

    def sign_in(self, port: int, master: psutil.Process) -> dict[str, float]:
        """Seconds of one sign-in, and MiB that 8 at once add to the server."""
        people = [f"bench{number}@voorbeeld.example" for number in range(TOGETHER)]
        for email in people:
            words = ["account", "create", email, "Meting", "--password", PASSWORD]
            subprocess.run(
                [sys.executable, "-m", "spreekbuis.cli", *words],
                env=self.env,
                check=True,
                stdout=subprocess.DEVNULL,
            )
        alone = [_sign_in(port, people[0]) for _ in range(5)]
        before, peak, done = _memory(master), 0.0, threading.Event()
        together: list[float] = []
        threads = [
            threading.Thread(target=lambda e=email: together.append(_sign_in(port, e))) for email in people
        ]
        watch = threading.Thread(target=lambda: _watch(master, done, seen))
        seen: list[float] = []
        watch.start()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done.set()
        watch.join()
        peak = max(seen)
        return {
            "one ms": statistics.median(alone) * 1000,
            "slowest of 8 ms": max(together) * 1000,
            "8 at once MiB": peak - before,
        }


def large_file() -> dict[str, float]:
    """Sealing and opening 200 MB beside a plain copy, and what it adds to the memory of a process of its own."""
    source = "import sys; from tests.benchmarks.vault import _large_file; _large_file()"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    copy, seal, opened, memory = map(float, done.stdout.split())
    return {"plain copy s": copy, "seal s": seal, "open s": opened, "memory MiB": memory}


def _large_file() -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        plain, copied, sealed = (Path(folder) / name for name in ("plain", "copied", "sealed"))
        block = os.urandom(1 << 20)
        with plain.open("wb") as file:
            for _ in range(FILE_SIZE >> 20):
                file.write(block)
        key, place = sealing.new_secret(), b"bench"
        before = _peak()

        def copy(source: io.RawIOBase | io.BufferedReader, target: Path) -> float:
            began = time.perf_counter()
            with target.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 18)
                file.flush()
                os.fsync(file.fileno())
            return time.perf_counter() - began

        with plain.open("rb") as file:
            took = [copy(file, copied)]
        with plain.open("rb") as file:
            took.append(copy(SealingStream(file, key, place), sealed))
        with sealed.open("rb") as file:
            took.append(copy(OpenedStream(file, key, place), copied))
        assert copied.stat().st_size == FILE_SIZE
        memory = _peak() - before
    sys.stdout.write(" ".join(map(str, [*took, memory])))


def _peak() -> float:
    """The most memory that this process ever had, in MiB. Not `ru_maxrss`, which begins at the parent's."""
    (line,) = [
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    ]
    return int(line.split()[1]) / 1024


def _sign_in(port: int, email: str) -> float:
    """Seconds from sending the password to the page that asks for the code."""
    client = Client(port)
    hidden = _hidden(client.get("/sign-in"))
    began = time.perf_counter()
    while True:
        status, _ = client.post("/sign-in", [*hidden, ("email", email), ("password", PASSWORD)])
        if status != 503:  # too many at once in this process: again, and the wait counts
            break
        time.sleep(0.05)
    assert status == 303, status
    return time.perf_counter() - began


def _memory(master: psutil.Process) -> float:
    return sum(p.memory_full_info().pss for p in [master, *master.children()]) / 2**20


def _watch(master: psutil.Process, done: threading.Event, seen: list[float]) -> None:
    while not done.wait(0.02):
        seen.append(_memory(master))


@contextmanager
def _timed() -> Iterator[list[float]]:
    """Count the seconds spent in the ciphers, wherever they are called from; one inside another counts once."""
    spent, inside = [0.0], [False]

    def timed(real: Callable[..., bytes]) -> Callable[..., bytes]:
        def call(*args: object) -> bytes:
            if inside[0]:
                return real(*args)
            inside[0], began = True, time.perf_counter()
            try:
                return real(*args)
            finally:
                spent[0] += time.perf_counter() - began
                inside[0] = False

        return call

    originals = {getattr(sealing, name): timed(getattr(sealing, name)) for name in CIPHERS}
    places = [
        (module, name, value)
        for module in list(sys.modules.values())
        if getattr(module, "__name__", "").startswith("spreekbuis")
        for name, value in vars(module).items()
        if type(value) is FunctionType and value in originals
    ]
    for module, name, value in places:
        setattr(module, name, originals[value])
    try:
        yield spent
    finally:
        for module, name, value in places:
            setattr(module, name, value)
