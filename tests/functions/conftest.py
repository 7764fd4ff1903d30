"""The collector as Lambda runs it: real Powertools, and Kinesis and Secrets Manager answered by moto over HTTP."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

STREAM = "clickstream-test"
SECRET = "test/write-keys"
WRITE_KEYS = {"key-of-aurora": "aurora", "key-of-borealis": "borealis"}


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def handler(aws_url: str) -> Iterator[ModuleType]:
    """The handler's module, imported with the environment its function has."""
    settings = {
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "STREAM_NAME": STREAM,
        "WRITE_KEYS_SECRET": SECRET,
        "POWERTOOLS_METRICS_NAMESPACE": "Sluice",
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    boto3.client("kinesis").create_stream(StreamName=STREAM, ShardCount=2)
    boto3.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps(WRITE_KEYS))
    yield importlib.import_module("functions.collector.handler")
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture
def kinesis(handler: ModuleType) -> Any:
    return boto3.client("kinesis")


@pytest.fixture
def landed(kinesis: Any) -> Callable[[], list[dict[str, Any]]]:
    """Records that reached the stream since the test began, in their shard's order."""
    shards = [shard["ShardId"] for shard in kinesis.list_shards(StreamName=STREAM)["Shards"]]
    iterators = {
        shard: kinesis.get_shard_iterator(StreamName=STREAM, ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]
        for shard in shards
    }

    def read() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for shard in shards:
            answer = kinesis.get_records(ShardIterator=iterators[shard])
            assert not answer["MillisBehindLatest"], "all of it in one answer"
            iterators[shard] = answer["NextShardIterator"]
            found += [json.loads(record["Data"]) for record in answer["Records"]]
        return found

    return read


class Context:
    """What Lambda hands to a handler."""

    function_name = "sluice-collector"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:sluice-collector"
    aws_request_id = "request"


@pytest.fixture
def request_(handler: ModuleType) -> Callable[..., tuple[int, dict[str, Any], dict[str, str]]]:
    """Send a request as API Gateway's payload version 2 does; returns status, body and headers of the answer."""

    def send(
        path: str = "/v1/batch",
        body: str | None = None,
        *,
        method: str = "POST",
        base64: bool = False,
        key: str | None = "key-of-aurora",
        **headers: str,
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        event = {
            "version": "2.0",
            "routeKey": f"{method} {path}",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {"user-agent": "tracker/1", **({"x-write-key": key} if key else {}), **named},
            "requestContext": {
                "http": {"method": method, "path": path, "sourceIp": "198.51.100.7", "userAgent": "tracker/1"},
                "stage": "$default",
                "requestId": "request",
            },
            "isBase64Encoded": base64,
            **({} if body is None else {"body": body}),
        }
        answer = handler.lambda_handler(event, Context())
        multi = answer.get("headers", {}) | {k: v[0] for k, v in answer.get("multiValueHeaders", {}).items()}
        return answer["statusCode"], json.loads(answer["body"]), multi

    return send
