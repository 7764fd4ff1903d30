"""The demo itself: send, watch, tell."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from local.airflow.client import Client
from local.demo import summary as report
from local.demo.ledger import Ledger
from local.demo.pipeline import STAGES, Pipeline
from local.demo.reader import Mapping, batches_of_file
from local.demo.send import Sent, send
from local.demo.traffic import Traffic
from local.demo.traffic_batches import Batch
from local.launcher.home import read_json
from sluice.outcomes import OutcomeStore
from sluice.quality.results import ValidationStore

LAKE = "sluice-lake"


class Demo:
    """One run of the demo on the running stack.

    Parameters
    ----------
    airflow : Client
    collector : str
        URL of the collector's HTTP API.
    write_keys : dict
        Tenant -> write key.
    data : Path
        Directory that lives and dies with the stack's data.
    """

    def __init__(self, airflow: Client, collector: str, write_keys: dict[str, str], data: Path) -> None:
        import boto3

        self._airflow, self._collector, self._write_keys = airflow, collector, write_keys
        self._ledger = Ledger(data / "demo" / "sent.jsonl")
        self._pipeline = Pipeline(airflow, boto3.client("s3"), OutcomeStore(), LAKE)
        self._started = time.monotonic()

    @classmethod
    def of_the_stack(cls) -> Demo:
        """The demo for the stack that the launcher's environment variables name."""
        home = Path(os.environ["SLUICE_HOME"])
        secrets = read_json(Path(os.environ["SLUICE_SECRETS_FILE"]), {})
        outputs = read_json(home / ".sluice" / "data" / "outputs.json", {})
        return cls(Client.of_the_stack(), outputs["CollectorUrl"], secrets["write_keys"], home / ".sluice" / "data")

    def run(self, options: argparse.Namespace) -> report.Summary:
        """Send, wait, check, tell."""
        seconds: dict[str, float] = {}
        self._airflow.wait_for_dags(set(STAGES))
        clock = time.monotonic()
        sent = send(self._batches(options), self._collector, progress=_Progress(self._say, self._ledger))
        seconds["send"] = round(time.monotonic() - clock, 1)
        self._say(
            f"sent {sent.lines:,} events in {sent.batches:,} requests, {sent.lines / sent.seconds:,.0f} per second"
        )

        clock = time.monotonic()
        days = self._pipeline.wait(self._ledger.deliveries, self._say, options.patience)
        seconds["send to marts"] = round(time.monotonic() - clock, 1)
        seconds |= report.stage_seconds(days)
        with closing(self._warehouse()) as warehouse:
            told = report.summarise(self._ledger.records, days, ValidationStore(), warehouse)
            seconds["total"] = round(time.monotonic() - self._started, 1)
            told.seconds = seconds
            self._tell(told, report.answers(warehouse))
        told.check()
        return told

    def _batches(self, options: argparse.Namespace) -> Iterator[Batch]:
        if options.events_file is None:
            self._say(f"sending {options.events:,} events of {options.day} by {len(self._write_keys)} shops")
            return Traffic(options.events, options.day, self._write_keys, options.seed).batches()
        tenant = options.tenant or next(iter(self._write_keys))
        mapping = Mapping.load(options.mapping) if options.mapping else None
        self._say(f"sending {options.events_file} as {tenant}")
        return batches_of_file(options.events_file, tenant, self._write_keys[tenant], mapping)

    @staticmethod
    def _warehouse() -> Any:
        import redshift_connector

        host, _, port = os.environ["SLUICE_REDSHIFT"].rpartition(":")
        return redshift_connector.connect(
            host=host,
            port=int(port),
            database="warehouse",
            user="sluice",
            password=os.environ["SLUICE_PG_PASSWORD"],
            ssl=False,
        )

    def _say(self, message: str) -> None:
        print(f"[{time.monotonic() - self._started:6.1f} s] {message}", file=sys.stderr, flush=True)

    def _tell(self, told: report.Summary, answers: list[Any]) -> None:
        reasons = ", ".join(f"{name} {count:,}" for name, count in told.reasons.items()) or "none"
        print(f"""
Events
    sent          {told.sent:>12,}
    landed        {told.landed:>12,}   and {told.redelivered:,} copies sent again, dropped
    curated       {told.curated:>12,}
    duplicates    {told.duplicates:>12,}
    quarantined   {told.quarantined:>12,}   {reasons}

Quality gates     {told.suites["passed"]} passed, {told.suites["failed"]} failed

Marts""")
        for name, rows in told.marts.items():
            print(f"    {name:<28} {rows:>10,} rows")
        print("\nSeconds")
        for stage, value in told.seconds.items():
            print(f"    {stage:<28} {value:>10,.1f}")
        for title, columns, rows in answers:
            print(f"\n{title}\n{report.table(columns, rows)}")
        airflow = os.environ["SLUICE_AIRFLOW"]
        print(
            f"""
Look around
    Airflow         {airflow}   (user admin, password in .sluice/secrets.json)
    Data quality    {airflow}/plugin/data-quality
    Components      ./sluice status""",
            flush=True,
        )


class _Progress:
    """Notes each batch that the collector took, and tells of sending once every few seconds."""

    def __init__(self, say: Any, ledger: Ledger) -> None:
        self._say, self._ledger, self._next = say, ledger, time.monotonic() + 3

    def __call__(self, sent: Sent, batch: Batch) -> None:
        self._ledger.add(f"{batch.tenant}/{batch.idempotency_key}", batch.lines)
        if time.monotonic() >= self._next:
            self._next += 3
            self._say(f"sent {sent.lines:,} events" + (f", {sent.retries} retries" if sent.retries else ""))
