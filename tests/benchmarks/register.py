"""`python -m tests.benchmarks.register`: importing the register, and its pages beside a bare page, from 10 to 10,000
organisations. Compare ratios, not times: machines are shared."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from spreekbuis.db.bootstrap import migrate, prepare
from spreekbuis.directory.catalogue import CATEGORIES
from spreekbuis.embedded.services import Services, start_services
from tests.benchmarks.__main__ import _bare_page, _environment, _row, _say, _server
from tests.benchmarks.flows import page_of, sign_in_rows
from tests.benchmarks.load import Client, in_turns
from tests.benchmarks.seed import Size, ovo, seed
from tests.benchmarks.table import verdict

SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))
IMPORT_BUDGET = 30
"""Seconds for 10,000 organisations, of which a tenth are entities."""
FLAT = 1.5
AREAS = ("KBBJ", "FB", "OV", "WVG", "CJSM", "MOW", "OMG")


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="spreekbuis-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    services = start_services(folder, None, None)
    found = {}
    try:
        with _server("tests.benchmarks.bare:app", {}) as (bare_port, _):
            for number in (10, 10_000):
                found[number] = _pages(services, folder, number, bare_port)
    finally:
        services.stop()
        shutil.rmtree(folder, ignore_errors=True)
    for name, many in found[10_000].items():
        _say(
            f"  {name:<30} 10 to 10,000: {many / found[10][name]:4.2f}x {verdict(many / found[10][name], FLAT)}"
        )


def _pages(services: Services, folder: Path, number: int, bare_port: int) -> dict[str, float]:
    """The bare pages that each page costs, with this many organisations."""
    database = f"bench_{number}"
    assert services.admin_url is not None
    addresses = prepare(services.admin_url, database, folder / "passwords")
    migrate(addresses.owner)
    env = _environment(addresses, services.redis_url, folder / database)

    def run(*command: str) -> float:
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "spreekbuis.cli", *command], env=env, check=True, capture_output=True
        )
        return time.perf_counter() - began

    run("load-shared")
    seed(services.admin_url, database, Size(max(30, number // 10), 30), list(CATEGORIES))
    empty = folder / "empty.csv"
    empty.write_text("ovo_code,name_nl,policy_area\nOVO002949,Digitaal Vlaanderen,KBBJ\n")
    start_up = run("register", "import", str(empty))
    _say(f"\n{number:,} organisations")
    for told, name, since in (("new", "Agentschap", "2020-01-01"), ("renamed", "Dienst", "2024-01-01")):
        file = folder / f"{told}.csv"
        lines = (f"{ovo(i)},{name} {i},{AREAS[i % 7]},,{since}" for i in range(1, number + 1))
        file.write_text("\n".join(("ovo_code,name_nl,policy_area,kbo,valid_from", *lines)))
        preview = run("register", "import", str(file)) - start_up
        seconds = run("register", "import", str(file), "--apply") - start_up
        met = verdict(seconds, IMPORT_BUDGET)
        _say(f"  import, all {told:<8} preview {preview:5.1f} s, applied {seconds:5.1f} s  {met}")
    _tidy(services, database)
    signed = sign_in_rows(services.admin_url, database, ovo(1))
    pages = {
        "register list": "/central/register",
        "register list, second page": f"/central/register?after={ovo(number // 2)}",
        "register list of one area": "/central/register?area=OMG",
        "register list of a past day": "/central/register?on=2022-01-01",
        "register search": "/central/register?q=dienst+7",
        "one organisation": f"/central/register/organisations/{ovo(3)}",
        "figures of a past year": "/central/figures?year=2023",
        "entities of a past year": "/central/figures/entities?year=2023",
    }
    ratios = {}
    with _server("spreekbuis.web.wsgi:app", env) as (port, _master):
        for name, path in pages.items():

            def work(client: Client, path: str = path) -> None:
                page_of(client, path, signed.analyst)

            measured, bare = in_turns([(work, port), (_bare_page, bare_port)], SECONDS / 2)
            ratios[name] = measured.p50 / bare.p50
            _row(name, measured, f"{ratios[name]:5.1f} bare pages")
    return ratios


def _tidy(services: Services, database: str) -> None:
    assert services.admin_url is not None
    url = make_url(services.admin_url).set(drivername="postgresql", database=database)
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    main()
