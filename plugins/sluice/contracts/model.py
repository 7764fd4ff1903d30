"""The typed view of a data contract: what every derivation reads. Frozen, plain, cheap to pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from sluice.contracts.types import DataType

Severity = Literal["error", "warning", "info"]
Zone = Literal["curated", "enriched"]


@dataclass(frozen=True)
class Column:
    """One column of a dataset, and where it comes from.

    ``raw_path`` is the field of the raw record, ``raw_name`` the name under which rules and expressions see its typed
    value, ``expression`` the DuckDB SQL that derives the stored value. ``stored`` is False for a raw field that rules
    need but the table must not hold (``piiTransform: drop``).
    """

    name: str
    type: DataType
    description: str
    required: bool = False
    unique: bool = False
    enum: tuple[str, ...] = ()
    minimum: float | int | str | None = None
    maximum: float | int | str | None = None
    exclusive_minimum: float | int | str | None = None
    exclusive_maximum: float | int | str | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    classification: str | None = None
    pii_class: str | None = None
    pii_transform: Literal["hash", "mask", "drop"] | None = None
    raw_path: tuple[str, ...] | None = None
    raw_name: str | None = None
    expression: str | None = None

    @property
    def stored(self) -> bool:
        return self.pii_transform != "drop"


@dataclass(frozen=True)
class RowRule:
    """A statement that must hold for each row, as SQL. Like a CHECK constraint, NULL counts as true."""

    name: str
    check: str
    description: str
    severity: Severity = "error"
    dimension: str | None = None
    column: str | None = None


@dataclass(frozen=True)
class TableCheck:
    """A measure of the whole table that must lie within limits.

    ``metric`` is an ODCS library metric (``nullValues``, ``missingValues``, ``invalidValues``, ``duplicateValues``,
    ``rowCount``) or ``sql``. ``operator`` is the ODCS operator, ``limit`` its value.
    """

    name: str
    metric: str
    operator: str
    limit: Any
    columns: tuple[str, ...] = ()
    percent: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)
    query: str | None = None
    description: str = ""
    severity: Severity = "error"
    dimension: str | None = None

    @property
    def forbids_any(self) -> bool:
        """Whether not a single offending row is allowed."""
        return (self.operator, self.limit) in (("mustBe", 0), ("mustBeLessOrEqualTo", 0), ("mustBeLessThan", 1)) \
            and not (self.percent and self.operator == "mustBeLessThan")


@dataclass(frozen=True)
class OrderKey:
    """One column of an ordering; the first row in the order wins among duplicates."""

    column: str
    descending: bool = False

    def __str__(self) -> str:
        return f"{self.column} {'desc' if self.descending else 'asc'}"


@dataclass(frozen=True)
class PartitionField:
    """An Iceberg transform: ``identity``, ``hour``, ``day``, ``month``, ``year``, ``bucket``, ``truncate``."""

    transform: str
    column: str
    parameter: int | None = None

    def __str__(self) -> str:
        if self.transform == "identity":
            return self.column
        inner = f"{self.parameter}, {self.column}" if self.parameter is not None else self.column
        return f"{self.transform}({inner})"


@dataclass(frozen=True)
class RawSource:
    """Where a curated dataset's raw records lie: JSON lines below ``prefix`` of the lake bucket.

    ``record_id`` is the field that identifies one delivery of a record, ``malformed`` the field under which the
    collector forwards what was not a JSON object.
    """

    prefix: str
    format: Literal["jsonl"] = "jsonl"
    record_id: str | None = None
    malformed: str | None = None


@dataclass(frozen=True)
class Warehouse:
    """Where the dataset is copied to in Redshift, and how it is laid out there."""

    schema: str
    table: str
    dist_key: str | None = None
    sort_key: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """One data contract, ready to derive from."""

    id: str
    version: str
    status: str
    domain: str
    zone: Zone
    table: str
    description: str
    all_columns: tuple[Column, ...]
    key: tuple[str, ...]
    owner: str
    owner_email: str
    winner: tuple[OrderKey, ...] = ()
    partitioning: tuple[PartitionField, ...] = ()
    row_rules: tuple[RowRule, ...] = ()
    table_checks: tuple[TableCheck, ...] = ()
    raw: RawSource | None = None
    warehouse: Warehouse | None = None
    freshness: timedelta | None = None
    freshness_column: str | None = None
    retention: timedelta | None = None
    allowed_lateness: timedelta | None = None
    tenant_column: str | None = None
    compatibility: str = "backward"
    consumers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    source: str = ""

    @property
    def database(self) -> str:
        """The Glue database, which is the zone."""
        return self.zone

    @property
    def name(self) -> str:
        """``database.table``, the name used in outcomes, lineage and messages."""
        return f"{self.database}.{self.table}"

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the table, in order."""
        return tuple(column for column in self.all_columns if column.stored)

    def column(self, name: str) -> Column:
        """Return the column called `name`; raise KeyError when there is none."""
        for column in self.all_columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")
