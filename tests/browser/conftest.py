"""A real installation for a module, a real browser, and an album of pictures."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.installation import Installation
from tests.browser.person import Person

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
NewPerson = Callable[..., Person]


@pytest.fixture(scope="module")
def home() -> Iterator[Installation]:
    """An installation with the register and nothing else, ended as a person ends it."""
    made = Installation()
    try:
        made.start()
        yield made
        made.stop()
    finally:
        made.discard()


@pytest.fixture(scope="session")
def demo_home() -> Iterator[Installation]:
    """An installation with the demo, one for each worker."""
    made = Installation()
    try:
        made.start(demo=True)
        yield made
        made.stop()
    finally:
        made.discard()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    assert program, "no Chromium: `deploy/bootstrap.sh browser` installs it, or name one in CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which(program) or program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures go: $SPREEKBUIS_SCREENSHOTS, or a folder of pytest."""
    chosen = os.environ.get("SPREEKBUIS_SCREENSHOTS")
    folder = Path(chosen) if chosen else tmp_path_factory.mktemp("album")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def people(chromium: Browser, album: Path) -> Iterator[NewPerson]:
    """Makes people, each with a browser of their own; in the end nothing may have been wrong on any page."""
    made: list[Person] = []

    def new(home: Installation, *, javascript: bool = True) -> Person:
        made.append(Person(chromium, home, album, javascript=javascript))
        return made[-1]

    yield new
    wrong = [fault for person in made for fault in person.done()]
    assert not wrong, "\n".join(dict.fromkeys(wrong))
