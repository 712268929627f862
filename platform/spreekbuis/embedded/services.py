"""The servers that a run needs and that nobody else provides."""

import logging
from dataclasses import dataclass
from pathlib import Path

from spreekbuis.embedded.errors import ServerUnavailable
from spreekbuis.embedded.postgres import EmbeddedPostgres
from spreekbuis.embedded.valkey import EmbeddedValkey

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """What was started. `admin_url` is None when DATABASE_URL names a PostgreSQL of somebody else."""

    admin_url: str | None
    redis_url: str
    _postgres: EmbeddedPostgres | None = None
    _valkey: EmbeddedValkey | None = None

    def revive(self) -> None:
        """Start again what died by itself, on its old port. Raises ServerUnavailable when PostgreSQL cannot.

        Without Valkey the service goes on: what was promised waits in the database until the next start.
        """
        if self._postgres is not None:
            self._postgres.revive()
        if self._valkey is not None:
            try:
                self._valkey.revive()
            except ServerUnavailable as error:
                log.error("%s Mails and other work wait until Spreekbuis is started again.", error)

    def stop(self) -> None:
        """Valkey first: what it loses is rebuilt from PostgreSQL. May be called twice."""
        try:
            if self._valkey is not None:
                self._valkey.stop()
        finally:
            if self._postgres is not None:
                self._postgres.stop()


def start_services(
    data: Path,
    database_url: str | None,
    redis_url: str | None,
    *,
    bindir: Path | None = None,
    fsync: bool = True,
) -> Services:
    """Start only what has no URL yet. Raises EmbeddedError; then nothing of ours is left running."""
    postgres = None if database_url else EmbeddedPostgres(data / "postgres", bindir=bindir, fsync=fsync)
    valkey = None if redis_url else EmbeddedValkey(data / "valkey")
    try:
        if postgres is not None:
            postgres.start()
        if valkey is not None:
            valkey.start()
        return Services(
            admin_url=postgres.admin_url if postgres else None,
            redis_url=redis_url or (valkey.url if valkey else ""),
            _postgres=postgres,
            _valkey=valkey,
        )
    except BaseException:
        Services(None, "", postgres, valkey).stop()
        raise
