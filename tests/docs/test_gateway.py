"""The gateway of the containers passes bytes on in both directions, for as long as both sides talk."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
from types import ModuleType

import pytest

from local.launcher.home import REPOSITORY


@pytest.fixture(scope="module")
def gateway() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gateway", REPOSITORY / "docker" / "gateway.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_passes_a_request_and_a_long_answer_on(gateway: ModuleType) -> None:
    answer = b"x" * 3_000_000

    async def scenario() -> tuple[bytes, bytes]:
        got: list[bytes] = []

        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            got.append(await reader.read())  # until the client's end reaches us
            writer.write(answer)
            await writer.drain()
            writer.close()

        server, port = free_port(), free_port()
        async with (
            await asyncio.start_server(respond, "127.0.0.1", server),
            await gateway.listen("127.0.0.1", port, server),
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"question")
            writer.write_eof()
            received = await reader.read()
            writer.close()
        return got[0], received

    question, received = asyncio.run(asyncio.wait_for(scenario(), 20))
    assert question == b"question"
    assert received == answer


def test_closes_the_connection_when_the_component_does_not_run(gateway: ModuleType) -> None:
    async def scenario() -> bytes:
        port = free_port()
        async with await gateway.listen("127.0.0.1", port, free_port()):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                return await reader.read()
            finally:
                writer.close()

    assert asyncio.run(asyncio.wait_for(scenario(), 20)) == b""
