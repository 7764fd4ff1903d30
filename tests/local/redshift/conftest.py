from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import psycopg2
import pytest
import redshift_connector
from moto.server import ThreadedMotoServer

REPOSITORY = Path(__file__).parents[3]
PASSWORD = "a test's own password"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start(log: Path, module: str, arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    env = {**os.environ, **environment, "SLUICE_PG_PASSWORD": PASSWORD, "PYTHONPATH": str(REPOSITORY)}
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], cwd=REPOSITORY, env=env, stdout=file, stderr=file
        )
    deadline = time.monotonic() + 60
    while "ready on" not in log.read_text():
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
    return process


@dataclass
class Warehouse:
    """A gate before a cluster, as the supervisor runs them."""

    port: int
    postgres: int
    log: Path
    s3: object
    password: str = PASSWORD

    def psycopg2(self, user: str = "sluice", password: str = PASSWORD, autocommit: bool = True):
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user=user, password=password, dbname="warehouse"
        )
        connection.autocommit = autocommit
        return connection

    def connector(self):
        return redshift_connector.connect(
            host="127.0.0.1", port=self.port, user="sluice", password=PASSWORD, database="warehouse", ssl=False
        )

    def run(self, sql: str, **login: str):
        connection = self.psycopg2(**login)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else cursor.statusmessage
        finally:
            connection.close()

    def put(self, key: str, body: bytes) -> str:
        self.s3.put_object(Bucket="lake", Key=key, Body=body)
        return f"s3://lake/{key}"

    def get(self, key: str) -> bytes:
        return self.s3.get_object(Bucket="lake", Key=key)["Body"].read()


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    base = tmp_path_factory.mktemp("warehouse")
    for parent in (base, *base.parents):  # pytest closes its directories (0700) to other accounts
        if parent.stat().st_uid == os.geteuid() and "pytest-of" in str(parent):
            parent.chmod(0o755)
    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    endpoint = f"http://127.0.0.1:{moto.get_host_and_port()[1]}"
    client = boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    )
    client.create_bucket(Bucket="lake")
    ports = free_port(), free_port()
    processes: list[subprocess.Popen[bytes]] = []
    try:
        processes.append(
            start(
                base / "pg.log",
                "local.postgres",
                ["--name", "warehouse", "--port", str(ports[0]), "--data", str(base / "data")],
                {},
            )
        )
        gate = ["--port", str(ports[1]), "--postgres", f"127.0.0.1:{ports[0]}"]
        processes.append(
            start(
                base / "gate.log",
                "local.redshift",
                gate,
                {**KEYS, "AWS_ENDPOINT_URL": endpoint, "SLUICE_LOG_LEVEL": "DEBUG"},
            )
        )
        yield Warehouse(ports[1], ports[0], base / "gate.log", client)
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(20) for process in processes]
        moto.stop()
    assert codes == [0, 0], "both components end cleanly"


@pytest.fixture
def schema(warehouse: Warehouse, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"s{abs(hash(request.node.nodeid)) % 10**9}"
    warehouse.run(f"create schema {name}")
    yield name
    warehouse.run(f"drop schema {name} cascade")
