"""A reporter in a browser: fills in the forms as they are on the page."""

import io
import re
from html import unescape

from werkzeug.test import TestResponse

from tests.world import Browser, Tenant

STORY = "Er verdwijnt materiaal uit het magazijn."
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def field(page: TestResponse, name: str) -> str:
    """The value of a hidden field of the page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, f"no field {name} on the page"
    return unescape(found[1])


def hidden(page: TestResponse) -> dict[str, str]:
    """All hidden fields of the page but the form token."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in fields if name != "csrf"}


def words(page: TestResponse) -> list[str]:
    """The words of the receipt."""
    shown = re.search(r'<ol class="receipt__words".*?</ol>', page.text, re.S)
    assert shown, "no receipt on the page"
    return re.findall(r"<li>(\w+)</li>", shown[0])


class Reporter:
    """Somebody who reports to an entity, without an account."""

    def __init__(self, browser: Browser, entity: Tenant) -> None:
        self.browser = browser
        self.at = f"/o/{entity.ovo}/report"

    def start(self, category: str = "bullying") -> dict[str, object]:
        """Open the form of step 2 and fill it in."""
        page = self.browser.get(f"{self.at}/story?category={category}&duty=accepted")
        assert page.status_code == 200, page.text
        return {
            **{name: field(page, name) for name in ("token", "category", "duty")},
            "text": STORY, "identity": "anonymous", "reporter_class": "staff",
        }  # fmt: skip

    def check(self, form: dict[str, object], *files: tuple[str, bytes]) -> TestResponse:
        data = {**form, "files": [(io.BytesIO(content), name) for name, content in files]}
        return self.browser.post(f"{self.at}/check", data, content_type="multipart/form-data")

    def send(self, checked: TestResponse) -> TestResponse:
        return self.browser.post(f"{self.at}/send", hidden(checked))

    def report(self, *files: tuple[str, bytes], category: str = "bullying", **form: str) -> TestResponse:
        """The whole way, to the receipt."""
        return self.send(self.check({**self.start(category), **form}, *files))

    def open_mailbox(self, code: str) -> TestResponse:
        return self.browser.post("/inbox/open", {"code": code})
