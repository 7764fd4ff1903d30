from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Landed = Callable[[], list[dict[str, Any]]]
LINES = "application/x-ndjson"


def packed(body: bytes) -> dict[str, Any]:
    return {"body": base64.b64encode(body).decode(), "base64": True}


def test_one_event_lands_with_the_tenant_of_its_write_key(request_: Any, landed: Landed) -> None:
    event = {"event_id": "e1", "user_id": "u1", "event_type": "view", "tenant_id": "somebody else"}
    status, answer, _ = request_("/v1/events", json.dumps(event), key="key-of-borealis")
    assert (status, answer) == (200, {"accepted": 1, "malformed": 0})
    (record,) = landed()
    assert record["event_id"] == "e1"
    assert record["tenant_id"] == "borealis", "an event cannot choose its tenant"
    assert record["ip"] == "198.51.100.7" and record["user_agent"] == "tracker/1"
    assert record["_record_id"].endswith(":0")
    assert record["_received_at"].endswith("Z") and record["_event_hour"] == record["_received_at"][:13]


def test_an_event_keeps_its_own_ip_and_user_agent(request_: Any, landed: Landed) -> None:
    request_("/v1/events", json.dumps({"ip": "192.0.2.1", "user_agent": "phone"}))
    (record,) = landed()
    assert (record["ip"], record["user_agent"]) == ("192.0.2.1", "phone")


@pytest.mark.parametrize("body", ['[{"a":1},{"a":2}]', '{"batch":[{"a":1},{"a":2}]}'])
def test_a_json_batch_comes_as_array_or_under_batch(request_: Any, landed: Landed, body: str) -> None:
    assert request_(body=body)[:2] == (200, {"accepted": 2, "malformed": 0})
    assert sorted(record["a"] for record in landed()) == [1, 2]


def test_malformed_lines_are_forwarded_as_text(request_: Any, landed: Landed) -> None:
    status, answer, _ = request_(**packed(b'{"a":1}\n{"a":\n\n[]\n\xff\xfe\n'), content_type=LINES)
    assert (status, answer) == (200, {"accepted": 1, "malformed": 3})
    records = sorted(landed(), key=lambda record: record["_record_id"])
    assert [record.get("_malformed") for record in records] == [None, '{"a":', "[]", "\\xff\\xfe"]
    malformed = records[1]
    assert malformed.keys() == {"_record_id", "_received_at", "tenant_id", "_event_hour", "_malformed"}


def test_a_gzip_body_is_the_same_request_as_the_plain_one(request_: Any, landed: Landed) -> None:
    body = b'{"user_id":"u"}\n'
    request_(**packed(body), content_type=LINES, idempotency_key="k")
    request_(**packed(gzip.compress(body)), content_type=LINES, content_encoding="gzip", idempotency_key="k")
    first, second = landed()
    assert first["_record_id"] == second["_record_id"]


def test_the_same_request_gets_the_same_record_ids_and_others_do_not(request_: Any, landed: Landed) -> None:
    body = '[{"user_id":"u"}]'
    for arguments in (
        {"idempotency_key": "k"}, {"idempotency_key": "k"}, {"idempotency_key": "other"}, {},
        {"idempotency_key": "k", "key": "key-of-borealis"},
    ):  # fmt: skip
        request_(body=body, **arguments)
    ids = [record["_record_id"] for record in landed()]
    assert len(ids) == 5 and len(set(ids)) == 4


def test_a_reused_idempotency_key_does_not_swallow_other_events(request_: Any, landed: Landed) -> None:
    request_(body='[{"user_id":"u","n":1}]', idempotency_key="constant")
    request_(body='[{"user_id":"u","n":2}]', idempotency_key="constant")
    assert len({record["_record_id"] for record in landed()}) == 2


@pytest.mark.parametrize("key", [None, "nobody's"])
def test_without_a_known_write_key_nothing_lands(request_: Any, landed: Landed, key: str | None) -> None:
    status, answer, _ = request_(body="[{}]", key=key)
    assert status == 401 and "X-Write-Key" in answer["message"]
    assert landed() == []


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        ({"body": "x" * 1_000_001}, 413, "body_too_large"),
        (packed(gzip.compress(b"x" * 1_000_001)) | {"content_encoding": "gzip"}, 413, "body_too_large"),
        (packed(b"no gzip") | {"content_encoding": "gzip"}, 400, "bad_gzip"),
        (packed(gzip.compress(b"[{}]")[:-4]) | {"content_encoding": "gzip"}, 400, "bad_gzip"),
        ({"body": "[]", "content_encoding": "br"}, 415, "unsupported_encoding"),
        ({"body": "###", "base64": True}, 400, "bad_base64"),
        ({"body": None}, 400, "empty_body"),
        ({"body": "1\n" * 5_001, "content_type": LINES}, 413, "too_many_items"),
    ],
)
def test_a_request_that_cannot_be_taken_is_refused_with_a_reason(
    request_: Any, landed: Landed, arguments: dict[str, Any], status: int, code: str
) -> None:
    answered, answer, _ = request_(**arguments)
    assert (answered, answer["error"]) == (status, code)
    assert len(answer["message"]) > 10
    assert landed() == []


def test_health_needs_no_key(request_: Any) -> None:
    assert request_("/v1/health", method="GET", key=None)[:2] == (200, {"status": "ok"})


def test_an_unknown_path_is_not_found(request_: Any) -> None:
    assert request_("/v2/events", "{}")[0] == 404


def test_a_stream_that_is_away_is_503_with_retry_after(
    request_: Any, handler: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "_stream_name", "no-such-stream")
    status, answer, headers = request_(body="[{}]")
    assert (status, answer["error"]) == (503, "stream_unavailable")
    assert int(headers["Retry-After"]) > 0


def test_neither_log_nor_metrics_hold_data_of_the_request(
    request_: Any, handler: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    event = json.dumps([{"user_id": "secret-user", "email": "secret@example.com", "ip": "192.0.2.77"}])
    request_(body=event)
    monkeypatch.setattr(handler, "_stream_name", "no-such-stream")
    request_(body=event, idempotency_key="secret-key")
    request_(body=event, key="secret-write-key")
    written = "".join(capfd.readouterr())
    assert '"RecordsAccepted"' in written, "metrics are written"
    assert "secret" not in written and "192.0.2.77" not in written and "198.51.100.7" not in written


TRICKY = [
    b'{"a":1}', b"[]", b"{", b"\xff", b" ", b"\r", b'"\\ud800"', b'{"a":"\\ud800"}', b"1e999", b"NaN",
    b'{"_malformed":1}', b'{"event_timestamp":"0001-01-01T00:00:00+14:00"}', b'{"user_id":[{}]}',
]  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(min_size=1, max_size=300)
    | st.lists(st.sampled_from(TRICKY), min_size=1, max_size=20).map(b"\n".join)
)
def test_no_line_is_ever_lost(request_: Any, landed: Landed, body: bytes) -> None:
    lines = [line for line in body.split(b"\n") if line.strip()]
    status, answer, _ = request_(**packed(body), content_type=LINES)
    if not lines:
        assert status == 400
        return
    assert status == 200
    assert answer["accepted"] + answer["malformed"] == len(lines)
    records = landed()
    assert len(records) == len(lines)
    assert sum("_malformed" in record for record in records) == answer["malformed"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.text(max_size=200) | st.binary(max_size=200),
    path=st.sampled_from(["/v1/batch", "/v1/events"]),
    encoding=st.sampled_from(["", "gzip", "identity", "GZIP"]),
    content_type=st.sampled_from(["", "application/json", LINES, "text/plain; charset=utf-8", "application/jsonl"]),
)
def test_no_body_makes_it_fail(request_: Any, body: str | bytes, path: str, encoding: str, content_type: str) -> None:
    arguments = packed(body) if isinstance(body, bytes) else {"body": body}
    status, answer, _ = request_(path, **arguments, content_encoding=encoding, content_type=content_type)
    assert status in (200, 400)
    assert answer.keys() == ({"accepted", "malformed"} if status == 200 else {"error", "message"})


def test_500_events_cost_less_than_15_ms_without_kinesis(
    request_: Any, handler: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoKinesis:
        def put_records(self, StreamName: str, Records: list[Any]) -> dict[str, Any]:
            return {"FailedRecordCount": 0, "Records": [{}] * len(Records)}

    monkeypatch.setattr(handler, "_kinesis", NoKinesis())
    event = {
        "event_id": "6f1c2f0e-6a55-4f0e-9f5e-2f6c1f1f7a10", "user_id": "u-1", "session_id": "s-1", "event_type": "view",
        "page_id": "home", "event_timestamp": "2026-11-22T10:00:00.000Z", "user_agent": "Mozilla/5.0 " * 8,
    }  # fmt: skip
    body = packed(b"\n".join(json.dumps(event | {"n": n}).encode() for n in range(500)))
    request_(**body, content_type=LINES)
    spent = []
    for _ in range(9):
        started = time.process_time()
        assert request_(**body, content_type=LINES)[1] == {"accepted": 500, "malformed": 0}
        spent.append(time.process_time() - started)
    assert sorted(spent)[4] < 0.015
