"""Watching the pipeline work: nothing here starts anything, it only looks until every day has reached the marts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local.airflow.client import AirflowError, Client
from sluice.lake.interval import Interval
from sluice.lake.raw_zone import days_present, fingerprint, list_objects
from sluice.outcomes import Outcome, OutcomeStore

PREFIX = "raw/clickstream/events/"
EVENTS = "curated.clickstream_events"
STAGES = {
    "clickstream_landing": "landing",
    "clickstream_raw_to_curated": "raw -> curated",
    "clickstream_curated_to_enriched": "curated -> enriched",
    "clickstream_enriched_to_marts": "enriched -> marts",
}
LAST = "clickstream_enriched_to_marts"
_LOOK = 1.0


class PipelineFailed(Exception):
    """A run of the pipeline failed, or nothing happened for too long; says where to look."""


@dataclass
class DayDone:
    """A day whose events are in the marts.

    Attributes
    ----------
    day : str
        ``YYYY-MM-DD``.
    promotion : Outcome
        Outcome of the promotion that read everything that landed.
    runs : dict
        DAG id -> the run that carried this day's data.
    """

    day: str
    promotion: Outcome
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)


class Pipeline:
    """The pipeline of the running stack.

    Parameters
    ----------
    airflow : Client
        Airflow's API.
    s3 : boto3 S3 client
    outcomes : OutcomeStore
    bucket : str
        The lake's bucket.
    """

    def __init__(self, airflow: Client, s3: Any, outcomes: OutcomeStore, bucket: str) -> None:
        self._airflow, self._s3, self._outcomes, self._bucket = airflow, s3, outcomes, bucket
        self._since = time.time()

    def wait(self, deliveries: int, say: Callable[[str], None], patience: float) -> list[DayDone]:
        """Wait until everything that was sent has reached the marts.

        Parameters
        ----------
        deliveries : int
            Lines that the collector has acknowledged, repeats included. Streams deliver at least once, so at least as
            many must have been read.
        say : callable
            Told what is going on, whenever it changes.
        patience : float
            Seconds without any progress after which to give up.

        Raises
        ------
        PipelineFailed
        """
        said, moved = "", time.monotonic()
        while True:
            days = [self._day(day.isoformat()) for day in days_present(self._s3, self._bucket, PREFIX)]
            done = [day for day in days if day is not None]
            read = sum(day.promotion.records_in + day.promotion.redelivered for day in done)
            if days and len(done) == len(days) and read >= deliveries:
                return done
            now = self._activity()
            if now != said:
                say(now)
                said, moved = now, time.monotonic()
            elif time.monotonic() - moved > patience:
                raise PipelineFailed(
                    f"nothing has moved for {patience:.0f} s ({now}). `./sluice status` tells whether all components "
                    "run, `./sluice logs airflow-scheduler` what the scheduler does; running the demo again goes on "
                    "from here"
                )
            time.sleep(_LOOK)

    def _day(self, day: str) -> DayDone | None:
        """The day, when its newest data is in the marts; None while it is on its way."""
        promotion = self._outcomes.latest(EVENTS, day, "promote")
        objects = list_objects(self._s3, self._bucket, PREFIX, Interval.of_partition(day))
        if promotion is None or promotion.input_fingerprint != fingerprint(objects):
            return None
        done, after = DayDone(day, promotion), 0.0
        for dag_id in list(STAGES)[1:]:
            runs = [run for run in self._runs(dag_id) if run.get("partition_key") == day]
            if not done.runs:  # the promotion names the run that it was a task of
                found = next((run for run in runs if run["dag_run_id"] == promotion.run_id), None)
            else:  # and that one's end started the next
                found = max((run for run in runs if _time(run) >= after), key=_time, default=None)
            if found is None or found["state"] != "success":
                return None
            done.runs[dag_id], after = found, _time(found)
        return done

    def _runs(self, dag_id: str) -> list[dict[str, Any]]:
        return self._airflow.runs(dag_id, order_by="-run_after")[:50]

    def _activity(self) -> str:
        """What runs now, in words; raises when the newest run of a day has failed."""
        parts = []
        for dag_id, stage in STAGES.items():
            newest: dict[Any, dict[str, Any]] = {}
            for run in self._runs(dag_id):
                newest.setdefault(run.get("partition_key"), run)
            for key, run in sorted(newest.items(), key=lambda item: str(item[0])):
                # A failure of before is history: what is sent now starts a new run of its day.
                if run["state"] == "failed" and _time(run) >= self._since:
                    raise PipelineFailed(self._failure(dag_id, run))
                if run["state"] in ("running", "queued"):
                    parts.append(f"{stage} {key or ''}".strip() + self._tasks(dag_id, run))
        return ", ".join(parts) or "waiting for the next stage to start"

    def _tasks(self, dag_id: str, run: dict[str, Any]) -> str:
        try:
            tasks = self._airflow.task_instances(dag_id, run["dag_run_id"])
        except AirflowError:
            return ""
        working = sorted({t["task_id"] for t in tasks if t["state"] in ("running", "deferred", "up_for_retry")})
        return f": {', '.join(working)}" if working else ""

    def _failure(self, dag_id: str, run: dict[str, Any]) -> str:
        failed = [t for t in self._airflow.task_instances(dag_id, run["dag_run_id"]) if t["state"] == "failed"]
        where, why = run["dag_run_id"], ""
        for task in failed[:1]:
            where = f"task {task['task_id']} of run {run['dag_run_id']}"
            log = self._airflow.task_log(
                dag_id, run["dag_run_id"], task["task_id"], task["try_number"], task["map_index"]
            )
            told = [line for line in log.strip().splitlines() if line and not line.startswith("::")]
            why = "\n".join(line[:600] for line in told[-4:])
        return f"{dag_id}: {where} failed. The end of its log:\n{why}"


def _time(run: dict[str, Any]) -> float:
    """When a run was started, as seconds since the epoch."""
    text = run.get("start_date") or run.get("run_after")
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else datetime.now(UTC).timestamp()
