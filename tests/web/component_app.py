"""A tiny app around the templates, without the product: for the tests of the components and to look at them.

`python tests/web/component_app.py FOLDER` takes screenshots of the gallery in both frames.
"""

import sys
import threading
from pathlib import Path
from types import SimpleNamespace as Thing

from flask import Flask, render_template, request
from flask_babel import Babel
from jinja2 import StrictUndefined
from werkzeug.serving import make_server

ROOT = Path(__file__).resolve().parents[2]
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

LANGUAGES = [
    ("nl", "NL", "Nederlands", "/?lang=nl"),
    ("en", "EN", "English", "/?lang=en"),
    ("fr", "FR", "Français", "/?lang=fr"),
    ("de", "DE", "Deutsch", "/?lang=de"),
]

SAMPLES = {
    "errors": {
        "email": "Vul een e-mailadres in, zoals naam@voorbeeld.be.",
        "story": "Vertel kort wat er is gebeurd.",
        "who": "Kies wie je bent.",
        "": "Deze pagina stond te lang open. Verstuur ze opnieuw.",
    },
    "topics": [
        {"value": "wellbeing", "label": "Welzijn", "hint": "Hoe mensen met elkaar omgaan.", "icon": "heart",
         "shows": "wellbeing"},
        {"value": "integrity", "label": "Integriteit", "hint": "Iemand schendt de regels.", "icon": "scales",
         "shows": "integrity duty"},
        {"value": "safety", "label": "Veiligheid op het werk", "icon": "helmet", "shows": "duty"},
        {"value": "closed", "label": "Kan niet", "hint": "Gestippelde rand.", "icon": "lock",
         "disabled": True},
    ],
    "step_items": [
        {"label": "Je werkplek", "url": "#1"},
        {"label": "Onderwerp", "url": "#2"},
        {"label": "Wat er gebeurde", "url": "#3"},
        {"label": "Antwoord krijgen"},
        {"label": "Nakijken"},
    ],
    "rows": [
        {"number": "2026-017", "title": "Vertrouwelijke informatie lekken", "due_kind": "late",
         "due_text": "2 dagen te laat", "tag_kind": "half", "tag_text": "In onderzoek", "handler": "Jij",
         "days": 101, "late": True},
        {"number": "2026-028", "title": "Fraude", "due_kind": "today", "due_text": "Vandaag",
         "tag_kind": "new", "tag_text": "Nieuw", "handler": "Niemand", "days": 7, "late": False},
        {"number": "2026-024", "title": "Belangenvermenging", "due_kind": "ok",
         "due_text": "5 feb, nog 78 dagen", "tag_kind": "wait", "tag_text": "Wacht op melder",
         "handler": "Collega", "days": 16, "late": False},
    ],
    "messages": [
        {"who": "Loket Integriteit", "when": "5 november", "iso": "2026-11-05",
         "text": "Dank je voor je melding.\nWe nemen dit ernstig.\n\nNiemand weet dat jij dit gemeld hebt."},
        {"who": "Jij", "when": "12 november", "iso": "2026-11-12", "text": "Je eigen bericht.", "kind": "own",
         "files": [{"label": "offerte.pdf", "url": "#offerte"}]},
        {"text": "Ontvangst bevestigd op 5 november", "kind": "fact"},
        {"who": "Loket Integriteit", "when": "17 november", "iso": "2026-11-17", "kind": "ask",
         "text": "Weet je nog in welke maand dat was?"},
        {"who": "Interne notitie, niet zichtbaar voor de melder", "when": "18 november", "iso": "2026-11-18",
         "kind": "note", "text": "Alleen voor het loket."},
    ],
}  # fmt: skip


SIGHTS = (("wide", 1280, "light"), ("narrow", 390, "light"), ("dark", 1280, "dark"))


def page_for(frame: str, lang: str = "nl") -> Thing:
    """What the context processor of the product gives to every template."""
    staff = frame == "desk"
    return Thing(
        lang=lang,
        languages=LANGUAGES,
        csrf="token-1",
        request_id="r-1",
        account=Thing(label="Behandelaar 1", email="behandelaar@voorbeeld.be") if staff else None,
        entity=Thing(name="Departement Omgeving", badge="OMG", ovo_code="OVO990001"),
        role_label="Behandelaar, loket Integriteit" if staff else "Je meldt als personeelslid",
        nav=[
            Thing(label="Werklijst", url="/desk", current=True, count=17, rare=False),
            Thing(label="Nieuw contact", url="/desk/new", current=False, count=None, rare=False),
            Thing(label="Doorverwijzingen", url="/desk/referrals", current=False, count=2, rare=False),
            Thing(label="Wegwijzer", url="/desk/signpost", current=False, count=None, rare=True),
        ]
        if staff
        else [],
        menu=[
            Thing(label="Sleutel en toegang", url="/account"),
            Thing(label="Centrale cijfers", url="/central"),
        ],
        sign_out_url="/sign-out",
        notice=Thing(kind="ok", text="Je bericht is verstuurd."),
        reporter_home="/",
    )


def create_component_app() -> Flask:
    app = Flask(
        "components",
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "platform/spreekbuis/web/static"),
    )
    app.jinja_env.undefined = StrictUndefined
    Babel(app, locale_selector=lambda: "nl")

    @app.get("/<frame>")
    def gallery(frame: str) -> str:
        page = page_for(frame, request.args.get("lang", "nl"))
        return render_template("gallery.html", frame=f"base/{frame}.html", page=page, **SAMPLES)

    @app.after_request
    def guard(response):  # type: ignore[no-untyped-def]
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return app


def photograph(folder: Path) -> None:
    """Take the gallery in both frames: wide, narrow, dark, and on paper."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    server = make_server("127.0.0.1", 0, create_component_app(), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync"]  # fmt: skip
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        for frame in ("reporter", "desk"):
            for name, width, scheme in SIGHTS:
                tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
                tab.on("console", lambda message: print(message.type, message.text))
                tab.goto(f"http://127.0.0.1:{server.port}/{frame}")
                print(
                    frame,
                    name,
                    "overflow:",
                    tab.evaluate("document.documentElement.scrollWidth - innerWidth"),
                )
                tab.screenshot(path=str(folder / f"{frame}-{name}.png"), full_page=True)
                if (name, frame) == ("wide", "reporter"):
                    tab.pdf(path=str(folder / "paper.pdf"))
                tab.close()
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    photograph(Path(sys.argv[1]))
