"""Redshift Data API: each operation goes to the engine beside the Redshift wire gate."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
from typing import Any

from ministack import app
from ministack.core import iam_actions, router
from ministack.core.responses import error_response_json

from local.aws.gateway import Response
from local.aws.moto_bridge import operation

USES = {
    "ministack.app": ("SERVICE_HANDLERS",),
    "ministack.core.router": ("SERVICE_PATTERNS",),
    "ministack.core.iam_actions": ("SERVICE_TO_IAM_NAMESPACE",),
}
SERVICE = "redshift-data"


class RedshiftData:
    """The service ``redshift-data`` of this endpoint.

    Parameters
    ----------
    gate
        ``host:port`` of the Redshift wire gate (``SLUICE_REDSHIFT``); empty when there is none.
    """

    def __init__(self, gate: str) -> None:
        self._gate = gate
        self._api: Any = None

    def install(self) -> None:
        """Register the service."""
        app.SERVICE_HANDLERS[SERVICE] = self.handle
        router.SERVICE_PATTERNS.setdefault(SERVICE, {"credential_scope": SERVICE})
        iam_actions.SERVICE_TO_IAM_NAMESPACE.setdefault(SERVICE, SERVICE)

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        """Answer one request."""
        name = operation(headers, body)
        if not self._gate:
            message = f"{name}: no Redshift is attached to this endpoint; start it with SLUICE_REDSHIFT=host:port"
            return error_response_json("InternalServerException", message, 500)
        status, answer = await asyncio.to_thread(self._engine().handle, name, json.loads(body or b"{}"))
        return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer, default=str).encode()

    def _engine(self) -> Any:
        if self._api is None:
            host, _, port = self._gate.partition(":")
            engine = importlib.import_module("local.redshift.data_api").RedshiftDataApi
            self._api = engine(host=host, port=int(port), password=os.environ.get("SLUICE_PG_PASSWORD", ""))
        return self._api
