"""PostgreSQL and Redis for one-machine use, and the supervisor of `spreekbuis run`."""

from spreekbuis.embedded.errors import EmbeddedError, FolderBusy, FolderNotOurs, PortBusy, ServerUnavailable
from spreekbuis.embedded.ports import free_port_or_explain
from spreekbuis.embedded.postgres import EmbeddedPostgres
from spreekbuis.embedded.services import Services, start_services
from spreekbuis.embedded.supervisor import Child, Supervisor
from spreekbuis.embedded.valkey import EmbeddedValkey

__all__ = [
    "Child",
    "EmbeddedError",
    "EmbeddedPostgres",
    "EmbeddedValkey",
    "FolderBusy",
    "FolderNotOurs",
    "PortBusy",
    "ServerUnavailable",
    "Services",
    "Supervisor",
    "free_port_or_explain",
    "start_services",
]
