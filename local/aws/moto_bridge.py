"""Control planes ministack lacks, served by moto inside the same process: DMS, Redshift, Lake Formation, SageMaker, ...

moto's server application is called as WSGI, one request at a time because moto is not thread-safe; its state is kept
across restarts by replaying the requests that changed it (moto cannot save state).
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import random
import re
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

from ministack import app
from ministack.core import iam_actions, router
from moto.moto_api._internal import mock_random
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local.aws.gateway import Response
from local.aws.settings import HOST

logger = logging.getLogger("sluice.moto")

USES = {
    "ministack.app": ("SERVICE_HANDLERS",),
    "ministack.core.router": ("SERVICE_PATTERNS",),
    "ministack.core.iam_actions": ("SERVICE_TO_IAM_NAMESPACE",),
    "moto.moto_api._internal": ("mock_random",),
    "moto.moto_server.werkzeug_app": ("DomainDispatcherApplication", "create_backend_app"),
}

SERVICES = ("dms", "redshift", "lakeformation", "sagemaker")
_CREDENTIAL_SCOPE = re.compile(r"Credential=([^,\s]+)")
_READS = ("Describe", "Get", "List", "Search", "BatchGet", "Lookup")


class MotoBridge:
    """moto's backends behind ministack's router.

    Parameters
    ----------
    journal
        File the changing requests are appended to before they are acknowledged.
    """

    def __init__(self, journal: Path, port: int) -> None:
        self._journal, self._port = journal, port
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.RLock()

    def install(self) -> None:
        """Register moto for its services and bring back what they held."""
        for service in SERVICES:
            app.SERVICE_HANDLERS[service] = self.handle
            router.SERVICE_PATTERNS.setdefault(service, {"credential_scope": service})
            iam_actions.SERVICE_TO_IAM_NAMESPACE.setdefault(service, service)
        self._replay()

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        """Answer one request of a bridged service."""
        return await asyncio.to_thread(self._serve, method, path, headers, bytes(body or b""), query)

    def _serve(self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        with self._lock:
            seed = random.randrange(1 << 30)
            status, answer_headers, answer = self._call(seed, method, path, headers, body, query)
            if status < 300 and method != "GET" and not operation(headers, body).startswith(_READS):
                self._record(seed, method, path, headers, body, query)
        return status, answer_headers, answer

    def _call(
        self, seed: int, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        # The same seed gives the same identifiers when the request is replayed.
        mock_random.seed(seed)
        pairs = [(k, v) for k, values in query.items() for v in (values if isinstance(values, list) else [values])]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": unquote(path),
            "QUERY_STRING": urlencode(pairs),
            "SERVER_NAME": HOST,
            "SERVER_PORT": str(self._port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_LENGTH": str(len(body)),
            "RAW_URI": path,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in headers.items():
            name = name.upper().replace("-", "_")
            if name != "CONTENT_LENGTH":
                environ[name if name == "CONTENT_TYPE" else f"HTTP_{name}"] = value
        started: dict[str, Any] = {}

        def start_response(status: str, answer_headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            started.update(status=int(status.split()[0]), headers=dict(answer_headers))

        answer = b"".join(self._moto(environ, start_response))
        return started["status"], started["headers"], answer

    def _record(
        self, seed: int, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> None:
        kept = {k: v for k, v in headers.items() if k in ("content-type", "x-amz-target", "host")}
        found = _CREDENTIAL_SCOPE.search(headers.get("authorization", ""))
        if found:
            # moto takes account, region and service from here; the signature is not kept.
            kept["authorization"] = f"AWS4-HMAC-SHA256 Credential={found[1]}, SignedHeaders=host, Signature=0"
        entry = [seed, method, path, kept, body.decode("utf-8", "surrogateescape"), query]
        # Requests may carry passwords of data sources.
        with open(self._journal, "a", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(json.dumps(entry) + "\n")

    def _replay(self) -> None:
        if not self._journal.exists():
            self._journal.parent.mkdir(parents=True, exist_ok=True)
            return
        for line in self._journal.read_text().splitlines():
            try:
                seed, method, path, headers, body, query = json.loads(line)
            except ValueError:
                continue  # the last line, cut short by a kill before its request was acknowledged
            status, _, answer = self._call(seed, method, path, headers, body.encode("utf-8", "surrogateescape"), query)
            if status >= 300:
                logger.warning("%s could not be restored: %s", operation(headers, body.encode()), answer[:200])


def operation(headers: dict[str, str], body: bytes) -> str:
    """Name of the operation of a JSON or query protocol request, empty for others."""
    target = headers.get("x-amz-target", "")
    if target:
        return target.rsplit(".", 1)[-1]
    for pair in body.split(b"&"):
        if pair.startswith(b"Action="):
            return pair[7:].decode()
    return ""
