"""Accept clients on loopback, one thread each."""

from __future__ import annotations

import socket
import threading

from local.redshift.session import Session


class Server:
    """The gate's listener.

    Parameters
    ----------
    port : int
        Port on 127.0.0.1; 0 takes a free one, `self.port` says which.
    address : tuple[str, int]
        Host and port of PostgreSQL.
    """

    def __init__(self, port: int, address: tuple[str, int]) -> None:
        self.address = address
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(128)
        self.port: int = self.listener.getsockname()[1]

    def serve(self) -> None:
        """Accept until `close` is called."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=Session(client, self.address).run, daemon=True, name="redshift-session").start()

    def close(self) -> None:
        """Stop accepting; sessions end with the process."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
