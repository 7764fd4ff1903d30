"""Firehose: accept direct puts, run every delivery stream, publish its metrics once a second."""

from __future__ import annotations

import base64
import binascii
import logging
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import firehose, kinesis

from local.aws import firehose_records as records
from local.aws import gateway, kinesis_store, metrics
from local.aws.firehose_delivery import Delivery, Logs
from local.aws.gateway import Response
from local.aws.record_log import Record, RecordLog

logger = logging.getLogger("sluice.firehose")

USES = {
    "ministack.services.firehose": (
        "_streams",
        "_HANDLERS",
        "_put_record",
        "_put_record_batch",
        "_create_delivery_stream",
        "_delete_delivery_stream",
        "_update_destination",
        "_resolve_dest_type_and_config",
        "_resolve_dest_update_config",
        "ingest_from_kinesis_source",
        "_record_id",
    ),
    **records.USES,
}

_MAX_BATCH = 500
_MAX_BATCH_BYTES = 4 << 20
_MAX_RECORD_BYTES = 1000 << 10
_IDLE_SECONDS = 0.2
Scope = tuple[str, str, str]


class Engine:
    """Every delivery stream of the endpoint, served by one thread.

    Parameters
    ----------
    root
        Directory of checkpoints and of the logs of direct puts.
    persist
        Writes the delivery streams' definitions before a change of them is acknowledged.
    """

    def __init__(self, root: Path, persist: Callable[[], None]) -> None:
        self._root, self._persist = root, persist
        self._deliveries: dict[Scope, Delivery] = {}
        self._direct: dict[Scope, RecordLog] = {}
        self._incoming: dict[Scope, int] = {}
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="firehose", daemon=True)

    # -- API ----------------------------------------------------------------------------------------------------------

    def install(self) -> None:
        """Take over puts and deliveries from ministack."""
        handlers = firehose._HANDLERS
        handlers["PutRecord"] = self.put_record
        handlers["PutRecordBatch"] = self.put_record_batch
        handlers["CreateDeliveryStream"] = self._checked(
            handlers["CreateDeliveryStream"], firehose._resolve_dest_type_and_config, self._created
        )
        handlers["UpdateDestination"] = self._checked(
            handlers["UpdateDestination"], firehose._resolve_dest_update_config, lambda name: None
        )
        handlers["DeleteDeliveryStream"] = self._deleted(handlers["DeleteDeliveryStream"])
        # Kinesis is read from its logs; ministack's hook would deliver a second time.
        firehose.ingest_from_kinesis_source = lambda arn, pairs: None

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Stop delivering; what is not in S3 yet is read again after the next start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(8)

    def _checked(self, operation: Any, destination: Any, then: Callable[[str], None]) -> Any:
        def handler(data: dict[str, Any]) -> Response:
            kind, config = destination(data)
            if kind and kind not in ("ExtendedS3", "S3"):
                message = f"Firehose destination {kind} is not served by this endpoint; use ExtendedS3"
                return error_response_json("InvalidArgumentException", message, 400)
            problem = records.check_query(config or {})
            if problem:
                return error_response_json("InvalidArgumentException", problem, 400)
            # The engine's thread must not see a new stream before it is placed at the end of its source.
            with self._lock:
                response = operation(data)
                if response[0] == 200:
                    then(data["DeliveryStreamName"])
            if response[0] == 200:
                self._persist()
            return response

        return handler

    def _created(self, name: str) -> None:
        scope = self._scope(name)
        shutil.rmtree(self._path(scope), ignore_errors=True)
        self._delivery(scope, firehose._streams[name]).start_at_end()

    def _deleted(self, operation: Any) -> Any:
        def handler(data: dict[str, Any]) -> Response:
            response = operation(data)
            if response[0] == 200:
                with self._lock:
                    scope = self._scope(data["DeliveryStreamName"])
                    self._deliveries.pop(scope, None)
                    self._direct.pop(scope, None)
                    shutil.rmtree(self._path(scope), ignore_errors=True)
                self._persist()
            return response

        return handler

    def put_record(self, data: dict[str, Any]) -> Response:
        """PutRecord: acknowledged once the record is in the stream's log."""
        status, headers, body = self._put(data.get("DeliveryStreamName", ""), [data.get("Record") or {}])
        if status != 200:
            return status, headers, body
        return json_response({"RecordId": firehose._record_id(), "Encrypted": False})

    def put_record_batch(self, data: dict[str, Any]) -> Response:
        """PutRecordBatch: up to 500 records and 4 MiB."""
        entries = data.get("Records") or []
        if not 1 <= len(entries) <= _MAX_BATCH:
            return error_response_json("InvalidArgumentException", "Records must have 1 to 500 members.", 400)
        status, headers, body = self._put(data.get("DeliveryStreamName", ""), entries)
        if status != 200:
            return status, headers, body
        answers = [{"RecordId": firehose._record_id()} for _ in entries]
        return json_response({"FailedPutCount": 0, "Encrypted": False, "RequestResponses": answers})

    def _put(self, name: str, entries: list[dict[str, Any]]) -> Response:
        stream = firehose._streams.get(name)
        if stream is None:
            return error_response_json("ResourceNotFoundException", f"Firehose {name} not found.", 400)
        if stream["type"] != "DirectPut":
            message = f"This operation is not permitted on {stream['type']} delivery stream type."
            return error_response_json("InvalidArgumentException", message, 400)
        try:
            bodies = [base64.b64decode(entry.get("Data", ""), validate=True) for entry in entries]
        except (binascii.Error, ValueError):
            return error_response_json("InvalidArgumentException", "Record.Data must be valid base64.", 400)
        if max(map(len, bodies)) > _MAX_RECORD_BYTES or sum(map(len, bodies)) > _MAX_BATCH_BYTES:
            message = "A record holds at most 1,000 KiB and a batch at most 4 MiB."
            return error_response_json("InvalidArgumentException", message, 400)
        scope, now = self._scope(name), int(time.time() * 1000)
        first = kinesis_store.next_sequences(len(bodies))
        self._log(scope).append([Record(first + n, now, b"", body) for n, body in enumerate(bodies)])
        self._incoming[scope] = self._incoming.get(scope, 0) + len(bodies)
        return json_response({})

    # -- runtime ------------------------------------------------------------------------------------------------------

    def _scope(self, name: str) -> Scope:
        _, _, _, region, account, _ = firehose._streams.get(name, {}).get("arn", firehose._stream_arn(name)).split(":")
        return account, region, name

    def _path(self, scope: Scope) -> Path:
        return self._root.joinpath(*scope)

    def _log(self, scope: Scope) -> RecordLog:
        with self._lock:
            if scope not in self._direct:
                self._direct[scope] = RecordLog(self._path(scope) / "direct")
            return self._direct[scope]

    def _sources(self, scope: Scope, stream: dict[str, Any]) -> Callable[[], Logs]:
        if stream["type"] != "KinesisStreamAsSource":
            return lambda: {"direct": self._log(scope)}
        arn = stream["kinesis_source"]["KinesisStreamARN"]
        _, _, _, region, account, tail = arn.split(":", 5)

        def shards() -> Logs:
            source = kinesis._streams.get_scoped(account, region, tail.removeprefix("stream/"))
            return {name: shard["log"] for name, shard in list(source["shards"].items())} if source else {}

        return shards

    def _delivery(self, scope: Scope, stream: dict[str, Any]) -> Delivery:
        with self._lock:
            known = self._deliveries.get(scope)
            if known is None or known.stream is not stream:
                checkpoint = self._path(scope) / "checkpoint.json"
                known = self._deliveries[scope] = Delivery(stream, self._sources(scope, stream), checkpoint)
            return known

    def _active(self) -> list[tuple[Scope, Delivery]]:
        with self._lock:
            return [(scope, self._delivery(scope, stream)) for scope, stream in list(firehose._streams._data.items())]

    def _run(self) -> None:
        published = time.monotonic()
        while not self._stop.is_set():
            more = False
            for scope, delivery in self._active():
                try:
                    with gateway.scope(*scope[:2]):
                        more |= delivery.pump()
                        if scope in self._direct:
                            self._direct[scope].trim(delivery.checkpoint().get("direct", 0))
                except Exception:
                    logger.exception("Firehose %s could not deliver", scope[2])
            if time.monotonic() - published >= 1.0:
                published = time.monotonic()
                self._publish()
            if not more:
                self._stop.wait(_IDLE_SECONDS)

    def _publish(self) -> None:
        for scope, delivery in self._active():
            delivered, size = delivery.delivered_records, delivery.delivered_bytes
            delivery.delivered_records = delivery.delivered_bytes = 0
            values = {
                "DeliveryToS3.DataFreshness": (delivery.freshness(), "Seconds"),
                "DeliveryToS3.Records": (delivered, "Count"),
                "DeliveryToS3.Bytes": (size, "Bytes"),
                "DeliveryToS3.Success": (1, "Count"),
                "IncomingRecords": (self._incoming.pop(scope, 0), "Count"),
            }
            if delivery.stream["type"] == "KinesisStreamAsSource":
                values["KinesisMillisBehindLatest"] = (delivery.millis_behind(), "Milliseconds")
            metrics.publish(scope[:2], "AWS/Firehose", {"DeliveryStreamName": scope[2]}, values)
