"""A real warehouse for tests: the Redshift gate on a PostgreSQL cluster of its own, from the environment ``local``."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redshift_connector

from tests.support.aws_endpoint import REPO, SETTINGS, free_port, local_python

PASSWORD = "only-for-tests"


@dataclass(frozen=True)
class Warehouse:
    """Where a test's warehouse listens."""

    port: int
    host: str = "127.0.0.1"
    user: str = "sluice"
    password: str = PASSWORD
    database: str = "warehouse"

    def connect(self) -> redshift_connector.Connection:
        """A connection that commits every statement."""
        connection = redshift_connector.connect(
            host=self.host, port=self.port, user=self.user, password=self.password, database=self.database, ssl=False
        )
        connection.autocommit = True
        return connection

    def execute(self, *statements: str) -> None:
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(query)
            return [tuple(row) for row in cursor.fetchall()]

    @property
    def profile_environment(self) -> dict[str, str]:
        """What the dbt profile reads."""
        return {
            "REDSHIFT_HOST": self.host,
            "REDSHIFT_PORT": str(self.port),
            "REDSHIFT_USER": self.user,
            "REDSHIFT_PASSWORD": self.password,
            "REDSHIFT_DATABASE": self.database,
            "REDSHIFT_SSLMODE": "disable",
        }

    @property
    def airflow_connection(self) -> str:
        """Value of an ``AIRFLOW_CONN_…`` variable."""
        return json.dumps(
            {
                "conn_type": "redshift",
                "host": self.host,
                "port": self.port,
                "login": self.user,
                "password": self.password,
                "schema": self.database,
                "extra": {"ssl": False},
            }
        )


@contextmanager
def running_warehouse(aws_endpoint: str = "http://127.0.0.1:9") -> Iterator[Warehouse]:
    """Start PostgreSQL and the gate, yield where they listen, stop both.

    Parameters
    ----------
    aws_endpoint : str
        Where COPY and UNLOAD find S3; nowhere by default.
    """
    postgres, gate = free_port(), free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "SLUICE_PG_PASSWORD": PASSWORD,
        "AWS_ENDPOINT_URL": aws_endpoint,
        **SETTINGS,
    }
    # Not below pytest's own folders: root's are closed to the account that PostgreSQL runs as.
    with tempfile.TemporaryDirectory(prefix="sluice-warehouse-") as data, ExitStack() as stack:
        Path(data).chmod(0o755)
        warehouse = Warehouse(gate)
        stack.enter_context(
            _component(
                ["local.postgres", "--name", "warehouse", "--port", str(postgres), "--data", f"{data}/postgres"],
                environment,
                lambda log: "ready on" in log,
            )
        )
        stack.enter_context(
            _component(
                ["local.redshift", "--port", str(gate), "--postgres", f"127.0.0.1:{postgres}"],
                environment,
                lambda log: _answers(warehouse),
            )
        )
        yield warehouse


@contextmanager
def _component(module: Sequence[str], environment: dict[str, str], ready: Any) -> Iterator[None]:
    with tempfile.TemporaryFile() as log:

        def tail() -> str:
            # pread leaves the position alone that the process writes at.
            return os.pread(log.fileno(), 1 << 20, 0).decode(errors="replace")

        process = subprocess.Popen(
            [local_python(), "-m", *module], stdout=log, stderr=subprocess.STDOUT, env=environment, cwd=REPO
        )
        try:
            end = time.monotonic() + 60
            while not ready(tail()):
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{module[0]} did not start (code {process.poll()}):\n{tail()[-3000:]}")
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(warehouse: Warehouse) -> bool:
    try:
        return warehouse.rows("select 1") == [(1,)]
    except (OSError, redshift_connector.Error):
        return False
