"""Settings of the web server, gunicorn. It writes no access log, and of a bad request only what was wrong with it."""

import gc
import logging
import os
import sys
from typing import Any, Protocol

from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.http.message import Request
from werkzeug.exceptions import BadRequest

from spreekbuis.settings import SettingsError, port_of
from spreekbuis.vault import confined
from spreekbuis.web import logs

try:
    bind = f"127.0.0.1:{port_of(os.environ)}"
except SettingsError as error:
    sys.stderr.write(f"spreekbuis cannot start: {error}.\n")
    raise SystemExit(2) from None
workers = int(os.environ.get("WEB_WORKERS", "2"))
worker_class = "gthread"
threads = 8
preload_app = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108 (heartbeats in memory)
control_socket_disable = True
accesslog = None
loglevel = "warning"
timeout = 60
graceful_timeout = 20
keepalive = 5
limit_request_line = 4094
limit_request_fields = 60
proc_name = "spreekbuis"


class Discreet(Logger):  # type: ignore[misc]  # gunicorn tells no types
    """The server's own lines in the form of ours: the class of an error and its place, nothing of the request.

    Gunicorn would write the address of the visitor and the request line, which may hold anything.
    """

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        self.error_log.handlers[:] = [logs.handler()]

    def warning(self, msg: object, *args: object, **kwargs: Any) -> None:
        error = sys.exc_info()[1]
        if error is None:
            super().warning(msg, *args, **kwargs)
        elif isinstance(error, ParseException):
            self.error_log.warning("bad request", extra={"error": type(error).__name__})
        else:
            self.error_log.warning("trouble in the server", exc_info=error)

    def exception(self, msg: object, *args: object, **kwargs: Any) -> None:  # noqa: ARG002 (they quote the request)
        self.error_log.error("trouble in the server", exc_info=True)


logger_class = Discreet


class _Reader(Protocol):
    def read(self, size: int) -> bytes: ...


class Chunks:
    """A body in chunks, of which the application learns in its own words that it makes no sense."""

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader

    def read(self, size: int) -> bytes:
        """Raises BadRequest, where gunicorn's own exceptions would count as an error of ours."""
        try:
            return self._reader.read(size)
        except (ParseException, NoMoreData):
            raise BadRequest from None


def pre_request(_worker: object, request: Request) -> None:
    if isinstance(request.body.reader, ChunkedReader):
        request.body.reader = Chunks(request.body.reader)


def on_starting(_server: object) -> None:
    """The memory of the server and of all its workers is closed to other processes of its user; the log says what
    keeps the process that cleans files apart on this machine."""
    ways = {"memory_closed": confined.close_memory(), "cleaning": confined.in_force()}
    logging.getLogger("spreekbuis.web").info("kept apart", extra=ways)


def when_ready(_server: object) -> None:
    """Before the workers fork: the garbage collector leaves alone what was loaded, so it stays shared and is not
    searched again at each request.
    """
    gc.collect()
    gc.freeze()
