"""Glue job runs: StartJobRun really runs the script, through a runner that is given from outside.

This module keeps the record of runs, their limits and their logs (log groups ``/aws-glue/jobs/output`` and ``/error``,
one stream per run). How a script is executed is the runner's business alone: see :class:`JobRunner`.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import glue

from local.aws import gateway
from local.aws.gateway import Response
from local.aws.glue_interface import JobRunner, JobRunSpec, JobRunUpdate
from local.aws.glue_logs import LOG_GROUP, write_log

__all__ = ["FINAL", "GlueJobs", "JobRunSpec", "JobRunUpdate", "JobRunner"]

logger = logging.getLogger("sluice.glue")

USES = {
    "ministack.services.glue": (
        "_jobs",
        "_job_runs",
        "_create_job",
        "_update_job",
        "_start_job_run",
        "_get_job_run",
        "_get_job_runs",
        "_batch_stop_job_run",
    ),
}

FINAL = frozenset({"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR"})
_DEFAULT_TIMEOUT_MINUTES = 480
_KEPT_JOB_FIELDS = ("ExecutionProperty", "ExecutionClass", "NotificationProperty", "MaintenanceWindow", "JobMode")


class GlueJobs:
    """The job run operations of Glue.

    Parameters
    ----------
    root
        Directory for what runs download.
    runner
        Executes the scripts.
    persist
        Writes Glue's state before a start or an end of a run is acknowledged.
    """

    def __init__(self, root: Path, runner: JobRunner, persist: Callable[[], None]) -> None:
        self._root, self._runner, self._persist = root, runner, persist
        self._lock = threading.RLock()
        self._active: dict[str, dict[str, Any]] = {}
        self._timers: dict[str, threading.Timer] = {}
        self._ending: dict[str, tuple[str, str]] = {}

    def install(self) -> None:
        """Take job runs over from ministack."""
        glue._create_job = _keeping(glue._create_job, lambda data: (data.get("Name"), data))
        glue._update_job = _keeping(glue._update_job, lambda data: (data.get("JobName"), data.get("JobUpdate") or {}))
        glue._start_job_run = self.start_job_run
        glue._get_job_run = self.get_job_run
        glue._get_job_runs = self.get_job_runs
        glue._batch_stop_job_run = self.batch_stop_job_run

    def recover(self) -> None:
        """Fail the runs a killed process left unfinished."""
        shutil.rmtree(self._root, ignore_errors=True)
        for runs in glue._job_runs._data.values():
            for run in runs:
                if run["JobRunState"] not in FINAL:
                    message = "The run was interrupted: the Glue endpoint was stopped while it ran. Start it again."
                    _finish(run, "FAILED", message)

    def stop(self) -> None:
        """Stop every run; they are FAILED after the next start."""
        for timer in self._timers.values():
            timer.cancel()
        self._runner.close()

    # -- operations ---------------------------------------------------------------------------------------------------

    def start_job_run(self, data: dict[str, Any]) -> Response:
        """StartJobRun: refuses more runs at a time than the job's MaxConcurrentRuns."""
        name = data.get("JobName", "")
        job = glue._jobs.get(name)
        if not job:
            return error_response_json(
                "EntityNotFoundException", f"Failed to start job run due to missing metadata: {name}", 400
            )
        with self._lock:
            runs = glue._job_runs.setdefault(name, [])
            limit = (job.get("ExecutionProperty") or {}).get("MaxConcurrentRuns") or 1
            if sum(run["JobRunState"] not in FINAL for run in runs) >= limit:
                message = f"Concurrent runs exceeded for {name}"
                return error_response_json("ConcurrentRunsExceededException", message, 400)
            run = self._new_run(name, job, data)
            runs.append(run)
            self._active[run["Id"]] = run
        self._persist()
        owner = (get_account_id(), get_region())
        thread = threading.Thread(
            target=self._launch, args=(owner, job, run), name=f"glue-{run['Id'][:11]}", daemon=True
        )
        timer = threading.Timer(run["Timeout"] * 60, self._time_out, args=(run["Id"],))
        timer.daemon = True
        self._timers[run["Id"]] = timer
        timer.start()
        thread.start()
        return json_response({"JobRunId": run["Id"]})

    @staticmethod
    def _new_run(name: str, job: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
        now = time.time()
        arguments = {**(job.get("DefaultArguments") or {}), **(data.get("Arguments") or {})}
        workers = data.get("NumberOfWorkers") or job.get("NumberOfWorkers") or 2
        run = {
            "Id": "jr_" + uuid.uuid4().hex + uuid.uuid4().hex,
            "Attempt": 0,
            "JobName": name,
            "StartedOn": now,
            "LastModifiedOn": now,
            "JobRunState": "STARTING",
            "Arguments": {**arguments, **(job.get("NonOverridableArguments") or {})},
            "PredecessorRuns": [],
            "AllocatedCapacity": workers,
            "MaxCapacity": float(workers),
            "NumberOfWorkers": workers,
            "WorkerType": data.get("WorkerType") or job.get("WorkerType") or "G.1X",
            "ExecutionTime": 0,
            "Timeout": data.get("Timeout") or job.get("Timeout") or _DEFAULT_TIMEOUT_MINUTES,
            "LogGroupName": LOG_GROUP,
            "GlueVersion": job.get("GlueVersion") or "5.1",
            "ExecutionClass": data.get("ExecutionClass") or job.get("ExecutionClass") or "STANDARD",
        }
        if data.get("SecurityConfiguration"):
            run["SecurityConfiguration"] = data["SecurityConfiguration"]
        return run

    def get_job_run(self, data: dict[str, Any]) -> Response:
        """GetJobRun."""
        for run in glue._job_runs.get(data.get("JobName"), []):
            if run["Id"] == data.get("RunId"):
                return json_response({"JobRun": _shown(run)})
        return error_response_json("EntityNotFoundException", f"Job run {data.get('RunId')} not found", 400)

    def get_job_runs(self, data: dict[str, Any]) -> Response:
        """GetJobRuns: newest first, in pages."""
        name = data.get("JobName")
        if name not in glue._jobs:
            return error_response_json("EntityNotFoundException", f"Job {name} not found", 400)
        start, size = int(data.get("NextToken") or 0), min(data.get("MaxResults") or 200, 200)
        runs = glue._job_runs.get(name, [])[::-1]
        answer: dict[str, Any] = {"JobRuns": [_shown(run) for run in runs[start : start + size]]}
        if start + size < len(runs):
            answer["NextToken"] = str(start + size)
        return json_response(answer)

    def batch_stop_job_run(self, data: dict[str, Any]) -> Response:
        """BatchStopJobRun: a run is STOPPING until its runner reports that it ended."""
        name = data.get("JobName")
        stopped, errors = [], []
        known = {run["Id"]: run for run in glue._job_runs.get(name, [])}
        for run_id in data.get("JobRunIds") or []:
            run = known.get(run_id)
            if run is None or run["JobRunState"] in FINAL:
                code = "EntityNotFoundException" if run is None else "InvalidInputException"
                message = "Job run not found" if run is None else f"Job run is {run['JobRunState']}"
                detail = {"ErrorCode": code, "ErrorMessage": message}
                errors.append({"JobName": name, "JobRunId": run_id, "ErrorDetail": detail})
                continue
            stopped.append({"JobName": name, "JobRunId": run_id})
            self._end(run_id, "STOPPED", "")
        return json_response({"SuccessfulSubmissions": stopped, "Errors": errors})

    # -- a run's life -------------------------------------------------------------------------------------------------

    def _end(self, run_id: str, state: str, message: str) -> None:
        with self._lock:
            run = self._active.get(run_id)
            if run is None or run_id in self._ending:
                return
            self._ending[run_id] = (state, message)
            run.update(JobRunState="STOPPING", LastModifiedOn=time.time())
        self._runner.stop(run_id)

    def _time_out(self, run_id: str) -> None:
        run = self._active.get(run_id)
        if run:
            self._end(run_id, "TIMEOUT", f"Job run {run_id} timed out after {run['Timeout']} minutes")

    def _launch(self, owner: tuple[str, str], job: Mapping[str, Any], run: dict[str, Any]) -> None:
        with gateway.scope(*owner):
            command = job.get("Command") or {}
            directory = self._root / run["Id"]
            arguments = run["Arguments"]
            try:
                location = command.get("ScriptLocation", "")
                script = self._download([location], directory)[0]
                python = self._download(_listed(arguments.get("--extra-py-files")), directory / "py")
                files = self._download(_listed(arguments.get("--extra-files")), directory / "files")
                spec = JobRunSpec(
                    run_id=run["Id"],
                    job_name=run["JobName"],
                    script_location=location,
                    script=script,
                    extra_py_files=tuple(python),
                    extra_files=tuple(files),
                    arguments={str(k): str(v) for k, v in arguments.items()},
                    glue_version=run["GlueVersion"],
                    timeout_minutes=run["Timeout"],
                    command=command.get("Name", "glueetl"),
                    region=owner[1],
                    workers=run["NumberOfWorkers"],
                    worker_type=run["WorkerType"],
                    report=lambda update: self._report(owner, run, update),
                )
                self._runner.start(spec)
            except (gateway.CallFailed, ValueError, OSError) as error:
                self._report(owner, run, JobRunUpdate("FAILED", f"Launching the job failed: {error}"))
            except Exception as error:
                logger.exception("Glue run %s could not be started", run["Id"])
                self._report(owner, run, JobRunUpdate("FAILED", f"Launching the job failed: {error}"))

    @staticmethod
    def _download(locations: Iterable[str], directory: Path) -> list[Path]:
        paths = []
        for location in locations:
            if not location.startswith("s3://") or "/" not in location[5:]:
                raise ValueError(f"{location!r} is not an S3 location; use s3://bucket/key")
            bucket, key = location[5:].split("/", 1)
            directory.mkdir(parents=True, exist_ok=True)
            path = directory / key.rsplit("/", 1)[-1]
            path.write_bytes(gateway.get_object(bucket, key))
            paths.append(path)
        return paths

    def _report(self, owner: tuple[str, str], run: dict[str, Any], update: JobRunUpdate) -> None:
        with self._lock:
            if run["JobRunState"] in FINAL:
                return
            state, message = update.state, update.error
            ending = self._ending.get(run["Id"])
            if ending and state == "RUNNING":
                state = "STOPPING"
            if ending and state in ("STOPPED", "FAILED"):
                state, message = ending
        with gateway.scope(*owner):
            # Logs come first: who sees a final state may read them at once.
            write_log("output", run["Id"], update.output)
            unsaid = (message,) if message and run["JobRunState"] == "STARTING" else ()
            write_log("error", run["Id"], (*update.errors, *unsaid))
        if state not in FINAL:
            run.update(JobRunState=state, LastModifiedOn=time.time())
            return
        with self._lock:
            _finish(run, state, message, update.execution_seconds)
            self._active.pop(run["Id"], None)
            self._ending.pop(run["Id"], None)
            timer = self._timers.pop(run["Id"], None)
        if timer:
            timer.cancel()
        shutil.rmtree(self._root / run["Id"], ignore_errors=True)
        self._persist()


def _listed(value: str | None) -> list[str]:
    return [item.strip() for item in (value or "").split(",") if item.strip()]


def _shown(run: Mapping[str, Any]) -> dict[str, Any]:
    shown = dict(run)
    if run["JobRunState"] not in FINAL and run["JobRunState"] != "STARTING":
        shown["ExecutionTime"] = int(time.time() - run["StartedOn"])
    return shown


def _finish(run: dict[str, Any], state: str, message: str, seconds: int | None = None) -> None:
    now = time.time()
    elapsed = int(now - run["StartedOn"]) if seconds is None else seconds
    run.update(JobRunState=state, CompletedOn=now, LastModifiedOn=now, ExecutionTime=elapsed)
    if message:
        run["ErrorMessage"] = message[:4000]


def _keeping(original: Any, named: Callable[[dict[str, Any]], tuple[str | None, dict[str, Any]]]) -> Any:
    """Keep the job fields ministack drops."""

    def operation(data: dict[str, Any]) -> Response:
        response = original(data)
        name, fields = named(data)
        if response[0] == 200 and name in glue._jobs:
            glue._jobs[name].update({field: fields[field] for field in _KEPT_JOB_FIELDS if field in fields})
            glue._jobs[name].setdefault("ExecutionProperty", {"MaxConcurrentRuns": 1})
        return response

    return operation
