"""Chromium for the browser tests: Debian's own package, since test tools' own downloads come from elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from local.launcher import console

CHROMIUM = Path("/usr/bin/chromium")
ADVICE = "the browser tests will fail without it; install it with: sudo apt-get install chromium"


def ensure() -> None:
    """Install Chromium when it is missing and this user may; otherwise say what to do."""
    if CHROMIUM.exists():
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        console.say("chromium", f"missing: {ADVICE}")
        return
    console.say("chromium", "missing; installing Debian's package for the browser tests")
    began = time.monotonic()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
    subprocess.run(["apt-get", "update", "-qq"], **quiet)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
    subprocess.run(install, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, **quiet)
    done = CHROMIUM.exists()
    console.say("chromium", "ready" if done else f"could not be installed: {ADVICE}", time.monotonic() - began)
