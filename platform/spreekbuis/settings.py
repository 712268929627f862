"""Settings: a pure function of the environment, parsed once into one frozen object."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

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
class Bucket:
    """A bucket of S3-compatible storage, with the prefix of our keys in it ("" for none)."""

    name: str
    prefix: str
    endpoint: str
    region: str


@dataclass(frozen=True, slots=True)
class Reachable:
    """How the contact point itself is reached, in the words of the installation; empty: no page speaks of it."""

    phone: str = ""
    address: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True)
class MailServer:
    """A folder on an IMAP server. `encrypted`: with TLS; only a server on this machine may go without."""

    host: str
    port: int
    user: str
    folder: str
    encrypted: bool
    password: str = field(repr=False)


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
    storage: Path | Bucket
    """Folder or bucket of the attachments."""
    clamd_url: str | None
    """The virus scanner: tcp://host:port or unix:/path. None: files are not scanned."""
    smtp_url: str | None
    mail_folder: Path
    """Where mails go when no SMTP server is set."""
    incoming_mail: Path
    """The mailbox of the front office: a folder of .eml files."""
    incoming_server: MailServer | None
    """From where mails are brought into that folder; None: another program fills it."""
    mail_sender: str
    """`Name <address>` in the From of each mail."""
    base_url: str
    """Public address, without a slash at the end."""
    max_upload: int
    reachable: Reachable
    sign_in_providers: Path | None
    """A file about the organisations where people sign in (identity.oidc.providers), None for none."""

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
            storage=place_of_files(storage),
            clamd_url=scanner_address(env.get("CLAMD_URL", "")),
            smtp_url=smtp_url,
            mail_folder=Path(env.get("MAIL_FOLDER") or data / "mailbox").resolve(),
            incoming_mail=Path(env.get("INCOMING_MAIL_FOLDER") or data / "incoming").resolve(),
            incoming_server=incoming_server(env),
            mail_sender=sender,
            base_url=base_url,
            max_upload=max_upload,
            reachable=reachable_by(env),
            sign_in_providers=Path(env["SIGN_IN_PROVIDERS"]).resolve()
            if env.get("SIGN_IN_PROVIDERS")
            else None,
        )


def reachable_by(env: Mapping[str, str]) -> Reachable:
    """Raises SettingsError for what is no single line."""
    told = {name: env.get(name, "").strip() for name in ("CONTACT_PHONE", "CONTACT_ADDRESS", "CONTACT_HOURS")}
    for name, words in told.items():
        if not words.isprintable():
            raise SettingsError(f"{name} must be one line of text")
    return Reachable(told["CONTACT_PHONE"], told["CONTACT_ADDRESS"], told["CONTACT_HOURS"])


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


def place_of_files(url: str) -> Path | Bucket:
    """Where attachments go: a folder, or a bucket when the address begins with s3://. Raises SettingsError.

    The keys to the bucket are no part of the address: every S3 client finds them in the environment.
    """
    if url.startswith("file:"):
        return Path(url.removeprefix("file:").replace("//", "/", 1)).resolve()
    form = "STORAGE_URL must be file:/path or s3://bucket/prefix?endpoint=https://host&region=name"
    try:
        parts = urlsplit(url)
        told = {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
        endpoint = urlsplit(told["endpoint"])
    except (ValueError, KeyError):
        raise SettingsError(form) from None
    if "@" in parts.netloc or "@" in endpoint.netloc:
        raise SettingsError(
            "STORAGE_URL holds a password: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead"
        )
    if parts.scheme != "s3" or not parts.netloc or told.keys() != {"endpoint", "region"}:
        raise SettingsError(form)
    if endpoint.scheme != "https" and not (
        endpoint.scheme == "http" and endpoint.hostname in ("127.0.0.1", "localhost", "::1")
    ):
        raise SettingsError("STORAGE_URL needs an endpoint that begins with https://")
    return Bucket(parts.netloc, parts.path.strip("/"), told["endpoint"], told["region"])


def incoming_server(env: Mapping[str, str]) -> MailServer | None:
    """The IMAP folder of INCOMING_MAIL_URL, None when there is none. Raises SettingsError, which does not quote it."""
    url, password = env.get("INCOMING_MAIL_URL", ""), env.get("INCOMING_MAIL_PASSWORD", "")
    if not url:
        return None
    form = "INCOMING_MAIL_URL must be imaps://user@host/folder"
    try:
        parts = urlsplit(url)
        host, port, user = parts.hostname or "", parts.port, unquote(parts.username or "")
    except ValueError:
        raise SettingsError(form) from None
    if parts.password is not None:
        raise SettingsError("INCOMING_MAIL_URL holds a password: set INCOMING_MAIL_PASSWORD instead")
    folder = unquote(parts.path).strip("/") or "INBOX"
    encrypted = parts.scheme == "imaps"
    known = encrypted or (parts.scheme == "imap" and is_loopback(host))
    if not (known and host and user) or parts.query or not (user + folder + password).isprintable():
        raise SettingsError(form)
    if not password:
        raise SettingsError("INCOMING_MAIL_PASSWORD is not set")
    return MailServer(host, port or (993 if encrypted else 143), user, folder, encrypted, password)


def is_loopback(host: str) -> bool:
    """Whether this is a server on this machine itself."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def scanner_address(url: str) -> str | None:
    """The address of clamd as it stands, None when there is none. Raises SettingsError."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        if parts.scheme == "tcp" and parts.hostname and parts.port:
            return url
    except ValueError:
        parts = urlsplit("")
    if parts.scheme == "unix" and parts.path.startswith("/"):
        return url
    raise SettingsError("CLAMD_URL must be tcp://host:3310 or unix:/path/of/the/socket")
