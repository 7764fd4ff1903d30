"""`./sluice backfill`: run a DAG once for each of a range of days, through Airflow's REST API.

A DAG with a periodic schedule gets one of Airflow's backfills. One that is driven by partitions of assets alone cannot
have a backfill; it gets one run per partition instead.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from local.airflow.client import FINAL_RUN_STATES, AirflowError, Client, midnight
from local.launcher import console
from local.launcher.errors import Exit, SluiceError

_POLL_SECONDS = 0.5


def days_between(first: date, last: date) -> list[date]:
    """Both days and all between them."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def covered_day(run: dict[str, Any]) -> str:
    """The day a run is for: its partition, else its interval, as YYYY-MM-DD."""
    moment = run.get("partition_key") or run.get("data_interval_start") or run.get("logical_date") or ""
    return moment[:10]


def still_to_run(days: Iterable[date], runs: Iterable[dict[str, Any]], again: bool) -> list[date]:
    """The days without a run that succeeded or is under way (all without one under way if `again`)."""
    done = {
        covered_day(r) for r in runs if r["state"] not in FINAL_RUN_STATES or (r["state"] == "success" and not again)
    }
    return [day for day in days if day.isoformat() not in done]


def run(
    url: str, password: str, dag_id: str, first: date, last: date, *, again: bool, parallel: int, wait: bool
) -> int:
    """Run `dag_id` for the days from `first` to `last` and tell how each went.

    Returns
    -------
    int
        `Exit.FAILED` when a run failed, `Exit.NOT_RUNNING` (as an error) when Airflow does not answer.
    """
    client = Client(url, password)
    try:
        dag = client.dag(dag_id)
        if dag["is_paused"]:
            console.say(dag_id, "is paused in Airflow; its runs wait until it is switched on")
        if dag["timetable_periodic"]:
            runs = _airflow_backfill(client, dag_id, first, last, again, parallel, wait)
        else:
            runs = _one_run_per_day(client, dag_id, first, last, again, parallel, wait)
    except AirflowError as error:
        if error.status == 0:
            raise SluiceError(str(error), "start the stack: ./sluice up", Exit.NOT_RUNNING) from error
        raise SluiceError(_explain(client, dag_id, error), "look at the DAG in Airflow: " + url) from error
    failed = [r for r in runs if r["state"] == "failed"]
    if wait and not runs:
        console.say(dag_id, "nothing to do: each of these days has run with success (--again runs them anew)")
    for entry in failed:
        console.say(dag_id, f"failed: {url}/dags/{quote(dag_id)}/runs/{quote(entry['dag_run_id'])}")
    return Exit.FAILED if failed else Exit.OK


def _explain(client: Client, dag_id: str, error: AirflowError) -> str:
    if error.status != 404:
        return str(error)
    return (
        f"Airflow has no DAG {dag_id!r}; it has: {', '.join(sorted(d['dag_id'] for d in client.dags())) or 'none yet'}"
    )


def _airflow_backfill(
    client: Client, dag_id: str, first: date, last: date, again: bool, parallel: int, wait: bool
) -> list[dict[str, Any]]:
    created = client.create_backfill(dag_id, midnight(first), midnight(last), again=again, parallel=parallel)
    console.say(dag_id, f"backfill {created['id']} for {first} to {last}")
    since = datetime.fromisoformat(created["created_at"])
    wanted = {day.isoformat() for day in days_between(first, last)}
    seen: dict[str, str] = {}
    while True:
        finished = client.backfill(created["id"])["completed_at"]
        runs = [
            r
            for r in client.runs(dag_id, run_type="backfill")
            if covered_day(r) in wanted and datetime.fromisoformat(r["queued_at"]) >= since
        ]
        _tell(dag_id, runs, seen)
        if finished or not wait:
            return runs
        time.sleep(_POLL_SECONDS)


def _one_run_per_day(
    client: Client, dag_id: str, first: date, last: date, again: bool, parallel: int, wait: bool
) -> list[dict[str, Any]]:
    days = still_to_run(days_between(first, last), client.runs(dag_id), again)
    started: dict[str, dict[str, Any]] = {}
    seen: dict[str, str] = {}
    while True:
        under_way = [r for r in started.values() if r["state"] not in FINAL_RUN_STATES]
        while days and (not wait or len(under_way) < parallel):
            entry = client.trigger(dag_id, partition_key=days.pop(0).isoformat())
            started[entry["dag_run_id"]] = entry
            under_way.append(entry)
        for entry in under_way:
            started[entry["dag_run_id"]] = client.run(dag_id, entry["dag_run_id"])
        _tell(dag_id, started.values(), seen)
        if not wait or (not days and all(r["state"] in FINAL_RUN_STATES for r in started.values())):
            return list(started.values())
        time.sleep(_POLL_SECONDS)


def _tell(dag_id: str, runs: Iterable[dict[str, Any]], seen: dict[str, str]) -> None:
    """Print each run whose state changed since the last look."""
    for entry in runs:
        if seen.get(entry["dag_run_id"]) != entry["state"]:
            seen[entry["dag_run_id"]] = entry["state"]
            console.say(dag_id, f"{covered_day(entry)}  {entry['state']}", entry.get("duration"))
