"""The results as a Markdown table, for people: `deploy/bench.md`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

PAGE_BUDGET = 6.0
"""Bare pages that a list or dashboard may cost."""
OWN_BUDGET = 3.0
"""What a list, search or case page of a handler may cost, in the product's own bare page of the same run."""
OF_A_HANDLER = ("desk list", "number in the list", "case", "search in texts")
CASES_BUDGET, ENTITIES_BUDGET = 1.3, 1.2
"""Growth of a page from 10,000 to 100,000 cases, and from 10 to 1,000 entities."""
REPORTS_BUDGET, MEMORY_BUDGET = 60.0, 250.0
"""Complete reports a second with 8 clients; MiB of the web server."""
SWEEP_BUDGET = 10.0
"""Seconds of the daily sweep of deadlines over 100,000 open cases."""
CIPHER_BUDGET, FILE_MEMORY_BUDGET = 10.0, 64.0
"""Percent of a complete report; MiB for a file of 200 MB."""


def verdict(value: float, budget: float, *, least: bool = False) -> str:
    """Whether a budget is met; `least`: more is better."""
    met = value >= budget if least else value <= budget
    return "met" if met else "NOT met"


def write(results: Mapping[str, Any], file: Path) -> None:
    """Write the table, with its date and machine."""
    pages, growth = results["pages"], results["growth"]
    reports = results["reports"]["8 clients"]["per_second"]
    memory = sum(results["memory of the web server, MiB (proportional)"].values())
    lines = [
        "# Measured",
        "",
        f"By `make bench` on {results['date']}: {results['machine']}. Every page beside a bare Flask page on the same",
        "server and beside the product's own bare page (own: of who is signed in, through the same door and frame,",
        "that reads no case), measured in turns with both. Compare the ratios: the machine is shared with others.",
        "",
        "| Page, 1 client | " + " | ".join(pages) + " | budget |",
        "|---|" + "---:|" * len(pages) + "---|",
    ]
    for name in growth:
        cells = [
            f"{row[name]['p50']:.2f} ms, {row[name]['bare pages']:.1f} bare, {row[name]['own bare pages']:.1f} own"
            for row in pages.values()
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {_of_page(name, pages)} |")
    lines += [
        "",
        "| Growth of the ratio | 10,000 to 100,000 cases | 10 to 1,000 entities |",
        "|---|---:|---:|",
    ]
    for name, (cases, entities) in ((n, g.values()) for n, g in growth.items()):
        lines.append(
            f"| {name} | {cases:.2f}, {verdict(cases, CASES_BUDGET)}"
            f" | {entities:.2f}, {verdict(entities, ENTITIES_BUDGET)} |"
        )
    lines += ["", "| Server | measured | budget |", "|---|---:|---|"]
    for clients, row in results["reports"].items():
        lines.append(
            f"| complete reports, {clients} | {row['per_second']:.1f} a second, p50 {row['p50']:.0f} ms,"
            f" p95 {row['p95']:.0f} ms | |"
        )
    lines += [
        f"| complete reports a second, 8 clients | {reports:.1f}"
        f" | at least {REPORTS_BUDGET:.0f}: {verdict(reports, REPORTS_BUDGET, least=True)} |",
        f"| receipts shown and cases made, 64 clients | {results['crowd']['receipts']} and"
        f" {results['crowd']['cases']} | equal |",
        f"| memory of the web server | {memory:.0f} MiB"
        f" | under {MEMORY_BUDGET:.0f}: {verdict(memory, MEMORY_BUDGET)} |",
        *(f"| start of `spreekbuis run`, {kind} | {s:.1f} s | |" for kind, s in results["start-up"].items()),
        f"| search through every text of 9,000 cases | {results['search of everything']['seconds']:.1f} s in"
        f" {results['search of everything']['requests']:.0f} requests | |",
        *(_of_sweep(name, row) for name, row in results.items() if name.startswith("sweep of ")),
        "",
        *_of_vault(results["vault"]),
        "",
    ]
    file.write_text("\n".join(lines), encoding="utf-8")


def _of_sweep(name: str, row: Mapping[str, float]) -> str:
    return (
        f"| {name} | {row['seconds']:.2f} s, {row['memory MiB']:.1f} MiB more memory"
        f" | {SWEEP_BUDGET:.0f} s: {verdict(row['seconds'], SWEEP_BUDGET)} |"
    )


def _of_vault(vault: Mapping[str, Any]) -> list[str]:
    report, case, moved = vault["in a report"], vault["case with 100 messages"], vault["resealing"]
    sign_in, file = vault["sign-in"], vault["file of 200 MB"]
    share = 100 * report["share"]
    return [
        "| The vault | measured | budget |",
        "|---|---:|---|",
        f"| ciphers in a complete report | {report['ciphers ms']:.2f} of {report['flow ms']:.1f} ms, {share:.1f} %"
        f" | {CIPHER_BUDGET:.0f} %: {verdict(share, CIPHER_BUDGET)} |",
        f"| ciphers on the page of a case with 100 messages | {case['ciphers ms']:.1f} of {case['page ms']:.1f} ms | |",
        f"| resealing {moved['cases']:.0f} cases | {moved['seconds']:.1f} s, {moved['a second']:.0f} a second,"
        f" longest step {moved['longest step s']:.2f} s | |",
        f"| a file of 200 MB: sealing and opening beside a plain copy | {file['seal s'] / file['plain copy s']:.1f} and"
        f" {file['open s'] / file['plain copy s']:.1f} times, {file['memory MiB']:.0f} MiB of memory"
        f" | {FILE_MEMORY_BUDGET:.0f} MiB: {verdict(file['memory MiB'], FILE_MEMORY_BUDGET)} |",
        f"| sign-in: the password (Argon2id) | {sign_in['one ms']:.0f} ms; the slowest of 8 at once"
        f" {sign_in['slowest of 8 ms']:.0f} ms | 250 to 500 by choice |",
        f"| memory that 8 sign-ins at once add to the server | {sign_in['8 at once MiB']:.0f} MiB | |",
    ]


def _of_page(name: str, pages: Mapping[str, Any]) -> str:
    """The returning reporter sends a form as well: that row has no budget. A handler's pages are held against the
    product's own bare page."""
    if name == "return with the receipt":
        return ""
    if name in OF_A_HANDLER:
        worst = max(row[name]["own bare pages"] for row in pages.values())
        return f"{OWN_BUDGET:.0f} own bare pages: {verdict(worst, OWN_BUDGET)}"
    worst = max(row[name]["bare pages"] for row in pages.values())
    return f"{PAGE_BUDGET:.0f} bare pages: {verdict(worst, PAGE_BUDGET)}"
