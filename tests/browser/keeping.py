"""The recovery kit of the walk: made by the administrator, printed and put away by two officers."""

import re

from tests.browser.enrolling import OVO, WELLBEING
from tests.browser.person import Person, link_in
from tests.vault.test_recovery_paper import lines


def without_a_recovery_kit_no_report_is_taken(reporter: Person) -> None:
    reporter.goto(f"/o/{OVO}/report")
    assert reporter.sees("Je kunt hier nog geen melding doen")


def the_recovery_kit_is_made(administrator: Person) -> None:
    administrator.goto(f"/entity/{OVO}/members")
    administrator.follow("Sleutels")
    assert administrator.sees("Maak eerst de herstelsleutel")
    administrator.photo("2-keys-none", narrow=True)
    administrator.select("Wie bewaart deel B?", f"Behandelaar welzijn ({WELLBEING})")
    administrator.press("Maak de herstelsleutel")
    assert administrator.sees("De herstelsleutel is gemaakt.")
    assert administrator.page.get_by_text("Kan alles lezen").count() == 2
    assert administrator.page.get_by_text("Nog af te drukken").count() == 2
    administrator.photo("2-keys-made", narrow=True)


def a_part_is_printed_and_kept(officer: Person, mail: str) -> None:
    """From the mail to the proof: two words of the paper."""
    officer.goto(link_in(mail))
    with officer.page.expect_download() as download:
        officer.follow("Download je blad")
    printed = [line for line, _ in lines(download.value.path().read_bytes())]
    for label in officer.page.get_by_text(re.compile(r"^Woord nummer \d+$")).all_inner_texts():
        place = printed.index(label.rsplit(" ", 1)[1])
        officer.fill(label, printed[place + 1])
    officer.choose("Mijn blad ligt op een veilige plek.")
    officer.photo("2-part-proof", narrow=True)
    officer.press("Klaar")
    assert officer.sees("wij bewaren jouw deel niet meer")


def the_recovery_kit_is_safe(administrator: Person) -> None:
    administrator.goto(f"/entity/{OVO}/keys")
    assert administrator.page.get_by_text("Op papier sinds").count() == 2
    administrator.photo("2-keys-safe")
