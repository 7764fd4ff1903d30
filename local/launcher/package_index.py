"""Where this machine gets Python packages from: pip's own settings, so that mirrors and company certificates work."""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Mapping
from pathlib import Path

PYPI = "https://pypi.org/simple"


def _pip_config_files(environ: Mapping[str, str]) -> list[Path]:
    """pip's configuration files, weakest first (pip documentation, "Configuration")."""
    if environ.get("PIP_CONFIG_FILE"):
        return [Path(environ["PIP_CONFIG_FILE"])]
    home = Path.home()
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    files = [Path("/etc/pip.conf"), home / ".pip" / "pip.conf", config / "pip" / "pip.conf"]
    if sys.platform == "darwin":
        files.append(home / "Library" / "Application Support" / "pip" / "pip.conf")
    return files


def pip_setting(name: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """One of pip's settings, e.g. `index-url` or `cert`: from the environment, else from its files."""
    from_environment = environ.get("PIP_" + name.upper().replace("-", "_"))
    if from_environment:
        return from_environment
    value = None
    for path in _pip_config_files(environ):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path)
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip would complain about this file itself; it is not ours to judge
        for section in ("global", "install"):
            value = parser.get(section, name, fallback=value)
    return value


def index_url(environ: Mapping[str, str] = os.environ) -> str:
    """The simple index to use, without a trailing slash."""
    return (environ.get("UV_DEFAULT_INDEX") or pip_setting("index-url", environ) or PYPI).rstrip("/")


def certificate_file(environ: Mapping[str, str] = os.environ) -> str | None:
    """A CA bundle someone configured, if it exists."""
    for path in (environ.get("SSL_CERT_FILE"), pip_setting("cert", environ)):
        if path and Path(path).is_file():
            return path
    return None


def uv_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for `uv`, told what pip was told."""
    env = {key: value for key, value in environ.items() if key not in {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}}
    if index_url(environ) != PYPI:
        env["UV_DEFAULT_INDEX"] = index_url(environ)
    certificates = certificate_file(environ)
    if certificates:
        env["SSL_CERT_FILE"] = certificates
    else:
        env.setdefault("UV_SYSTEM_CERTS", "true")
    env["UV_NO_PROGRESS"] = "1"
    env["UV_PYTHON_DOWNLOADS"] = "never"
    env.setdefault("UV_HTTP_TIMEOUT", "300")
    return env
