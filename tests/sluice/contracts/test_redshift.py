from __future__ import annotations

import pytest

from sluice.contracts.redshift import create_table_sql, redshift_type, table_name


def test_the_copy_target_has_the_files_columns_in_order(contracts):
    assert create_table_sql(contracts["clickstream.hourly_activity"]) == (
        "create table if not exists lake.clickstream_hourly_activity (\n"
        "  tenant_id varchar(256) not null,\n"
        "  event_hour timestamp not null,\n"
        "  event_date date not null,\n"
        "  page_id varchar(2048) not null,\n"
        "  views bigint not null,\n"
        "  clicks bigint not null,\n"
        "  purchases bigint not null,\n"
        "  unique_users bigint not null,\n"
        "  revenue decimal(18,2) not null\n"
        ")\n"
        "diststyle key distkey (page_id)\n"
        "compound sortkey (event_hour)")


@pytest.mark.parametrize(("options", "expected"), [
    ({}, "varchar(65535)"),
    ({"logicalTypeOptions": {"maxLength": 10}}, "varchar(40)"),
    ({"logicalTypeOptions": {"maxLength": 60000}}, "varchar(65535)"),
    ({"custom": {"piiTransform": "hash"}}, "varchar(64)"),
    ({"logicalType": "number", "physicalType": "double"}, "double precision"),
    ({"logicalType": "integer", "physicalType": "int"}, "integer"),
    ({"logicalType": "boolean"}, "boolean"),
])
def test_lengths_count_bytes_in_redshift(dataset_of, options, expected):
    assert redshift_type(dataset_of({"name": "x", **options}).column("x")) == expected


def test_a_dataset_outside_the_warehouse_has_no_table_there(dataset_of):
    with pytest.raises(ValueError, match="is not copied to a warehouse"):
        table_name(dataset_of({"name": "x"}))
