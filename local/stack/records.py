"""What is remembered about a started component in `.sluice/run/NAME.json`, and what still runs of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from local.launcher.home import Home, read_json, write_atomically
from local.stack import processes
from local.stack.processes import Identity


@dataclass(frozen=True)
class Record:
    """One started process.

    Parameters
    ----------
    pid, started
        Its identity (see `processes.Identity`).
    since
        When it was started, in seconds since 1970.
    fingerprint
        Of the component as it was then.
    address
        Where it serves.
    stop_timeout
        Seconds it may take to end.
    """

    pid: int
    started: str
    since: float
    fingerprint: str
    address: str = ""
    stop_timeout: float = 12

    @property
    def identity(self) -> Identity:
        return Identity(self.pid, self.started)


def load(home: Home, name: str) -> Record | None:
    """The record of a component; None when it was never started or was stopped."""
    stored = read_json(home.run / f"{name}.json")
    try:
        return Record(**stored) if stored else None
    except TypeError:  # written by another version of the launcher
        return None


def save(home: Home, name: str, record: Record) -> None:
    """Remember a started process."""
    write_atomically(home.run / f"{name}.json", json.dumps(asdict(record), indent=2) + "\n")


def forget(home: Home, name: str) -> None:
    """Forget a stopped process."""
    (home.run / f"{name}.json").unlink(missing_ok=True)


def names(home: Home) -> list[str]:
    """All components with a record, whether they run or not."""
    return sorted(path.stem for path in home.run.glob("*.json"))


def is_running(home: Home, name: str) -> bool:
    """Whether the recorded process of a component still runs."""
    record = load(home, name)
    return record is not None and processes.is_running(record.identity)


def stop_orphans(home: Home, name: str | None = None) -> int:
    """Stop processes of the stack whose component is gone, for instance the children of one that was killed.

    Parameters
    ----------
    name
        Only this component's; None means every process of the stack.

    Returns
    -------
    int
        How many there were.
    """
    orphans = processes.marked(home.state, name)
    processes.stop_all(orphans, 3)
    return len(orphans)
