"""Put the engines into ministack, serve on one port, keep state at the end."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
import socket
import time
from importlib.metadata import version
from typing import Any

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from ministack import app

from local.aws import (
    event_sources,
    firehose_engine,
    gateway,
    glue_jobs,
    kinesis_data,
    kinesis_reshard,
    kinesis_store,
    lambda_python,
    metrics,
    moto_bridge,
    patchpoints,
    redshift_data,
    refuse,
    snapshots,
)
from local.aws.glue_runner import job_runner
from local.aws.patchpoints import PatchPointMissing
from local.aws.settings import HOST, Settings

__all__ = ["ENGINES", "PatchPointMissing", "serve"]

logger = logging.getLogger("sluice.aws")

ENGINES = (
    gateway,
    metrics,
    kinesis_store,
    kinesis_data,
    kinesis_reshard,
    firehose_engine,
    lambda_python,
    event_sources,
    glue_jobs,
    moto_bridge,
    redshift_data,
    refuse,
    snapshots,
)
HEALTH_PATH = "/_sluice/health"


class Endpoint:
    """One endpoint: ministack's application, our engines in it and around it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._started = time.time()
        self._ready = False
        data = settings.data
        self._snapshots = snapshots.Snapshots(data / "state")
        self._firehose = firehose_engine.Engine(data / "firehose", lambda: self._snapshots.save("firehose"))
        self._sources = event_sources.EventSources(data / "mappings", lambda: self._snapshots.save("lambda"))
        self._glue = glue_jobs.GlueJobs(data / "glue", job_runner(settings), lambda: self._snapshots.save("glue"))
        self._moto = moto_bridge.MotoBridge(data / "moto" / "requests.jsonl", settings.port)

    def install(self) -> None:
        """Replace what is ours. State is loaded by ministack afterwards, when it starts."""
        kinesis_store.install(self._settings.data / "kinesis")
        kinesis_data.install()
        kinesis_reshard.install()
        lambda_python.install(self._settings.lambda_python)
        self._firehose.install()
        self._sources.install()
        self._glue.install()
        self._moto.install()
        redshift_data.RedshiftData(self._settings.redshift).install()
        refuse.install()
        # Our snapshots replace the ones ministack writes at shutdown; it must not write over newer ones.
        app.save_all = lambda services: None

    def _start(self) -> None:
        self._glue.recover()
        self._firehose.start()
        self._sources.start()
        self._snapshots.start()
        self._ready = True

    def _stop(self) -> None:
        self._ready = False
        self._sources.stop()
        self._firehose.stop()
        self._glue.stop()
        self._snapshots.stop()
        self._snapshots.save_all()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """ASGI application."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == HEALTH_PATH:
            await self._health(send)
        else:
            await app.app(scope, receive, send)

    async def _lifespan(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        async def received() -> dict[str, Any]:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                # Engines finish through the loop, so they are stopped beside it, before ministack ends.
                await asyncio.to_thread(self._stop)
            return message

        async def sent(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._start()
            await send(message)

        await app.app(scope, received, sent)

    async def _health(self, send: Any) -> None:
        body = json.dumps(
            {
                "status": "ready" if self._ready else "starting",
                "pid": os.getpid(),
                "uptime_seconds": round(time.time() - self._started, 1),
                "versions": {name: version(name) for name in ("ministack", "moto", "boto3", "botocore")},
                "services": sorted(app.SERVICE_HANDLERS),
            }
        ).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200 if self._ready else 503, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT.

    Raises
    ------
    PatchPointMissing
        When the installed ministack or moto is not the one the engines were written for.
    OSError
        When the port is taken.
    """
    patchpoints.verify(ENGINES)
    # What a killed process left of unpacked functions.
    shutil.rmtree(settings.data / "tmp", ignore_errors=True)
    (settings.data / "tmp").mkdir(parents=True)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, settings.port))
    endpoint = Endpoint(settings)
    endpoint.install()
    config = Config()
    config.bind = [f"{HOST}:{settings.port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1.0
    config.shutdown_timeout = 9.0
    config.errorlog = "-"
    config.loglevel = os.environ.get("LOG_LEVEL", "WARNING")
    config.h11_max_incomplete_size = 1 << 20
    asyncio.run(_until_told(endpoint, config))
    return 0


async def _until_told(endpoint: Endpoint, config: Config) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await hypercorn_serve(endpoint, config, shutdown_trigger=stop.wait)
