"""``python -m local.aws --port P --data DIR``: serve AWS on one loopback port until SIGTERM."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from local.aws.settings import Settings


def main(argv: list[str] | None = None) -> int:
    """Run the endpoint in the foreground.

    Returns
    -------
    int
        0 after SIGTERM or SIGINT, 2 when it cannot start with these settings or library versions.
    """
    parser = argparse.ArgumentParser(prog="python -m local.aws", description="AWS APIs on one loopback port")
    parser.add_argument("--port", type=int, required=True, help="TCP port on 127.0.0.1")
    parser.add_argument("--data", type=Path, required=True, help="directory of everything that outlives the process")
    arguments = parser.parse_args(argv)
    try:
        settings = Settings.from_environment(arguments.port, arguments.data)
    except ValueError as error:
        print(f"local.aws: {error}", file=sys.stderr)
        return 2
    settings.apply()
    # ministack reads the environment while it is imported, so only now.
    from local.aws.server import PatchPointMissing, serve

    try:
        return serve(settings)
    except (PatchPointMissing, OSError) as error:
        print(f"local.aws: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
