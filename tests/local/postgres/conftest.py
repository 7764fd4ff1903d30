from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

REPOSITORY = Path(__file__).parents[3]
PASSWORD = "a test's own password"


class Component:
    """`python -m local.postgres` as the supervisor runs it."""

    def __init__(self, name: str, data: Path) -> None:
        self.name, self.data, self.log = name, data, data.parent / f"{name}.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def start(self, password: str = PASSWORD) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "local.postgres",
            "--name",
            self.name,
            "--port",
            str(self.port),
            "--data",
            str(self.data),
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env={**os.environ, "SLUICE_PG_PASSWORD": password, "PYTHONPATH": str(REPOSITORY)},
                stdout=log,
                stderr=log,
            )
        return self.process

    def ready(self) -> Component:
        self.start()
        deadline = time.monotonic() + 60
        while f"ready on 127.0.0.1:{self.port}" not in self.lines():
            assert self.process.poll() is None and time.monotonic() < deadline, self.lines()
            time.sleep(0.02)
        return self

    def lines(self) -> str:
        return self.log.read_text()

    def forget_lines(self) -> None:
        self.log.write_text("")

    def connect(self, database: str, password: str = PASSWORD):
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user="sluice", password=password, dbname=database
        )
        connection.autocommit = True
        return connection

    def query(self, database: str, sql: str):
        with contextlib.closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None

    def server_pid(self) -> int:
        return int(next(self.data.rglob("postmaster.pid")).read_text().split("\n")[0])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@pytest.fixture
def component(tmp_path_factory: pytest.TempPathFactory) -> Iterator[type]:
    started: list[Component] = []

    def make(name: str) -> Component:
        base = tmp_path_factory.mktemp(name)
        for parent in (base, *base.parents):  # pytest closes its directories (0700) to other accounts
            if parent.stat().st_uid == os.geteuid() and "pytest-of" in str(parent):
                parent.chmod(0o755)
        one = Component(name, base / "data")
        started.append(one)
        return one

    yield make
    for one in started:
        if one.process.poll() is None:
            one.stop()
