"""Processes that outlive the launcher: start them detached, know them again, stop them with all their children.

A pid alone does not identify a process: the system gives it to another one later. Everything here works on the pair
of pid and start time, and a signal goes only to a process whose pair still matches.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

#: Marks every process of a clone (children inherit it), so that orphans are found when their parent is gone.
MARK = "SLUICE_STACK"

_LINUX = sys.platform.startswith("linux")


@dataclass(frozen=True)
class Identity:
    """A process: its pid and the moment it started as the system tells it (opaque text)."""

    pid: int
    started: str


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the third (state) on; empty when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (OSError, UnicodeDecodeError):
        return []
    return text.rpartition(")")[2].split()  # the second field is a name that may contain anything


@functools.cache
def _boot() -> str:
    """This boot of the machine: start times count from it, so they repeat after a reboot."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def identify(pid: int) -> Identity | None:
    """The identity of a running process; None when it is gone (or a zombie, which is gone but for its exit code)."""
    if _LINUX:
        fields = _stat(pid)
        return Identity(pid, f"{_boot()}:{fields[19]}") if fields and fields[0] not in "ZX" else None
    answer = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True)
    state, _, started = answer.stdout.strip().partition(" ")
    return Identity(pid, started.strip()) if state and not state.startswith("Z") else None


def is_running(identity: Identity | None) -> bool:
    """Whether exactly this process still runs."""
    if identity is None:
        return False
    # a process the launcher itself started stays a zombie until it is waited for
    with contextlib.suppress(ChildProcessError):
        os.waitpid(identity.pid, os.WNOHANG)
    return identify(identity.pid) == identity


def start(command: Iterable[str], env: Mapping[str, str], log: Path, cwd: Path) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, so that neither Ctrl-C nor the end of the launcher reaches it."""
    with log.open("ab") as output:
        return subprocess.Popen(
            list(command), env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _descendants(pid: int) -> list[Identity]:
    """All children of a process, whatever session or group they moved to."""
    if not _LINUX:
        return []
    children: dict[int, list[int]] = {}
    for other in _all_pids():
        fields = _stat(other)
        if fields:
            children.setdefault(int(fields[1]), []).append(other)
    found, queue = [], [pid]
    while queue:
        for child in children.get(queue.pop(), []):
            queue.append(child)
            identity = identify(child)
            if identity:
                found.append(identity)
    return found


def mark(stack: Path, component: str = "") -> str:
    """The value of `SLUICE_STACK` for a component; without a name, the start of all values of this stack."""
    return f"{stack}:{component}"


def marked(stack: Path, component: str | None = None) -> list[Identity]:
    """Processes of a stack (or of one of its components), this process and its ancestors excepted."""
    if not _LINUX:
        return []
    wanted = f"{MARK}={mark(stack, component or '')}".encode()
    ours, pid = set(), os.getpid()
    while pid > 1:
        ours.add(pid)
        fields = _stat(pid)
        pid = int(fields[1]) if fields else 0
    found = []
    for pid in _all_pids():
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        matches = wanted in variables if component else any(variable.startswith(wanted) for variable in variables)
        if matches and pid not in ours:
            identity = identify(pid)
            if identity:
                found.append(identity)
    return found


def _signal(identity: Identity, number: int) -> None:
    if is_running(identity):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(identity.pid, number)


def _wait(processes: Iterable[Identity], seconds: float) -> list[Identity]:
    """Those of `processes` that still run after at most `seconds`."""
    deadline = time.monotonic() + seconds
    alive = [process for process in processes if is_running(process)]
    while alive and time.monotonic() < deadline:
        time.sleep(0.02)
        alive = [process for process in alive if is_running(process)]
    return alive


def stop(identity: Identity, grace: float) -> bool:
    """Stop a process and all it started.

    The process gets SIGTERM and `grace` seconds to end its children itself; what is left then gets SIGTERM, a moment
    later SIGKILL.

    Returns
    -------
    bool
        Whether it ended by itself, without SIGKILL.
    """
    family = _descendants(identity.pid) if is_running(identity) else []
    _signal(identity, signal.SIGTERM)
    clean = not _wait([identity], grace)
    return stop_all([identity, *family], 2) and clean


def stop_all(processes: Iterable[Identity], grace: float) -> bool:
    """SIGTERM to each, SIGKILL to those that still run after `grace` seconds; returns whether none needed it."""
    everyone = [process for process in processes if is_running(process)]
    for process in everyone:
        _signal(process, signal.SIGTERM)
    stubborn = _wait(everyone, grace)
    for process in stubborn:
        _signal(process, signal.SIGKILL)
    _wait(stubborn, 5)
    return not stubborn
