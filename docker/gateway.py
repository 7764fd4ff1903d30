"""Pass connections on from the container's own address to its loopback interface: `python docker/gateway.py PORT …`.

Every component listens on 127.0.0.1 only, and a published port leads to the container's address. This process connects
the two; the containers share its network, and Docker publishes its ports on the host's loopback interface.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys

_CHUNK = 1 << 16


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction, until its end; the other direction may go on."""
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


async def listen(address: str, port: int, target: int | None = None) -> asyncio.Server:
    """Pass on `address:port` to 127.0.0.1, the same port unless `target` names one.

    Where nobody answers the connection is closed.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, to_there = await asyncio.open_connection("127.0.0.1", target or port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, to_there), _copy(there, writer))
        for each in (to_there, writer):
            each.close()
            with contextlib.suppress(OSError):
                await each.wait_closed()

    return await asyncio.start_server(serve, address, port)


def own_address() -> str:
    """The container's address on its network.

    Raises
    ------
    SystemExit
        There is none besides loopback, so there is nothing to pass on from.
    """
    address = socket.gethostbyname(socket.gethostname())
    if address.startswith("127."):
        sys.exit(f"gateway: this machine knows itself as {address} only; run me in a container of a bridge network")
    return address


async def main(ports: list[int]) -> None:
    """Serve until SIGTERM."""
    address = own_address()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    servers = [await listen(address, port) for port in ports]
    print(f"gateway: {address}, ports {', '.join(map(str, ports))}", flush=True)
    await stop.wait()
    for server in servers:
        server.close()


if __name__ == "__main__":
    asyncio.run(main([int(port) for port in sys.argv[1:]]))
