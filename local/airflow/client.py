"""A small client of Airflow's REST API (version 2). A call costs milliseconds; the `airflow` command needs seconds.

Standard library only: the launcher, the demo and benchmarks use it from any environment.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from local.launcher.home import read_json

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_PAGE = 100

#: A run or task in one of these states changes no more by itself.
FINAL_RUN_STATES = frozenset({"success", "failed"})


class AirflowError(Exception):
    """Airflow refused a request, or cannot be reached.

    Attributes
    ----------
    status
        HTTP status; 0 when there was no answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


def _moment(value: datetime | str | None) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else value


@dataclass
class Client:
    """Airflow at `url`, as the user `username`.

    Raises
    ------
    AirflowError
        From every method, when Airflow refuses or does not answer.
    """

    url: str
    password: str = field(repr=False)
    username: str = "admin"
    timeout: float = 30
    _token: str = field(default="", init=False, repr=False)

    @classmethod
    def of_the_stack(cls, environ: Mapping[str, str] = os.environ) -> Client:
        """The client for the running stack, from the environment the launcher gives to the demo."""
        from pathlib import Path

        secrets = read_json(Path(environ["SLUICE_SECRETS_FILE"]), {})
        return cls(environ["SLUICE_AIRFLOW"], secrets["airflow_admin_password"])

    # -- dags ------------------------------------------------------------------------------------------------------

    def dags(self) -> list[dict[str, Any]]:
        """All DAGs the dag processor has read."""
        return list(self._pages("/api/v2/dags", "dags"))

    def dag(self, dag_id: str) -> dict[str, Any]:
        """One DAG with its details."""
        return self.request("GET", f"/api/v2/dags/{quote(dag_id)}/details")

    def import_errors(self) -> list[dict[str, Any]]:
        """DAG files that could not be read, and why."""
        return list(self._pages("/api/v2/importErrors", "import_errors"))

    def set_paused(self, dag_id: str, paused: bool) -> None:
        """Pause a DAG or let it run."""
        self.request("PATCH", f"/api/v2/dags/{quote(dag_id)}", {"is_paused": paused})

    def wait_for_dags(self, dag_ids: set[str], seconds: float = 60) -> None:
        """Wait until the dag processor has read all of `dag_ids`; says which are missing and why otherwise."""
        deadline = time.monotonic() + seconds
        while missing := dag_ids - {dag["dag_id"] for dag in self.dags()}:
            if time.monotonic() > deadline:
                errors = "; ".join(
                    f"{e['filename']}: {e['stack_trace'].strip().splitlines()[-1]}" for e in self.import_errors()
                )
                raise AirflowError(f"Airflow has no DAG {', '.join(sorted(missing))} after {seconds:.0f} s. {errors}")
            time.sleep(0.3)

    # -- runs ------------------------------------------------------------------------------------------------------

    def trigger(
        self,
        dag_id: str,
        *,
        partition_key: str | None = None,
        logical_date: datetime | str | None = None,
        conf: Mapping[str, Any] | None = None,
        run_id: str | None = None,
    ) -> dict[str, Any]:
        """Start a run and return it; `run_id` makes starting it twice an error (status 409)."""
        body: dict[str, Any] = {"logical_date": _moment(logical_date), "conf": dict(conf or {})}
        if partition_key:
            body["partition_key"] = partition_key
        if run_id:
            body["dag_run_id"] = run_id
        return self.request("POST", f"/api/v2/dags/{quote(dag_id)}/dagRuns", body)

    def runs(self, dag_id: str = "~", **filters: Any) -> list[dict[str, Any]]:
        """Runs of a DAG (of all with `~`); filters are those of the API, e.g. `state="success"`."""
        return list(self._pages(f"/api/v2/dags/{quote(dag_id, safe='~')}/dagRuns", "dag_runs", filters))

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """One run."""
        return self.request("GET", f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='')}")

    def wait_for_run(
        self, dag_id: str, run_id: str, seconds: float = 600, seen: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any]:
        """Wait until a run has ended and return it; `seen` is told each look at it."""
        deadline = time.monotonic() + seconds
        while True:
            run = self.run(dag_id, run_id)
            if seen:
                seen(run)
            if run["state"] in FINAL_RUN_STATES:
                return run
            if time.monotonic() > deadline:
                raise AirflowError(f"run {run_id} of {dag_id} is still {run['state']} after {seconds:.0f} s")
            time.sleep(0.2)

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The tasks of a run, with their states and times."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='')}/taskInstances"
        return list(self._pages(path, "task_instances"))

    def task_log(self, dag_id: str, run_id: str, task_id: str, attempt: int = 1, map_index: int = -1) -> str:
        """The log of a task as plain text."""
        path = (
            f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='')}"
            f"/taskInstances/{quote(task_id)}/logs/{attempt}?map_index={map_index}&full_content=true"
        )
        content = self.request("GET", path)["content"]
        if isinstance(content, str):
            return content
        return "\n".join(text for line in content for text in _log_lines(line))

    # -- backfills -------------------------------------------------------------------------------------------------

    def create_backfill(
        self, dag_id: str, first: datetime, last: datetime, *, again: bool = False, parallel: int = 2
    ) -> dict[str, Any]:
        """Run a DAG with a periodic schedule for past intervals.

        Parameters
        ----------
        again
            Also intervals that succeeded before; otherwise only those never run or failed.
        """
        body = {
            "dag_id": dag_id,
            "from_date": _moment(first),
            "to_date": _moment(last),
            "reprocess_behavior": "completed" if again else "failed",
            "max_active_runs": parallel,
        }
        return self.request("POST", "/api/v2/backfills", body)

    def backfill(self, backfill_id: int) -> dict[str, Any]:
        """One backfill; `completed_at` is set when all its runs have ended."""
        return self.request("GET", f"/api/v2/backfills/{backfill_id}")

    # -- transport -------------------------------------------------------------------------------------------------

    def health(self) -> dict[str, Any]:
        """State of Airflow's processes."""
        return self.request("GET", "/api/v2/monitor/health")

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API; a token that has run out is renewed once."""
        if not self._token:
            self._login()
        try:
            return self._send(method, path, body)
        except AirflowError as error:
            if error.status != 401:
                raise
        self._login()
        return self._send(method, path, body)

    def _login(self) -> None:
        self._token = ""
        login = {"username": self.username, "password": self.password}
        self._token = self._send("POST", "/auth/token", login)["access_token"]

    def _send(self, method: str, path: str, body: Any) -> Any:
        headers = {"Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(f"{self.url.rstrip('/')}{path}", data=data, headers=headers, method=method)
        try:
            with _direct.open(request, timeout=self.timeout) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise AirflowError(f"{method} {path}: {_detail(error)}", error.code) from None
        except OSError as error:
            raise AirflowError(f"Airflow at {self.url} does not answer ({error}); `./sluice up` starts it") from None
        return json.loads(text) if text else None

    def _pages(self, path: str, key: str, filters: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            query = urlencode({**(filters or {}), "limit": _PAGE, "offset": offset}, doseq=True)
            page = self.request("GET", f"{path}?{query}")
            yield from page[key]
            offset += len(page[key])
            if not page[key] or offset >= page["total_entries"]:
                return


def _log_lines(line: Any) -> Iterator[str]:
    """A line of a structured log; of an exception only what was raised, not where."""
    if not isinstance(line, dict):
        yield str(line)
        return
    yield str(line.get("event", line))
    for error in line.get("error_detail") or ():
        yield f"{error.get('exc_type')}: {error.get('exc_value')}"


def _detail(error: urllib.error.HTTPError) -> str:
    """Airflow's own words for a refusal."""
    text = error.read().decode(errors="replace")
    try:
        detail = json.loads(text)["detail"]
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {text[:300]}"
    if isinstance(detail, list):
        detail = "; ".join(str(entry.get("msg", entry)) if isinstance(entry, dict) else str(entry) for entry in detail)
    return f"{error.code} {detail}"


def midnight(day: Any) -> datetime:
    """The first moment of a day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
