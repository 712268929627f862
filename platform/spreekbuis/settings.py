"""Settings: a pure function of the environment, parsed once into one frozen object."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

DEMO_SENDER = "Spreekbuis <niet-antwoorden@spreekbuis.example>"


class Environment(StrEnum):
    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


class SettingsError(Exception):
    """The environment is not fit to start with; the message says which variable and why."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that an administrator can set. Sizes are bytes, durations are in the name."""

    environment: Environment
    secret_key: str
    database_url: str
    """Address of the application role: no superuser, owns nothing."""
    database_figures_url: str
    """Address of the figures role: reads columns of facts and totals."""
    database_owner_url: str | None
    """Address of the owner: only the command `spreekbuis migrate` needs it."""
    redis_url: str
    storage: Path
    """Folder of the attachments."""
    smtp_url: str | None
    mail_folder: Path
    """Where mails go when no SMTP server is set."""
    mail_sender: str
    """`Name <address>` in the From of each mail."""
    base_url: str
    """Public address, without a slash at the end."""
    max_upload: int

    @property
    def secure(self) -> bool:
        """Whether the public address is https, so that cookies can be bound to it."""
        return self.base_url.startswith("https://")

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "Settings":
        """Parse and check. Raises SettingsError; production accepts no default for a secret or an address."""
        try:
            environment = Environment(env.get("SPREEKBUIS_ENV", Environment.PRODUCTION))
        except ValueError:
            raise SettingsError("SPREEKBUIS_ENV must be production, demo or test") from None
        production = environment is Environment.PRODUCTION

        def need(name: str) -> str:
            value = env.get(name, "")
            if not value:
                raise SettingsError(f"{name} is not set")
            return value

        secret = need("SECRET_KEY")
        if len(secret) < 32:
            raise SettingsError("SECRET_KEY needs at least 32 characters")
        base_url = env.get("BASE_URL", "").rstrip("/") or f"http://127.0.0.1:{port_of(env)}"
        if production and not base_url.startswith("https://"):
            raise SettingsError("BASE_URL must be an https address in production")
        smtp_url = env.get("SMTP_URL") or None
        if production and smtp_url is None:
            raise SettingsError("SMTP_URL is not set")
        if smtp_url is not None and urlsplit(smtp_url).scheme not in ("smtp", "smtps"):
            raise SettingsError("SMTP_URL must start with smtp:// or smtps://")
        sender = need("MAIL_SENDER") if production else env.get("MAIL_SENDER") or DEMO_SENDER
        if not sender.isprintable() or not all(parseaddr(sender)[1].rpartition("@")):
            raise SettingsError("MAIL_SENDER must be an address: Name <name@domain>")
        data = Path(env.get("SPREEKBUIS_DATA", "var"))
        storage = need("STORAGE_URL") if production else env.get("STORAGE_URL") or f"file:{data / 'files'}"
        if not storage.startswith("file:"):
            raise SettingsError("STORAGE_URL must be a folder: file:/path")
        try:
            max_upload = int(env.get("MAX_UPLOAD_MB", "25")) * 1024 * 1024
        except ValueError:
            raise SettingsError("MAX_UPLOAD_MB must be a whole number") from None
        owner = env.get("DATABASE_OWNER_URL")
        return cls(
            environment=environment,
            secret_key=secret,
            database_url=database_address("DATABASE_URL", need("DATABASE_URL")),
            database_figures_url=database_address("DATABASE_FIGURES_URL", need("DATABASE_FIGURES_URL")),
            database_owner_url=database_address("DATABASE_OWNER_URL", owner) if owner else None,
            redis_url=need("REDIS_URL"),
            storage=Path(storage.removeprefix("file:").replace("//", "/", 1)).resolve(),
            smtp_url=smtp_url,
            mail_folder=Path(env.get("MAIL_FOLDER") or data / "mailbox").resolve(),
            mail_sender=sender,
            base_url=base_url,
            max_upload=max_upload,
        )


def port_of(env: Mapping[str, str]) -> int:
    """The port of the web server. Raises SettingsError."""
    told = env.get("PORT") or "8000"
    if not (told.isascii() and told.isdigit() and 0 < int(told) < 65536):
        raise SettingsError("PORT must be a whole number from 1 to 65535")
    return int(told)


def database_address(name: str, url: str) -> str:
    """The same address, naming the driver for SQLAlchemy. Raises SettingsError, which does not quote it."""
    scheme, _, rest = url.partition("://")
    if scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise SettingsError(f"{name} must be a database address that starts with postgresql://")
    address = f"postgresql+psycopg://{rest}"
    try:
        make_url(address)
    except (ArgumentError, ValueError):
        raise SettingsError(
            f"{name} is not a database address: postgresql://user:password@host:port/name"
        ) from None
    return address
