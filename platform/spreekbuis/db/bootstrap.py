"""First steps on a database: roles, the database itself, migrations. Run with an administrator's address."""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from spreekbuis.db.base import APP_ROLE, BACKUP_ROLE, FIGURES_ROLE, OWNER_ROLE

MIGRATION_LOCK = 7_311_730_000_000_001
"""Advisory lock: when many start at once, one migrates and the others wait."""

ROLES = (OWNER_ROLE, APP_ROLE, FIGURES_ROLE, BACKUP_ROLE)


class DatabaseNotReady(Exception):
    """The database cannot be used; the message says to the administrator why, without a password."""


def what_is_wrong(error: DBAPIError) -> str:
    """What the database or the driver says of a connection that failed, in one line."""
    return f"the database cannot be used: {str(error.orig).strip().partition(chr(10))[0]}"


@dataclass(frozen=True)
class Addresses:
    """One address per role of one database."""

    owner: str
    app: str
    figures: str
    backup: str


def _driver(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg")


def prepare(admin_url: str, database: str, passwords: Path) -> Addresses:
    """Make roles and database where they are missing; give the addresses of the roles.

    `passwords` is a folder readable by this user alone, in which the passwords of the roles are kept. Roles are of
    the whole server: with another folder than the one they were made with, they belong to another installation,
    which new passwords would lock out. Raises DatabaseNotReady.
    """
    try:
        return _prepare(admin_url, database, passwords)
    except DBAPIError as error:
        raise DatabaseNotReady(what_is_wrong(error)) from error


def _prepare(admin_url: str, database: str, passwords: Path) -> Addresses:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", database):
        raise DatabaseNotReady("a database name has small letters, digits and underscores")
    admin = _driver(make_url(admin_url))
    engine = create_engine(admin, isolation_level="AUTOCOMMIT")
    urls: dict[str, str] = {}
    try:
        with engine.connect() as connection:
            there = _roles_there(connection)
            if any(not (passwords / role).exists() for role in there):
                raise DatabaseNotReady(
                    "another installation uses the roles of Spreekbuis on this database server: run with the data"
                    f" folder of that one (this one has no passwords in {passwords}), or use another server, or"
                    f" first drop the roles {', '.join(sorted(there))}"
                )
            for role in ROLES:
                password = _password(passwords / role)
                bypass = "BYPASSRLS" if role == BACKUP_ROLE else "NOBYPASSRLS"
                verb = "ALTER" if role in there else "CREATE"
                connection.exec_driver_sql(
                    f"{verb} ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE {bypass} PASSWORD '{password}'"
                )
                urls[role] = admin.set(username=role, password=password, database=database).render_as_string(
                    hide_password=False
                )
            if not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :d"), {"d": database}):
                connection.exec_driver_sql(f"CREATE DATABASE {database} OWNER {OWNER_ROLE}")
        inside = create_engine(admin.set(database=database), isolation_level="AUTOCOMMIT")
        with inside.connect() as connection:
            connection.exec_driver_sql("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            connection.exec_driver_sql(f"ALTER SCHEMA public OWNER TO {OWNER_ROLE}")
            connection.exec_driver_sql(
                f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}, {FIGURES_ROLE}, {BACKUP_ROLE}"
            )
        inside.dispose()
    finally:
        engine.dispose()
    return Addresses(urls[OWNER_ROLE], urls[APP_ROLE], urls[FIGURES_ROLE], urls[BACKUP_ROLE])


def _roles_there(connection: Connection) -> set[str]:
    names = text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)")
    return set(connection.scalars(names, {"names": list(ROLES)}))


def _password(file: Path) -> str:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24))
    return file.read_text()


def alembic_config(owner_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = owner_url
    return config


def migrate(owner_url: str) -> None:
    """Bring the schema to this version. One of many that start at once does it; the others wait for it."""
    engine: Engine = create_engine(_driver(make_url(owner_url)))
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:k)"), {"k": MIGRATION_LOCK})
            connection.commit()
            command.upgrade(alembic_config(owner_url), "head")
            connection.execute(text("SELECT pg_advisory_unlock(:k)"), {"k": MIGRATION_LOCK})
    finally:
        engine.dispose()
