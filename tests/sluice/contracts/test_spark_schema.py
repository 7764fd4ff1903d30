from __future__ import annotations

from sluice.contracts.spark_schema import create_table_sql, spark_ddl, spark_schema_json


def test_the_ddl_string_lists_names_and_types_in_order(contracts):
    assert spark_ddl(contracts["clickstream.hourly_activity"]) == (
        "`tenant_id` string, `event_hour` timestamp, `event_date` date, `page_id` string, `views` bigint, "
        "`clicks` bigint, `purchases` bigint, `unique_users` bigint, `revenue` decimal(18,2)")


def test_the_json_schema_carries_nullability_and_description(events):
    fields = {field["name"]: field for field in spark_schema_json(events)["fields"]}
    assert fields["event_id"]["nullable"] is False
    assert fields["amount"]["type"] == "decimal(12,2)"
    assert fields["currency"] == {"name": "currency", "type": "string", "nullable": True, "metadata": {
        "comment": "ISO 4217 code of the currency of `amount`."}}


def test_the_iceberg_table_is_created_with_partitions_comments_and_its_contract(dataset_of):
    dataset = dataset_of({"name": "order_id", "required": True, "description": "The shop's \\ id."},
                         {"name": "sold_at", "logicalType": "timestamp"},
                         custom={"partitionTransforms": ["day(sold_at)", "bucket(16, order_id)"]})
    assert create_table_sql(dataset, "glue", location="s3://lake/curated/orders") == (
        "create table if not exists `glue`.`curated`.`orders` (\n"
        "  `order_id` string not null comment 'The shop\\'s \\\\ id.',\n"
        "  `sold_at` timestamp comment 'The sold_at.'\n"
        ") using iceberg\n"
        "partitioned by (days(`sold_at`), bucket(16, `order_id`))\n"
        "location 's3://lake/curated/orders'\n"
        "comment 'Orders.'\n"
        "tblproperties ('format-version' = '2', 'sluice.contract' = 'shop.orders', "
        "'sluice.contract-version' = '1.0.0', 'sluice.owner' = 'shop@example.com')")
