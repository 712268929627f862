"""The threat model names a test for each line, and each of them exists."""

import re
from pathlib import Path

from spreekbuis.vault import readable

ROOT = Path(__file__).parents[2]
DOCUMENT = Path(readable.__file__).with_name("THREATS.md").read_text()
LINE = re.compile(r"^\| (?!who |---)(.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_every_line_names_a_test():
    lines = LINE.findall(DOCUMENT)
    assert len(lines) >= 15
    assert [line for line in lines if not NAMED.search(line)] == []


def test_every_test_that_is_named_exists():
    gone = [
        f"{file}::{name}"
        for file, name in NAMED.findall(DOCUMENT)
        if not (ROOT / file).is_file() or (name and f"def {name}(" not in (ROOT / file).read_text())
    ]
    assert gone == []
