"""DbtOperator as a DAG runs it: real dbt process, real warehouse, Airflow connection."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from sluice.warehouse.dbt_operator import DbtOperator
from sluice.warehouse.dbt_run import DbtFailed
from tests.support.lake_rows import day_of_events, event, store

pytestmark = pytest.mark.slow

DAY = date(2026, 12, 1)


@pytest.fixture
def execute(warehouse, monkeypatch, tmp_path, request):
    """Run an operator of a DAG in this checkout; it finds the project beside ``dags/``."""
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT_DEFAULT", warehouse.airflow_connection)
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "airflows-own-secret")
    dag = SimpleNamespace(fileloc=str(request.config.rootpath / "dags" / "clickstream.py"))

    def run(**arguments):
        operator = DbtOperator(task_id="dbt", parse_cache=str(tmp_path), **arguments)
        return operator.execute({"dag": dag})

    return run


def test_a_layer_is_built_tested_and_summed_up(execute, warehouse, capsys):
    store(warehouse, day_of_events(DAY), [DAY])
    summary = execute(select="+fct_sessions", interval=str(DAY))
    sessions = warehouse.rows(f"select count(*) from marts.fct_sessions where event_date = '{DAY}'")[0][0]
    assert sessions > 0
    assert summary["error"] == summary["warn"] == summary["skip"] == 0
    assert summary["pass"] > 10
    assert summary["models"]["fct_sessions"] == sessions
    assert set(summary["models"]) == {"stg_clickstream__sessions", "fct_sessions"}
    log = capsys.readouterr().out
    assert "sql incremental model marts.fct_sessions" in log
    assert warehouse.password not in log and "airflows-own-secret" not in log


def test_a_row_that_breaks_a_rule_fails_the_task_and_names_the_rule(execute, warehouse):
    moment = day_of_events(DAY)[0]["event_timestamp"]
    twice = [event(event_id="twice", tenant_id="alpine", user_id="u", session_id="s", event_timestamp=moment)] * 2
    strange = event(event_id="odd", tenant_id="alpine", user_id="u", session_id="s", event_timestamp=moment,
                    event_type="teleport")
    store(warehouse, [*twice, strange], [DAY])
    with pytest.raises(DbtFailed) as failure:
        execute(select="source:lake.clickstream_events", command="test", interval=str(DAY))
    message = str(failure.value)
    assert message.startswith("dbt test: 2 of ")
    assert "source_unique_lake_clickstream_events_event_id" in message
    assert "source_accepted_values_lake_clickstream_events_event_type" in message
    assert "Got 1 result" in message
