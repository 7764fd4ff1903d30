"""Kinesis event source mappings: batches of a shard's records, in order, to a Lambda function.

Follows the Lambda developer guide ("Process Amazon Kinesis Data Streams records with Lambda"): batch size and window,
ReportBatchItemFailures, BisectBatchOnFunctionError, MaximumRetryAttempts, MaximumRecordAgeInSeconds, on-failure
destination, parents before children. The checkpoint of each shard is on disk before the next batch, so a kill
repeats at most the batch in flight.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack.services import kinesis, lambda_svc

from local.aws import gateway
from local.aws import kinesis_store as store
from local.aws.event_batches import Batch, Outcome, ShardWork
from local.aws.record_log import Record

logger = logging.getLogger("sluice.event_sources")

USES = {
    "ministack.services.lambda_svc": (
        "_poll_kinesis",
        "_iter_all_esms",
        "_create_esm",
        "_delete_esm",
        "_get_func_record_for_qualifier",
        "_apply_filter_criteria",
        "_execute_function",
        "_esms",
    ),
}

_TICK = 0.1


class Mapping:
    """One mapping at work, on its own thread."""

    def __init__(self, account: str, region: str, esm: dict[str, Any], checkpoint: Path) -> None:
        self._owner, self.esm, self._file = (account, region), esm, checkpoint
        self._positions: dict[str, int] = gateway.read_json(checkpoint, {})
        self._work: dict[str, ShardWork] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"mapping-{esm['UUID'][:8]}", daemon=True)

    def place(self) -> None:
        """Set the starting position of a new mapping; LATEST means the moment of its creation."""
        kind = self.esm.get("StartingPosition", "LATEST")
        for name, shard in (self._stream() or {"shards": {}})["shards"].items():
            self._positions[name] = shard["log"].start if kind == "TRIM_HORIZON" else shard["log"].end
        gateway.write_json(self._file, self._positions)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch in flight, then end."""
        self._stop.set()

    def _stream(self) -> store.Stream | None:
        _, _, _, region, account, tail = self.esm["EventSourceArn"].split(":", 5)
        return kinesis._streams.get_scoped(account, region, tail.removeprefix("stream/"))

    def _run(self) -> None:
        while not self._stop.is_set():
            progressed = False
            try:
                with gateway.scope(*self._owner):
                    progressed = self._pass()
            except Exception:
                logger.exception("Event source mapping %s failed; its records wait", self.esm["UUID"])
                self._stop.wait(1.0)
            if not progressed:
                self._stop.wait(_TICK)

    def _pass(self) -> bool:
        stream = self._stream()
        function, _ = lambda_svc._get_func_record_for_qualifier(self.esm["FunctionName"], self.esm.get("Qualifier"))
        if not stream or function is None or not self.esm.get("Enabled", True):
            return False
        progressed = False
        for name, shard in list(stream["shards"].items()):
            if self._stop.is_set() or self._waits_for_parents(stream, shard):
                continue
            log = shard["log"]
            position = max(self._positions.get(name, log.start), log.start)
            work = self._work.setdefault(name, ShardWork(self.esm))
            batch = work.next(log, position, store.is_open(shard))
            if batch is None:
                continue
            records = log.read(batch.first, batch.last - batch.first)
            batch = Batch(batch.first, batch.first + len(records), batch.attempts)
            outcome = self._invoke(function, name, batch, records)
            for given_up in work.settle(batch, outcome, records):
                self._give_up(
                    function, stream, name, given_up, log.read(given_up.first, given_up.last - given_up.first)
                )
            self._positions[name] = work.checkpoint(default=batch.last)
            gateway.write_json(self._file, self._positions)
            progressed = True
        return progressed

    def _waits_for_parents(self, stream: store.Stream, shard: store.Shard) -> bool:
        for parent in (shard.get("parent_shard_id"), shard.get("adjacent_parent_shard_id")):
            if parent in stream["shards"]:
                log = stream["shards"][parent]["log"]
                if max(self._positions.get(parent, log.start), log.start) < log.end:
                    return True
        return False

    def _invoke(self, function: dict[str, Any], shard: str, batch: Batch, records: list[Record]) -> Outcome:
        config = function.get("config") or function
        events = [self._event(config, shard, record) for record in records]
        events = lambda_svc._apply_filter_criteria(events, self.esm)
        if not events:
            return Outcome(None)
        result = lambda_svc._execute_function(function, {"Records": events})
        if result.get("error"):
            body = result.get("body") or {}
            self.esm["LastProcessingResult"] = "PROBLEM: Function call failed"
            logger.warning("Mapping to %s: batch of %d failed: %s", config.get("FunctionName"), len(records), body)
            return Outcome(batch.first)
        failed_at = self._reported(result.get("body"), records)
        self.esm["LastProcessingResult"] = "OK"
        return Outcome(None if failed_at is None else batch.first + failed_at)

    def _reported(self, body: Any, records: list[Record]) -> int | None:
        """Offset of the first record the function reported as failed."""
        if "ReportBatchItemFailures" not in (self.esm.get("FunctionResponseTypes") or []) or not isinstance(body, dict):
            return None
        failures = body.get("batchItemFailures") or []
        identifiers = {item.get("itemIdentifier") for item in failures if isinstance(item, dict)}
        if not failures:
            return None
        known = [n for n, record in enumerate(records) if store.sequence_text(record.sequence) in identifiers]
        # An identifier that is empty or of no record in the batch fails the whole batch.
        return min(known) if known and len(known) == len(identifiers) else 0

    def _event(self, config: dict[str, Any], shard: str, record: Record) -> dict[str, Any]:
        out = store.record_out(record)
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": out["PartitionKey"],
                "sequenceNumber": out["SequenceNumber"],
                "data": out["Data"],
                "approximateArrivalTimestamp": out["ApproximateArrivalTimestamp"],
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard}:{out['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": config.get("Role", ""),
            "awsRegion": self._owner[1],
            "eventSourceARN": self.esm["EventSourceArn"],
        }

    def _give_up(
        self, function: dict[str, Any], stream: store.Stream, shard: str, batch: Batch, records: list[Record]
    ) -> None:
        """Tell the on-failure destination about records that are not tried again."""
        destination = ((self.esm.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
        if not destination or not records:
            return
        config = function.get("config") or function
        first, last = records[0], records[-1]
        message = {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": config.get("FunctionArn"),
                "condition": batch.condition,
                "approximateInvokeCount": batch.attempts,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
            "KinesisBatchInfo": {
                "shardId": shard,
                "startSequenceNumber": store.sequence_text(first.sequence),
                "endSequenceNumber": store.sequence_text(last.sequence),
                "approximateArrivalOfFirstRecord": _iso(first.arrived),
                "approximateArrivalOfLastRecord": _iso(last.arrived),
                "batchSize": len(records),
                "streamArn": stream["StreamARN"],
            },
        }
        _send(destination, json.dumps(message))


def _iso(milliseconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds / 1000)) + f".{milliseconds % 1000:03d}Z"


def _send(destination: str, message: str) -> None:
    if ":sqs:" in destination:
        name = destination.rsplit(":", 1)[-1]
        url = gateway.call_json("sqs", "AmazonSQS.GetQueueUrl", {"QueueName": name})["QueueUrl"]
        gateway.call_json("sqs", "AmazonSQS.SendMessage", {"QueueUrl": url, "MessageBody": message})
    elif ":sns:" in destination:
        gateway.call_query("sns", "Publish", {"TopicArn": destination, "Message": message})
    else:
        logger.error("On-failure destination %s is neither a queue nor a topic; the failure was not sent", destination)


class EventSources:
    """Runs every Kinesis mapping there is."""

    def __init__(self, root: Path, persist: Callable[[], None]) -> None:
        self._root, self._persist = root, persist
        self._mappings: dict[str, Mapping] = {}
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="event-sources", daemon=True)

    def install(self) -> None:
        """Take Kinesis mappings over from ministack's poller."""
        lambda_svc._poll_kinesis = lambda: False
        create, delete = lambda_svc._create_esm, lambda_svc._delete_esm

        def create_esm(data: dict[str, Any]) -> gateway.Response:
            # The other thread must not start a mapping before it is placed at its starting position.
            with self._lock:
                response = create(data)
                if response[0] < 300:
                    self._ensure(fresh=json.loads(response[2])["UUID"])
            if response[0] < 300:
                self._persist()
            return response

        def delete_esm(esm_id: str) -> gateway.Response:
            response = delete(esm_id)
            with self._lock:
                mapping = self._mappings.pop(esm_id, None)
            if mapping:
                mapping.stop()
                self._file(esm_id).unlink(missing_ok=True)
            return response

        lambda_svc._create_esm, lambda_svc._delete_esm = create_esm, delete_esm

    def start(self) -> None:
        """Begin to read for every mapping."""
        self._thread.start()

    def stop(self) -> None:
        """End after the batches in flight."""
        self._stop.set()
        for mapping in self._mappings.values():
            mapping.stop()

    def _file(self, esm_id: str) -> Path:
        return self._root / f"{esm_id}.json"

    def _ensure(self, fresh: str = "") -> None:
        with self._lock:
            for account, region, esm in lambda_svc._iter_all_esms():
                esm_id = esm["UUID"]
                if ":kinesis:" not in esm.get("EventSourceArn", "") or esm_id in self._mappings:
                    continue
                mapping = self._mappings[esm_id] = Mapping(account, region, esm, self._file(esm_id))
                if esm_id == fresh:
                    mapping.place()
                mapping.start()

    def _run(self) -> None:
        while not self._stop.wait(0.5):
            self._ensure()
