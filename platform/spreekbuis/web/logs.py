"""Structured logs: one JSON object a line, on standard error, without addresses, values or case content."""

import logging
import sys
import traceback
from types import TracebackType

from pythonjsonlogger.json import JsonFormatter


class _Formatter(JsonFormatter):
    """Writes where an exception happened and of which class it is, never its text, which may quote values."""

    def formatException(  # noqa: N802 (the standard library's name)
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        kind, _, trace = ei
        frames = [f"{f.filename.rsplit('/', 2)[-1]}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)]
        return f"{kind.__name__ if kind else 'None'} at " + " > ".join(frames[-12:])


def handler() -> logging.Handler:
    """Writes lines of our form on standard error."""
    made = logging.StreamHandler(sys.stderr)
    made.setFormatter(_Formatter("%(levelname)s %(name)s %(message)s", timestamp=True))
    return made


def set_up() -> None:
    """Send all logs through the formatter. Called once per process."""
    root = logging.getLogger()
    root.handlers[:] = [handler()]
    root.setLevel(logging.INFO)
    for noisy in ("rq.worker", "alembic", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
