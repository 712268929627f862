"""What axe-core finds on a page."""

from axe_playwright_python.sync_playwright import Axe

from tests.browser.person import Person


def nothing_serious(person: Person) -> None:
    """No fault on the page that axe-core calls serious or critical."""
    found = Axe().run(person.page).response["violations"]
    at = person.page.url
    serious = [f"{v['id']}: {v['nodes'][0]['html']}" for v in found if v["impact"] in ("serious", "critical")]
    assert not serious, f"{at}: {serious}"
