"""Finds code that nothing uses (vulture), with what vulture cannot see added: names in templates, in keyword
arguments and in strings (columns of SQL). Tests do not count as use.

Run: python tests/house/dead_code.py. What is alive all the same stands in tests/house/alive.txt with its reason.
"""

import ast
import re
import sys
from pathlib import Path

import vulture

ROOT = Path(__file__).parents[2]
FOLDERS = ("platform", "tenants", "billing")
DECORATORS = [
    "@room.get", "@room.post", "@room.put", "@room.patch", "@room.delete", "@room.message",
    "@room.probe", "@room.in_nav", "@job", "@*.command", "@*.group", "@app.*",
    "@declared_attr", "@event.listens_for",
]  # fmt: skip
CODE_IN_TEMPLATE = re.compile(r"\{\{(.*?)\}\}|\{%(.*?)%\}", re.DOTALL)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def alive() -> list[str]:
    """The names of the allow-list; each line says why after a #."""
    lines = (Path(__file__).parent / "alive.txt").read_text().splitlines()
    kept = [line.partition("#") for line in lines if line.strip() and not line.startswith("#")]
    unreasoned = [name.strip() for name, _, reason in kept if not reason.strip()]
    if unreasoned:
        sys.exit(f"alive.txt gives no reason for {', '.join(unreasoned)}")
    return [name.strip() for name, _, _ in kept]


def names_in_templates() -> set[str]:
    found: set[str] = set()
    for template in (ROOT / "templates").rglob("*.*"):
        if template.name == "gallery.html":
            continue  # shows the parts to tests, and is no page
        for expression, statement in CODE_IN_TEMPLATE.findall(template.read_text()):
            found.update(NAME.findall(expression or statement))
    return found


def names_in_passing(tree: ast.AST) -> set[str]:
    """Names of keyword arguments, and words of strings that are no documentation: SQL and getattr use them."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg:
            found.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            found.update(NAME.findall(node.value))
    return found


def main() -> int:
    finder = vulture.Vulture(ignore_decorators=DECORATORS)
    folders = [ROOT / folder / "spreekbuis" for folder in FOLDERS]
    finder.scavenge([str(f) for f in folders], exclude=["*/migrations/versions/*"])
    for folder in folders:
        for module in folder.rglob("*.py"):
            for name in names_in_passing(ast.parse(module.read_text())):
                finder.used_names.add(name)
    for name in names_in_templates():
        finder.used_names.add(name)
    unused = finder.get_unused_code(sort_by_size=False)
    allowed = alive()
    faults = [
        f"{Path(item.filename).relative_to(ROOT)}:{item.first_lineno}: nothing uses {item.typ} {item.name}"
        for item in unused
        if item.name not in allowed
    ]
    seen = {item.name for item in unused}
    faults += [
        f"tests/house/alive.txt: {name} needs no reason any more" for name in allowed if name not in seen
    ]
    for fault in faults:
        print(fault)
    if faults:
        print("Remove it, or give the reason why it is alive in tests/house/alive.txt.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
