"""Load one published interval of a lake table into its Redshift copy."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from sluice.warehouse.bundle import find_beside_dag
from sluice.warehouse.intervals import interval_of_key

if TYPE_CHECKING:
    from airflow.sdk import Context

    from sluice.contracts import Dataset
    from sluice.lake.interval import Interval
    from sluice.outcomes import OutcomeStore


class LakeToRedshiftOperator(BaseOperator):
    """Replace an interval of a Redshift table by the files of a COPY manifest, in one transaction.

    The table and its schema are created from the contract when they do not exist. A retry, a second run of the same
    interval, or two at once leave the same rows as one run. A manifest without entries empties the interval.

    Parameters
    ----------
    contract : str
        Contract of the dataset, ``contracts/<domain>/<dataset>.yaml`` beside the DAG folder, or an absolute path.
    interval : str
        Partition key: ``YYYY-MM-DD``, or ``YYYY-MM-DD_YYYY-MM-DD`` with the last day included.
    manifest_uri : str
        ``s3://`` address of the COPY manifest of the interval.
    iam_role : str
        ARN of the role Redshift reads the lake with; ``default`` for the cluster's default role.
    redshift_conn_id, aws_conn_id : str
        Airflow connections; the second one reads the manifest.

    Returns
    -------
    int
        Rows loaded, pushed as XCom.
    """

    template_fields: Sequence[str] = ("contract", "interval", "manifest_uri", "iam_role")
    ui_color = "#cfe3d4"

    def __init__(
        self,
        *,
        contract: str,
        interval: str,
        manifest_uri: str,
        iam_role: str = "default",
        redshift_conn_id: str = "redshift_default",
        aws_conn_id: str = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.contract = contract
        self.interval = interval
        self.manifest_uri = manifest_uri
        self.iam_role = iam_role
        self.redshift_conn_id = redshift_conn_id
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> int:
        from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook

        from sluice.contracts import load_contract
        from sluice.contracts.redshift import create_table_sql, table_name
        from sluice.outcomes import Outcome
        from sluice.warehouse.load import interval_count_statement, load_statements

        dataset = load_contract(find_beside_dag(context["dag"].fileloc, self.contract))
        table = table_name(dataset)
        column, start, end = interval_bounds(dataset, interval_of_key(self.interval))
        entries = self._manifest_entries()
        self.log.info("Loading %s of %s from %d files", self.interval, table, entries)
        load = load_statements(
            table, [each.name for each in dataset.columns], column, start, end,
            self.manifest_uri if entries else None, self.iam_role,
        )
        hook = RedshiftSQLHook(redshift_conn_id=self.redshift_conn_id, aws_conn_id=self.aws_conn_id)
        create = [f"create schema if not exists {dataset.warehouse.schema}", create_table_sql(dataset)]
        clock = time.monotonic()
        rows = replace_interval(hook, create, load, interval_count_statement(table, column, start, end))
        self.log.info("Loaded %d rows into %s", rows, table)
        days = interval_of_key(self.interval)
        self._outcomes().put(Outcome(
            dataset=table, step="load", run_id=context["run_id"], interval_start=days.start_time,
            interval_end=days.end_time, records_in=rows, records_out=rows, seconds=round(time.monotonic() - clock, 3),
        ))
        return rows

    def _outcomes(self) -> OutcomeStore:
        from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

        from sluice.outcomes import OutcomeStore

        return OutcomeStore(client=AwsBaseHook(aws_conn_id=self.aws_conn_id, client_type="dynamodb").conn)

    def _manifest_entries(self) -> int:
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        bucket, key = S3Hook.parse_s3_url(self.manifest_uri)
        body = S3Hook(aws_conn_id=self.aws_conn_id).read_key(key, bucket)
        return len(json.loads(body)["entries"])


def interval_bounds(dataset: Dataset, interval: Interval) -> tuple[str, date | datetime, date | datetime]:
    """Column that a dataset's intervals are cut by, and an interval's bounds in that column's type.

    Raises
    ------
    ValueError
        The contract declares no partitioning by time.
    """
    for field in dataset.partitioning:
        kind = dataset.column(field.column).type.kind
        if kind == "date":
            return field.column, interval.start, interval.end
        if kind == "timestamp":
            return field.column, interval.start_time, interval.end_time
    raise ValueError(
        f"{dataset.name} is not partitioned by a date or timestamp column, so no interval of it can be replaced: "
        "declare `partitionTransforms` in its contract"
    )


def replace_interval(hook: Any, create: Sequence[str], load: Sequence[str], count: str) -> int:
    """Run a load in one transaction and prove it before it is committed.

    Parameters
    ----------
    hook : RedshiftSQLHook
        Or anything whose ``get_conn()`` gives a DB-API connection.
    create : sequence of str
        Statements that ensure schema and table; committed on their own, so that LOCK comes first in the load.
    load : sequence of str
        Statements of `sluice.warehouse.load.load_statements`.
    count : str
        Query that counts the rows of the interval.

    Returns
    -------
    int
        Rows of the interval after the load.

    Raises
    ------
    RuntimeError
        The files hold rows of other intervals. Nothing was changed.
    """
    from contextlib import closing

    copies = any(statement.startswith("copy ") for statement in load)
    with closing(hook.get_conn()) as connection:
        connection.autocommit = False
        try:
            with closing(connection.cursor()) as cursor:
                for statement in create:
                    cursor.execute(statement)
                connection.commit()
                for statement in load:
                    cursor.execute(statement)
                copied = _value(cursor, "select pg_last_copy_count()") if copies else 0
                present = _value(cursor, count)
            if present != copied:
                raise RuntimeError(
                    f"COPY brought {copied} rows, but the interval then held {present}: the manifest lists files of "
                    f"another interval. Nothing was loaded; publish the interval again. ({count})"
                )
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
    return present


def _value(cursor: Any, query: str) -> int:
    cursor.execute(query)
    return int(cursor.fetchone()[0])
