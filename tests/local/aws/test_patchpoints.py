from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from local.aws import patchpoints
from local.aws.patchpoints import PatchPointMissing


def engine(uses: dict[str, tuple[str, ...]]) -> ModuleType:
    module = ModuleType("local.aws.example")
    module.USES = uses
    return module


def test_existing_names_pass() -> None:
    patchpoints.verify([engine({"json": ("dumps", "JSONDecoder.decode")})])


def test_every_missing_name_is_listed_with_the_engine_that_needs_it() -> None:
    with pytest.raises(PatchPointMissing) as refusal:
        patchpoints.verify([engine({"json": ("dumps", "no_such"), "no_such_module": ("x",)})])
    assert "json.no_such (needed by local.aws.example)" in str(refusal.value)
    assert "no_such_module (needed by local.aws.example)" in str(refusal.value)
    assert "requirements/local.txt" in str(refusal.value)


def test_the_endpoint_refuses_to_start_on_another_ministack(tmp_path) -> None:
    """A ministack whose Kinesis lost a function we replace: exit code 2 and the name, no server."""
    script = (
        "import sys; from local.aws.settings import Settings; from pathlib import Path\n"
        f"Settings(1, Path({str(tmp_path)!r})).apply()\n"
        "import ministack.services.kinesis as k; del k._put_records\n"
        f"from local.aws.__main__ import main; sys.exit(main(['--port', '1', '--data', {str(tmp_path)!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "ministack.services.kinesis._put_records (needed by local.aws.kinesis_data)" in done.stderr
