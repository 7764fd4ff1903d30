"""The plain runner: each Glue run is one Python process on this machine.

It runs Python shell jobs, and Spark jobs whose script brings its own session. ``local.glue`` has the runner with a
warm Spark pool; it is taken when there is a Spark environment.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import threading
from pathlib import Path

from local.aws.glue_jobs import JobRunner, JobRunSpec, JobRunUpdate
from local.aws.settings import Settings

_LINES = 200
_GRACE_SECONDS = 5.0

# The child dies with the thread that waits for it, so a killed endpoint leaves no run behind (prctl 1 = PDEATHSIG).
_BOOT = """\
import ctypes, os, runpy, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() == 1:
    sys.exit("the endpoint is gone")
sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def job_runner(settings: Settings) -> JobRunner:
    """The runner of ``local.glue`` when ``SLUICE_SPARK_PYTHON`` names a Spark environment, else the plain one."""
    spark = os.environ.get("SLUICE_SPARK_PYTHON")
    if spark:
        create = importlib.import_module("local.glue").create_runner
        return create(python=Path(spark), endpoint=settings.endpoint, data=settings.data / "glue-runner")
    return SubprocessRunner(settings.endpoint)


class SubprocessRunner:
    """Runs ``python script --k v ... --JOB_NAME N --JOB_RUN_ID jr_...`` per run.

    Parameters
    ----------
    endpoint
        AWS endpoint the script is given.
    python
        Interpreter; ``SLUICE_GLUE_PYTHON`` or the endpoint's own by default.
    """

    def __init__(self, endpoint: str, python: str | None = None) -> None:
        self._endpoint = endpoint
        self._python = python or os.environ.get("SLUICE_GLUE_PYTHON") or sys.executable
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._stopping: set[str] = set()
        self._lock = threading.Lock()

    def start(self, run: JobRunSpec) -> None:
        """Execute a run on a thread of its own."""
        threading.Thread(target=self._execute, args=(run,), name=f"run-{run.run_id[:11]}", daemon=True).start()

    def stop(self, run_id: str) -> None:
        """Ask the process to end, and kill it when it does not within five seconds."""
        with self._lock:
            self._stopping.add(run_id)
            process = self._processes.get(run_id)
        if process:
            process.terminate()
            killer = threading.Timer(_GRACE_SECONDS, process.kill)
            killer.daemon = True
            killer.start()

    def close(self) -> None:
        """End every run."""
        for run_id in list(self._processes):
            self.stop(run_id)

    def _command(self, run: JobRunSpec) -> list[str]:
        words = [self._python, "-c", _BOOT, str(run.script)]
        for name, value in run.arguments.items():
            words += [name, value] if value != "" else [name]
        return [*words, "--JOB_NAME", run.job_name, "--JOB_RUN_ID", run.run_id]

    def _environment(self, run: JobRunSpec) -> dict[str, str]:
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("SLUICE_", "MINISTACK_", "PYTHONPATH"))}
        # A module is imported from its directory, an archive is one itself.
        libraries = [path.parent if path.suffix == ".py" else path for path in run.extra_py_files]
        environ.update(
            AWS_ENDPOINT_URL=self._endpoint,
            AWS_REGION=run.region,
            AWS_DEFAULT_REGION=run.region,
            PYTHONPATH=os.pathsep.join(map(str, libraries)),
            PYTHONUNBUFFERED="1",
        )
        return environ

    def _execute(self, run: JobRunSpec) -> None:
        with self._lock:
            if run.run_id in self._stopping:
                run.report(JobRunUpdate("STOPPED"))
                return
            process = subprocess.Popen(
                self._command(run),
                cwd=run.script.parent,
                env=self._environment(run),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
            self._processes[run.run_id] = process
        run.report(JobRunUpdate("RUNNING"))
        errors: list[str] = []
        reader = threading.Thread(target=self._forward, args=(run, process.stderr, errors), daemon=True)
        reader.start()
        self._forward(run, process.stdout, None)
        reader.join()
        code = process.wait()
        with self._lock:
            self._processes.pop(run.run_id, None)
            stopped = run.run_id in self._stopping
            self._stopping.discard(run.run_id)
        if stopped:
            run.report(JobRunUpdate("STOPPED"))
        elif code == 0:
            run.report(JobRunUpdate("SUCCEEDED"))
        else:
            last = next((line for line in reversed(errors) if line.strip()), "")
            run.report(
                JobRunUpdate("FAILED", last or f"the script {Path(run.script).name} ended with exit code {code}")
            )

    @staticmethod
    def _forward(run: JobRunSpec, stream: object, kept: list[str] | None) -> None:
        batch: list[str] = []
        for line in stream:  # type: ignore[attr-defined]
            line = line.rstrip("\n")
            if kept is not None:
                kept.append(line)
                del kept[:-_LINES]
            batch.append(line)
            if len(batch) >= _LINES:
                _send(run, batch, kept is not None)
                batch = []
        if batch:
            _send(run, batch, kept is not None)


def _send(run: JobRunSpec, lines: list[str], is_error: bool) -> None:
    update = JobRunUpdate("RUNNING", errors=tuple(lines)) if is_error else JobRunUpdate("RUNNING", output=tuple(lines))
    run.report(update)
