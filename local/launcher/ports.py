"""Ports on 127.0.0.1, chosen free once and remembered, so that addresses survive a restart."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Callable, Iterable

from local.launcher.errors import SluiceError
from local.launcher.home import Home, read_json, write_atomically

#: Below Linux' range for outgoing connections (32768+), or a client's socket could take a remembered port.
FIRST, LAST = 20000, 29999


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose(seed: str, taken: Iterable[int]) -> int:
    """A free port; `seed` spreads clones over the range so that two of them rarely want the same one.

    Raises
    ------
    SluiceError
        No port of the range is free.
    """
    unavailable = set(taken)
    offset = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big")
    span = LAST - FIRST + 1
    for step in range(span):
        port = FIRST + (offset + step) % span
        if port not in unavailable and is_free(port):
            return port
    raise SluiceError(
        f"no free port between {FIRST} and {LAST} on 127.0.0.1", "stop some servers (`ss -ltn` shows them)"
    )


def assign(home: Home, names: Iterable[str], is_ours: Callable[[str], bool]) -> dict[str, int]:
    """The port of every name: the remembered one unless a foreign process took it.

    Parameters
    ----------
    is_ours
        Tells whether the component that owns a port name runs now (then its port is taken by itself).

    Returns
    -------
    dict
        Port by name; also written to `ports.json`.
    """
    remembered = read_json(home.ports_file, {})
    ports = dict(remembered)
    for name in names:
        port = ports.get(name)
        if isinstance(port, int) and (is_ours(name) or is_free(port)):
            continue
        ports[name] = choose(f"{home.root}:{name}", [p for other, p in ports.items() if other != name])
    if ports != remembered:
        write_atomically(home.ports_file, json.dumps(ports, indent=2, sort_keys=True) + "\n")
    return ports
