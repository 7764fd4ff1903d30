"""Lambda behind the HTTP API: ``POST /v1/events``, ``POST /v1/batch``, ``GET /v1/health``.

Settings (environment): ``STREAM_NAME``, ``WRITE_KEYS_SECRET``, and Powertools' own (``POWERTOOLS_*``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import orjson
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from .body import batch_items, one_item, request_body
from .errors import Refusal
from .records import Origin, build_records, request_key
from .stream import StreamWriter
from .tenants import WriteKeys

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="collector")
metrics = Metrics(namespace="Sluice", service="collector")
app = APIGatewayHttpResolver()

_kinesis = boto3.client(
    "kinesis",
    config=Config(connect_timeout=2, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 4}),
)
_write_keys = WriteKeys(os.environ["WRITE_KEYS_SECRET"])
_stream_name = os.environ["STREAM_NAME"]


@app.get("/v1/health")
def health() -> Response:
    """Say that the function answers."""
    return _answer(200, {"status": "ok"})


@app.post("/v1/events")
def one_event() -> Response:
    """Take one event."""
    return _collect(lambda raw, _content_type: one_item(raw))


@app.post("/v1/batch")
def batch() -> Response:
    """Take many events: a JSON array, ``{"batch": [...]}`` or JSON lines (``application/x-ndjson``)."""
    return _collect(batch_items)


@app.exception_handler(Refusal)
def refused(refusal: Refusal) -> Response:
    """Answer a refusal as JSON and count it; the log names the code and the cause's type, never data."""
    cause = refusal.__cause__
    logger.warning(
        "request refused", code=refusal.code, status=refusal.status, cause=type(cause).__name__ if cause else None
    )
    metrics.add_metric("RequestsRefused", MetricUnit.Count, 1)
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
    return _answer(refusal.status, {"error": refusal.code, "message": refusal.message}, headers)


def _collect(split: Callable[[bytes, str], Sequence[Any]]) -> Response:
    request = app.current_event
    headers = request.headers
    tenant = _write_keys.tenant_of(headers.get("x-write-key"))
    raw = request_body(request.body, request.is_base64_encoded or False, headers.get("content-encoding") or "")
    origin = Origin(
        tenant=tenant,
        request_key=request_key(tenant, headers.get("idempotency-key"), raw),
        received_at=datetime.now(UTC),
        ip=request.request_context.http.source_ip,
        user_agent=headers.get("user-agent"),
    )
    items = split(raw, headers.get("content-type") or "")
    records, malformed = build_records(items, origin)
    writer = StreamWriter(_kinesis, _stream_name)
    writer.write(records)
    metrics.add_metric("RecordsAccepted", MetricUnit.Count, len(records) - malformed)
    metrics.add_metric("RecordsMalformed", MetricUnit.Count, malformed)
    metrics.add_metric("RecordsRetried", MetricUnit.Count, writer.retried)
    return _answer(200, {"accepted": len(records) - malformed, "malformed": malformed})


def _answer(status: int, body: dict[str, object], headers: dict[str, str] | None = None) -> Response:
    return Response(status, content_types.APPLICATION_JSON, orjson.dumps(body).decode(), headers or {})


@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Entry point of the function."""
    metrics.add_metric("Requests", MetricUnit.Count, 1)
    return app.resolve(event, context)
