"""What engines share: scope of account and region, calls into the server's event loop, durable small files."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from ministack import app
from ministack.core import responses
from ministack.services import s3

from local.aws.settings import ACCOUNT, HOST, REGION

DEFAULT_OWNER = (ACCOUNT, REGION)

USES = {
    "ministack.app": ("call_service_handler_sync", "SERVICE_HANDLERS"),
    "ministack.core.responses": ("request_scope", "json_response", "error_response_json"),
    "ministack.services.s3": ("handle_request",),
}

T = TypeVar("T")
Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Response]]


class CallFailed(RuntimeError):
    """A service of this endpoint refused a call an engine made to it."""


@contextmanager
def scope(account: str, region: str) -> Iterator[None]:
    """Act for one account and region, as a request of theirs would."""
    with responses.request_scope(account, region):
        yield


def on_loop(coroutine: Any, timeout: float = 60.0) -> Any:
    """Run a coroutine on the server's event loop from an engine's thread and return its result."""
    loop = app._MAIN_LOOP
    if loop is None:
        return asyncio.run(coroutine)
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(timeout)


def call_json(service: str, target: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Call a JSON-protocol operation of a service in the current scope.

    Raises
    ------
    CallFailed
        When the service answers with an error.
    """
    headers = {"x-amz-target": target, "content-type": "application/x-amz-json-1.1", "host": HOST}
    handler = app.SERVICE_HANDLERS[service]
    status, _, body = on_loop(handler("POST", "/", headers, json.dumps(payload).encode(), {}))
    answer = json.loads(body or b"{}")
    if status >= 300:
        raise CallFailed(f"{target} answered {status}: {answer.get('message') or answer.get('Message') or answer}")
    return answer


def call_query(service: str, action: str, parameters: dict[str, str]) -> bytes:
    """Call a query-protocol operation of a service in the current scope and return its XML.

    Raises
    ------
    CallFailed
        When the service answers with an error.
    """
    body = urlencode({"Action": action, **parameters}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded", "host": HOST}
    status, _, answer = on_loop(app.SERVICE_HANDLERS[service]("POST", "/", headers, body, {}))
    if status >= 300:
        raise CallFailed(f"{service}:{action} answered {status}: {bytes(answer)[:300].decode(errors='replace')}")
    return bytes(answer)


def put_object(bucket: str, key: str, body: bytes, content_type: str = "application/octet-stream") -> None:
    """Write one object in the current scope; bucket notifications fire as for any other write.

    Raises
    ------
    CallFailed
        When S3 refuses it (for example because the bucket does not exist).
    """
    headers = {"content-type": content_type, "content-length": str(len(body)), "host": HOST}
    status, _, answer = on_loop(
        s3.handle_request("PUT", f"/{bucket}/{key}", headers, body, {}, enforce_bucket_region=False, internal=True)
    )
    if status >= 300:
        raise CallFailed(f"s3://{bucket}/{key} answered {status}: {bytes(answer)[:300].decode(errors='replace')}")


def get_object(bucket: str, key: str) -> bytes:
    """Read one object in the current scope.

    Raises
    ------
    CallFailed
        When S3 refuses it (for example because there is no such key).
    """
    status, _, answer = on_loop(
        s3.handle_request(
            "GET", f"/{bucket}/{key}", {"host": HOST}, b"", {}, enforce_bucket_region=False, internal=True
        )
    )
    if status >= 300:
        raise CallFailed(f"s3://{bucket}/{key} answered {status}: {bytes(answer)[:300].decode(errors='replace')}")
    return bytes(answer)


def write_json(path: Path, value: Any) -> None:
    """Replace a small JSON file so that a kill at any moment leaves the old or the new content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(value))
    os.replace(temporary, path)


def read_json(path: Path, default: T) -> T:
    """Content of a file written by :func:`write_json`, or ``default`` when there is none."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return default
