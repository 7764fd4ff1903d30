"""Run dbt in a process of its own and read what it did.

A process of its own because dbt keeps global state (flags, loggers, adapters, environment) that must neither leak into
an Airflow worker nor be shared by two runs. Everything dbt writes goes to a private directory that is gone afterwards;
only the parse cache is kept. Flags: https://docs.getdbt.com/reference/global-configs/about-global-configs; results:
https://docs.getdbt.com/reference/artifacts/run-results-json
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
_PARSE_CACHE = "partial_parse.msgpack"
_FAILED = ("error", "fail", "runtime error", "partial success")


@dataclass(frozen=True)
class DbtNode:
    """What became of one model or test: name, dbt's status word, rows written (if the model counts them), message."""

    name: str
    kind: str
    status: str
    rows: int | None = None
    message: str | None = None


@dataclass(frozen=True)
class DbtResult:
    """All nodes of one dbt run, in the order they finished."""

    nodes: tuple[DbtNode, ...] = field(default=())

    @property
    def failed(self) -> tuple[DbtNode, ...]:
        return tuple(node for node in self.nodes if node.status in _FAILED)

    def count(self, *statuses: str) -> int:
        """How many nodes ended with one of `statuses`."""
        return sum(node.status in statuses for node in self.nodes)

    def summary(self) -> dict[str, Any]:
        """``{"pass", "warn", "error", "skip", "models": {name: rows written or None}}``, small enough for an XCom."""
        return {
            "pass": self.count("pass", "success"),
            "warn": self.count("warn"),
            "error": self.count(*_FAILED),
            "skip": self.count("skipped"),
            "models": {node.name: node.rows for node in self.nodes if node.kind == "model"},
        }


class DbtFailed(Exception):
    """A dbt run did not succeed. The message lists the failing nodes, or says why dbt could not start its work."""


class DbtProcess:
    """One call of dbt.

    Parameters
    ----------
    project : Path
        Folder with ``dbt_project.yml`` and ``profiles.yml``.
    command : str
        dbt command, for example ``build``.
    select, exclude : str or None
        Node selection as on dbt's command line.
    variables : mapping
        dbt variables.
    environment : mapping
        The process's whole environment; nothing is inherited.
    log : callable
        Receives ``(level, line)`` for every line dbt prints, as it prints it.
    unit_tests : bool
        Whether ``build`` and ``test`` run unit tests too.
    threads : int or None
        Nodes that run at once; None takes the profile's number.
    cache : Path or None
        Folder for the parse cache, shared by runs of the same project; None parses anew.
    """

    def __init__(
        self,
        project: Path,
        command: str = "build",
        *,
        select: str | None = None,
        exclude: str | None = None,
        variables: Mapping[str, Any] | None = None,
        environment: Mapping[str, str],
        log: Callable[[int, str], None],
        unit_tests: bool = True,
        threads: int | None = None,
        cache: Path | None = None,
    ) -> None:
        self.project = project
        self.command = command
        self.select = select
        self.exclude = exclude
        self.variables = dict(variables or {})
        self.environment = dict(environment)
        self.log = log
        self.unit_tests = unit_tests
        self.threads = threads
        self.cache = cache
        self._process: subprocess.Popen[str] | None = None

    def arguments(self, work: Path) -> list[str]:
        """The command line, with every output of dbt below `work`."""
        line = [
            sys.executable, "-m", "dbt.cli.main", "--no-send-anonymous-usage-stats", "--no-use-colors",
            "--log-format", "json", "--log-level", "info", "--log-level-file", "none", "--log-path", str(work / "logs"),
            *self.command.split(),
            "--project-dir", str(self.project), "--profiles-dir", str(self.project),
            "--target-path", str(work / "target"),
        ]
        if self.select:
            line += ["--select", *self.select.split()]
        if self.exclude:
            line += ["--exclude", *self.exclude.split()]
        if not self.unit_tests and self.command.split()[0] in ("build", "test"):
            line += ["--exclude-resource-type", "unit_test"]
        if self.threads:
            line += ["--threads", str(self.threads)]
        if self.variables:
            line += ["--vars", json.dumps(self.variables)]
        return line

    def run(self) -> DbtResult:
        """Run dbt to its end.

        Returns
        -------
        DbtResult
            What became of each node; none of them failed.

        Raises
        ------
        DbtFailed
            A node failed, or dbt could not parse or connect.
        """
        with tempfile.TemporaryDirectory(prefix="sluice-dbt-") as folder:
            work = Path(folder)
            (work / "target").mkdir()
            with self._parse_cache(work / "target" / _PARSE_CACHE):
                code, errors = self._stream(self.arguments(work), work)
            result = read_results(work / "target" / "run_results.json")
        if result.failed:
            raise DbtFailed(_failure(self.command, result))
        if code != 0:
            reason = "\n".join(errors) or "it said nothing; see the task's log"
            raise DbtFailed(f"dbt {self.command} ended with exit code {code}: {reason}")
        return result

    def stop(self) -> None:
        """End a running dbt, so that it cancels its queries; kill it when it does not within ten seconds."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def _stream(self, arguments: Sequence[str], work: Path) -> tuple[int, list[str]]:
        errors: list[str] = []
        self._process = subprocess.Popen(
            arguments, cwd=work, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace", start_new_session=True,
        )
        try:
            assert self._process.stdout is not None
            for line in self._process.stdout:
                level, text = parse_log_line(line)
                if text:
                    self.log(level, text)
                if level >= logging.ERROR:
                    errors.append(text)
            return self._process.wait(), errors
        finally:
            self.stop()

    @contextlib.contextmanager
    def _parse_cache(self, target: Path) -> Iterator[None]:
        """Lend a copy of the parse cache to the run and keep the run's; readers never see a half-written one."""
        if self.cache is None:
            yield
            return
        kept = self.cache / _PARSE_CACHE
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(kept, target)
        yield
        if target.exists():
            with tempfile.NamedTemporaryFile(dir=self.cache, delete=False) as copy:
                copy.write(target.read_bytes())
            os.replace(copy.name, kept)


def parse_log_line(line: str) -> tuple[int, str]:
    """Level and text of a line of dbt's JSON log; other lines are passed on as information."""
    try:
        info = json.loads(line)["info"]
        return _LEVELS.get(info["level"], logging.INFO), str(info["msg"]).strip()
    except (ValueError, KeyError, TypeError):
        return logging.INFO, line.strip()


def read_results(path: Path) -> DbtResult:
    """Read ``run_results.json``; a missing file means that no node ran."""
    try:
        results = json.loads(path.read_text())["results"]
    except FileNotFoundError:
        return DbtResult()
    return DbtResult(tuple(_node(entry) for entry in results))


def default_cache(project: Path) -> Path:
    """A private folder for the parse cache of `project` below the system's temporary directory, created if missing.

    Raises
    ------
    PermissionError
        Somebody else owns the folder; the cache is not trusted then.
    """
    identity = hashlib.sha256(f"{project.resolve()}\0{sys.prefix}".encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"sluice-dbt-cache-{os.getuid()}-{identity}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user; remove it or give another cache folder")
    return folder


def _node(entry: Mapping[str, Any]) -> DbtNode:
    kind, _, name = entry["unique_id"].split(".", 2)
    rows = (entry.get("adapter_response") or {}).get("rows_affected")
    written = rows if kind in ("model", "seed", "snapshot") and isinstance(rows, int) and rows >= 0 else None
    # A generic test's id ends with a hash; the name before it is what stands in the project.
    name = name.rsplit(".", 1)[0] if kind == "test" else name
    return DbtNode(name, kind, entry["status"], written, entry.get("message"))


def _failure(command: str, result: DbtResult) -> str:
    lines = [f"dbt {command}: {len(result.failed)} of {len(result.nodes)} nodes failed"]
    for node in result.failed:
        message = " ".join((node.message or "no message").split())
        lines.append(f"  {node.kind} {node.name}: {message}")
    skipped = result.count("skipped")
    if skipped:
        lines.append(f"  {skipped} nodes after them were skipped")
    return "\n".join(lines)
