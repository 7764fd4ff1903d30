"""The table a dataset is copied to in Amazon Redshift."""

from __future__ import annotations

from sluice.contracts.model import Column, Dataset, Warehouse

VARCHAR_MAX = 65535
_UTF8 = 4
# Instants are stored in UTC without their zone: COPY reads Parquet with the engine of Spectrum, which has no
# timestamptz.
_TYPES = {
    "boolean": "boolean",
    "int": "integer",
    "bigint": "bigint",
    "double": "double precision",
    "date": "date",
    "timestamp": "timestamp",
}


def create_table_sql(dataset: Dataset) -> str:
    """Write ``CREATE TABLE IF NOT EXISTS`` with the columns in the order of the files that COPY reads.

    Raises
    ------
    ValueError
        The contract places the dataset in no warehouse.
    """
    warehouse = _warehouse(dataset)
    columns = ",\n".join(
        f"  {column.name} {redshift_type(column)}{' not null' if column.required else ''}" for column in dataset.columns
    )
    layout = f"\ndiststyle key distkey ({warehouse.dist_key})" if warehouse.dist_key else "\ndiststyle auto"
    if warehouse.sort_key:
        layout += f"\ncompound sortkey ({', '.join(warehouse.sort_key)})"
    return f"create table if not exists {table_name(dataset)} (\n{columns}\n){layout}"


def table_name(dataset: Dataset) -> str:
    """Return ``schema.table``; raise ValueError when the contract names no warehouse."""
    warehouse = _warehouse(dataset)
    return f"{warehouse.schema}.{warehouse.table}"


def redshift_type(column: Column) -> str:
    """Return the Redshift type of a column.

    A VARCHAR's length counts bytes, the contract's ``maxLength`` characters of up to four bytes each.
    """
    if column.type.kind == "decimal":
        return str(column.type)
    if column.type.kind == "string":
        if column.pii_transform == "hash":
            return "varchar(64)"
        return f"varchar({min(VARCHAR_MAX, max(1, column.max_length) * _UTF8) if column.max_length else VARCHAR_MAX})"
    return _TYPES[column.type.kind]


def _warehouse(dataset: Dataset) -> Warehouse:
    if dataset.warehouse is None:
        raise ValueError(
            f"{dataset.name} is not copied to a warehouse: its contract has no custom property 'warehouse'"
        )
    return dataset.warehouse
