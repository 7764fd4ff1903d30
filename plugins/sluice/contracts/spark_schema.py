"""Spark's view of a dataset: its schema and the DDL of its Iceberg table."""

from __future__ import annotations

from typing import Any

from sluice.contracts.model import Column, Dataset, PartitionField

# Iceberg's transforms as Spark SQL spells them (https://iceberg.apache.org/docs/latest/spark-ddl/#partitioned-by).
_TRANSFORMS = {"hour": "hours", "day": "days", "month": "months", "year": "years"}
_JSON_TYPES = {"int": "integer", "bigint": "long"}


def spark_schema_json(dataset: Dataset) -> dict[str, Any]:
    """Return the schema in the JSON form that ``pyspark.sql.types.StructType.fromJson`` reads.

    A required column is not nullable; its description travels as the field's comment.
    """
    return {"type": "struct", "fields": [
        {"name": column.name, "type": _json_type(column), "nullable": not column.required,
         "metadata": {"comment": column.description}} for column in dataset.columns]}


def spark_ddl(dataset: Dataset) -> str:
    """Return the columns as a DDL string such as ``mapInArrow`` and ``spark.read.schema`` take."""
    return ", ".join(f"`{column.name}` {column.type}" for column in dataset.columns)


def create_table_sql(dataset: Dataset, catalog: str, *, location: str | None = None) -> str:
    """Write ``CREATE TABLE IF NOT EXISTS`` for the dataset's Iceberg table.

    Parameters
    ----------
    catalog
        Name of the Spark catalog, e.g. ``glue``.
    location
        Where the table's files go; by default below the catalog's warehouse path.
    """
    columns = ",\n".join(
        f"  `{column.name}` {column.type}{' not null' if column.required else ''} comment {_text(column.description)}"
        for column in dataset.columns)
    parts = [f"create table if not exists {table_name(dataset, catalog)} (\n{columns}\n) using iceberg"]
    if dataset.partitioning:
        parts.append(f"partitioned by ({', '.join(_partition(field) for field in dataset.partitioning)})")
    if location is not None:
        parts.append(f"location {_text(location)}")
    parts.append(f"comment {_text(dataset.description)}")
    properties = ", ".join(f"{_text(key)} = {_text(value)}" for key, value in table_properties(dataset).items())
    parts.append(f"tblproperties ({properties})")
    return "\n".join(parts)


def table_name(dataset: Dataset, catalog: str) -> str:
    """Return the table's full name in Spark SQL."""
    return f"`{catalog}`.`{dataset.database}`.`{dataset.table}`"


def table_properties(dataset: Dataset) -> dict[str, str]:
    """Return the table properties: the format, and which contract in which version made the table."""
    return {"format-version": "2", "sluice.contract": dataset.id, "sluice.contract-version": dataset.version,
            "sluice.owner": dataset.owner_email}


def _json_type(column: Column) -> str:
    return _JSON_TYPES.get(column.type.kind, str(column.type))


def _partition(field: PartitionField) -> str:
    if field.transform == "identity":
        return f"`{field.column}`"
    if field.parameter is not None:
        return f"{field.transform}({field.parameter}, `{field.column}`)"
    return f"{_TRANSFORMS[field.transform]}(`{field.column}`)"


def _text(value: str) -> str:
    # Spark joins adjacent literals, so a doubled quote would vanish: it must be escaped with a backslash.
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
