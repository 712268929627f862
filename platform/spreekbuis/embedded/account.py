"""The account under which PostgreSQL runs: it refuses root, so root lends it an account without rights."""

import os
import pwd
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spreekbuis.embedded.errors import ServerUnavailable

# initdb looks its own user up, so a number without an entry will not do. These exist nearly everywhere.
_CANDIDATES = ("nobody", "daemon", "bin")


@dataclass(frozen=True)
class Account:
    """`uid` and `gid` to switch to, or None for both: stay who we are."""

    uid: int | None = None
    gid: int | None = None

    @property
    def switches(self) -> bool:
        return self.uid is not None

    @property
    def extra_groups(self) -> list[int] | None:
        """No further groups after a switch: none of root's may come along."""
        return [] if self.switches else None

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def run(
        self, argv: list[str], cwd: Path, env: Mapping[str, str], *, text: str = "", seconds: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end under this account, out of reach of the terminal's Ctrl-C.

        Raises OSError when it cannot be executed, subprocess.TimeoutExpired after `seconds`.
        """
        return subprocess.run(  # noqa: S603 - callers pass programs that they found themselves
            argv,
            cwd=cwd,
            env=env,
            user=self.uid,
            group=self.gid,
            extra_groups=self.extra_groups,
            umask=0o077,
            start_new_session=True,
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )

    def reaches(self, folder: Path) -> bool:
        """Whether this account may pass through the folder and all its parents.

        Tried, not computed from modes: that also sees access lists and odd mounts.
        """
        if not self.switches:
            return True
        tried = self.run(["/bin/sh", "-c", 'test -x "$1"/.', "sh", str(folder)], Path("/"), {})
        return tried.returncode == 0


def account_for(cluster: Path) -> Account:
    """Ourselves; or, as root, the owner of an existing cluster, or else an account without rights.

    Raises ServerUnavailable when root cannot become anybody else (some containers).
    """
    if os.geteuid() != 0:
        return Account()
    if cluster.exists() and cluster.stat().st_uid != 0:
        status = cluster.stat()
        return Account(status.st_uid, status.st_gid)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid == 0:
            continue
        account = Account(entry.pw_uid, entry.pw_gid)
        try:
            account.run(["/bin/sh", "-c", ":"], Path("/"), {})
        except OSError:
            continue
        return account
    raise ServerUnavailable(
        "PostgreSQL refuses to run as root, and this machine offers no account without rights to run it. "
        "Run Spreekbuis as an ordinary user, or set DATABASE_URL to a PostgreSQL that already runs."
    )
