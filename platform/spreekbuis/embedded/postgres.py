"""PostgreSQL for one machine, without a system package: its own folder, port and password."""

import contextlib
import logging
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg

from spreekbuis.embedded.account import account_for
from spreekbuis.embedded.errors import ServerUnavailable
from spreekbuis.embedded.folder import password_in, rewrite, write_private
from spreekbuis.embedded.home import abandoned_homes, choose_home, known_home, remove_shelter
from spreekbuis.embedded.ports import LOOPBACK
from spreekbuis.embedded.processes import server_environment, working_in
from spreekbuis.embedded.programs import default_bindir, usable_bindir
from spreekbuis.embedded.server import EmbeddedServer

log = logging.getLogger(__name__)

_SUPERUSER = "postgres"

# Only loopback, only with the password. No "trust" and no "peer", not even for ourselves.
_HBA = f"host all all {LOOPBACK}/32 scram-sha-256\n"

# An administrator may change these in postgresql.conf.
_SIZES = """
shared_buffers = 128MB
max_connections = 200
max_wal_size = 512MB
timezone = 'UTC'
log_timezone = 'UTC'
"""

# Nobody may change these: they are on the command line, which wins from every file. A log holds no case
# content: no statement, no parameter, no error of a client (its text may quote a value), and of what remains
# no DETAIL line (it may quote a row or a running statement).
_FIXED = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_line_prefix": "%m [%p] ",
    "log_statement": "none",
    "log_connections": "off",
    "log_disconnections": "off",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
_WITHOUT_FSYNC = {"fsync": "off", "full_page_writes": "off"}


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL in `data`, on 127.0.0.1, with scram-sha-256 and a random password in a private file.

    `bindir` holds initdb and postgres (default: SPREEKBUIS_PG_BINDIR, then the wheel). `fsync=False` is for
    tests only: a power cut then loses the cluster.
    """

    title = "PostgreSQL"
    program = "postgres"
    stop_signals = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))

    def __init__(self, data: Path, *, bindir: Path | None = None, fsync: bool = True) -> None:
        super().__init__(data)
        self._wanted_bindir = bindir
        self._fsync = fsync
        self._home: Path | None = None
        self._bindir = Path()
        self._major = 0
        self._password_lost = False

    @property
    def folder(self) -> Path:
        """The cluster (what PostgreSQL itself calls its data directory)."""
        return (self._home or known_home(self.data)).resolve() / "cluster"

    @property
    def admin_url(self) -> str:
        """URL of the superuser, to make roles and databases with. It holds the password: never log it."""
        return f"postgresql://{_SUPERUSER}:{self.password}@{LOOPBACK}:{self.port}/postgres"

    def discard(self) -> None:
        self.stop()
        remove_shelter(self.data)
        self._home = None
        super().discard()

    def _prepare(self) -> None:
        self._home = known_home(self.data)
        self._account = account_for(self.folder)
        self._home = choose_home(self.data, self._account)
        self._end_abandoned()
        self._bindir, self._major = usable_bindir(
            (self._wanted_bindir or default_bindir()).resolve(), self._account, self._home
        )
        self._password_lost = self.folder.exists() and not (self.data / "password").exists()
        password_in(self.data / "password")
        if not self.folder.exists():
            self._create_cluster(self._home)
        made_by = int((self.folder / "PG_VERSION").read_text())
        if made_by != self._major:
            raise ServerUnavailable(
                f"The database in {self.folder} was made by PostgreSQL {made_by}; the programs in "
                f"{self._bindir} are version {self._major}. Run pg_upgrade, or name programs of that one."
            )

    def _create_cluster(self, home: Path) -> None:
        """initdb in a draft folder, named when complete: a kill half-way leaves no half cluster."""
        for broken in home.glob("cluster-draft-*"):
            shutil.rmtree(broken, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix="cluster-draft-", dir=home))
        self._account.own(draft)
        secret = home / "initdb-password"
        write_private(secret, self.password)
        self._account.own(secret)
        argv = [
            *(
                str(self._bindir / "initdb"),
                "-D",
                str(draft),
                "-U",
                _SUPERUSER,
                "-E",
                "UTF8",
                "--data-checksums",
            ),
            *("--auth=scram-sha-256", f"--pwfile={secret}", *self._locale_options()),
            *([] if self._fsync else ["--no-sync"]),
        ]
        try:
            made = self._account.run(argv, home, server_environment())
            if made.returncode != 0:
                raise ServerUnavailable(f"initdb could not make a database in {home}:\n{made.stderr.strip()}")
            rewrite(draft / "pg_hba.conf", _HBA)
            rewrite(draft / "postgresql.conf", (draft / "postgresql.conf").read_text() + _SIZES)
            draft.rename(self.folder)
        except subprocess.TimeoutExpired as error:
            raise ServerUnavailable(
                f"initdb in {home} took longer than {error.timeout:.0f} seconds."
            ) from error
        finally:
            secret.unlink(missing_ok=True)
            shutil.rmtree(draft, ignore_errors=True)

    def _locale_options(self) -> list[str]:
        """Sort by code point and know every letter's case, alike on every machine. Versions differ in how."""
        if self._major >= 18:
            return ["--locale-provider=builtin", "--builtin-locale=PG_UNICODE_FAST", "--locale=C.UTF-8"]
        if self._major == 17:
            return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
        return ["--locale=C.UTF-8"]

    def _argv(self) -> list[str]:
        settings = {**_FIXED, **({} if self._fsync else _WITHOUT_FSYNC), "port": str(self.port)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self._bindir / "postgres"), "-D", str(self.folder), *options]

    def _configure(self) -> None:
        # Nothing of ours runs now, so a lock file that is left names a process that is gone, or by now is
        # somebody else's. PostgreSQL would take the latter for a server and refuse. Against what we cannot
        # see, its own check of shared memory remains.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        if self._password_lost:
            self._set_password()
            self._password_lost = False

    def _set_password(self) -> None:
        """Who owns the files may set a new password: single-user mode asks for none."""
        log.warning("The password of the embedded PostgreSQL was lost: it gets a new one.")
        argv = [str(self._bindir / "postgres"), "--single", "-D", str(self.folder), "postgres"]
        statement = (
            f"ALTER ROLE {_SUPERUSER} PASSWORD '{self.password}'\n"  # 256 random bits, no quote in them
        )
        self._account.run(argv, self.folder, server_environment(), text=statement)

    def _answers(self) -> bool:
        with (
            contextlib.suppress(psycopg.Error),
            psycopg.connect(
                host=LOOPBACK,
                port=self.port,
                user=_SUPERUSER,
                password=self.password,
                dbname="postgres",
                sslmode="disable",
                gssencmode="disable",
                connect_timeout=5,
            ) as connection,
        ):
            return connection.execute("SELECT 1").fetchone() == (1,)
        return False

    def _end_abandoned(self) -> None:
        """The data folder was removed while its server ran elsewhere: end that server, keep its files."""
        for home in abandoned_homes(self.data, self._home or self.data):
            for process in working_in(home / "cluster", self.program):
                if str(home / "cluster") in process.cmdline:
                    self._end(process)
            log.warning("%s is left from an earlier data folder %s and can be removed.", home, self.data)
