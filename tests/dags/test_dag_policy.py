"""Rules that every DAG of the platform keeps."""

from __future__ import annotations

import ast
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from sluice.contracts import load_contract

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "dags").glob("*.py"))
EXPECTED = {
    "clickstream_landing",
    "clickstream_raw_to_curated",
    "clickstream_curated_to_enriched",
    "clickstream_enriched_to_marts",
}


@pytest.fixture(scope="module")
def dags():
    bag = DagBag(dag_folder=str(ROOT / "dags"))
    assert bag.import_errors == {}
    assert set(bag.dags) >= EXPECTED, "the folder must not be read empty"
    return bag.dags


def test_every_file_makes_exactly_one_dag_named_like_it(dags):
    assert {path.stem for path in FILES} == set(dags)


def test_every_dag_says_what_it_does_and_where_its_runbook_is(dags):
    for dag in dags.values():
        assert dag.doc_md and dag.doc_md.startswith("# "), dag.dag_id
        runbook = dag.doc_md.rpartition("/docs/runbooks/")[2].partition(")")[0]
        assert (ROOT / "docs" / "runbooks" / runbook).is_file(), f"{dag.dag_id}: no runbook {runbook}"


def test_every_dag_is_tagged_and_never_catches_up_by_surprise(dags):
    for dag in dags.values():
        assert dag.tags and not dag.catchup, dag.dag_id


def test_every_task_has_an_owner_retries_and_a_timeout(dags):
    for dag in dags.values():
        assert dag.tasks, dag.dag_id
        for task in dag.tasks:
            assert task.owner not in ("", "airflow"), task.task_id
            assert task.retries >= 1, task.task_id
            assert task.execution_timeout is not None, task.task_id


def test_files_stay_short_enough_to_read_as_the_pipeline():
    for path in FILES:
        assert len(path.read_text().splitlines()) <= 120, path.name


def test_importing_the_dags_asks_nobody_for_anything():
    """No socket, no AWS client, no heavy library while Airflow parses; a fresh process, so nothing is imported yet."""
    script = """
import socket, sys
def refuse(*a, **k): raise AssertionError(f"network at import time: {a[1:]}")
socket.socket.connect = socket.socket.connect_ex = refuse
from airflow.dag_processing.dagbag import DagBag

from sluice.contracts import load_contract
bag = DagBag(dag_folder=sys.argv[1])
assert not bag.import_errors, bag.import_errors
heavy = {"pyspark", "duckdb", "great_expectations", "dbt", "pandas", "pyarrow"} & set(sys.modules)
assert not heavy, heavy
print(len(bag.dags))
"""
    run = subprocess.run(
        [sys.executable, "-c", script, str(ROOT / "dags")], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert int(run.stdout.split()[-1]) >= len(EXPECTED)


def test_dag_bodies_read_no_environment_and_no_variables_at_import_time():
    for path in FILES:
        calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        forbidden = [name for name in calls if name.startswith(("os.environ", "os.getenv", "Variable.get", "boto3."))]
        assert not forbidden, f"{path.name}: {forbidden}"


def test_the_pipeline_is_connected_from_raw_to_marts(dags):
    def produced(dag_id):
        return {outlet.name for task in dags[dag_id].tasks for outlet in task.outlets}

    def consumed(dag_id):
        return {asset.name for _, asset in dags[dag_id].timetable.asset_condition.iter_assets()}

    assert consumed("clickstream_raw_to_curated") <= produced("clickstream_landing")
    assert consumed("clickstream_curated_to_enriched") <= produced("clickstream_raw_to_curated")
    assert consumed("clickstream_enriched_to_marts") <= produced("clickstream_curated_to_enriched")
    assert produced("clickstream_enriched_to_marts") == {"marts.clickstream"}


def test_landing_looks_where_the_contract_says_and_closes_hours_before_the_contract_refuses_events():
    """The DAG file reads no contract while it is parsed, so its constants are held against it here."""
    contract = load_contract(ROOT / "contracts/clickstream/events.yaml")
    values = {
        node.targets[0].id: ast.unparse(node.value)
        for node in ast.parse((ROOT / "dags/clickstream_landing.py").read_text()).body
        if isinstance(node, ast.Assign)
    }
    assert ast.literal_eval(values["PREFIX"]) == contract.raw.prefix
    minutes = int(values["LATENESS"].removeprefix("timedelta(minutes=").removesuffix(")"))
    assert timedelta(minutes=minutes) < contract.allowed_lateness
