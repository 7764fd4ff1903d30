"""The components of Sluice on a laptop: which there are, how each starts, what each needs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from local.airflow import settings as airflow
from local.launcher.home import Home
from local.stack import settings
from local.stack.component import Component
from local.stack.probes import AirflowHeartbeat, Http, PostgresWire

#: Ports that are remembered, and the component that listens on each.
PORT_OWNERS = {
    "aws": "aws",
    "postgres-operational": "postgres-operational",
    "postgres-warehouse": "postgres-warehouse",
    "redshift": "redshift",
    "airflow": "airflow-api-server",
}

#: Folders from which the resources of the endpoint are made.
_APPLIED = ("infra", "functions", "contracts", "expectations", "spark_jobs", "plugins/sluice", "requirements")

#: What the processes of Airflow need to serve; a task that wants more waits for it itself.
_AIRFLOW_NEEDS = ("airflow-database",)


def components(home: Home, ports: Mapping[str, int], secrets: Mapping[str, Any]) -> list[Component]:
    """Every component, for these ports and secrets."""
    shared = settings.shared(home, ports, secrets)
    return [*_below_the_seam(home, ports, shared), _resources(home, shared), *_airflow(home, ports, secrets)]


def _below_the_seam(home: Home, ports: Mapping[str, int], shared: dict[str, str]) -> list[Component]:
    python = str(home.env_python("local"))

    def command(module: str, *arguments: str) -> tuple[str, ...]:
        return (python, "-m", module, *arguments)

    def postgres(name: str, database: str) -> Component:
        port = ports[f"postgres-{name}"]
        data = home.data / f"postgres-{name}"
        return Component(
            name=f"postgres-{name}",
            command=command("local.postgres", "--name", name, "--port", str(port), "--data", str(data)),
            env=shared,
            probe=PostgresWire(port, database),
            version=_digest(home, "local/postgres"),
            address=f"postgresql://sluice@127.0.0.1:{port}/{database}",
        )

    return [
        postgres("warehouse", "warehouse"),
        postgres("operational", "shop"),
        Component(
            name="aws",
            command=command("local.aws", "--port", str(ports["aws"]), "--data", str(home.data / "aws")),
            env=shared,
            # any answer will do: without a signature S3 may refuse the caller
            probe=Http(settings.endpoint(ports), statuses=(200, 403)),
            version=_digest(home, "local/aws", "local/glue"),
            address=settings.endpoint(ports),
        ),
        Component(
            name="redshift",
            command=command(
                "local.redshift", "--port", str(ports["redshift"]),
                "--postgres", f"127.0.0.1:{ports['postgres-warehouse']}",
            ),
            env=shared,
            probe=PostgresWire(ports["redshift"], "warehouse"),
            needs=("postgres-warehouse",),
            version=_digest(home, "local/redshift"),
            address=f"redshift://sluice@127.0.0.1:{ports['redshift']}/warehouse",
        ),
    ]  # fmt: skip


def _resources(home: Home, shared: dict[str, str]) -> Component:
    """Streams, buckets, functions, jobs: what is deployed to AWS, applied to the endpoint through its APIs."""
    outputs = home.data / "outputs.json"
    return Component(
        name="resources",
        command=(str(home.env_python("local")), "-m", "infra.apply", "--stage", "laptop", "--outputs", str(outputs)),
        env=shared,
        needs=("aws",),
        once=True,
        # lies with the endpoint's data, so that both are thrown away together
        done=home.data / "aws" / "resources-applied",
        version=_digest(home, *_APPLIED),
    )


def _digest(home: Home, *folders: str) -> str:
    """Hash of the files below `folders` and of the clone's secrets: what was made from others is out of date."""
    digest = hashlib.sha256(home.secrets_file.read_bytes())
    for folder in folders:
        for path in sorted((home.root / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(home.root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def airflow_environment(home: Home, ports: Mapping[str, int], secrets: Mapping[str, Any]) -> dict[str, str]:
    """Environment of Airflow's processes; the demo and the tests of DAGs use it too."""
    return {
        **settings.shared(home, ports, secrets),
        **airflow.environment(home, ports, secrets),
        **airflow.connections(ports, secrets["postgres_password"], settings.endpoint(ports), settings.REGION),
    }


def _airflow(home: Home, ports: Mapping[str, int], secrets: Mapping[str, Any]) -> list[Component]:
    python = str(home.env_python("airflow"))
    env = airflow_environment(home, ports, secrets)
    url = f"http://127.0.0.1:{ports['airflow']}"
    health = f"{url}/api/v2/monitor/health"
    # plugins and the library are imported once; DAG files are read again by themselves
    code = _digest(home, "plugins", "local/airflow")

    def job(name: str, key: str, *flags: str) -> Component:
        return Component(
            name=f"airflow-{name}",
            command=(python, "-m", "local.airflow", name, *flags),
            env=env,
            probe=AirflowHeartbeat(health, key),
            needs=_AIRFLOW_NEEDS,
            version=code,
            stop_timeout=20,
            address=url,
        )

    return [
        Component(
            name="airflow-database",
            command=(python, "-m", "local.airflow.migrate"),
            env=env,
            needs=("postgres-warehouse",),
            once=True,
            # lies with the database, so that both are thrown away together
            done=home.data / "postgres-warehouse" / "airflow-schema",
            version=airflow.version(home),
            start_timeout=300,
        ),
        Component(
            name="airflow-api-server",
            command=(python, "-m", "local.airflow", "api-server"),
            env=env,
            probe=Http(f"{url}/api/v2/version"),
            needs=_AIRFLOW_NEEDS,
            version=code,
            stop_timeout=20,
            address=url,
        ),
        # logs are read from disk by the api-server; the servers for them would listen on every interface
        job("scheduler", "scheduler", "--skip-serve-logs"),
        job("dag-processor", "dag_processor"),
        job("triggerer", "triggerer", "--skip-serve-logs"),
    ]
