"""The environment variables that tell code and components where things are: standard ones wherever they exist."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from local.launcher import environments
from local.launcher.home import Home

REGION = "us-east-1"

#: Of the user's shell; they would lead a component to a real AWS account or into another Python.
_FOREIGN = ("AWS_", "AIRFLOW", "DBT_", "SPARK_", "PYSPARK_", "PYTHON", "VIRTUAL_ENV", "CONDA", "PG", "GX_")
_HARMLESS = {"AWS_CA_BUNDLE"}


def endpoint(ports: Mapping[str, int]) -> str:
    """URL of the AWS endpoint."""
    return f"http://127.0.0.1:{ports['aws']}"


def inherited(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The user's environment without what would mislead a component."""
    return {k: v for k, v in environ.items() if not k.startswith(_FOREIGN) or k in _HARMLESS}


def shared(home: Home, ports: Mapping[str, int], secrets: Mapping[str, Any]) -> dict[str, str]:
    """What every process of the stack, every test and the demo is told."""
    direct = ",".join(filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1,localhost"]))
    return {
        "PYTHONPATH": f"{home.root}:{home.root / 'plugins'}",
        "PYTHONUNBUFFERED": "1",
        "TZ": "UTC",
        "NO_PROXY": direct,
        "no_proxy": direct,
        "AWS_ENDPOINT_URL": endpoint(ports),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SLUICE_HOME": str(home.root),
        "SLUICE_SECRETS_FILE": str(home.secrets_file),
        "SLUICE_PG_PASSWORD": secrets["postgres_password"],
        "SLUICE_REDSHIFT": f"127.0.0.1:{ports['redshift']}",
        "SLUICE_POSTGRES_OPERATIONAL": f"127.0.0.1:{ports['postgres-operational']}",
        "SLUICE_POSTGRES_WAREHOUSE": f"127.0.0.1:{ports['postgres-warehouse']}",
        "SLUICE_AIRFLOW": f"http://127.0.0.1:{ports['airflow']}",
        "SLUICE_LAMBDA_PYTHON": str(home.env_python("functions")),
        "SLUICE_SPARK_PYTHON": str(home.env_python("spark")),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "JAVA_HOME": str(environments.java_home(home)),
    }
