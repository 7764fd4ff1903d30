"""Glue job ``sluice-promote``: raw -> curated for one interval of one contract, onto the interval's audit branch."""

from __future__ import annotations

import boto3
from pyspark import StorageLevel

from sluice.contracts.spark_schema import create_table_sql
from sluice.lake import job, promote, raw_zone
from sluice.lake.tables import CATALOG, LakeTable, ensure_table, open_audit, overwrite_interval, snapshot_id
from sluice.outcomes import Outcome, OutcomeStore


def main() -> None:
    """Read, settle, write both tables, record the outcome."""
    run = job.start("raw -> curated", ["contract", "lake_bucket", "pii_secret"])
    args, interval = run.arguments, run.interval
    s3 = boto3.client("s3")
    dataset = job.read_contract(s3, args.contract)
    salt = boto3.client("secretsmanager").get_secret_value(SecretId=args.pii_secret)["SecretString"]

    objects = raw_zone.list_objects(s3, args.lake_bucket, dataset.raw.prefix, interval)
    run.say(f"{dataset.name} {interval.key}: {len(objects)} raw objects, {sum(o.size for o in objects):,} bytes")

    spark = job.session(f"promote {dataset.name} {interval.key}")
    table, quarantine = LakeTable(dataset.database, dataset.table), LakeTable("quarantine", dataset.table)
    ensure_table(spark, create_table_sql(dataset, CATALOG))
    ensure_table(spark, promote.quarantine_ddl(CATALOG, dataset))

    settled = promote.settle(promote.parse(spark, dataset, args.lake_bucket, objects, salt), dataset, interval)
    settled = settled.persist(StorageLevel.MEMORY_AND_DISK)
    fates = promote.count_fates(settled)
    run.say(f"{fates.records_in:,} records: {fates.curated:,} curated, {fates.duplicates:,} duplicates, "
            f"{fates.quarantined:,} quarantined; {fates.redelivered:,} redelivered copies")

    branch = open_audit(spark, table, interval)
    column = dataset.partitioning[0].column
    overwrite_interval(promote.curated_rows(settled, dataset), table.on_branch(branch), column, interval)
    rejected = promote.quarantined_rows(settled, dataset, interval, args.run_id)
    overwrite_interval(rejected, quarantine.identifier, "interval_date", interval)
    run.say(f"written to branch {branch}")

    OutcomeStore().put(Outcome(
        dataset=dataset.name, step="promote", run_id=args.run_id,
        interval_start=interval.start_time, interval_end=interval.end_time,
        records_in=fates.records_in, records_out=fates.curated, duplicates=fates.duplicates,
        quarantined=fates.quarantined, redelivered=fates.redelivered, reasons=fates.reasons,
        bytes_in=sum(o.size for o in objects), seconds=run.seconds, engine_versions=job.versions(spark),
        snapshot_id=str(snapshot_id(spark, table, branch)), input_fingerprint=raw_zone.fingerprint(objects),
    ))


if __name__ == "__main__":
    main()
