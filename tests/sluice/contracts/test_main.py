from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sluice.contracts.__main__ import main

ROOT = Path(__file__).parents[3]
CONTRACTS = str(ROOT / "contracts")


def test_validate_accepts_the_contracts_of_this_repository(capsys):
    assert main(["validate", CONTRACTS]) == 0
    assert capsys.readouterr().out == "3 contracts are valid\n"


def test_validate_lists_every_fault_of_every_file(tmp_path, capsys):
    text = (ROOT / "contracts" / "clickstream" / "events.yaml").read_text()
    (tmp_path / "a.yaml").write_text(text.replace("logicalType: boolean", "logicalType: bool"))
    (tmp_path / "b.yaml").write_text("- nothing")
    assert main(["validate", str(tmp_path)]) == 1
    shown = capsys.readouterr().err
    assert "2 problems" in shown
    assert "a.yaml:" in shown and "did you mean 'boolean'" in shown
    assert "b.yaml:1:1: expected a data contract" in shown


def test_a_missing_path_is_wrong_use(capsys):
    assert main(["validate", "no/such/place"]) == 2
    assert capsys.readouterr().err == "error: no such file or folder: no/such/place\n"


def test_show_prints_a_dataset_for_people_and_for_programs(capsys):
    assert main(["show", "clickstream.events", "--contracts", CONTRACTS]) == 0
    assert "Web Analytics <web-analytics@sluice.example>" in capsys.readouterr().out
    assert main(["show", "clickstream.events", "--json", "--contracts", CONTRACTS]) == 0
    assert json.loads(capsys.readouterr().out)["table"] == "clickstream_events"


def test_show_of_an_unknown_name_tells_the_known_ones(capsys):
    assert main(["show", "nope", "--contracts", CONTRACTS]) == 2
    assert "known datasets: curated.clickstream_events" in capsys.readouterr().err


@pytest.mark.parametrize(("engine", "expected"), [
    ("iceberg", "partitioned by (hours(`event_timestamp`))"), ("redshift", "diststyle key distkey (session_id)"),
    ("glue", '"Name": "event_id"'), ("duckdb", "'event_type_not_in_set'")])
def test_ddl_prints_what_each_engine_needs(capsys, engine, expected):
    assert main(["ddl", "clickstream_events", "--engine", engine, "--contracts", CONTRACTS]) == 0
    assert expected in capsys.readouterr().out


def test_dbt_sources_are_written_and_drift_is_found(tmp_path, capsys):
    out = tmp_path / "models" / "_sources.yml"
    command = ["dbt-sources", "--out", str(out), "--contracts", CONTRACTS]
    assert main([*command, "--check"]) == 1
    assert main(command) == 0
    assert main([*command, "--check"]) == 0
    out.write_text(out.read_text().replace("error_after", "error_later", 1))
    capsys.readouterr()
    assert main([*command, "--check"]) == 1
    shown = capsys.readouterr().err
    assert re.search(r"^-\s+error_later", shown, re.MULTILINE)
    assert re.search(r"^\+\s+error_after", shown, re.MULTILINE)
    assert "is not what the contracts say; run: python -m sluice.contracts dbt-sources --out" in shown


def test_importing_the_library_loads_nothing_heavy():
    heavy = "pyspark|great_expectations|duckdb|pandas|pyarrow|boto3|airflow|jsonschema|pydantic"
    code = ("import sys, sluice.contracts, sluice.contracts.raw_sql, sluice.contracts.gx_suite, sluice.contracts.dbt; "
            f"print(sorted(set(sys.modules) & set('{heavy}'.split('|'))))")
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True,
                           env={"PYTHONPATH": str(ROOT / "plugins"), "PATH": ""}).stdout
    assert shown.strip() == "[]"
