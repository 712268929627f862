"""The script on the pages of reporters: one press sends once, and a stopped sending can be pressed again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.browser
SCRIPT = Path(__file__).parents[2] / "platform/spreekbuis/web/static/app.js"
HTML = '<form method="post" action="/send"><button>Verstuur</button></form><script src="/app.js"></script>'


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
def page(chromium: Browser, sent) -> Iterator[Page]:
    """A page with the script, whose form is sent over a connection that each time is lost."""

    def answer(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request.url)
            route.abort("aborted")
        elif route.request.url.endswith(".js"):
            route.fulfill(body=SCRIPT.read_text(), content_type="text/javascript")
        else:
            route.fulfill(body=HTML, content_type="text/html")

    opened = chromium.new_page()
    opened.clock.install()
    opened.route("**/*", answer)
    opened.goto("http://spreekbuis.example/")
    yield opened
    opened.close()


def press(page: Page) -> None:
    page.evaluate("document.querySelector('button').click()")


def test_a_double_click_sends_once(page, sent):
    page.evaluate("for (const _ of [1, 2]) document.querySelector('button').click()")
    page.wait_for_function("document.querySelector('button').getAttribute('aria-busy') === 'true'")
    assert len(sent) == 1


def test_after_a_stopped_sending_the_button_works_again(page, sent):
    with page.expect_event("requestfailed"):
        press(page)
    page.clock.fast_forward(3000)
    assert page.locator("button").get_attribute("aria-busy") is None
    with page.expect_event("requestfailed"):
        press(page)
    assert len(sent) == 2
