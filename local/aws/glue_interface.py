"""What a runner of Glue jobs is given, what it tells, and what it must do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class JobRunUpdate:
    """What a runner reports about a run.

    Attributes
    ----------
    state
        ``RUNNING`` or a final state: ``SUCCEEDED``, ``FAILED``, ``STOPPED``.
    error
        Message for the user when the run failed.
    output, errors
        Lines to add to the run's two log streams.
    execution_seconds
        Time the run itself took, when it differs from the time since it started.
    """

    state: str
    error: str = ""
    output: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    execution_seconds: int | None = None


@dataclass(frozen=True)
class JobRunSpec:
    """One run to execute.

    Attributes
    ----------
    script
        The job's script, downloaded.
    extra_py_files, extra_files
        What ``--extra-py-files`` and ``--extra-files`` name, downloaded.
    arguments
        Job defaults and run arguments merged, with their leading dashes, as Glue passes them to the script.
    command
        Name of the job's command: ``glueetl``, ``gluestreaming`` or ``pythonshell``.
    report
        To be called with every change; calls after a final state are ignored.
    """

    run_id: str
    job_name: str
    script_location: str
    script: Path
    extra_py_files: tuple[Path, ...]
    extra_files: tuple[Path, ...]
    arguments: Mapping[str, str]
    glue_version: str
    timeout_minutes: int
    command: str
    region: str
    workers: int
    worker_type: str
    report: Callable[[JobRunUpdate], None]


class JobRunner(Protocol):
    """Executes runs. ``start`` returns at once; progress is told through ``run.report``."""

    def start(self, run: JobRunSpec) -> None:
        """Begin to execute a run."""

    def stop(self, run_id: str) -> None:
        """End a run soon; it then reports ``STOPPED``."""

    def close(self) -> None:
        """End every run and whatever waits for one."""
