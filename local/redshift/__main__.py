"""`python -m local.redshift --port PORT --postgres HOST:PORT` runs the warehouse's gate in the foreground."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys

from local.redshift.install import InstallFailed, install
from local.redshift.server import Server

PASSWORD = "SLUICE_PG_PASSWORD"


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host, int(port)


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.redshift", description=__doc__)
    parser.add_argument("--port", required=True, type=int, help="TCP port on 127.0.0.1")
    parser.add_argument(
        "--postgres", required=True, type=_address, metavar="HOST:PORT", help="PostgreSQL behind the gate"
    )
    parser.add_argument("--database", default="warehouse", help="database that gets the compat objects")
    options = parser.parse_args(arguments)
    password = os.environ.get(PASSWORD, "")
    if not password:
        parser.error(f"set {PASSWORD} to the password of the role `sluice`")
    # Ours only: at DEBUG botocore writes key ids and signatures.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("sluice.redshift").setLevel(os.environ.get("SLUICE_LOG_LEVEL", "INFO"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        install(*options.postgres, options.database, password)
        server = Server(options.port, options.postgres)
    except InstallFailed as error:
        print(f"redshift: {error}", file=sys.stderr, flush=True)
        return 1
    except OSError as error:
        print(
            f"redshift: cannot listen on 127.0.0.1:{options.port}: {error.strerror}. Is another gate running there?",
            file=sys.stderr,
            flush=True,
        )
        return 1
    print(
        f"redshift: ready on 127.0.0.1:{server.port} (PostgreSQL at {options.postgres[0]}:{options.postgres[1]})",
        flush=True,
    )
    try:
        server.serve()
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
