"""What can go wrong with the embedded servers and the supervisor, told to the administrator."""

from pathlib import Path


class EmbeddedError(Exception):
    """Base of all errors of this room. Its text says what happened and what to do now."""


class ServerUnavailable(EmbeddedError):
    """An embedded server could not be found, prepared or started."""


class FolderBusy(EmbeddedError):
    """Another living process already works with this data folder."""

    def __init__(self, folder: Path, holder: str) -> None:
        self.folder = folder
        self.holder = holder
        by = f" (process {holder})" if holder else ""
        super().__init__(
            f"Spreekbuis already runs with the data folder {folder}{by}. "
            "Stop that one first, or choose another data folder."
        )


class FolderNotOurs(EmbeddedError):
    """The data folder was made by another user of this machine, or cannot be written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"The data folder {folder} cannot be used by this user of the machine. "
            "Run as the user who made it, or choose another data folder."
        )


class PortBusy(EmbeddedError):
    """The port cannot be used. `suggestion` is a port that was free a moment ago."""

    def __init__(self, port: int, suggestion: int, *, needs_rights: bool = False) -> None:
        self.port = port
        self.suggestion = suggestion
        why = "needs more rights than this user has" if needs_rights else "is in use by another program"
        super().__init__(f"Port {port} {why}. Port {suggestion} is free: try PORT={suggestion}.")
