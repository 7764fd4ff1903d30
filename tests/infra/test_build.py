from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.appliers import Context
from infra.artifacts import Artifact, tree, zip_bytes
from infra.build import REPOSITORY, _without_runtime, build, parameters, upload
from infra.pins import job_modules
from infra.settings import STAGES


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of what artifacts are built from."""
    root = tmp_path / "repository"
    for name in ("functions", "plugins/sluice", "contracts", "spark_jobs", "requirements"):
        shutil.copytree(REPOSITORY / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def test_zips_are_the_same_bytes_whenever_they_are_built(tmp_path: Path) -> None:
    for name in ("b.py", "a.py"):
        (tmp_path / name).write_text(f"# {name}\n")
    members = {path.name: path for path in tree(tmp_path)}
    first = zip_bytes(members)
    (tmp_path / "a.py").touch()
    assert zip_bytes(dict(reversed(members.items()))) == first
    assert zipfile.ZipFile(io.BytesIO(first)).namelist() == ["a.py", "b.py"]


def test_the_collectors_zip_runs_on_its_own(repository: Path, tmp_path: Path) -> None:
    (artifact,) = [a for a in build(STAGES["laptop"], repository, tmp_path / "out") if a.key.startswith("functions/")]
    assert parameters([artifact]) == {"CollectorCodeKey": artifact.key}
    assert artifact.sha256 == hashlib.sha256(artifact.path.read_bytes()).hexdigest()
    with zipfile.ZipFile(artifact.path) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "task")
    assert "functions/collector/handler.py" in names
    assert not [name for name in names if name.startswith(("boto3/", "botocore/"))], "the runtime brings boto3"
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'task')!r});"
        "import functions.collector.handler as h, orjson, aws_lambda_powertools as p;"
        "print(h.__file__, orjson.__file__, p.__file__)"
    )
    environ = {"STREAM_NAME": "s", "WRITE_KEYS_SECRET": "w", "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(path.startswith(str(tmp_path / "task")) for path in done.stdout.split())


def test_only_what_changed_is_built_again(repository: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = {artifact.key: artifact for artifact in build(STAGES["laptop"], repository, out)}
    built = {path: path.stat().st_mtime_ns for path in (out / "laptop").iterdir()}
    second = {artifact.key: artifact for artifact in build(STAGES["laptop"], repository, out)}
    assert first == second
    assert {path: path.stat().st_mtime_ns for path in (out / "laptop").iterdir()} == built
    (repository / "plugins" / "sluice" / "new_module.py").write_text("ANSWER = 42\n")
    third = {artifact.key: artifact for artifact in build(STAGES["laptop"], repository, out)}
    assert {key for key in third if third[key].sha256 != first[key].sha256} == {"libs/sluice.zip"}
    names = zipfile.ZipFile(third["libs/sluice.zip"].path).namelist()
    assert "sluice/new_module.py" in names and "contracts/clickstream/events.yaml" in names
    assert not [name for name in names if "__pycache__" in name]


def test_the_name_of_a_zip_depends_on_its_code_not_on_the_machine(repository: Path, tmp_path: Path) -> None:
    elsewhere = shutil.copytree(repository, tmp_path / "elsewhere")
    here = build(STAGES["laptop"], repository, tmp_path / "out")
    assert parameters(here) == parameters(build(STAGES["laptop"], elsewhere, tmp_path / "out2"))
    with (elsewhere / "functions" / "collector" / "body.py").open("a") as file:
        file.write("# changed\n")
    assert parameters(here) != parameters(build(STAGES["laptop"], elsewhere, tmp_path / "out2"))


def test_upload_sends_only_what_the_bucket_lacks(context: Context, tmp_path: Path) -> None:
    s3 = context.client("s3")
    s3.create_bucket(Bucket="upload-test")
    file = tmp_path / "x.py"
    file.write_text("1")
    said: list[str] = []
    assert upload(s3, "upload-test", [Artifact.of("jobs/x.py", file)], said.append) == 1
    assert upload(s3, "upload-test", [Artifact.of("jobs/x.py", file)], said.append) == 0
    file.write_text("2")
    assert upload(s3, "upload-test", [Artifact.of("jobs/x.py", file)], said.append) == 1
    assert s3.get_object(Bucket="upload-test", Key="jobs/x.py")["Body"].read() == b"2"
    assert said == ["created  s3://upload-test/jobs/x.py", "updated  s3://upload-test/jobs/x.py"]


def test_functions_leave_out_what_the_runtime_brings() -> None:
    kept = _without_runtime((REPOSITORY / "requirements" / "functions.txt").read_text())
    assert "aws-lambda-powertools==" in kept and "orjson==" in kept
    assert "boto" not in kept.replace("# via", "").split("==")[0]
    assert not [line for line in kept.splitlines() if line.startswith(("boto3==", "botocore==", "urllib3=="))]


def test_jobs_install_the_versions_the_environment_is_tested_with(tmp_path: Path) -> None:
    pins = dict(pin.split("==") for pin in job_modules().split(","))
    assert {"duckdb", "great-expectations"} <= pins.keys()
    empty = tmp_path / "spark.txt"
    empty.write_text("duckdb==1.0\n")
    with pytest.raises(LookupError, match="great-expectations"):
        job_modules(empty)
