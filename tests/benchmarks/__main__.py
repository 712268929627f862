"""`make bench`: the server as in production, measured beside a bare page and bare SQL of the same run.

Prints a table and writes `var/bench/<moment>.json`; with BENCH_WRITE=1, as `make bench` does, also `deploy/bench.md`.
Compare ratios, not times: machines are shared. So every page is measured in turns with the bare page.
"""

import json
import os
import platform
import re
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg
from sqlalchemy.engine import make_url

from spreekbuis.cases.models import URGENCY
from spreekbuis.db.bootstrap import Addresses, migrate, prepare
from spreekbuis.directory.catalogue import CATEGORIES
from spreekbuis.embedded.ports import any_free_port
from spreekbuis.embedded.services import Services, start_services
from tests.benchmarks.flows import (
    first_case,
    mailbox,
    open_mailbox,
    page_of,
    report,
    search,
    search_everything,
    sign_in_rows,
)
from tests.benchmarks.keys import SEALED_KEY
from tests.benchmarks.load import Client, Measured, in_turns, measure
from tests.benchmarks.seed import Size, ovo, seed
from tests.benchmarks.sweep import sweep
from tests.benchmarks.table import (
    CASES_BUDGET,
    ENTITIES_BUDGET,
    MEMORY_BUDGET,
    OF_A_HANDLER,
    OWN_BUDGET,
    PAGE_BUDGET,
    SWEEP_BUDGET,
    verdict,
    write,
)
from tests.benchmarks.vault import Measuring, large_file

SECONDS = float(os.environ.get("BENCH_SECONDS", "6"))
SIZES = [Size(10, 100), Size(10, 10_000), Size(10, 100_000), Size(1_000, 10_000)]
CROWD = 64
OWN_BARE = f"/desk/{ovo(1)}/search"
"""The product's own bare page: the empty form of the search, through the same door, frame and transaction, without a
case. No page of a desk asks less."""


def _bare_page(client: Client) -> object:
    return client.get("/")


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="spreekbuis-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    results: dict[str, object] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} processors, {psutil.virtual_memory().total >> 30} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
    }
    services = start_services(folder, None, None)
    try:
        with _server("tests.benchmarks.bare:app", {}) as (bare_port, _):
            bare = {c: _bare(bare_port, c, SECONDS) for c in (1, 8)}
            results["bare page"] = {f"{c} clients": vars(m) for c, m in bare.items()}
            _say(f"{results['date']}  {results['machine']}\n")
            _row("bare Flask page, 1 client", bare[1])
            _row("bare Flask page, 8 clients", bare[8])
            pages = {}
            for index, size in enumerate(SIZES):
                pages[str(size)] = _pages(services, folder, index, size, bare_port, results)
        results["pages"] = pages
        _budgets(pages, results)
        results["start-up"] = _start_up()
    finally:
        services.stop()
        shutil.rmtree(folder, ignore_errors=True)
    out = Path("var/bench")
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    file.write_text(json.dumps(results, indent=2, default=vars))
    _say(f"\nWritten to {file}")
    if os.environ.get("BENCH_WRITE"):
        write(json.loads(file.read_text()), Path("deploy/bench.md"))
        _say("Written to deploy/bench.md")


def _bare(port: int, clients: int, seconds: float) -> Measured:
    return measure(_bare_page, port, clients, seconds)


def _pages(
    services: Services, folder: Path, index: int, size: Size, bare_port: int, results: dict[str, object]
) -> dict[str, dict[str, float]]:
    """All figures of an installation of one size."""
    database = f"bench_{index}"
    assert services.admin_url is not None
    addresses = prepare(services.admin_url, database, folder / "passwords")
    migrate(addresses.owner)
    env = _environment(addresses, services.redis_url, folder / database)

    def run(*command: str) -> None:
        line = [sys.executable, "-m", "spreekbuis.cli", *command]
        subprocess.run(line, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    run("load-shared")
    seed(services.admin_url, database, size, list(CATEGORIES))
    run("figures", "rebuild")
    signed = sign_in_rows(services.admin_url, database, ovo(1))
    _say(f"\n{size}")
    found: dict[str, dict[str, float]] = {}
    with _server("tests.benchmarks.product:app", env) as (port, master):
        if size == SIZES[1]:
            _flows(services, database, port, master, results)
            run("figures", "rebuild")  # no change waits any more, as after a minute with a worker
        receipt = report(Client(port), ovo(1))
        case = first_case(Client(port), ovo(1), signed.handler)
        works = {
            "desk list": lambda client: page_of(client, f"/desk/{ovo(1)}/cases", signed.handler),
            "case": lambda client: page_of(client, case, signed.handler),
            "number in the list": lambda client: page_of(
                client, f"/desk/{ovo(1)}/cases?number=2026-5", signed.handler
            ),
            "search in texts": lambda client: search(client, ovo(1), signed.handler, "zin werk"),
            "central dashboard": lambda client: page_of(client, "/central/figures?year=2026", signed.analyst),
            "central entity table": lambda client: page_of(
                client, "/central/figures/entities", signed.analyst
            ),
            "contributions list": lambda client: page_of(client, "/admin/contributions", signed.treasurer),
            "mailbox": lambda client: mailbox(client, receipt),
            "return with the receipt": lambda client: open_mailbox(Client(port), receipt),
        }
        for name, work in works.items():
            measured, own, bare = in_turns(
                [
                    (work, port),
                    (lambda client: page_of(client, OWN_BARE, signed.handler), port),
                    (_bare_page, bare_port),
                ],
                SECONDS / 2,
            )
            ratio, of_own = measured.p50 / bare.p50, measured.p50 / own.p50
            found[name] = {
                **vars(measured), "bare pages": ratio, "bare p50": bare.p50, "own bare pages": of_own,
                "own bare p50": own.p50,
            }  # fmt: skip
            met = verdict(of_own, OWN_BUDGET) if name in OF_A_HANDLER else ""
            if name not in (*OF_A_HANDLER, "return with the receipt"):
                met = verdict(ratio, PAGE_BUDGET)
            _row(name, measured, f"{ratio:5.1f} bare pages {of_own:5.1f} of the staff's own  {met}")
        if size == SIZES[1]:
            everything = search_everything(Client(port), ovo(1), signed.handler)
            results["search of everything"] = everything
            _say(
                f"  search through every text: {everything['seconds']:.1f} s in {everything['requests']} requests"
            )
        if size == SIZES[1]:  # after the pages: it rewrites every key, and the database tidies up for a while
            results["vault"] = _vault(Measuring(env, signed.handler), port, master)
    if size in (SIZES[0], SIZES[2]):
        swept = sweep(services.admin_url, database, env)
        results[f"sweep of {size.cases:,} open cases"] = swept
        _say(
            f"  sweep of {swept['open cases']:,.0f} open cases: {swept['seconds']:.2f} s"
            f"  {verdict(swept['seconds'], SWEEP_BUDGET)}, {swept['memory MiB']:.1f} MiB"
        )
    return found


def _flows(
    services: Services,
    database: str,
    port: int,
    master: psutil.Process,
    results: dict[str, object],
) -> None:
    """Complete anonymous reports, alone, with 8 clients, and 64 at once with nothing lost or doubled."""
    flows = {}
    for clients in (1, 8):
        flows[clients] = measure(lambda client: report(client, ovo(2)), port, clients, SECONDS)
        _row(f"complete report, {clients} client(s)", flows[clients])
    before = _count(services, database)
    crowd = measure(lambda client: report(client, ovo(3)), port, CROWD, SECONDS, warm=0)
    made = _count(services, database) - before
    _row(f"complete report, {CROWD} clients", crowd, f"{crowd.done} receipts shown, {made} cases")
    results["reports"] = {f"{c} clients": vars(m) for c, m in {**flows, CROWD: crowd}.items()}
    results["crowd"] = {"receipts": crowd.done, "cases": made}
    if made != crowd.done:
        raise SystemExit(f"{crowd.done} receipts were shown and {made} cases were made")
    results["sql alone"] = _sql_alone(services, database)
    memory = {p.pid: p.memory_full_info().pss / 2**20 for p in [master, *master.children()]}
    results["memory of the web server, MiB (proportional)"] = memory
    total = sum(memory.values())
    _say(
        f"  memory of the web server under load: {total:.0f} MiB in {len(memory)} processes"
        f"  {verdict(total, MEMORY_BUDGET)}"
    )


def _vault(measuring: Measuring, port: int, master: psutil.Process) -> dict[str, dict[str, float]]:
    """What sealing costs."""
    found = {
        "in a report": measuring.in_a_report(100),
        "case with 100 messages": measuring.on_a_page(measuring.long_case(), 100),
        "resealing": measuring.resealing(),
        "sign-in": measuring.sign_in(port, master),
        "file of 200 MB": large_file(),
    }
    for name, figures in found.items():
        _say(f"  {name:<30} " + "   ".join(f"{label} {value:.4g}" for label, value in figures.items()))
    return found


def _count(services: Services, database: str) -> int:
    with _connect(services, database) as connection:
        row = connection.execute('SELECT count(*) FROM "case"').fetchone()
        assert row is not None
        return int(row[0])


def _connect(services: Services, database: str) -> psycopg.Connection:
    assert services.admin_url is not None
    url = make_url(services.admin_url).set(drivername="postgresql", database=database)
    return psycopg.connect(url.render_as_string(hide_password=False))


def _sql_alone(services: Services, database: str) -> dict[str, float]:
    """The reads of the desk list and one small commit, through psycopg without anything of ours around them."""
    times: dict[str, list[float]] = {"desk list rows": [], "one commit": []}
    with _connect(services, database) as connection:
        entity, desk = connection.execute(
            "SELECT d.entity_id, d.id FROM desk d JOIN entity e ON e.id = d.entity_id"
            " WHERE e.ovo_code = %s AND d.kind = 'integrity'", [ovo(1)],
        ).fetchone() or (None, None)  # fmt: skip
        connection.commit()
        for _ in range(300):
            began = time.perf_counter()
            connection.execute(
                'SELECT * FROM "case" WHERE entity_id = %s AND desk_id = %s AND closed_at IS NULL'
                f" ORDER BY {URGENCY}, id LIMIT 26", [entity, desk],
            ).fetchall()  # fmt: skip
            times["desk list rows"].append((time.perf_counter() - began) * 1000)
            connection.commit()
            began = time.perf_counter()
            connection.execute(
                "INSERT INTO receipt (lookup_hash, tenant_id, case_id, public_key, secret_sealed)"
                " VALUES (%s, %s, %s, %s, %s)",
                [
                    secrets.token_bytes(32),
                    entity,
                    desk,
                    secrets.token_bytes(32),
                    secrets.token_bytes(SEALED_KEY),
                ],
            )
            connection.commit()
            times["one commit"].append((time.perf_counter() - began) * 1000)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, value in medians.items():
        _say(f"  psycopg alone, {name:<24} p50 {value:7.2f} ms")
    return medians


def _budgets(pages: dict[str, dict[str, dict[str, float]]], results: dict[str, object]) -> None:
    """Growth of each page, in bare pages, with the number of cases and with the number of entities."""
    hundred, ten_thousand, hundred_thousand, many = (pages[str(size)] for size in SIZES)
    growth = {
        name: {
            "10,000 to 100,000 cases": hundred_thousand[name]["bare pages"]
            / ten_thousand[name]["bare pages"],
            "10 to 1,000 entities": many[name]["bare pages"] / ten_thousand[name]["bare pages"],
        }
        for name in hundred
    }
    results["growth"] = growth
    _say("\ngrowth of the median")
    for name, ratios in growth.items():
        words = [
            f"{label}: {value:4.2f}x {verdict(value, budget)}"
            for (label, value), budget in zip(ratios.items(), (CASES_BUDGET, ENTITIES_BUDGET), strict=True)
        ]
        _say(f"  {name:<24}  " + "   ".join(words))


def _start_up() -> dict[str, float]:
    """Seconds from the command to the first answered page, on an empty folder and on the same folder again."""
    folder = Path(tempfile.mkdtemp(prefix="spreekbuis-start-", dir="/var/tmp"))
    folder.chmod(0o755)
    found = {}
    for kind in ("cold", "warm"):
        port = any_free_port()
        env = {**os.environ, "SPREEKBUIS_DATA": str(folder), "PORT": str(port)}
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "spreekbuis.cli", "run"],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _wait(port)
        found[kind] = time.perf_counter() - began
        process.send_signal(signal.SIGINT)
        process.wait(60)
        _say(f"  start of `spreekbuis run` with the demo, {kind}: {found[kind]:.1f} s")
    shutil.rmtree(folder, ignore_errors=True)
    return found


def _environment(addresses: Addresses, redis_url: str, data: Path) -> dict[str, str]:
    return {
        **os.environ, "SPREEKBUIS_ENV": "demo", "SPREEKBUIS_DATA": str(data), "SECRET_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": addresses.app, "DATABASE_FIGURES_URL": addresses.figures, "REDIS_URL": redis_url,
    }  # fmt: skip


@contextmanager
def _server(target: str, env: dict[str, str]) -> Iterator[tuple[int, psutil.Process]]:
    """The production server on a free port, for as long as the block lasts."""
    port = any_free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "python:spreekbuis.web.server", target],
        env={**os.environ, **env, "PORT": str(port)}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(port)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int) -> None:
    for _ in range(1200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server did not start")


def _row(name: str, measured: Measured, more: str = "") -> None:
    _say(
        f"  {name:<30} {measured.per_second:8.1f} /s   p50 {measured.p50:7.2f} ms   p95 {measured.p95:7.2f} ms   {more}"
    )


def _say(text: str) -> None:
    sys.stdout.write(re.sub(r"\s+$", "", text) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
