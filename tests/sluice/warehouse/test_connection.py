from __future__ import annotations

import json

import pytest
from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook

from sluice.warehouse.connection import dbt_environment


@pytest.fixture
def hook(monkeypatch):
    def connect(**changes):
        settings = {"conn_type": "redshift", "host": "127.0.0.1", "port": 5439, "login": "sluice",
                    "password": "s3cret", "schema": "warehouse", "extra": {}} | changes
        monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT_TEST", json.dumps(settings))
        return RedshiftSQLHook(redshift_conn_id="redshift_test")

    return connect


def test_the_connection_becomes_the_profiles_variables(hook):
    assert dbt_environment(hook(extra={"ssl": False}), {"PATH": "/bin"}) == {
        "PATH": "/bin",
        "REDSHIFT_HOST": "127.0.0.1",
        "REDSHIFT_PORT": "5439",
        "REDSHIFT_USER": "sluice",
        "REDSHIFT_PASSWORD": "s3cret",
        "REDSHIFT_DATABASE": "warehouse",
        "REDSHIFT_SSLMODE": "disable",
    }


def test_the_connection_wins_over_what_the_worker_has(hook):
    assert dbt_environment(hook(), {"REDSHIFT_HOST": "elsewhere"})["REDSHIFT_HOST"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("extra", "mode"),
    [({}, "prefer"), ({"sslmode": "verify-full"}, "verify-full"), ({"ssl": "false"}, "disable"),
     ({"ssl": True}, "prefer")],
)
def test_tls_is_as_strict_as_the_connection_says(hook, extra, mode):
    assert dbt_environment(hook(extra=extra), {})["REDSHIFT_SSLMODE"] == mode


def test_airflows_own_secrets_stay_out_of_dbt(hook):
    base = {"AIRFLOW__CORE__FERNET_KEY": "k", "AIRFLOW_CONN_OTHER": "postgres://x", "HOME": "/root"}
    assert not [name for name in dbt_environment(hook(), base) if name.startswith("AIRFLOW")]


def test_an_incomplete_connection_is_named_with_what_it_lacks(hook):
    with pytest.raises(ValueError, match=r"'redshift_test' has no user, password, database") as failure:
        dbt_environment(hook(login=None, password=None, schema=None), {})
    assert "Admin > Connections" in str(failure.value)
