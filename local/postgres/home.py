"""Where a cluster lives on disk, so that the account it runs under can reach programs and data."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from local.postgres.account import Account
from local.postgres.binaries import WHEEL, Installation

# Used only as root, when the directory asked for lies below one (such as /root, 0700) closed to other accounts.
RELOCATED = Path(os.environ.get("SLUICE_POSTGRES_HOME", "/var/lib/sluice-postgres"))
POINTER = "location"


@dataclass(frozen=True)
class Home:
    """Directories of one cluster: the base, and the PostgreSQL data directory inside it."""

    base: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.base / "pgdata"

    @property
    def initialised(self) -> bool:
        """True when `initdb` has finished here (it writes into a directory that is renamed at the end)."""
        return (self.data / "PG_VERSION").is_file()


def prepare(directory: Path, account: Account) -> Home:
    """Create (or find again) the home for the cluster asked to live in `directory`.

    When the account cannot reach `directory`, the cluster lives below `/var/lib/sluice-postgres` and a file
    named `location` in `directory` says where, so that removing `directory` still means: start afresh.
    """
    directory = directory.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    pointer = directory / POINTER
    if account.can_enter(directory):
        base = directory
    else:
        if not pointer.exists():
            pointer.write_text(str(RELOCATED / f"{directory.name}-{secrets.token_hex(4)}"))
        base = Path(pointer.read_text().strip())
        base.mkdir(parents=True, exist_ok=True)
        if not account.can_enter(base):
            raise PermissionError(
                f"the account {account.name!r} that runs PostgreSQL can enter neither {directory} nor {base}. "
                f"Give others the right to pass (`chmod o+x`) on a parent directory, or name a reachable place "
                f"in SLUICE_POSTGRES_HOME."
            )
        print(f"postgres: {account.name!r} cannot enter {directory}, so this cluster lives in {base}", flush=True)
    account.own(base)
    return Home(base)


def reachable(installation: Installation, home: Home, account: Account) -> Installation:
    """Return an installation whose programs the account can run, copied into the home if need be.

    Raises
    ------
    PermissionError
        When the programs are out of reach and may not be copied (a system package).
    """
    if account.can_enter(installation.root / "bin"):
        return installation
    if not installation.relocatable:
        raise PermissionError(
            f"the account {account.name!r} cannot run the programs in {installation.root}; `chmod o+x` its "
            f"parent directories"
        )
    copy = home.base / f"wheel{installation.major}"
    root = installation.root.resolve()
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(
            root, unfinished / WHEEL / root.name, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a")
        )
        # The programs look for shared libraries beside their package (RPATH $ORIGIN/../../../PACKAGE.libs).
        libraries = root.parent.with_name(f"{WHEEL}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        unfinished.rename(copy)
    return Installation(copy / WHEEL / root.name, installation.major, True)
