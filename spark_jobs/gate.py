"""Glue job ``sluice-gate``: judge the audit branches of an interval with Great Expectations and publish what passes.

A table whose branch is gone was published by an earlier attempt of the same run; it is judged again as published, so a
job that was killed between publishing and reporting ends the same way.
"""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from pyspark.sql import SparkSession

from sluice.contracts.model import Dataset
from sluice.lake import job
from sluice.lake.copy_manifest import interval_files, manifest_key, write_manifest
from sluice.lake.tables import LakeTable, audit_branch, publish, snapshot_id
from sluice.outcomes import Outcome, OutcomeStore
from sluice.quality.gate import require_open
from sluice.quality.gx_results import from_gx
from sluice.quality.results import ValidationResult, ValidationStore
from sluice.quality.suites import gate_suite, written_expectations
from sluice.quality.validation import DOCS_PREFIX, upload_docs, validate


def _suite(dataset: Dataset, s3: Any, folder: str) -> Any:
    """The dataset's suite, with what was written for it below `folder` (``s3://bucket/prefix``)."""
    bucket, _, prefix = folder.removeprefix("s3://").partition("/")
    key = f"{prefix}/{dataset.name}.json"
    if not s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("KeyCount"):
        return gate_suite(dataset, [])
    text = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return gate_suite(dataset, written_expectations(text, key, {column.name for column in dataset.columns}))


def judge(spark: SparkSession, run: job.Job, dataset: Dataset, s3: Any) -> ValidationResult:
    """Validate one table's interval, store the result and its page."""
    started, clock = datetime.now(UTC), time.monotonic()
    table, branch = LakeTable(dataset.database, dataset.table), audit_branch(run.interval)
    snapshot = snapshot_id(spark, table, branch)
    source = table.on_branch(branch) if snapshot is not None else table.identifier
    rows = spark.table(source).where(run.interval.contains(dataset.partitioning[0].column)).cache()
    columns = [column.name for column in dataset.columns]
    pii = [column.name for column in dataset.columns if column.pii_class]
    suite = _suite(dataset, s3, run.arguments.expectations)
    with tempfile.TemporaryDirectory() as directory:
        validated = validate(rows, suite, run.arguments.run_id, Path(directory), dataset.key, pii, columns)
        upload_docs(s3, run.arguments.quality_bucket, Path(directory))
    rows.unpersist()
    result = from_gx(
        validated.result,
        dataset=dataset.name,
        interval=run.interval.key,
        run_id=run.arguments.run_id,
        zone=dataset.zone,
        started_at=started.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - clock, 3),
        contract_version=dataset.version,
        owner=dataset.owner,
        pii=pii,
        columns=columns,
        snapshot_id=str(snapshot or snapshot_id(spark, table)),
        data_docs_url=f"{DOCS_PREFIX}/{validated.page}" if validated.page else None,
    )
    ValidationStore(run.arguments.quality_bucket).write(result)
    return result


def main() -> None:
    """Judge every table first; publish only when all of them pass."""
    run = job.start("quality gate", ["contracts", "expectations", "lake_bucket", "quality_bucket"])
    args, interval = run.arguments, run.interval
    s3 = boto3.client("s3")
    datasets = [job.read_contract(s3, address) for address in args.contracts.split(",")]
    spark = job.session(f"gate {interval.key}")

    results = []
    for dataset in datasets:
        result = judge(spark, run, dataset, s3)
        results.append(result)
        run.say(f"{dataset.name} {interval.key}: {result.successful} of {result.evaluated} expectations met")
    for result in results:
        require_open(result)

    for dataset in datasets:
        table = LakeTable(dataset.database, dataset.table)
        snapshot = publish(spark, table, audit_branch(interval))
        files = interval_files(spark, table, dataset.partitioning[0].column, interval)
        rows = spark.table(table.identifier).where(interval.contains(dataset.partitioning[0].column)).count()
        write_manifest(s3, args.lake_bucket, manifest_key(table, interval), files)
        OutcomeStore().put(
            Outcome(
                dataset=dataset.name,
                step="gate",
                run_id=args.run_id,
                interval_start=interval.start_time,
                interval_end=interval.end_time,
                records_in=rows,
                records_out=rows,
                bytes_out=sum(size for _, size in files),
                seconds=run.seconds,
                engine_versions=job.versions(spark),
                snapshot_id=str(snapshot),
            )
        )
        run.say(f"{dataset.name} {interval.key}: published snapshot {snapshot}, {rows:,} rows in {len(files)} files")


if __name__ == "__main__":
    main()
