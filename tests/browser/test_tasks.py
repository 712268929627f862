"""A check for reprisals, a task of one's own and the result of a case, in a browser, with axe-core."""

from tests.browser.accessible import nothing_serious
from tests.browser.person import Person
from tests.browser.test_keeping import handlers as handlers
from tests.browser.test_keeping import look
from tests.browser.test_keeping import pytestmark as pytestmark
from tests.browser.test_keeping import served as served
from tests.cases.conftest import opened_with_key
from tests.keeping.conftest import Desk
from tests.keeping.conftest import desk as desk


def test_a_handler_checks_on_the_reporter_and_writes_down_what_came_of_it(
    desk: Desk, handlers: list[Person]
) -> None:
    with desk.inside(desk.one):
        case_id = opened_with_key()[0].id
    handler, _ = handlers
    handler.goto(desk.url(case_id, "").removesuffix("/"))
    handler.unfold("Vul de controle in: Gevolgen? Bij het begin")
    handler.press("Bewaar de controle")
    assert handler.sees("Kies een van de mogelijkheden.")
    nothing_serious(handler)
    handler.choose("Er zijn gevolgen")
    handler.fill_long("Nota", "Kreeg plots een ander rooster.")
    handler.press("Bewaar de controle")
    assert handler.sees("De controle is bewaard.")
    handler.unfold("Taken")
    handler.unfold("Voeg een taak toe")
    handler.fill("Wat moet er gebeuren?", "Vraag de offertes op.")
    handler.press("Voeg de taak toe")
    assert handler.sees("De taak staat in het dossier.")
    look(handler, "t-tasks")
    handler.press("Gedaan")
    assert handler.sees("De taak is gedaan.")

    handler.follow("Resultaat: maatregelen, schade, gevolg")
    handler.fill_long("Geschatte schade, in euro", "1.5")
    handler.press("Bewaar het resultaat")
    assert handler.sees("Schrijf het bedrag als 1.234,56.")
    nothing_serious(handler)
    handler.fill_long("Geschatte schade, in euro", "1.234,56")
    handler.press("Bewaar het resultaat")
    assert handler.sees("Het resultaat is bewaard.")
    handler.choose("Maatregel")
    handler.fill("Wat moet er gebeuren?", "Twee handtekeningen vanaf duizend euro.")
    handler.press("Voeg toe")
    assert handler.sees("De maatregel staat in het dossier.")
    handler.press("Beslist")
    assert handler.sees("De stand van de maatregel is aangepast.")
    look(handler, "t-result")
