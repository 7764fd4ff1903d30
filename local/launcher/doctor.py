"""`./sluice doctor`: look at what the stack needs from this machine, and say what to do where it is missing."""

from __future__ import annotations

import os
import platform
import pwd
import shutil
import ssl
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local.launcher import environments, package_index, ports
from local.launcher.home import Home, read_json

_GIGABYTE = 1024**3
_DISK_NEEDED = 6
_MEMORY_NEEDED = 5


@dataclass(frozen=True)
class Finding:
    """One check: `level` is ok, warn (works, but) or fail."""

    level: str
    subject: str
    text: str
    advice: str = ""


def python(_home: Home) -> Finding:
    """The interpreter the environments are built on."""
    executable = environments.interpreter()
    version = environments.interpreter_version(executable)
    if tuple(int(part) for part in version.split(".")[:2]) >= (3, 14):
        return Finding("warn", "python", f"{version} at {executable} is newer than what is tested",
                       "if an environment does not build, set SLUICE_PYTHON to Python 3.11, 3.12 or 3.13")  # fmt: skip
    return Finding("ok", "python", f"{version} at {executable}")


def machine(_home: Home) -> Finding:
    """Operating system and processor."""
    text = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    if platform.system() not in {"Linux", "Darwin"}:
        return Finding("fail", "machine", text, "use Linux, macOS, or Windows with WSL 2")
    return Finding("ok", "machine", text)


def disk(home: Home) -> Finding:
    """Free space for environments and data."""
    free = shutil.disk_usage(home.root).free / _GIGABYTE
    if free < _DISK_NEEDED:
        return Finding("fail", "disk", f"{free:.1f} GB free at {home.root}, {_DISK_NEEDED} are needed", "make room")
    return Finding("ok", "disk", f"{free:.0f} GB free")


def memory(_home: Home) -> Finding:
    """Memory not in use."""
    try:
        facts = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(facts["MemAvailable"].split()[0]) / 1024**2
    except (OSError, KeyError, ValueError):
        return Finding("warn", "memory", "cannot be seen on this system", f"{_MEMORY_NEEDED} GB should be free")
    if available < _MEMORY_NEEDED:
        return Finding("warn", "memory", f"{available:.1f} GB available, {_MEMORY_NEEDED} are comfortable",
                       "close other programs, or give the virtual machine more")  # fmt: skip
    return Finding("ok", "memory", f"{available:.0f} GB available")


def listening(home: Home) -> Finding:
    """Whether the remembered ports are ours or free."""
    from local.stack import catalogue, records

    remembered = read_json(home.ports_file, {})
    taken = [
        f"{name} {port}"
        for name, port in remembered.items()
        if not ports.is_free(port) and not records.is_running(home, catalogue.PORT_OWNERS.get(name, name))
    ]
    if taken:
        return Finding("warn", "ports", f"used by another program: {', '.join(taken)}", "`./sluice up` chooses others")
    return Finding("ok", "ports", ", ".join(f"{n} {p}" for n, p in sorted(remembered.items())) or "none chosen yet")


def _incomplete(home: Home) -> list[str]:
    """Environments of the stack that are not built, or out of date."""
    python_path = environments.interpreter()
    wanted = [environments.ENVIRONMENTS[name] for name in environments.OF_THE_STACK]
    decisions = {e.name: environments.decide(home, e, environments.fingerprint(home, e, python_path)) for e in wanted}
    return [name for name, decision in decisions.items() if decision.action != "none"]


def package_source(home: Home) -> Finding:
    """Whether the package index answers; needed only while an environment is missing."""
    url = f"{package_index.index_url()}/uv/"
    needed = bool(_incomplete(home))
    host = url.partition("://")[2].rpartition("@")[2].partition("/")[0]
    try:
        context = ssl.create_default_context(cafile=package_index.certificate_file())
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=10, context=context):
            return Finding("ok", "packages", f"{host} answers")
    except ssl.SSLError as error:
        advice = "point SSL_CERT_FILE at your company's certificate bundle"
        reason = str(error)
    except OSError as error:
        reason = str(error)
        certificate = "CERTIFICATE_VERIFY_FAILED" in reason
        advice = ("point SSL_CERT_FILE at your company's certificate bundle" if certificate
                  else "check the network; behind a proxy set HTTPS_PROXY, behind a mirror PIP_INDEX_URL")  # fmt: skip
    return Finding("fail" if needed else "warn", "packages", f"{host} does not answer: {reason}", advice)


def built(home: Home) -> Finding:
    """Which environments are complete."""
    missing = _incomplete(home)
    if missing:
        return Finding("warn", "environments", f"not built yet: {', '.join(missing)}", "`./sluice up` builds them")
    return Finding("ok", "environments", "complete")


def chromium(_home: Home) -> Finding:
    """The browser that tests of the pages drive."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found:
        return Finding("ok", "chromium", found)
    return Finding("warn", "chromium", "not found; only the tests of the web pages need it",
                   "Debian and Ubuntu: apt-get install chromium")  # fmt: skip


def account(_home: Home) -> Finding:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return Finding("ok", "account", pwd.getpwuid(os.geteuid()).pw_name)
    for name in ("sluice-postgres", "postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return Finding("ok", "account", f"root; PostgreSQL can run as {name}")
    if shutil.which("useradd"):
        return Finding("ok", "account", "root; `./sluice up` creates the account sluice-postgres for PostgreSQL")
    return Finding("fail", "account", "root, and there is no account PostgreSQL could run as",
                   "create one named sluice-postgres, or work as an ordinary user")  # fmt: skip


def leftovers(home: Home) -> Finding:
    """Components that were killed, or processes without a component."""
    from local.stack import processes, records

    dead = [name for name in records.names(home) if not records.is_running(home, name)]
    running = {records.load(home, name).pid for name in records.names(home) if records.is_running(home, name)}
    if not running and (orphans := processes.marked(home.state)):
        return Finding(
            "warn", "leftovers", f"{len(orphans)} processes without a component", "`./sluice down` stops them"
        )
    if dead:
        return Finding(
            "warn", "leftovers", f"died or were killed: {', '.join(dead)}", "`./sluice up` starts them again"
        )
    return Finding("ok", "leftovers", "none")


CHECKS: tuple[Callable[[Home], Finding], ...] = (
    machine, python, disk, memory, account, package_source, built, listening, leftovers, chromium,
)  # fmt: skip


def run(home: Home) -> list[Finding]:
    """All findings, in the order they are shown."""
    return [check(home) for check in CHECKS]
