"""`spreekbuis run`: everything on one machine, with one command, until Ctrl-C.

Starts the embedded PostgreSQL and Redis (unless DATABASE_URL and REDIS_URL name others), prepares roles and schema,
loads the demo, then keeps a web server and a worker alive.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.engine import make_url

from spreekbuis.db.bootstrap import Addresses, migrate, prepare
from spreekbuis.embedded.ports import free_port_or_explain
from spreekbuis.embedded.services import start_services
from spreekbuis.embedded.supervisor import Child, Supervisor
from spreekbuis.settings import database_address, port_of

DATABASE = "spreekbuis"
ENVIRONMENT_FILE = "environment.json"
SPREEKBUIS = [sys.executable, "-m", "spreekbuis.cli"]


def run(env: Mapping[str, str], *, demo: bool) -> int:
    """Run until a signal; gives the exit code.

    Raises EmbeddedError, DatabaseNotReady or SettingsError with a text for the administrator.
    """
    data = Path(env.get("SPREEKBUIS_DATA", "var")).resolve()
    port = port_of(env)
    database_url = env.get("DATABASE_URL")
    if database_url:
        database_url = database_address("DATABASE_URL", database_url)
    free_port_or_explain(port)
    with Supervisor(data) as supervisor:
        _say("Starting PostgreSQL and Redis …")
        services = start_services(data, database_url, env.get("REDIS_URL"))
        try:
            admin_url = services.admin_url or database_url or ""
            addresses = prepare(admin_url, _database_name(database_url), data / "passwords")
            _say("Bringing the database up to date …")
            migrate(addresses.owner)
            children_env = _environment(env, data, port, addresses, services.redis_url)
            remember(data, children_env)
            command = ["demo"] if demo else ["load-shared"]
            loaded = subprocess.run([*SPREEKBUIS, *command], env=children_env, check=False)  # noqa: S603 (our own command)
            if loaded.returncode:
                return loaded.returncode  # it has said why
            gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:spreekbuis.web.server"]
            children = [
                # not essential: what was promised waits in the database until there is a worker
                Child("worker", [*SPREEKBUIS, "worker"], children_env, essential=False),
                Child("web", [*gunicorn, "spreekbuis.web.wsgi:app"], children_env),
            ]
            _say(f"\nSpreekbuis listens on {children_env['BASE_URL']} – stop it with Ctrl-C.\n")
            return supervisor.run(children, every_second=services.revive)
        finally:
            (data / ENVIRONMENT_FILE).unlink(missing_ok=True)
            services.stop()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _database_name(url: str | None) -> str:
    """The database that DATABASE_URL names, or ours in the embedded server."""
    return (url and make_url(url).database) or DATABASE


def _environment(
    env: Mapping[str, str], data: Path, port: int, addresses: Addresses, redis_url: str
) -> dict[str, str]:
    """What the children get: the application's own role, never the owner's or the administrator's address."""
    secret = data / "secret-key"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(48))
    return {
        **env,
        "SPREEKBUIS_ENV": env.get("SPREEKBUIS_ENV", "demo"),
        "SPREEKBUIS_DATA": str(data),
        "PORT": str(port),
        "BASE_URL": env.get("BASE_URL", f"http://127.0.0.1:{port}"),
        "SECRET_KEY": env.get("SECRET_KEY") or secret.read_text(),
        "DATABASE_URL": addresses.app,
        "DATABASE_FIGURES_URL": addresses.figures,
        "REDIS_URL": redis_url,
    }


def remember(data: Path, env: Mapping[str, str]) -> None:
    """Keep the settings of this run for commands in another terminal; readable by this user alone."""
    file = data / ENVIRONMENT_FILE
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    ours = ("SPREEKBUIS", "SECRET", "DATABASE", "REDIS", "BASE", "STORAGE", "SMTP", "MAIL", "MAX_", "PORT")
    file.write_text(json.dumps({k: v for k, v in env.items() if k.startswith(ours)}))


def remembered(env: Mapping[str, str]) -> dict[str, str]:
    """The environment with what a run on this machine keeps, for commands that say nothing themselves."""
    file = Path(env.get("SPREEKBUIS_DATA", "var")) / ENVIRONMENT_FILE
    if "SECRET_KEY" in env or not file.exists() or not os.access(file, os.R_OK):
        return dict(env)
    return {**env, **json.loads(file.read_text())}
