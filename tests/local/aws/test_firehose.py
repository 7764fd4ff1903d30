from __future__ import annotations

import gzip
import io
import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::000000000000:role/test"
QUERY = "{year:._event_hour[0:4],month:._event_hour[5:7],day:._event_hour[8:10],hour:._event_hour[11:13]}"
PREFIX = "raw/" + "".join(f"{k}=!{{partitionKeyFromQuery:{k}}}/" for k in ("year", "month", "day", "hour"))


@pytest.fixture(scope="module")
def firehose(aws):
    aws("s3").create_bucket(Bucket="lake")
    return aws("firehose")


@pytest.fixture(scope="module")
def objects(aws):
    def read(prefix: str) -> dict[str, bytes]:
        listed = aws("s3").list_objects_v2(Bucket="lake", Prefix=prefix).get("Contents", [])
        return {o["Key"]: aws("s3").get_object(Bucket="lake", Key=o["Key"])["Body"].read() for o in listed}

    return read


def destination(prefix: str, seconds: int = 1, **options) -> dict:
    hints = {"IntervalInSeconds": seconds, "SizeInMBs": 1}
    return {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::lake", "Prefix": prefix, "BufferingHints": hints, **options}


def partitioned(prefix: str, **options) -> dict:
    processors = [
        {
            "Type": "MetadataExtraction",
            "Parameters": [
                {"ParameterName": "MetadataExtractionQuery", "ParameterValue": QUERY},
                {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
            ],
        },
        {"Type": "AppendDelimiterToRecord", "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}]},
    ]
    return destination(
        prefix,
        CompressionFormat="GZIP",
        DynamicPartitioningConfiguration={"Enabled": True},
        ProcessingConfiguration={"Enabled": True, "Processors": processors},
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        **options,
    )


def event(hour: str, number: int) -> bytes:
    return json.dumps({"_event_hour": hour, "n": number}).encode()


def test_a_stream_is_delivered_as_one_gzip_object_per_partition_and_buffer(aws, firehose, objects, until) -> None:
    arn = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"
    aws("kinesis").create_stream(StreamName="clicks", ShardCount=3)
    aws("kinesis").put_record(StreamName="clicks", Data=event("2026-11-22T00", -1), PartitionKey="before")
    firehose.create_delivery_stream(
        DeliveryStreamName="clicks-raw",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": arn, "RoleARN": ROLE},
        ExtendedS3DestinationConfiguration=partitioned(PREFIX),
    )
    hours = ["2026-11-22T10", "2026-11-22T11", "2026-11-23T00"]
    entries = [{"Data": event(hours[n % 3], n), "PartitionKey": str(n)} for n in range(300)]
    entries.append({"Data": b"no json at all", "PartitionKey": "bad"})
    entries.append({"Data": b'{"other": 1}', "PartitionKey": "bad"})
    aws("kinesis").put_records(StreamName="clicks", Records=entries)
    until(lambda: len(objects("raw/")) >= 3 and objects("errors/"), 8, "three partitions and the errors are delivered")
    delivered = objects("raw/")
    assert sorted(key.rsplit("/", 1)[0] for key in delivered) == [
        "raw/year=2026/month=11/day=22/hour=10",
        "raw/year=2026/month=11/day=22/hour=11",
        "raw/year=2026/month=11/day=23/hour=00",
    ]
    assert all(key.endswith(".gz") for key in delivered)
    lines = [json.loads(line) for body in delivered.values() for line in gzip.decompress(body).splitlines()]
    assert sorted(line["n"] for line in lines) == list(range(300)), "from the moment of creation, each record once"
    ((error_key, errors),) = objects("errors/").items()
    assert error_key.startswith("errors/processing-failed/")
    assert len(errors.splitlines()) == 2
    assert json.loads(errors.splitlines()[0])["rawData"]


def test_metrics_tell_how_fresh_the_lake_is(aws, firehose, objects, until) -> None:
    firehose.create_delivery_stream(
        DeliveryStreamName="slow", ExtendedS3DestinationConfiguration=destination("slow/", seconds=3)
    )
    dimensions = [{"Name": "DeliveryStreamName", "Value": "slow"}]

    def metric(name: str, statistic: str) -> list[float]:
        now = datetime.now(UTC)
        points = aws("cloudwatch").get_metric_statistics(
            Namespace="AWS/Firehose",
            MetricName=name,
            Dimensions=dimensions,
            StartTime=now - timedelta(minutes=1),
            EndTime=now + timedelta(seconds=1),
            Period=1,
            Statistics=[statistic],
        )["Datapoints"]
        return [p[statistic] for p in sorted(points, key=lambda p: p["Timestamp"])]

    until(lambda: metric("DeliveryToS3.DataFreshness", "Maximum")[-1:] == [0.0], 4, "an idle stream is fresh")
    firehose.put_record_batch(DeliveryStreamName="slow", Records=[{"Data": b"x"}] * 7)
    until(lambda: metric("DeliveryToS3.DataFreshness", "Maximum")[-1] > 0.9, 4, "freshness grows while records wait")
    assert objects("slow/") == {}
    until(lambda: objects("slow/"), 5, "the interval is over")
    until(lambda: metric("DeliveryToS3.DataFreshness", "Maximum")[-1] == 0.0, 4, "everything is delivered")
    assert sum(metric("DeliveryToS3.Records", "Sum")) == 7
    assert sum(metric("IncomingRecords", "Sum")) == 7
    queries = [
        {
            "Id": "f",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Firehose",
                    "MetricName": "DeliveryToS3.DataFreshness",
                    "Dimensions": dimensions,
                },
                "Period": 60,
                "Stat": "Maximum",
            },
        }
    ]
    now = datetime.now(UTC)
    found = aws("cloudwatch").get_metric_data(
        MetricDataQueries=queries, StartTime=now - timedelta(minutes=5), EndTime=now + timedelta(minutes=1)
    )
    assert max(found["MetricDataResults"][0]["Values"]) > 0.9


def test_a_full_buffer_is_delivered_before_its_interval(firehose, objects, until) -> None:
    firehose.create_delivery_stream(
        DeliveryStreamName="big", ExtendedS3DestinationConfiguration=destination("big/", seconds=600)
    )
    for _ in range(3):
        firehose.put_record_batch(DeliveryStreamName="big", Records=[{"Data": b"y" * 100_000}] * 5)
    (body,) = until(lambda: objects("big/"), 5, "1 MB is full").values()
    assert len(body) >= 1 << 20


def test_records_wait_while_the_bucket_is_missing(aws, firehose, until) -> None:
    firehose.create_delivery_stream(
        DeliveryStreamName="early",
        ExtendedS3DestinationConfiguration={**destination("early/"), "BucketARN": "arn:aws:s3:::not-yet"},
    )
    firehose.put_record(DeliveryStreamName="early", Record={"Data": b"kept"})
    time.sleep(1.6)
    aws("s3").create_bucket(Bucket="not-yet")
    found = until(lambda: aws("s3").list_objects_v2(Bucket="not-yet").get("Contents"), 8, "the delivery is tried again")
    assert aws("s3").get_object(Bucket="not-yet", Key=found[0]["Key"])["Body"].read() == b"kept"


def test_records_become_parquet_of_the_glue_table(aws, firehose, objects, until) -> None:
    import pyarrow.parquet as pq

    aws("glue").create_database(DatabaseInput={"Name": "db"})
    columns = [{"Name": "id", "Type": "bigint"}, {"Name": "name", "Type": "string"}]
    aws("glue").create_table(DatabaseName="db", TableInput={"Name": "t", "StorageDescriptor": {"Columns": columns}})
    conversion = {
        "Enabled": True,
        "SchemaConfiguration": {"DatabaseName": "db", "TableName": "t", "RoleARN": ROLE, "Region": "us-east-1"},
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
    }
    firehose.create_delivery_stream(
        DeliveryStreamName="columnar",
        ExtendedS3DestinationConfiguration=destination("parquet/", DataFormatConversionConfiguration=conversion),
    )
    rows = [{"id": n, "name": f"n{n}"} for n in range(50)]
    records = [{"Data": json.dumps(row).encode()} for row in rows] + [{"Data": b'{"id": "no number"}'}]
    firehose.put_record_batch(DeliveryStreamName="columnar", Records=records)
    files = until(lambda: {k: v for k, v in objects("").items() if k.endswith(".parquet")}, 6, "parquet is delivered")
    (body,) = files.values()
    assert pq.read_table(io.BytesIO(body)).sort_by("id").to_pylist() == rows
    until(lambda: objects("format-conversion-failed/"), 4, "the record that does not fit is kept")


def test_what_cannot_be_served_is_refused_when_the_stream_is_created(firehose) -> None:
    broken = partitioned("x/")
    broken["ProcessingConfiguration"]["Processors"][0]["Parameters"][0]["ParameterValue"] = "{year:."
    with pytest.raises(ClientError, match="not a valid jq expression"):
        firehose.create_delivery_stream(DeliveryStreamName="broken", ExtendedS3DestinationConfiguration=broken)
    with pytest.raises(ClientError, match="destination Splunk is not served"):
        firehose.create_delivery_stream(DeliveryStreamName="splunk", SplunkDestinationConfiguration={})
    with pytest.raises(ClientError, match="not permitted on KinesisStreamAsSource"):
        firehose.put_record(DeliveryStreamName="clicks-raw", Record={"Data": b"x"})


def test_a_batch_of_ten_thousand_records_is_delivered_exactly_once_without_a_kill(
    aws, firehose, objects, until
) -> None:
    firehose.create_delivery_stream(
        DeliveryStreamName="many", ExtendedS3DestinationConfiguration=partitioned("many/" + PREFIX)
    )
    for base in range(0, 10_000, 500):
        records = [{"Data": event(f"2026-11-2{n % 3}T05", n)} for n in range(base, base + 500)]
        firehose.put_record_batch(DeliveryStreamName="many", Records=records)

    def numbers() -> Counter:
        bodies = objects("many/").values()
        return Counter(json.loads(line)["n"] for body in bodies for line in gzip.decompress(body).splitlines())

    until(lambda: len(numbers()) == 10_000, 10, "all are delivered")
    assert set(numbers().values()) == {1}
