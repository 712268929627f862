"""Free TCP ports on this machine."""

import errno
import socket

from spreekbuis.embedded.errors import PortBusy

LOOPBACK = "127.0.0.1"


def _error_of_binding(port: int, host: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # The servers set this too: a connection in TIME_WAIT is no obstacle, a listener is.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno or errno.EADDRINUSE
    return 0


def is_free(port: int, host: str = LOOPBACK) -> bool:
    return _error_of_binding(port, host) == 0


def any_free_port(host: str = LOOPBACK) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def free_port_or_explain(port: int, host: str = LOOPBACK) -> None:
    """Return when `port` can be bound on `host`; otherwise raise PortBusy with another port that can.

    The suggestion stays close to the wish (easy to remember) and is never a privileged port.
    """
    reason = _error_of_binding(port, host)
    if reason == 0:
        return
    if reason not in (errno.EADDRINUSE, errno.EACCES):
        raise OSError(reason, f"cannot listen on {host}:{port}")
    start = port + 1 if port >= 1024 else 8000
    nearby = (candidate for candidate in range(start, min(start + 50, 65536)) if is_free(candidate, host))
    suggestion = next(nearby, 0) or any_free_port(host)
    raise PortBusy(port, suggestion, needs_rights=reason == errno.EACCES)
