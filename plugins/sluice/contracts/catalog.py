"""The dataset as the AWS Glue Data Catalog describes it."""

from __future__ import annotations

from typing import Any

from sluice.contracts.model import Dataset

# Comments of columns are limited to 255 characters, descriptions to 2048 (Glue API, Column and TableInput).
_COMMENT, _DESCRIPTION = 255, 2048


def glue_columns(dataset: Dataset) -> list[dict[str, Any]]:
    """Return ``StorageDescriptor.Columns`` with Glue (Hive) types; an instant is a Glue ``timestamp``."""
    columns = []
    for column in dataset.columns:
        parameters = {"sluice.required": str(column.required).lower()}
        if column.classification:
            parameters["sluice.classification"] = column.classification
        if column.pii_class:
            parameters["sluice.pii-class"] = column.pii_class
        columns.append({"Name": column.name, "Type": str(column.type), "Comment": column.description[:_COMMENT],
                        "Parameters": parameters})
    return columns


def glue_table_input(dataset: Dataset, *, location: str) -> dict[str, Any]:
    """Return the ``TableInput`` of an external table over the dataset's files.

    Iceberg tables are registered by their own catalog, which adds ``metadata_location``; this is for whoever writes or
    compares a catalog entry by hand.
    """
    return {
        "Name": dataset.table, "Description": dataset.description[:_DESCRIPTION], "Owner": dataset.owner_email,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"table_type": "ICEBERG", "sluice.contract": dataset.id,
                       "sluice.contract-version": dataset.version},
        "StorageDescriptor": {"Columns": glue_columns(dataset), "Location": location},
    }


def glue_database_input(zone: str) -> dict[str, str]:
    """Return the ``DatabaseInput`` of a zone."""
    return {"Name": zone, "Description": f"Datasets of the {zone} zone, each described by a data contract."}
