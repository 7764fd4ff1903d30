"""The unprivileged account a cluster runs under when we are root (PostgreSQL refuses to run as root)."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "sluice-postgres"
OVERRIDE = "SLUICE_POSTGRES_OS_USER"
FALLBACKS = ("postgres", "nobody")


class NoAccount(RuntimeError):
    """We are root and no unprivileged account can be had."""


@dataclass(frozen=True)
class Account:
    """Whom to run PostgreSQL as; ``uid is None`` means: as we are."""

    uid: int | None = None
    gid: int | None = None
    name: str = ""

    def popen(self) -> dict[str, Any]:
        """Return the keyword arguments that make `subprocess` start a program under this account."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give one path (not its contents) to this account."""
        if self.uid is not None:
            os.chown(path, self.uid, self.gid if self.gid is not None else -1)

    def can_enter(self, path: Path) -> bool:
        """Tell whether this account can reach `path` through every parent directory."""
        if self.uid is None:
            return True
        return all(self._may_traverse(parent) for parent in (path, *path.parents) if parent.is_dir())

    def _may_traverse(self, directory: Path) -> bool:
        status = directory.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & 0o100)
        if status.st_gid == self.gid:
            return bool(status.st_mode & 0o010)
        return bool(status.st_mode & 0o001)


def _existing(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return None if entry.pw_uid == 0 else Account(entry.pw_uid, entry.pw_gid, name)


def _create() -> Account | None:
    if useradd := shutil.which("useradd"):
        command = [
            useradd,
            "--system",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/usr/sbin/nologin",
            NAME,
        ]
    elif adduser := shutil.which("adduser"):  # BusyBox
        command = [adduser, "-S", "-D", "-H", NAME]
    else:
        return None
    done = subprocess.run(command, capture_output=True, text=True)
    account = _existing(NAME)  # another cluster that starts at the same time may have made it
    if account is not None and done.returncode == 0:
        print(
            f"postgres: running as root, so I created the system account {NAME!r} for PostgreSQL ({' '.join(command)})",
            flush=True,
        )
    return account


def choose() -> Account:
    """Return the account to run PostgreSQL under; creates `sluice-postgres` when we are root.

    Raises
    ------
    NoAccount
        When we are root and no account exists or can be created.
    """
    if os.geteuid() != 0:
        return Account()
    wanted = os.environ.get(OVERRIDE)
    if wanted:
        if account := _existing(wanted):
            return account
        raise NoAccount(f"{OVERRIDE}={wanted}: there is no such unprivileged account on this machine")
    if account := _existing(NAME) or _create():
        return account
    for name in FALLBACKS:
        if account := _existing(name):
            print(
                f"postgres: running as root and cannot create the account {NAME!r}, so PostgreSQL runs as {name!r}",
                flush=True,
            )
            return account
    raise NoAccount(
        f"PostgreSQL does not run as root, and the account {NAME!r} could not be created here. "
        f"Create one (`useradd --system {NAME}`), or name another in {OVERRIDE}, or start Sluice as an ordinary user."
    )
