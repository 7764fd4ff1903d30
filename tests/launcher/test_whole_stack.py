"""The stack as it is: all real components of a fresh clone, started, killed, used and stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.airflow.client import Client
from local.launcher.home import REPOSITORY, Home
from local.stack import processes

pytestmark = pytest.mark.slow

DAGS = """
from __future__ import annotations
from datetime import datetime
from airflow.sdk import Asset, PartitionedAssetTimetable, dag, task

@dag(schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False)
def by_calendar():
    @task
    def open_gate(): return "open"
    @task
    def flow(state): return state
    flow(open_gate())

@dag(schedule=PartitionedAssetTimetable(assets=Asset("s3://river/water")), start_date=datetime(2026, 1, 1))
def by_partition():
    @task
    def flow(dag_run=None):
        if dag_run.partition_key == "2026-03-02":
            raise ValueError("no water")
    flow()

by_calendar()
by_partition()
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, sluice: Callable) -> Iterator[Path]:
    """A clone with DAGs of its own; it borrows the environments, which take long to build."""
    root = tmp_path_factory.mktemp("whole") / "clone"
    shutil.copytree(
        REPOSITORY,
        root,
        ignore=shutil.ignore_patterns(".sluice", ".git", "__pycache__", "dags", "node_modules", "tests"),
    )
    (root / "dags").mkdir()
    (root / "dags" / "gates.py").write_text(DAGS)
    Home(root).state.mkdir()
    Home(root).envs.symlink_to(Home(REPOSITORY).envs)
    yield root
    sluice(root, "reset", "--yes")
    left = processes.marked(Home(root).state)
    processes.stop_all(left, 0)
    assert not left, "down left processes behind"


def components(sluice: Callable, root: Path) -> dict[str, dict]:
    return {entry["name"]: entry for entry in json.loads(sluice(root, "status", "--json").stdout)["components"]}


def test_everything_starts_survives_a_kill_and_a_second_up_is_quick(fresh: Path, sluice: Callable) -> None:
    first = sluice(fresh, "up")
    assert first.returncode == 0, first.stderr
    before = components(sluice, fresh)
    assert len(before) == 8
    assert all(entry["healthy"] for entry in before.values())

    began = time.monotonic()
    assert sluice(fresh, "up").returncode == 0
    assert time.monotonic() - began < 5
    assert {n: e["pid"] for n, e in components(sluice, fresh).items()} == {n: e["pid"] for n, e in before.items()}

    for name in ("postgres-warehouse", "aws", "redshift", "airflow-scheduler"):
        os.kill(before[name]["pid"], signal.SIGKILL)
    assert sluice(fresh, "status").returncode == 3
    again = sluice(fresh, "up")
    assert again.returncode == 0, again.stderr
    after = components(sluice, fresh)
    assert {name: entry["address"] for name, entry in after.items()} == {n: e["address"] for n, e in before.items()}
    assert after["airflow-api-server"]["pid"] == before["airflow-api-server"]["pid"]


def test_airflow_runs_tasks_and_shows_their_logs(fresh: Path, sluice: Callable) -> None:
    assert sluice(fresh, "up").returncode == 0
    secrets = json.loads(Home(fresh).secrets_file.read_text())
    ports = json.loads(Home(fresh).ports_file.read_text())
    client = Client(f"http://127.0.0.1:{ports['airflow']}", secrets["airflow_admin_password"])
    client.wait_for_dags({"by_calendar", "by_partition"}, seconds=120)
    run = client.trigger("by_calendar")
    run = client.wait_for_run("by_calendar", run["dag_run_id"], seconds=120)
    assert run["state"] == "success"
    assert {task["state"] for task in client.task_instances("by_calendar", run["dag_run_id"])} == {"success"}
    assert "Returned value was: open" in client.task_log("by_calendar", run["dag_run_id"], "open_gate")


def test_backfills_run_each_day_once_and_tell_of_failures(fresh: Path, sluice: Callable) -> None:
    assert sluice(fresh, "up").returncode == 0
    calendar = ("backfill", "by_calendar", "--from", "2026-02-01", "--to", "2026-02-02")
    answer = sluice(fresh, *calendar)
    assert answer.returncode == 0, answer.stderr
    assert "2026-02-01  success" in answer.stderr
    assert "2026-02-02  success" in answer.stderr
    assert "nothing to do" in sluice(fresh, *calendar).stderr

    partitions = ("backfill", "by_partition", "--from", "2026-03-01", "--to", "2026-03-02")
    answer = sluice(fresh, *partitions)
    assert answer.returncode == 1
    assert "failed: http://" in answer.stderr
    again = sluice(fresh, *partitions)
    assert "2026-03-01" not in again.stderr  # succeeded before
    unknown = sluice(fresh, "backfill", "by_nobody", "--from", "2026-03-01", "--to", "2026-03-02")
    assert "it has: by_calendar, by_partition" in unknown.stderr


def test_down_leaves_no_process_and_the_next_start_finds_its_data(fresh: Path, sluice: Callable) -> None:
    assert sluice(fresh, "up").returncode == 0
    assert sluice(fresh, "down").returncode == 0
    assert not processes.marked(Home(fresh).state)
    assert {entry["state"] for entry in components(sluice, fresh).values()} == {"stopped"}
    assert "airflow-database" not in sluice(fresh, "up").stderr  # migrated before
