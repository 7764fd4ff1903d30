"""What the lake relies on: S3 semantic, bucket notifications, the catalog's optimistic locking."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def s3(aws):
    aws("s3").create_bucket(Bucket="lake")
    return aws("s3")


def code(refusal) -> str:
    return refusal.value.response["Error"]["Code"]


def test_an_object_is_created_once_and_replaced_only_by_who_saw_it(s3) -> None:
    etag = s3.put_object(Bucket="lake", Key="c", Body=b"1", IfNoneMatch="*")["ETag"]
    with pytest.raises(ClientError) as refusal:
        s3.put_object(Bucket="lake", Key="c", Body=b"2", IfNoneMatch="*")
    assert code(refusal) == "PreconditionFailed"
    s3.put_object(Bucket="lake", Key="c", Body=b"3", IfMatch=etag)
    with pytest.raises(ClientError) as refusal:
        s3.put_object(Bucket="lake", Key="c", Body=b"4", IfMatch=etag)
    assert code(refusal) == "PreconditionFailed"
    assert s3.get_object(Bucket="lake", Key="c")["Body"].read() == b"3"


def test_listing_pages_and_rolls_up_prefixes(s3) -> None:
    for n in range(25):
        s3.put_object(Bucket="lake", Key=f"list/day={n % 5}/{n:02d}", Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket="lake", Prefix="list/", PaginationConfig={"PageSize": 7}
    )
    keys = [o["Key"] for page in pages for o in page["Contents"]]
    assert len(keys) == 25
    assert keys == sorted(keys)
    rolled = s3.list_objects_v2(Bucket="lake", Prefix="list/", Delimiter="/")
    assert [p["Prefix"] for p in rolled["CommonPrefixes"]] == [f"list/day={n}/" for n in range(5)]


def multipart(s3, key: str) -> bytes:
    upload = s3.create_multipart_upload(Bucket="lake", Key=key)["UploadId"]
    parts = [b"a" * (5 << 20), b"b" * 100]
    done = [
        {"PartNumber": n, "ETag": s3.upload_part(Bucket="lake", Key=key, UploadId=upload, PartNumber=n, Body=p)["ETag"]}
        for n, p in enumerate(parts, start=1)
    ]
    s3.complete_multipart_upload(Bucket="lake", Key=key, UploadId=upload, MultipartUpload={"Parts": done})
    return b"".join(parts)


def test_a_multipart_upload_is_one_object_readable_by_range_and_a_plain_file(s3, server) -> None:
    body = multipart(s3, "many/parts.bin")
    assert s3.head_object(Bucket="lake", Key="many/parts.bin")["ContentLength"] == len(body)
    found = s3.get_object(Bucket="lake", Key="many/parts.bin", Range="bytes=5242870-5242889")["Body"].read()
    assert found == b"a" * 10 + b"b" * 10
    assert (server.data / "s3/000000000000/lake/many/parts.bin").read_bytes() == body


def test_notifications_reach_the_queue_for_every_kind_of_write_under_the_prefix(aws, s3, drain, until) -> None:
    queue = aws("sqs").create_queue(QueueName="landed")["QueueUrl"]
    rule = {
        "QueueArn": "arn:aws:sqs:us-east-1:000000000000:landed",
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "raw/"}]}},
    }
    s3.put_bucket_notification_configuration(Bucket="lake", NotificationConfiguration={"QueueConfigurations": [rule]})
    drain(queue)  # the test event
    s3.put_object(Bucket="lake", Key="raw/put", Body=b"12345")
    s3.put_object(Bucket="lake", Key="curated/put", Body=b"x")
    s3.copy_object(Bucket="lake", Key="raw/copy", CopySource={"Bucket": "lake", "Key": "raw/put"})
    multipart(s3, "raw/multipart")
    aws("firehose").create_delivery_stream(
        DeliveryStreamName="to-raw",
        ExtendedS3DestinationConfiguration={
            "RoleARN": "arn:aws:iam::000000000000:role/test",
            "BucketARN": "arn:aws:s3:::lake",
            "Prefix": "raw/firehose/",
            "BufferingHints": {"IntervalInSeconds": 0, "SizeInMBs": 1},
        },
    )
    aws("firehose").put_record(DeliveryStreamName="to-raw", Record={"Data": b"x"})
    seen: dict[str, dict] = {}

    def complete() -> bool:
        for body in drain(queue):
            for record in json.loads(body)["Records"]:
                seen[record["s3"]["object"]["key"]] = record
        return len(seen) >= 4

    until(complete, 8, "four notifications arrive")
    firehose_key = next(key for key in seen if key.startswith("raw/firehose/"))
    assert set(seen) == {"raw/put", "raw/copy", "raw/multipart", firehose_key}
    assert seen["raw/put"]["eventName"] == "ObjectCreated:Put"
    assert seen["raw/put"]["s3"]["object"]["size"] == 5
    assert seen["raw/multipart"]["eventName"] == "ObjectCreated:CompleteMultipartUpload"


def test_a_table_update_with_a_stale_version_is_refused_as_iceberg_needs_it(aws) -> None:
    glue = aws("glue")
    glue.create_database(DatabaseInput={"Name": "curated"})

    def table(location: str) -> dict:
        return {"Name": "events", "TableType": "EXTERNAL_TABLE", "Parameters": {"metadata_location": location}}

    glue.create_table(DatabaseName="curated", TableInput=table("s3://lake/m0"))
    seen = glue.get_table(DatabaseName="curated", Name="events")["Table"]["VersionId"]
    glue.update_table(DatabaseName="curated", TableInput=table("s3://lake/m1"), VersionId=seen, SkipArchive=True)
    with pytest.raises(ClientError) as refusal:
        glue.update_table(DatabaseName="curated", TableInput=table("s3://lake/lost"), VersionId=seen, SkipArchive=True)
    assert code(refusal) == "ConcurrentModificationException"
    found = glue.get_table(DatabaseName="curated", Name="events")["Table"]
    assert found["Parameters"]["metadata_location"] == "s3://lake/m1"
    with pytest.raises(ClientError) as refusal:
        glue.create_table(DatabaseName="curated", TableInput=table("s3://lake/again"))
    assert code(refusal) == "AlreadyExistsException"
