"""Benchmark ``promotion``: makes the input, runs the jobs in the environment ``spark``, reports.

subject
    Sluice's promotion: DuckDB inside ``mapInArrow``, one scan, fates settled by one shuffle, both tables written.
peer
    The job that tutorials show: ``spark.read.json`` with a schema, one filter per output, ``dropDuplicates``.
    It keeps no line numbers, knows no redelivery and picks any of the duplicates.
floor
    DuckDB alone: parse, distinct, one Parquet file. No rules, no quarantine, no table.

The subject reads through the AWS endpoint, peer and floor read the same bytes from disk.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.report import Report
from local.demo.traffic import Traffic

BUCKET = "sluice-bench"
FILES = 24


def run(options: argparse.Namespace) -> None:
    """Measure and tell; ratios are CPU seconds against CPU seconds."""
    report = Report("promotion")
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        keys = _input(Path(folder), options.events)
        jobs = Path(__file__).with_name("promotion_jobs.py")
        command = [os.environ["SLUICE_SPARK_PYTHON"], str(jobs), folder, BUCKET, str(options.rounds), json.dumps(keys)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
            for line in process.stdout or ():
                if line.startswith("{"):
                    row = json.loads(line)
                    report.add(row["subject"], "cpu", "s", row["cpu"])
                    report.add(row["subject"], "wall", "s", row["wall"])
                    print(
                        f"  {row['subject']}: {row['cpu']:.1f} CPU s, {row['wall']:.1f} s, {row['rows']:,} rows",
                        flush=True,
                    )
        if process.returncode:
            raise SystemExit(f"bench: the jobs ended with code {process.returncode}; their message is above")
    ours, plain, floor = (report.median(subject, "cpu") for subject in ("sluice", "plain", "duckdb"))
    report.tell({"plain_cpu_per_sluice_cpu": plain / ours, "sluice_cpu_per_duckdb_cpu": ours / floor}, options.json)


def _input(folder: Path, events: int) -> list[str]:
    """Raw objects of a day as the delivery stream writes them, in the endpoint and on disk; returns their keys."""
    import boto3

    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    day = datetime.now(UTC).date() - timedelta(days=1)
    lines: list[bytes] = []
    for batch in Traffic(events, day, {"aurora": "a", "borealis": "b", "cascade": "c"}).batches():
        for position, line in enumerate(batch.body.splitlines()):
            lines.append(_record(line, batch.tenant, f"{batch.idempotency_key}:{position}", day))
    keys = []
    (folder / "raw").mkdir()
    for number in range(FILES):
        key = f"raw/clickstream/events/year={day:%Y}/month={day:%m}/day={day:%d}/hour={number:02d}/part.gz"
        body = gzip.compress(b"\n".join(lines[number::FILES]) + b"\n", 6)
        (folder / "raw" / f"{number:02d}.json.gz").write_bytes(body)
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        keys.append(key)
    print(f"  input: {len(lines):,} lines, {FILES} objects", flush=True)
    return keys


def _record(line: bytes, tenant: str, record_id: str, day: object) -> bytes:
    """A line as the collector forwards it."""
    head = {"_record_id": record_id, "_received_at": f"{day}T23:59:59.000Z", "tenant_id": tenant}
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        event = {"_malformed": line.decode("utf-8", "backslashreplace")}
    return json.dumps({**event, **head}, separators=(",", ":")).encode()
