"""Get `uv`, which builds the environments, on a machine that may have nothing but a bare Python.

Debian's python3 comes without pip, venv and ensurepip. Three ways, the first that works: `uv` of the pinned
version on PATH; pip; the standard library alone, reading the package index (PEP 503 / PEP 691) itself.
The version and the hashes come from requirements/uv.txt in each case.
"""

from __future__ import annotations

import hashlib
import html.parser
import json
import platform
import re
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from io import BytesIO
from pathlib import Path

from local.launcher import console, package_index
from local.launcher.errors import SluiceError
from local.launcher.home import Home

_JSON = "application/vnd.pypi.simple.v1+json"


def pinned(home: Home) -> tuple[str, frozenset[str]]:
    """Version of uv and the sha256 sums of its files, from requirements/uv.txt."""
    text = (home.requirements / "uv.txt").read_text()
    version = re.search(r"^uv==(\S+)", text, re.MULTILINE)
    if not version:
        raise SluiceError(f"{home.requirements / 'uv.txt'} pins no uv", "restore it: git checkout requirements/uv.txt")
    return version[1], frozenset(re.findall(r"sha256:([0-9a-f]{64})", text))


def _is_version(executable: str | Path, version: str) -> bool:
    try:
        answer = subprocess.run([executable, "--version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.stdout.split()[1:2] == [version]


class _Links(html.parser.HTMLParser):
    """The files on a PEP 503 page."""

    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.hrefs += [value for name, value in attrs if name == "href" and value]


def choose_wheel(filenames: list[str], version: str, system: str, machine: str, glibc: bool) -> str | None:
    """The wheel of uv for a platform.

    Parameters
    ----------
    filenames
        Files of the index page.
    system, machine
        As `platform.system()` and `platform.machine()` say.
    glibc
        Whether the C library is glibc; uv's musl wheels are static and run on either.
    """
    arch = {"arm64": "aarch64", "amd64": "x86_64"}.get(machine.lower(), machine.lower())
    if system == "Darwin":
        patterns = [rf"macosx_\d+_\d+_{'arm64' if arch == 'aarch64' else arch}\.whl$"]
    else:
        patterns = [rf"manylinux\w*_{arch}[.\w]*\.whl$"] if glibc else []
        patterns.append(rf"musllinux\w*_{arch}\.whl$")
    for pattern in patterns:
        for name in sorted(filenames):
            if name.startswith(f"uv-{version}-py3-none-") and re.search(pattern, name):
                return name
    return None


def _get(url: str, context: ssl.SSLContext, accept: str = "*/*") -> tuple[bytes, str]:
    """Fetch `url`, three times if need be; returns the body and its content type."""
    parts = urllib.parse.urlsplit(url)
    request = urllib.request.Request(url, headers={"Accept": accept, "User-Agent": "sluice"})
    if parts.username:
        # urllib ignores user:password@ in an address
        from base64 import b64encode

        login = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        netloc = parts.netloc.rpartition("@")[2]
        request = urllib.request.Request(parts._replace(netloc=netloc).geturl(), headers=dict(request.header_items()))
        request.add_header("Authorization", "Basic " + b64encode(login.encode()).decode())
    for attempt in range(3):
        try:
            with urllib.request.urlopen(request, timeout=60, context=context) as answer:
                return answer.read(), answer.headers.get_content_type()
        except urllib.error.HTTPError:
            raise
        except OSError:
            if attempt == 2:
                raise
            time.sleep(1 + attempt)
    raise AssertionError("unreachable")


def _download(version: str, hashes: frozenset[str], target: Path) -> None:
    """Way three: read the index with the standard library and unpack the wheel."""
    context = ssl.create_default_context(cafile=package_index.certificate_file())
    page = f"{package_index.index_url()}/uv/"
    body, content_type = _get(page, context, accept=f"{_JSON}, text/html;q=0.5")
    if content_type.endswith("json"):
        files = {entry["filename"]: entry["url"] for entry in json.loads(body)["files"]}
    else:
        links = _Links()
        links.feed(body.decode())
        files = {urllib.parse.unquote(urllib.parse.urlsplit(h).path.rpartition("/")[2]): h for h in links.hrefs}
    name = choose_wheel(list(files), version, platform.system(), platform.machine(), platform.libc_ver()[0] == "glibc")
    if not name:
        raise SluiceError(
            f"the package index has no uv {version} for {platform.system()} {platform.machine()}",
            f"install uv {version} yourself and put it on PATH",
        )
    wheel, _ = _get(urllib.parse.urljoin(page, files[name]), context)
    digest = hashlib.sha256(wheel).hexdigest()
    if digest not in hashes:
        raise SluiceError(
            f"{name} from the package index has sha256 {digest}, which requirements/uv.txt does not know",
            "the mirror may be altered or broken; use another one (PIP_INDEX_URL)",
        )
    with zipfile.ZipFile(BytesIO(wheel)) as archive:
        member = next(entry for entry in archive.namelist() if entry.endswith(".data/scripts/uv"))
        staged = target.with_suffix(".part")
        staged.parent.mkdir(parents=True, exist_ok=True)
        staged.write_bytes(archive.read(member))
    staged.chmod(0o755)
    staged.replace(target)


def _with_pip(home: Home, target: Path) -> bool:
    """Way two: pip, when this Python has one. Returns whether it worked."""
    staging = home.state / "uv.part"
    shutil.rmtree(staging, ignore_errors=True)
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--only-binary=:all:", "--require-hashes", "--target", str(staging), "-r", str(home.requirements / "uv.txt"),
    ]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        target.parent.mkdir(parents=True, exist_ok=True)
        (staging / "bin" / "uv").replace(target)
        return True
    except (OSError, subprocess.SubprocessError):
        return False
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _fetched(home: Home) -> Path:
    """Where the launcher puts the uv it fetches."""
    return home.state / "uv" / "bin" / "uv"


def at_hand(home: Home) -> bool:
    """Whether there is some uv without fetching one; costs nothing."""
    return _fetched(home).exists() or shutil.which("uv") is not None


def ensure(home: Home) -> Path:
    """Path of the pinned uv, fetched if need be.

    Raises
    ------
    SluiceError
        No way worked; the message says why the last one did not.
    """
    version, hashes = pinned(home)
    target = _fetched(home)
    if target.exists() and _is_version(target, version):
        return target
    on_path = shutil.which("uv")
    if on_path and _is_version(on_path, version):
        return Path(on_path)
    started = time.monotonic()
    if not _with_pip(home, target) or not _is_version(target, version):
        try:
            _download(version, hashes, target)
        except OSError as error:
            raise SluiceError(
                f"could not get uv {version} from the package index: {error}",
                "check the network (`./sluice doctor`); behind a mirror set PIP_INDEX_URL, behind a proxy HTTPS_PROXY, "
                "behind a company certificate SSL_CERT_FILE",
            ) from error
        if not _is_version(target, version):
            raise SluiceError(
                f"the fetched {target} does not run on this machine",
                f"install uv {version} yourself and put it on PATH",
            )
    console.say("uv", f"{version} fetched", time.monotonic() - started)
    return target
