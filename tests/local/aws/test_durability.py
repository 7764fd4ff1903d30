"""What was acknowledged survives a kill -9 of the endpoint."""

from __future__ import annotations

import io
import json
import time
import zipfile

ROLE = "arn:aws:iam::000000000000:role/test"
ARN = "arn:aws:kinesis:us-east-1:000000000000"
SNAPSHOT_SECONDS = 2.0


def shard_records(kinesis, stream: str) -> list[bytes]:
    data = []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        token = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        data += [r["Data"] for r in kinesis.get_records(ShardIterator=token)["Records"]]
    return data


def s3_lines(s3, bucket: str) -> list[bytes]:
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return [line for key in keys for line in s3.get_object(Bucket=bucket, Key=key)["Body"].read().splitlines()]


def test_acknowledged_writes_survive_a_kill(new_server, until) -> None:
    new_server.start()
    s3, kinesis, firehose = (new_server.client(n) for n in ("s3", "kinesis", "firehose"))
    sqs, dynamodb, _logs, glue, dms = (new_server.client(n) for n in ("sqs", "dynamodb", "logs", "glue", "dms"))
    s3.create_bucket(Bucket="lake")
    s3.create_bucket(Bucket="empty")
    dynamodb.create_table(
        TableName="outcomes",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    glue.create_database(DatabaseInput={"Name": "curated"})
    instance = dms.create_replication_instance(
        ReplicationInstanceIdentifier="i", ReplicationInstanceClass="dms.t3.micro", AllocatedStorage=5
    )["ReplicationInstance"]["ReplicationInstanceArn"]
    dynamodb.put_item(TableName="outcomes", Item={"id": {"S": "a"}})
    sqs.send_message(QueueUrl=queue, MessageBody="message")
    time.sleep(SNAPSHOT_SECONDS)
    # From here on nothing may rely on a snapshot: the kill follows at once.
    kinesis.create_stream(StreamName="clicks", ShardCount=2)
    kinesis.put_records(
        StreamName="clicks", Records=[{"Data": f"{n}".encode(), "PartitionKey": f"{n}"} for n in range(100)]
    )
    kinesis.update_shard_count(StreamName="clicks", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    for name, source in (
        ("direct", {}),
        ("from-stream", {"KinesisStreamARN": f"{ARN}:stream/clicks", "RoleARN": ROLE}),
    ):
        extra = (
            {"DeliveryStreamType": "KinesisStreamAsSource", "KinesisStreamSourceConfiguration": source}
            if source
            else {}
        )
        append = [{"Type": "AppendDelimiterToRecord", "Parameters": []}]
        firehose.create_delivery_stream(
            DeliveryStreamName=name,
            ExtendedS3DestinationConfiguration={
                "RoleARN": ROLE,
                "BucketARN": "arn:aws:s3:::lake",
                "Prefix": f"{name}/",
                "BufferingHints": {"IntervalInSeconds": 2, "SizeInMBs": 5},
                "ProcessingConfiguration": {"Enabled": True, "Processors": append},
            },
            **extra,
        )
    firehose.put_record_batch(DeliveryStreamName="direct", Records=[{"Data": f"d{n}".encode()} for n in range(50)])
    kinesis.put_records(
        StreamName="clicks", Records=[{"Data": f"s{n}".encode(), "PartitionKey": f"{n}"} for n in range(50)]
    )
    s3.put_object(Bucket="lake", Key="object", Body=b"body", Metadata={"k": "v"})
    assert {o["Key"] for o in s3.list_objects_v2(Bucket="lake")["Contents"]} == {"object"}, "buffers are not delivered"
    new_server.kill()

    new_server.start()
    found = s3.get_object(Bucket="lake", Key="object")
    assert (found["Body"].read(), found["Metadata"]) == (b"body", {"k": "v"})
    assert {b["Name"] for b in s3.list_buckets()["Buckets"]} == {"lake", "empty"}
    expected = [f"{n}".encode() for n in range(100)] + [f"s{n}".encode() for n in range(50)]
    assert sorted(shard_records(kinesis, "clicks")) == sorted(expected)
    assert dynamodb.get_item(TableName="outcomes", Key={"id": {"S": "a"}})["Item"] == {"id": {"S": "a"}}
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=queue)["Messages"]] == ["message"]
    assert [d["Name"] for d in glue.get_databases()["DatabaseList"]] == ["curated"]
    instances = dms.describe_replication_instances()["ReplicationInstances"]
    assert [i["ReplicationInstanceArn"] for i in instances] == [instance]
    wanted = {f"d{n}".encode() for n in range(50)} | {f"s{n}".encode() for n in range(50)} | {b"body"}
    until(lambda: set(s3_lines(s3, "lake")) >= wanted, 8, "Firehose delivers what waited in its buffers")
    assert set(s3_lines(s3, "lake")) == wanted, "and nothing that was put before the delivery stream existed"
    sqs.send_message(QueueUrl=queue, MessageBody="just before the stop")
    assert new_server.stop() == 0
    new_server.start()
    waiting = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert int(waiting["ApproximateNumberOfMessages"]) + int(waiting["ApproximateNumberOfMessagesNotVisible"]) == 2


def test_consumers_go_on_after_what_they_finished(new_server, until) -> None:
    source = (
        "import base64, boto3\n"
        "def handler(event, context):\n"
        "    for r in event['Records']:\n"
        "        key = r['kinesis']['sequenceNumber'] + '/' + context.aws_request_id\n"
        "        boto3.client('s3').put_object(Bucket='seen', Key=key)\n"
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", source)
    new_server.start()
    s3, kinesis, functions, firehose = (new_server.client(n) for n in ("s3", "kinesis", "lambda", "firehose"))
    s3.create_bucket(Bucket="seen")
    s3.create_bucket(Bucket="lake")
    destination = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::lake", "BufferingHints": {"IntervalInSeconds": 0}}
    firehose.create_delivery_stream(DeliveryStreamName="once", ExtendedS3DestinationConfiguration=destination)
    firehose.put_record(DeliveryStreamName="once", Record={"Data": b"one\n"})
    kinesis.create_stream(StreamName="in", ShardCount=1)
    functions.create_function(
        FunctionName="f",
        Runtime="python3.12",
        Handler="app.handler",
        Role=ROLE,
        Timeout=20,
        Code={"ZipFile": archive.getvalue()},
    )
    functions.create_event_source_mapping(
        FunctionName="f", EventSourceArn=f"{ARN}:stream/in", StartingPosition="LATEST", BatchSize=10
    )

    def seen() -> list[str]:
        return [o["Key"].split("/")[0] for o in s3.list_objects_v2(Bucket="seen").get("Contents", [])]

    first = kinesis.put_record(StreamName="in", Data=b"1", PartitionKey="k")["SequenceNumber"]
    until(lambda: seen() == [first], 10, "the first record is processed")
    until(lambda: s3_lines(s3, "lake") == [b"one"], 5, "the first record is delivered")
    time.sleep(0.5)
    second = kinesis.put_record(StreamName="in", Data=b"2", PartitionKey="k")["SequenceNumber"]
    new_server.kill()
    new_server.start()
    until(lambda: second in seen(), 10, "the second is processed after the restart")
    assert seen().count(first) == 1
    firehose.put_record(DeliveryStreamName="once", Record={"Data": b"two\n"})
    until(lambda: b"two" in s3_lines(s3, "lake"), 5, "the next one is delivered")
    assert sorted(s3_lines(s3, "lake")) == [b"one", b"two"]
    status = json.loads(functions.invoke(FunctionName="f", Payload=b'{"Records": []}')["Payload"].read() or b"null")
    assert status is None
