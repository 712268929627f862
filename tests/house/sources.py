"""The product's own files, for the tests that keep the house rules."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import spreekbuis

ROOT = Path(__file__).parents[2]
FOLDERS = ("platform", "tenants", "billing")
STARTS_BY_ITSELF = {"spreekbuis.web.wsgi"}
"""Modules that do something when imported."""


def modules() -> list[Path]:
    """Every Python file of the product, without the migrations that a command writes."""
    found = [p for folder in FOLDERS for p in sorted((ROOT / folder).rglob("*.py"))]
    return [p for p in found if "versions" not in p.parts]


def templates() -> list[Path]:
    return sorted(p for p in (ROOT / "templates").rglob("*.*") if p.name != "gallery.html")


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def import_everything() -> None:
    """Import every module, so that what registers itself is there."""
    for found in pkgutil.walk_packages(spreekbuis.__path__, "spreekbuis."):
        if found.name not in STARTS_BY_ITSELF and ".migrations" not in found.name:
            importlib.import_module(found.name)


def calls(path: Path, function: str) -> Iterator[ast.Call]:
    """Calls of a function of this name in a file."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
            yield node
