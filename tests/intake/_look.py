import threading
from pathlib import Path
from datetime import timedelta
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server
from sqlalchemy import select, update
from spreekbuis.cases.models import Case
from spreekbuis.cases import workflow
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity
from spreekbuis.directory.catalogue import CaseKind, Outcome
from spreekbuis.intake.models import ReporterSession
from tests.intake.flow import PDF
from spreekbuis.clock import now

OUT = Path("/tmp/look")

def test_look(world, app):
    entity = world.entity()
    dead = world.entity(entitled=False)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.port}"
    (OUT / "brief.pdf").write_bytes(PDF); (OUT / "leeg.pdf").write_bytes(b"")
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox","--disable-gpu","--disable-background-networking","--disable-component-update","--disable-sync"])
        for width in (1280, 390):
            page = browser.new_context(viewport={"width": width, "height": 900}, locale="nl-BE").new_page()
            page.on("console", lambda m: print("CONSOLE", m.text))
            n = 0
            def shot(name):
                page.screenshot(path=OUT / f"{width}-{name}.png", full_page=True)
            page.goto(f"{base}/o/{dead.ovo}/report"); shot("00-ended")
            page.goto(f"{base}/o/{entity.ovo}/report"); shot("01-topic")
            page.click("text=Ga verder"); shot("02-topic-error")
            page.click("label:has-text('Integriteit')"); shot("03-topic-chosen")
            page.click("text=Ga verder"); shot("03b-topic-cat-error")
            page.click("label:has-text('Fraude')")
            page.click("text=Ga verder"); shot("04-duty")
            page.click("text=Ik begrijp het"); shot("05-story")
            page.click("button:has-text('Kijk je melding na')"); shot("06-story-errors")
            page.fill("#text", "Er verdwijnt materiaal uit het magazijn.\n\nIk zag het drie keer in oktober, telkens op vrijdagavond. De lijsten kloppen niet meer.")
            page.click("label:has-text('Vertrouwelijk')"); page.fill("#name", "Melder van de dienst"); page.fill("#email", "melder@voorbeeld.example")
            page.click("label:has-text('Personeelslid')")
            page.set_input_files("#files", [OUT / "brief.pdf", OUT / "leeg.pdf"])
            shot("07-story-filled")
            page.click("button:has-text('Kijk je melding na')"); shot("08-story-file-error")
            page.click("button:has-text('Kijk je melding na')"); shot("09-check")
            page.click("button:has-text('Wijzig')"); shot("10-edit")
            page.click("button:has-text('Kijk je melding na')")
            page.context.clear_cookies()
            page.click("button:has-text('Verstuur')"); shot("11-kept")
            page.click("button:has-text('Verstuur opnieuw')"); shot("12-receipt")
            page.reload(); shot("13-receipt-again")
            page.reload(); shot("13-receipt-again")
            page.click("button:has-text('naar mijn melding')"); shot("14-inbox")
            with world.inside(entity):
                case = db.session.scalars(select(Case).where(Case.closed_at.is_(None))).first()
                workflow.acknowledge(case, "Dank je voor je melding. We nemen dit ernstig.\n\nWeet je nog welke dag het was?")
            page.fill("#text", "Het was op 3 oktober."); page.set_input_files("#files", OUT / "brief.pdf")
            page.click("button:has-text('Verstuur bericht')"); shot("15-inbox-sent")
            page.set_input_files("#files", OUT / "leeg.pdf"); page.fill("#text", "Nog iets."); page.click("button:has-text('Verstuur bericht')"); shot("16-inbox-error")
            from spreekbuis.db.session import transaction
            from spreekbuis.db.scope import PLATFORM
            with transaction(PLATFORM) as s: s.execute(update(ReporterSession).values(expires_at=now()))
            page.click("button:has-text('Verstuur bericht')"); shot("17-kept-inbox")
            page.goto(f"{base}/inbox/open"); shot("18-open")
            page.fill("#code", "boom roos vis"); page.click("button:has-text('Open mijn melding')"); shot("19-open-error")
            with world.inside(entity):
                case = db.session.scalars(select(Case).where(Case.closed_at.is_(None))).first()
                workflow.mark_kind(case, CaseKind.REPORT); 
                workflow.close(case, Outcome.FOUNDED, "We hebben de lijsten nagekeken. Je had gelijk. Het toezicht is nu verdubbeld.")
                case_id = case.id
            with transaction(PLATFORM) as s: s.execute(update(ReporterSession).where(ReporterSession.case_id == case_id).values(expires_at=now() + timedelta(hours=1)))
            page.goto(f"{base}/inbox"); shot("20-closed")
            page.click("label:has-text('4: tevreden')"); page.click("button:has-text('Geef je score')"); shot("21-scored")
            page.goto(f"{base}/o/{entity.ovo}/nowhere"); shot("22-404")
            page.click("text=Naar de startpagina")
        browser.close()
    server.shutdown()
