"""SQL of an idempotent load: one interval of a lake table replaces the same interval of its Redshift copy.

Statements only; who runs them runs all of them in one transaction. Syntax of COPY from Parquet and of manifests:
https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,126}")
_ROLE = re.compile(r"default|arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")


def load_statements(
    table: str,
    columns: Sequence[str],
    interval_column: str,
    start: date | datetime,
    end: date | datetime,
    manifest_uri: str | None,
    iam_role: str,
) -> list[str]:
    """Return the statements that make an interval of `table` equal to the files of a manifest.

    Parameters
    ----------
    table : str
        ``schema.table``.
    columns : sequence of str
        The table's columns in the order of the Parquet files; COPY maps columnar files by position.
    interval_column : str
        Date or timestamp column that says which interval a row belongs to.
    start, end : date or datetime
        The interval, `end` exclusive. Days for a date column, moments in UTC for a timestamp column.
    manifest_uri : str or None
        ``s3://`` address of the COPY manifest; None when the interval has no rows, and the interval is only emptied.
    iam_role : str
        ARN of the role Redshift reads S3 with, or ``default`` for the cluster's.

    Returns
    -------
    list of str
        LOCK, DELETE and, unless there is nothing to load, COPY.

    Raises
    ------
    ValueError
        A name, the interval, the address or the role is not one; nothing of it reaches SQL.
    """
    target = _qualified(table)
    if not columns:
        raise ValueError(f"{table}: no columns to load")
    statements = [
        # Two loads of the same interval at once would each delete what they see and both insert. Redshift takes the
        # snapshot of a transaction after LOCK, so the second waits and then sees the first one's rows.
        f"lock {target}",
        f"delete from {target} where {_within(interval_column, start, end)}",
    ]
    if manifest_uri is None:
        return statements
    if not re.fullmatch(r"s3://[^/'\s]+/[^'\\\n]+", manifest_uri):
        raise ValueError(f"manifest {manifest_uri!r} is not an s3://bucket/key address")
    if not _ROLE.fullmatch(iam_role):
        raise ValueError(f"iam_role {iam_role!r} is neither 'default' nor the ARN of an IAM role")
    role = "default" if iam_role == "default" else f"'{iam_role}'"
    names = ", ".join(_identifier(column) for column in columns)
    statements.append(f"copy {target} ({names}) from '{manifest_uri}' iam_role {role} format as parquet manifest")
    return statements


def interval_count_statement(
    table: str, interval_column: str, start: date | datetime, end: date | datetime
) -> str:
    """Return the query that counts the rows of an interval of `table`; parameters as in `load_statements`."""
    return f"select count(*) from {_qualified(table)} where {_within(interval_column, start, end)}"


def _within(column: str, start: date | datetime, end: date | datetime) -> str:
    if type(start) is not type(end):
        raise ValueError(f"interval [{start}, {end}) mixes a day and a moment; give two of a kind")
    if end <= start:
        raise ValueError(f"interval end {end} must lie after its start {start}")
    name = _identifier(column)
    return f"{name} >= '{_literal(start)}' and {name} < '{_literal(end)}'"


def _literal(value: date | datetime) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.tzinfo is None:
        raise ValueError(f"{value} has no time zone; give UTC")
    # Without a zone, as the column is: instants lie in the warehouse in UTC.
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _qualified(table: str) -> str:
    parts = table.split(".")
    if len(parts) != 2:
        raise ValueError(f"table {table!r} is not of the form schema.table")
    return ".".join(_identifier(part) for part in parts)


def _identifier(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} is not a plain lower-case SQL name (letters, digits, underscore)")
    return f'"{name}"'
