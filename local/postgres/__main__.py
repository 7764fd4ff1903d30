"""`python -m local.postgres --name NAME --port PORT --data DIR` runs one cluster in the foreground."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from local.postgres.account import NoAccount
from local.postgres.binaries import NoPostgres
from local.postgres.cluster import Cluster, ClusterFailed
from local.postgres.profiles import PROFILES, profile

PASSWORD = "SLUICE_PG_PASSWORD"


def main(arguments: list[str] | None = None) -> int:
    """Run a cluster until SIGTERM or SIGINT; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.postgres", description=__doc__)
    parser.add_argument("--name", required=True, choices=sorted(PROFILES), help="which cluster")
    parser.add_argument("--port", required=True, type=int, help="TCP port on 127.0.0.1")
    parser.add_argument("--data", required=True, type=Path, help="directory the cluster lives in")
    options = parser.parse_args(arguments)
    password = os.environ.pop(PASSWORD, "")
    if not password:
        parser.error(f"set {PASSWORD} to the password of the role `sluice`")
    stopping: list[int] = []

    def stop(number: int, _frame: object) -> None:
        stopping.append(number)
        if cluster is not None:
            cluster.interrupt()

    cluster: Cluster | None = None
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        cluster = Cluster(options.data, options.port, profile(options.name), password)
        if not stopping:
            cluster.start()
    except (NoAccount, NoPostgres, ClusterFailed, PermissionError) as error:
        if stopping:
            return 0
        print(f"postgres {options.name}: {error}", file=sys.stderr, flush=True)
        return 1
    if stopping:
        cluster.stop()
        return 0
    print(
        f"postgres {options.name}: ready on 127.0.0.1:{options.port} (PostgreSQL {cluster.installation.major})",
        flush=True,
    )
    code = cluster.wait()
    return 0 if stopping else code or 1


if __name__ == "__main__":
    sys.exit(main())
