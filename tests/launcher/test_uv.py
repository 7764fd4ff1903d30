"""Getting uv on a machine with nothing but Python: from a real HTTP index, in both of its formats."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.launcher import package_index, uv
from local.launcher.errors import SluiceError
from local.launcher.home import REPOSITORY, Home

VERSION = "0.0.1"
FILES = [
    f"uv-{VERSION}-py3-none-{tag}.whl"
    for tag in (
        "macosx_10_12_x86_64",
        "macosx_11_0_arm64",
        "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "musllinux_1_1_x86_64",
        "win_amd64",
    )
] + [f"uv-{VERSION}.tar.gz", "uv-9.9.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"]


@pytest.mark.parametrize(
    ("system", "machine", "glibc", "tag"),
    [
        ("Linux", "x86_64", True, "manylinux_2_17_x86_64.manylinux2014_x86_64"),
        ("Linux", "x86_64", False, "musllinux_1_1_x86_64"),
        ("Linux", "aarch64", True, "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64"),
        ("Linux", "aarch64", False, "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64"),
        ("Darwin", "arm64", False, "macosx_11_0_arm64"),
        ("Darwin", "x86_64", False, "macosx_10_12_x86_64"),
    ],
)
def test_the_wheel_fits_the_machine(system: str, machine: str, glibc: bool, tag: str) -> None:
    assert uv.choose_wheel(FILES, VERSION, system, machine, glibc) == f"uv-{VERSION}-py3-none-{tag}.whl"


def test_a_machine_without_a_wheel_gets_none() -> None:
    assert uv.choose_wheel(FILES, VERSION, "Linux", "mips", True) is None


def _wheel() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"uv-{VERSION}.data/scripts/uv", f"#!/bin/sh\necho 'uv {VERSION} (fake)'\n")
    return buffer.getvalue()


class _Index(http.server.BaseHTTPRequestHandler):
    html = False
    wheel = b""

    def do_GET(self) -> None:
        if self.path == "/simple/uv/":
            if self.html:
                kind, body = "text/html", "".join(f'<a href="../../files/{f}#sha256=x">{f}</a>' for f in FILES).encode()
            else:
                kind = "application/vnd.pypi.simple.v1+json"
                body = json.dumps({"files": [{"filename": f, "url": f"../../files/{f}"} for f in FILES]}).encode()
        else:
            kind, body = "application/octet-stream", self.wheel
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(params=["json", "html"])
def index(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Index]]:
    handler = type("Index", (_Index,), {"html": request.param == "html", "wheel": _wheel()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple/")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(uv, "_with_pip", lambda *_: False)  # a Python without pip
    yield handler
    server.shutdown()
    server.server_close()


@pytest.fixture
def pinned(home: Home) -> Home:
    digest = hashlib.sha256(_wheel()).hexdigest()
    (home.requirements / "uv.txt").write_text(f"uv=={VERSION} \\\n    --hash=sha256:{digest}\n")
    return home


def test_without_pip_uv_comes_from_the_index_and_is_not_fetched_twice(index: type[_Index], pinned: Home) -> None:
    path = uv.ensure(pinned)
    assert path == pinned.state / "uv" / "bin" / "uv"
    index.wheel = b"must not be asked again"
    assert uv.ensure(pinned) == path


def test_a_wheel_with_another_hash_is_refused(index: type[_Index], pinned: Home) -> None:
    index.wheel = _wheel() + b"evil"
    with pytest.raises(SluiceError, match="does not know"):
        uv.ensure(pinned)
    assert not (pinned.state / "uv" / "bin" / "uv").exists()


def test_an_index_that_cannot_be_reached_is_explained(pinned: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(uv, "_with_pip", lambda *_: False)
    monkeypatch.setattr(uv.time, "sleep", lambda _: None)
    with pytest.raises(SluiceError) as failure:
        uv.ensure(pinned)
    assert "PIP_INDEX_URL" in failure.value.hint


def test_uv_on_the_path_is_used_only_in_the_pinned_version(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, _ = uv.pinned(home)
    program = tmp_path / "uv"
    program.write_text(f"#!/bin/sh\necho uv {version}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert uv.ensure(home) == program


def test_pips_settings_are_read_environment_first(tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = https://mirror.example/simple/\ncert = /etc/company.pem\n")
    environ = {"PIP_CONFIG_FILE": str(config)}
    assert package_index.index_url(environ) == "https://mirror.example/simple"
    assert package_index.uv_environment(environ)["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert package_index.index_url(environ | {"PIP_INDEX_URL": "https://other.example"}) == "https://other.example"
    assert package_index.certificate_file(environ) is None  # the file does not exist
    assert package_index.certificate_file(environ | {"PIP_CERT": str(config)}) == str(config)


def test_the_pin_of_this_clone_can_be_read() -> None:
    version, hashes = uv.pinned(Home(REPOSITORY))
    assert version.count(".") == 2
    assert len(hashes) > 10
