"""Where the PostgreSQL cluster lives: in the data folder, unless its account cannot get there.

When root's data folder lies behind a folder that only root may enter, the cluster lives under /var/tmp
instead, and a pointer in the data folder remembers where. No mode of any existing folder is changed.
"""

import hashlib
import logging
import shutil
import stat
import tempfile
from pathlib import Path

from spreekbuis.embedded.account import Account
from spreekbuis.embedded.errors import ServerUnavailable
from spreekbuis.embedded.folder import read_or_none, write_private

log = logging.getLogger(__name__)

_POINTER = "elsewhere"
_BELONGS_TO = "belongs-to"


def known_home(data: Path) -> Path:
    """The folder that holds the cluster of this data folder, as far as an earlier start decided.

    Raises ServerUnavailable when that folder is gone: an empty database must not quietly take its place.
    """
    told = read_or_none(data / _POINTER)
    if not told:
        return data
    home = Path(told)
    if not _is_ours(home):
        raise ServerUnavailable(
            f"The database of {data} was in {home}, which is gone. Restore it from a backup, or "
            f"remove {data} to begin with an empty one."
        )
    return home if _belongs(home, data) else data


def choose_home(data: Path, account: Account) -> Path:
    """The folder for the cluster, made when needed; `account` can reach it. Raises ServerUnavailable."""
    home = known_home(data)
    if account.reaches(home):
        return home
    if (home / "cluster").exists():
        raise ServerUnavailable(
            f"User {account.uid} of this machine, who runs PostgreSQL, may no longer pass through {home} "
            "or one of the folders above it. Allow that again, or run as the user who made it."
        )
    home = Path(tempfile.mkdtemp(prefix=_prefix(data), dir=_shelter()))
    home.chmod(0o711)
    write_private(home / _BELONGS_TO, str(data.resolve()))
    write_private(data / _POINTER, str(home))
    log.warning(
        "Only root can enter %s, and PostgreSQL does not run as root: its files are in %s. "
        "For lasting use choose a data folder that others may pass through, or set DATABASE_URL.",
        data,
        home,
    )
    return home


def abandoned_homes(data: Path, home: Path) -> list[Path]:
    """Shelters that this data folder had before it was removed and made again."""
    return [
        each
        for each in _shelter().glob(_prefix(data) + "*")
        if each != home and _is_ours(each) and read_or_none(each / _BELONGS_TO) == str(data.resolve())
    ]


def remove_shelter(data: Path) -> None:
    """Remove the cluster's folder under /var/tmp, if this data folder has one there."""
    told = read_or_none(data / _POINTER)
    home = Path(told) if told else data
    if home != data and _is_ours(home) and _belongs(home, data):
        shutil.rmtree(home, ignore_errors=True)


def _shelter() -> Path:
    lasting = Path("/var/tmp")  # noqa: S108 - mkdtemp below makes an unguessable name of its own in it
    return lasting if lasting.is_dir() else Path(tempfile.gettempdir())


def _prefix(data: Path) -> str:
    return f"spreekbuis-{hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:12]}-"


def _is_ours(home: Path) -> bool:
    """That place is open to all users: trust only a real folder of root that nobody else can write."""
    try:
        status = home.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == 0 and not status.st_mode & 0o022


def _belongs(home: Path, data: Path) -> bool:
    """False for a copied data folder: two may not share one cluster. A moved one keeps its cluster."""
    owner = read_or_none(home / _BELONGS_TO)
    here = str(data.resolve())
    if owner == here:
        return True
    if owner and read_or_none(Path(owner) / _POINTER) == str(home):
        log.warning("%s is a copy of %s: it gets a database of its own.", data, owner)
        return False
    write_private(home / _BELONGS_TO, here)
    return True
