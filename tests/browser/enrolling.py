"""Steps 1 to 3 of the walk: the register, an enrolment with its people, and who is entitled."""

from tests.browser.person import Person, link_in

OVO, ORGANISATION = "OVO000067", "Cultuur"
PASSWORD = "vier lange woorden op een rij"
CENTRAL, TREASURER = "centrale.dienst@walk.example", "bijdragen@walk.example"
REQUESTER, INTEGRITY, WELLBEING = "hr@walk.example", "integriteit@walk.example", "welzijn@walk.example"


# --- 1 and 2: register and enrolment -------------------------------------------------------------------------


def the_register_is_there(visitor: Person) -> None:
    visitor.goto("/")
    visitor.photo("1-start", narrow=True)
    visitor.goto("/actors")
    assert visitor.sees("Vlaamse Ombudsdienst")
    visitor.photo("1-actors", narrow=True)


def without_javascript_the_search_works_too(visitor: Person) -> None:
    visitor.goto("/enrol")
    visitor.fill("Naam of OVO-code", "cultuur jeugd")
    visitor.press("Zoek")
    assert visitor.page.locator("#found a").get_attribute("href") == f"/enrol/{OVO}"
    visitor.photo("2-enrol-search-no-javascript")


def an_organisation_asks_to_enrol(requester: Person) -> None:
    requester.goto("/enrol")
    requester.photo("2-enrol-search-empty")
    requester.page.get_by_label("Naam of OVO-code").press_sequentially("cultuur")
    requester.page.locator(f'#found a[href$="{OVO}"]').wait_for()  # as somebody types, without a button
    requester.photo("2-enrol-search", narrow=True)
    requester.page.locator(f'#found a[href$="{OVO}"]').click()
    requester.press("Stuur de aanvraag")
    assert requester.sees("Wat je al schreef, is er nog.")
    requester.photo("2-enrol-form-errors", narrow=True)
    requester.fill("Je naam", "Aanvrager")
    requester.fill("Je functie", "Verantwoordelijke personeel")
    requester.fill("Je e-mailadres op het werk", REQUESTER)
    requester.fill("Hoeveel mensen werken er?", "640")
    requester.choose("Nee")
    requester.choose("Mijn organisatie gaf mij de toestemming om deze aanvraag te doen.")
    requester.photo("2-enrol-form")
    requester.press("Stuur de aanvraag")
    assert requester.sees("Kijk in je mailbox")
    requester.photo("2-enrol-mailbox")


def the_central_office_approves(central: Person) -> None:
    central.goto("/sign-in")
    central.photo("2-sign-in", narrow=True)
    central.sign_in(CENTRAL, PASSWORD)
    central.photo("2-second-factor-set-up", narrow=True)
    central.set_up_second_factor()
    central.photo("2-central-after-sign-in")
    central.follow("Aanvragen")
    central.photo("2-central-requests", narrow=True)
    central.follow(ORGANISATION, exact=False)
    assert central.sees("640")
    central.photo("2-central-request")
    central.press("Keur de aanvraag goed")
    assert central.sees("Goedgekeurd")
    central.photo("2-central-approved")


def the_administrator_joins(administrator: Person, mail: str) -> None:
    administrator.goto(link_in(mail))
    administrator.photo("2-invitation", narrow=True)
    administrator.join(mail, "Beheerder van de entiteit", PASSWORD)
    administrator.photo("2-administrator-joined")
    if "/members" not in administrator.page.url:
        administrator.goto(f"/entity/{OVO}/members")
    administrator.photo("2-members")


def invite(administrator: Person, email: str, desk: str) -> None:
    administrator.goto(f"/entity/{OVO}/members")
    administrator.fill("E-mailadres", email)
    administrator.choose("Behandelaar")
    administrator.choose(desk)
    administrator.press("Verstuur de uitnodiging")
    assert administrator.sees("De uitnodiging is onderweg")


# --- 3: entitlement ------------------------------------------------------------------------------------------


def without_payment_the_page_shows_where_else_to_go(reporter: Person) -> None:
    reporter.goto(f"/o/{OVO}/report")
    assert reporter.sees("Je kunt hier nu geen melding doen")
    assert reporter.sees("Vlaamse Ombudsdienst")
    reporter.photo("3-elsewhere", narrow=True)


def the_contribution_is_paid(treasurer: Person) -> None:
    treasurer.sign_in(TREASURER, PASSWORD)
    treasurer.set_up_second_factor()
    treasurer.goto("/admin/contributions")
    treasurer.photo("3-contributions", narrow=True)
    treasurer.follow(ORGANISATION, exact=False)
    assert treasurer.sees("Nee, deze entiteit heeft geen toegang.")
    treasurer.photo("3-contribution-due", narrow=True)
    treasurer.choose("Betaald")
    treasurer.press("Bewaar de status")
    assert treasurer.sees("Ja, deze entiteit heeft toegang.")
    assert treasurer.sees("is betaald.")
    treasurer.photo("3-contribution-paid")
