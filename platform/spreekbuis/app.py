"""The composition root: the only file, with the command line, that knows all rooms and puts them together."""

import importlib
from pathlib import Path

from flask import Flask

import spreekbuis
from spreekbuis.db.pool import try_idle_connections
from spreekbuis.db.security import unsafe_because
from spreekbuis.db.session import db
from spreekbuis.settings import Environment, Settings
from spreekbuis.vault.uploads import SpoolingRequest
from spreekbuis.web import door, frame, logs
from spreekbuis.web.room import Room, refuse_undeclared
from spreekbuis.web.urls import Application

MODELS = (
    "audit", "directory", "figures", "identity", "jobs",
    "entities", "access", "access.provisioning", "training", "instruments", "questionnaires",
    "intake", "intake.front", "intake.chat", "cases", "cases.keeping", "cases.export",
    "cases.citizens",
    "subscriptions",
)  # fmt: skip


def import_models() -> None:
    """Load every table, so that metadata is whole."""
    for room in MODELS:
        importlib.import_module(f"spreekbuis.{room}.models")


def _tree(name: str) -> Path:
    """A folder of the product that is not code: in the installed package, or beside the sources."""
    for base in map(Path, spreekbuis.__path__):
        for place in (base / name, base.parent.parent / name):
            if place.is_dir():
                return place
    raise FileNotFoundError(name)


ROOMS = (
    "web.health",
    "web.home",
    "identity.views",
    "directory.views",
    "access.member_pages",
    "directory.actor_pages",
    "access.key_pages",
    "access.provisioning.admin_pages",
    "access.provisioning.pages",
    "entities.views",
    "entities.actor_pages",
    "entities.merge_pages",
    "training.views",
    "training.central_pages",
    "instruments.pages",
    "instruments.central_pages",
    "intake.signpost_page",
    "intake.protection",
    "questionnaires.views",
    "intake.report",
    "intake.draft_pages",
    "intake.paper_form",
    "intake.mailbox",
    "intake.front.views",
    "intake.front.count_pages",
    "intake.chat.desk_pages",
    "intake.front.script_pages",
    "intake.chat.hours_pages",
    "intake.chat.views",
    "intake.front.mail_pages",
    "intake.referral_answer",
    "intake.citizens",
    "intake.citizen_consent",
    "cases.views",
    "cases.procedure_pages",
    "figures.views",
    "jobs.views",
    "directory.register_pages",
    "subscriptions.views",
)
"""Modules with a `room`, in the order of the navigation."""


def rooms() -> list[Room]:
    """Every room that has doors."""
    return [importlib.import_module(f"spreekbuis.{name}").room for name in ROOMS]


def load_shared_data() -> None:
    """Load what all share: register, actors, published figures, procedures, scope rules, questions. Twice is once."""
    from spreekbuis.cases.procedure_versions import load_procedures
    from spreekbuis.directory.loading import load_register
    from spreekbuis.figures.published import load_published
    from spreekbuis.intake.front.scripts import load_scripts
    from spreekbuis.questionnaires.defaults import load_questionnaires
    from spreekbuis.subscriptions.scope_rules import load_scope_rules

    load_register()
    load_published()
    load_procedures()
    load_scope_rules()
    load_questionnaires()
    load_scripts()


class UnsafeDatabase(Exception):
    """The database role could step around the policies; the application does not start with it."""


def create_app(settings: Settings, *, pool_size: int = 8) -> Flask:
    """Build the application. Raises UnsafeDatabase when connected as a superuser, an owner or another role."""
    logs.set_up()
    import_models()
    app = Application(
        frame.__name__,
        root_path=str(Path(frame.__file__).parent),
        static_folder="static",
        template_folder=str(_tree("templates")),
    )
    engine = {
        "pool_size": pool_size,
        "max_overflow": 4,
        "pool_use_lifo": True,  # the connection used last has its statements prepared
        "hide_parameters": True,
        "connect_args": {"connect_timeout": 5, "application_name": "spreekbuis"},
    }
    app.request_class = SpoolingRequest
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine,
        SQLALCHEMY_BINDS={"figures": {"url": settings.database_figures_url, **engine, "pool_size": 2}},
        # somewhat above what is accepted: files that are a little too large get an answer that keeps the text
        MAX_CONTENT_LENGTH=settings.max_upload + 10 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        MAX_FORM_PARTS=200,
        TEMPLATES_AUTO_RELOAD=settings.environment is Environment.DEMO,
        PREFERRED_URL_SCHEME="https" if settings.secure else "http",
    )
    app.extensions["settings"] = settings
    db.init_app(app)
    _install(app)
    refuse_undeclared(app)
    with app.app_context():
        for each in db.engines.values():
            try_idle_connections(each)
        with db.engine.connect() as connection:
            reason = unsafe_because(connection)
        db.engine.dispose()
    if reason is not None:
        raise UnsafeDatabase(reason)
    return app


def _install(app: Flask) -> None:
    """Give each part what it needs of the others."""
    from spreekbuis.access import leaving
    from spreekbuis.access.new_pair import ask_for_access, seal_again
    from spreekbuis.access.provider_rules import is_invited, join_by_rules
    from spreekbuis.access.provisioning.tokens import admit_directory
    from spreekbuis.access.roles import roles_in_entity, workplaces_of
    from spreekbuis.cases import contacts, receiving
    from spreekbuis.cases.keeping import erasure
    from spreekbuis.cases.left_behind import free_cases
    from spreekbuis.entities import approval
    from spreekbuis.identity import restoring, workplaces
    from spreekbuis.identity.oidc import arriving, providers
    from spreekbuis.identity.views.confirm import ask_again
    from spreekbuis.intake.erased import forget_reporter
    from spreekbuis.intake.reporters import follow_case, give_receipt, returning_reporter
    from spreekbuis.subscriptions.contributions import open_subscription
    from spreekbuis.web.door import Doors

    frame.install(app, _tree("translations"))
    door.install(
        app,
        Doors(
            roles_in_entity=roles_in_entity,
            returning_reporter=returning_reporter,
            ask_again=ask_again,
            admit_directory=admit_directory,
        ),
    )
    workplaces.install(app, [workplaces_of])
    providers.install(app)
    arriving.install(app, is_invited, join_by_rules)
    restoring.install(app, [seal_again], [ask_for_access])
    approval.APPROVAL_STEPS[:] = [open_subscription]
    erasure.ERASURE_STEPS[:] = [forget_reporter]
    leaving.LEAVING_STEPS[:] = [free_cases]
    contacts.RECEIPTS[:] = [give_receipt]
    receiving.FOLLOW[:] = [follow_case]
    for room in rooms():
        room.open(app)
