"""Somebody with a browser of their own. It watches what no page may ever do, and takes pictures for the album."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pyotp
from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Page, Request, Response

from tests.browser.installation import Installation, until

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}

PAGE_FAULTS = """() => {
  const faults = [], ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  const seen = e => e.getClientRects().length > 0;
  const h1 = document.querySelectorAll('h1').length;
  if (h1 !== 1) faults.push(`${h1} h1`);
  if (!document.title.replace(/ – Spreekbuis$/, '').trim()) faults.push('no title');
  for (const id of new Set(ids.filter((id, n) => ids.indexOf(id) !== n))) faults.push(`id ${id} twice`);
  for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
    if (seen(e) && !e.labels.length && !e.getAttribute('aria-label')) faults.push(`no label: ${e.name}`);
  for (const e of document.querySelectorAll('a[href], button'))
    if (seen(e) && !e.textContent.trim() && !e.getAttribute('aria-label')) faults.push(`no words: ${e.outerHTML}`);
  for (const name of ['aria-describedby', 'aria-labelledby', 'aria-controls'])
    for (const e of document.querySelectorAll(`[${name}]`))
      for (const id of e.getAttribute(name).split(' '))
        if (!document.getElementById(id)) faults.push(`${name} of nothing: ${id}`);
  for (const e of document.querySelectorAll('a[href^="#"]'))
    if (!document.getElementById(e.hash.slice(1))) faults.push(`link to nothing: ${e.hash}`);
  for (const e of document.querySelectorAll('.table-box'))
    if (e.scrollWidth > e.clientWidth) faults.push(`a table of ${e.scrollWidth} px in ${e.clientWidth} px`);
  return faults;
}"""
SIDEWAYS = "document.scrollingElement.scrollWidth > document.documentElement.clientWidth"


class Person:
    """A visitor, or somebody with an account. `done` closes the browser and tells what was wrong on the way."""

    def __init__(self, browser: Browser, home: Installation, album: Path, *, javascript: bool = True) -> None:
        self.home, self.album = home, album
        self.wrong: list[str] = []
        self.expected_failures: set[str] = set()
        self.context = browser.new_context(
            base_url=home.url, locale="nl-BE", timezone_id="Europe/Brussels", viewport=WIDE,
            java_script_enabled=javascript, reduced_motion="reduce",
        )  # fmt: skip
        self.context.set_default_timeout(15_000)
        self.context.on("request", self._requested)
        self.context.on("requestfailed", self._failed)
        self.context.on("response", self._answered)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.wrong.append(f"script: {error.error}"))
        self.javascript = javascript
        self.page: Page = self.context.new_page()

    # --- what no page may do ---

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((f"{self.home.url}/", "blob:")):
            self.wrong.append(f"asked elsewhere: {request.url}")

    def _failed(self, request: Request) -> None:
        # Not a fault: somebody went on to another page, or back to the answer to a form.
        if request.failure not in ("net::ERR_ABORTED", "net::ERR_CACHE_MISS", *self.expected_failures):
            self.wrong.append(f"failed: {request.url} ({request.failure})")

    def _answered(self, response: Response) -> None:
        part = response.request.resource_type != "document"
        if response.status >= 500 or (part and response.status >= 400):
            self.wrong.append(f"{response.status}: {response.url}")

    def _said(self, message: ConsoleMessage) -> None:
        a_refusal = message.text.startswith(
            "Failed to load resource: the server responded with a status of 4"
        )
        if message.type in ("error", "warning") and not a_refusal:
            self.wrong.append(f"{message.type}: {message.text}")

    def look_at_page(self) -> None:
        """The page as it is now: its frame, its headings, its labels."""
        self.page.wait_for_load_state("load")
        at = self.page.url.removeprefix(self.home.url)
        self.wrong += [f"{at}: {fault}" for fault in self.page.evaluate(PAGE_FAULTS)]
        if self.page.locator("html").get_attribute("lang") != "nl":
            self.wrong.append(f"{at}: not marked as Dutch")

    # --- what a person does ---

    def goto(self, path: str) -> int:
        """Open an address; gives the status."""
        answer = self.page.goto(path)
        assert answer is not None
        return answer.status

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str, *, exact: bool = True) -> None:
        self.page.get_by_role("link", name=name, exact=exact).first.click()

    def fill(self, label: str, value: str) -> None:
        self.page.get_by_label(label, exact=True).fill(value)

    def fill_long(self, label: str, value: str) -> None:
        """A field whose label goes on, with '(mag je overslaan)' for instance."""
        self.page.get_by_label(re.compile(f"^{re.escape(label)}")).first.fill(value)

    def choose(self, label: str) -> None:
        self.page.get_by_label(label, exact=True).check()

    def select(self, label: str, option: str) -> None:
        self.page.get_by_label(label, exact=True).select_option(label=option)

    def unfold(self, summary: str) -> None:
        self.page.locator("summary", has_text=summary).click()

    def inside(self, heading: str) -> Locator:
        """The panel under a heading."""
        return self.page.locator(".panel", has=self.page.get_by_role("heading", name=heading, exact=True))

    def reads(self) -> str:
        """All that stands on the page, in one line."""
        return " ".join(self.page.locator("body").inner_text().split())

    def sees(self, text: str) -> bool:
        """Whether the text stands on the page, or on the page that is on its way."""
        give_up = time.monotonic() + 15
        while text not in self.reads():
            if time.monotonic() > give_up:
                return False
            self.page.wait_for_timeout(50)
        return True

    def photo(self, name: str, *, narrow: bool = False) -> None:
        """A picture of the whole page, and one as on a telephone. Also looks at the page itself."""
        self.look_at_page()
        self.page.screenshot(path=self.album / f"{name}.png", full_page=True)
        if narrow:
            with self.on_a_telephone():
                self.page.screenshot(path=self.album / f"{name}-390.png", full_page=True)

    @contextmanager
    def on_a_telephone(self) -> Iterator[None]:
        self.page.set_viewport_size(NARROW)
        if self.page.evaluate(SIDEWAYS):
            self.wrong.append(f"{self.page.url}: scrolls sideways at 390 px")
        yield
        self.page.set_viewport_size(WIDE)

    def go_back_to_a_form(self) -> None:
        """The back button, onto a page that was the answer to a form.

        We store no such page, so Chromium asks whether to send the form again; the person reloads, which is a yes.
        """
        try:
            self.page.go_back()
        except Error as asked:
            if "ERR_CACHE_MISS" not in asked.message:
                raise
            until(self.reloads, "the question whether to send the form again")

    def reloads(self) -> bool:
        """Press reload, and yes to sending the form again."""
        try:
            self.page.reload()
        except Error as too_early:
            if "Not attached" not in too_early.message:
                raise
            return False
        return True

    # --- staff ---

    def set_up_second_factor(self) -> str:
        """On the page with the drawing: type the code that an app would show. Gives the secret."""
        secret = self.page.locator("strong.num").inner_text().replace(" ", "")
        self.fill("Code van 6 cijfers", next_code(secret))
        self.press("Bevestig en meld je aan")
        return secret

    def sign_in(self, email: str, password: str, secret: str | None = None) -> None:
        """With both factors. Without a secret, up to the page that sets up the second one."""
        self.goto("/sign-in")
        self.fill("E-mailadres", email)
        self.fill("Wachtwoord", password)
        self.press("Ga verder")
        if secret is not None:
            self.fill("Code van 6 cijfers", next_code(secret))
            self.press("Meld je aan")
            self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def join(self, mail: str, label: str, password: str) -> None:
        """Follow the invitation of the mail: a password, then the second factor."""
        self.goto(link_in(mail))
        self.fill("Hoe wil je dat collega’s je zien?", label)
        self.fill("Kies een wachtwoord", password)
        self.press("Maak je account")
        self.set_up_second_factor()

    def done(self) -> list[str]:
        self.context.close()
        return self.wrong


def link_in(mail: str) -> str:
    """The address in a mail."""
    found = re.search(r"https?://\S+", mail)
    assert found, mail
    return found[0]


def next_code(secret: str) -> str:
    """What the app shows. A code serves once: who signs in again soon gives the next one, a little early."""
    totp = pyotp.TOTP(secret)
    now = totp.timecode(datetime.now())  # noqa: DTZ005 (it wants the local time)
    step = max(now, _USED.get(secret, 0) + 1)
    while step > totp.timecode(datetime.now()) + 1:  # noqa: DTZ005
        time.sleep(0.2)
    _USED[secret] = step
    return totp.generate_otp(step)


_USED: dict[str, int] = {}
