"""The dbt project against a real warehouse: the Redshift gate on PostgreSQL, started once for all tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sluice.contracts import load_contracts
from sluice.contracts.redshift import create_table_sql
from tests.support.warehouse import Warehouse, running_warehouse

REPO = Path(__file__).resolve().parents[2]
PROJECT = REPO / "dbt_project"


@dataclass(frozen=True)
class DbtRun:
    """What a dbt command left: did it succeed, and status and message per node."""

    success: bool
    status: dict[str, str]
    message: dict[str, str]

    @property
    def failed(self) -> list[str]:
        return sorted(name for name, status in self.status.items() if status not in ("pass", "success", "warn"))


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Warehouse]:
    with running_warehouse() as running:
        running.execute("create schema if not exists lake")
        for dataset in load_contracts(REPO / "contracts").values():
            if dataset.warehouse is not None:
                running.execute(create_table_sql(dataset))
        yield running


@pytest.fixture(scope="session")
def dbt(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., DbtRun]]:
    """Run dbt inside the test's process: importing it costs more than most runs."""
    from dbt.cli.main import dbtRunner

    target = tmp_path_factory.mktemp("dbt")
    kept = dict(os.environ)
    os.environ.update(warehouse.profile_environment)

    def run(*command: str, days: tuple[date, date] | None = None) -> DbtRun:
        line = [*command, "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target),
                "--log-path", str(target), "--log-level", "none", "--log-level-file", "none"]
        if days:
            line += ["--vars", f"{{interval_start: {days[0]}, interval_end: {days[1]}}}"]
        outcome = dbtRunner().invoke(line)
        if outcome.exception is not None:
            raise outcome.exception
        results: list[Any] = list(getattr(outcome.result, "results", []))
        return DbtRun(
            outcome.success,
            {result.node.name: str(result.status) for result in results},
            {result.node.name: result.message or "" for result in results},
        )

    yield run
    os.environ.clear()
    os.environ.update(kept)
