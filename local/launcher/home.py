"""Where a clone keeps its files: everything a run creates lies in `.sluice/` of that clone."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.launcher.errors import SluiceError

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Home:
    """Paths of one clone.

    Parameters
    ----------
    root
        Root of the repository.
    """

    root: Path = REPOSITORY

    @property
    def state(self) -> Path:
        return self.root / ".sluice"

    @property
    def envs(self) -> Path:
        return self.state / "envs"

    @property
    def data(self) -> Path:
        return self.state / "data"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def run(self) -> Path:
        return self.state / "run"

    @property
    def artifacts(self) -> Path:
        return self.state / "artifacts"

    @property
    def ports_file(self) -> Path:
        return self.state / "ports.json"

    @property
    def secrets_file(self) -> Path:
        return self.state / "secrets.json"

    @property
    def requirements(self) -> Path:
        return self.root / "requirements"

    def env_python(self, name: str) -> Path:
        """Interpreter of the environment `name`."""
        return self.envs / name / "bin" / "python"

    @contextlib.contextmanager
    def lock(self, name: str, on_wait: Callable[[], None] | None = None, timeout: float = 900) -> Iterator[None]:
        """Hold the clone's lock `name` so that two launchers do not work against each other.

        Parameters
        ----------
        on_wait
            Called once when another process holds the lock.

        Raises
        ------
        SluiceError
            The lock stayed taken for `timeout` seconds.
        """
        self.state.mkdir(parents=True, exist_ok=True)
        path = self.state / f"{name}.lock"
        deadline = time.monotonic() + timeout
        with path.open("a") as handle:
            waiting = False
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if not waiting and on_wait:
                        on_wait()
                    waiting = True
                    if time.monotonic() > deadline:
                        raise SluiceError(
                            f"another ./sluice has held {path} for {timeout:.0f} s",
                            "see what it does with `ps aux | grep sluice`; stop it, then try again",
                        ) from None
                    time.sleep(0.1)
            yield


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace `path` with `text` in one step; a reader sees the old or the new file, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        os.fchmod(descriptor, mode)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(text)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def read_json(path: Path, default: Any = None) -> Any:
    """The JSON in `path`, or `default` when the file is missing or damaged (both mean: make it anew)."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return default
