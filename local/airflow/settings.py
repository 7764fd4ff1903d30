"""Airflow's configuration, as the environment variables its processes are started with.

There is no airflow.cfg: what is set differs from Airflow's defaults for one of the reasons given here, the rest is
Airflow's own. On AWS the same DAGs and plugins run with MWAA's configuration instead.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local.launcher.home import Home, write_atomically

ADMIN = "admin"

#: Buckets the DAGs ask for, as on AWS: Airflow variables.
VARIABLES = {
    "SLUICE_LAKE_BUCKET": "sluice-lake",
    "SLUICE_ARTIFACTS_BUCKET": "sluice-artifacts",
    "SLUICE_QUALITY_BUCKET": "sluice-quality",
}


def airflow_home(home: Home) -> Path:
    """AIRFLOW_HOME of this clone."""
    return home.data / "airflow"


def password_file(home: Home) -> Path:
    """Where the login page looks passwords up."""
    return airflow_home(home) / "passwords.json"


def write_password_file(home: Home, password: str) -> None:
    """Give the administrator the clone's password; Airflow would print a generated one into its log."""
    path = password_file(home)
    text = json.dumps({ADMIN: password}) + "\n"
    if path.exists() and path.read_text() == text and stat.S_IMODE(path.stat().st_mode) == 0o600:
        return
    write_atomically(path, text, mode=0o600)


def connections(ports: Mapping[str, int], password: str, endpoint: str, region: str) -> dict[str, str]:
    """The connections the DAGs use; only their values differ from AWS."""
    aws = {"conn_type": "aws", "extra": {"endpoint_url": endpoint, "region_name": region}}
    redshift = {
        "conn_type": "redshift",
        "host": "127.0.0.1",
        "port": ports["redshift"],
        "schema": "warehouse",
        "login": "sluice",
        "password": password,
        "extra": {"ssl": False},
    }
    return {
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(aws),
        "AIRFLOW_CONN_REDSHIFT_DEFAULT": json.dumps(redshift),
    }


def environment(home: Home, ports: Mapping[str, int], secrets: Mapping[str, Any]) -> dict[str, str]:
    """Environment of every Airflow process (without the AWS settings, which all components share)."""
    directory = airflow_home(home)
    url = f"http://127.0.0.1:{ports['airflow']}"
    database = f"sluice:{quote(secrets['postgres_password'])}@127.0.0.1:{ports['postgres-warehouse']}/airflow"
    sections: dict[str, dict[str, str]] = {
        "core": {
            "dags_folder": str(home.root / "dags"),
            "plugins_folder": str(home.root / "plugins"),
            "load_examples": "False",
            "executor": "LocalExecutor",
            "parallelism": "8",
            "dags_are_paused_at_creation": "False",
            "fernet_key": secrets["airflow_fernet_key"],
            "simple_auth_manager_users": f"{ADMIN}:admin",
            "simple_auth_manager_passwords_file": str(password_file(home)),
            "execution_api_server_url": f"{url}/execution/",
            # a changed DAG file reaches the scheduler at once instead of after 30 s
            "min_serialized_dag_update_interval": "1",
            # the default asks DNS for the full name of this machine, which can take seconds on a laptop
            "hostname_callable": "socket.gethostname",
        },
        "database": {
            "sql_alchemy_conn": f"postgresql+psycopg2://{database}",
            "sql_alchemy_conn_async": f"postgresql+asyncpg://{database}",
            # migrated by the component airflow-database, before any of these processes starts
            "check_migrations": "False",
        },
        "api": {
            "host": "127.0.0.1",
            "port": str(ports["airflow"]),
            "base_url": url,
            "workers": "1",
            "secret_key": secrets["airflow_secret_key"],
            "instance_name": "Sluice",
        },
        "api_auth": {"jwt_secret": secrets["airflow_jwt_secret"], "jwt_issuer": "sluice"},
        "scheduler": {
            # latency of chained tasks: 1.25 s with the defaults, 0.4 s with these
            "scheduler_idle_sleep_time": "0.1",
            "use_job_schedule": "True",
        },
        "dag_processor": {
            "refresh_interval": "5",
            "min_file_process_interval": "10",
            "parsing_processes": "1",
        },
        "logging": {
            "base_log_folder": str(directory / "logs"),
            "dag_processor_child_process_log_directory": str(directory / "logs" / "dag_processor"),
            "colored_console_log": "False",
        },
        "usage_data_collection": {"enabled": "False"},
    }
    env = {
        f"AIRFLOW__{section.upper()}__{option.upper()}": value
        for section, options in sections.items()
        for option, value in options.items()
    }
    env["AIRFLOW_HOME"] = str(directory)
    env |= {f"AIRFLOW_VAR_{name}": value for name, value in VARIABLES.items()}
    return env


def version(home: Home) -> str:
    """The pinned version of Airflow, from the lock file."""
    for line in (home.requirements / "airflow.txt").read_text().splitlines():
        if line.startswith("apache-airflow=="):
            return line.removeprefix("apache-airflow==").split()[0]
    raise ValueError(f"{home.requirements / 'airflow.txt'} pins no apache-airflow")
