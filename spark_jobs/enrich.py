"""Glue job ``sluice-enrich``: curated -> enriched for one interval, onto the interval's audit branches."""

from __future__ import annotations

from datetime import timedelta

import boto3

from sluice.contracts.spark_schema import create_table_sql
from sluice.lake import enrich, job
from sluice.lake.interval import Interval
from sluice.lake.tables import CATALOG, LakeTable, ensure_table, open_audit, overwrite_interval, snapshot_id
from sluice.outcomes import Outcome, OutcomeStore

BUILDERS = {"clickstream_hourly_activity": enrich.hourly_activity, "clickstream_sessions": enrich.sessions}


def main() -> None:
    """Build each enriched table named by a contract; record one outcome per table."""
    run = job.start("curated -> enriched", ["contracts", "source_contract"])
    args, interval = run.arguments, run.interval
    s3 = boto3.client("s3")
    source = job.read_contract(s3, args.source_contract)

    spark = job.session(f"enrich {interval.key}")
    around = Interval(interval.start - timedelta(days=1), interval.end + timedelta(days=1))
    events = spark.table(LakeTable(source.database, source.table).identifier) \
        .where(around.contains(source.partitioning[0].column)).cache()
    events_in = events.where(interval.contains(source.partitioning[0].column)).count()

    for address in args.contracts.split(","):
        dataset = job.read_contract(s3, address)
        rows = BUILDERS[dataset.table](events, interval).select(*[column.name for column in dataset.columns]).cache()
        table = LakeTable(dataset.database, dataset.table)
        ensure_table(spark, create_table_sql(dataset, CATALOG))
        branch = open_audit(spark, table, interval)
        overwrite_interval(rows, table.on_branch(branch), dataset.partitioning[0].column, interval)
        rows_out = rows.count()
        run.say(f"{dataset.name} {interval.key}: {events_in:,} events -> {rows_out:,} rows on branch {branch}")
        OutcomeStore().put(Outcome(
            dataset=dataset.name, step="enrich", run_id=args.run_id,
            interval_start=interval.start_time, interval_end=interval.end_time,
            records_in=events_in, records_out=rows_out, conserves=False, seconds=run.seconds,
            engine_versions=job.versions(spark), snapshot_id=str(snapshot_id(spark, table, branch)),
        ))


if __name__ == "__main__":
    main()
