"""Build what the platform runs from the artifacts bucket, and upload what changed.

    python -m infra.build --stage prod --upload

Functions carry their dependencies (requirements/functions.txt) for the machine they run on: Lambda's, or this one for
the stage `laptop`. Nothing is built again whose inputs did not change.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.artifacts import Artifact, fingerprint, tree, zip_bytes
from infra.settings import STAGES, Stage

REPOSITORY = Path(__file__).resolve().parent.parent
OUTPUT = REPOSITORY / ".sluice" / "artifacts"
#: What Lambda's Python runtime brings itself.
_IN_RUNTIME = {"boto3", "botocore", "s3transfer", "python-dateutil", "six", "urllib3", "jmespath"}
_LAMBDA_PYTHON = "3.13"
_LAMBDA_PLATFORM = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}


class BuildError(Exception):
    """Something the build needs is missing; the message says what to do."""


def build(stage: Stage, repository: Path = REPOSITORY, output: Path = OUTPUT) -> list[Artifact]:
    """Return the artifacts of a stage, built where their inputs changed since the last build.

    Raises
    ------
    BuildError
        When dependencies of the functions cannot be installed.
    """
    folder = output / stage.name
    folder.mkdir(parents=True, exist_ok=True)
    artifacts = [_collector(stage, repository, folder), _library(repository, folder)]
    jobs = tree(repository / "spark_jobs", "*.py")
    artifacts += [Artifact.of(f"jobs/{path.relative_to(repository / 'spark_jobs')}", path) for path in jobs]
    contracts = tree(repository / "contracts")
    artifacts += [Artifact.of(path.relative_to(repository).as_posix(), path) for path in contracts]
    suites = tree(repository / "expectations", "*.json")
    artifacts += [Artifact.of(path.relative_to(repository).as_posix(), path) for path in suites]
    if stage.managed_services:
        artifacts += _airflow(repository, folder)
    return artifacts


def parameters(artifacts: Iterable[Artifact]) -> dict[str, str]:
    """Return the template parameters that name built code."""
    keys = [artifact.key for artifact in artifacts if artifact.key.startswith("functions/collector-")]
    return {"CollectorCodeKey": keys[0]}


def _collector(stage: Stage, repository: Path, folder: Path) -> Artifact:
    requirements = repository / "requirements" / "functions.txt"
    sources = [repository / "functions" / "__init__.py", *tree(repository / "functions" / "collector", "*.py")]
    target = _target(stage)
    # The name changes with the inputs, not with the bytes: CloudFormation sees new code by its key.
    own = {file.relative_to(repository).as_posix(): file for file in sources}
    inputs = fingerprint({**own, "requirements": requirements}, *target)
    path = folder / f"collector-{inputs[:16]}.zip"
    if not path.exists():
        with tempfile.TemporaryDirectory() as vendored:
            _install(requirements, Path(vendored), target)
            members = {file.relative_to(vendored).as_posix(): file for file in _needed(Path(vendored))}
            _replace(folder, "collector-*.zip", path, zip_bytes(members | own))
    return Artifact.of(f"functions/{path.name}", path)


def _target(stage: Stage) -> tuple[str, ...]:
    """Return uv's options for the Python the functions run on."""
    if stage.name == "laptop":
        return ("--python", sys.executable, "--python-version", platform.python_version())
    return ("--python-platform", _LAMBDA_PLATFORM[stage.function_architecture], "--python-version", _LAMBDA_PYTHON)


def _install(requirements: Path, target: Path, options: Sequence[str]) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
        wanted.write(_without_runtime(requirements.read_text()))
        wanted.flush()
        command = [
            _find_uv(), "pip", "install", "--target", str(target), "--no-deps", "--require-hashes", "--only-binary",
            ":all:", "--link-mode", "copy", "--quiet", *options, "-r", wanted.name,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise BuildError(f"dependencies of the functions cannot be installed:\n{done.stderr.strip()}")


def _without_runtime(requirements: str) -> str:
    """Return a compiled requirements file without the packages Lambda's runtime has."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", requirements)
    return "\n".join(block for block in blocks if re.split(r"[=\s]", block)[0].lower() not in _IN_RUNTIME) + "\n"


def _needed(vendored: Path) -> list[Path]:
    return [path for path in tree(vendored) if path.parts[len(vendored.parts)] not in ("bin", ".lock")]


def _find_uv() -> str:
    candidates = (os.environ.get("SLUICE_UV"), str(REPOSITORY / ".sluice" / "uv" / "bin" / "uv"), shutil.which("uv"))
    for candidate in candidates:
        if candidate and Path(candidate).exists():
            return candidate
    raise BuildError("uv is not here yet. Run `./sluice doctor --fix`, or put uv on PATH.")


def _library(repository: Path, folder: Path) -> Artifact:
    """``libs/sluice.zip`` for Glue's ``--extra-py-files``: the package ``sluice`` and the contracts beside it."""
    plugins = repository / "plugins"
    members = {path.relative_to(plugins).as_posix(): path for path in tree(plugins / "sluice")}
    members |= {path.relative_to(repository).as_posix(): path for path in tree(repository / "contracts")}
    return _zipped("libs/sluice.zip", members, folder)


def _airflow(repository: Path, folder: Path) -> list[Artifact]:
    """What MWAA reads: plugins.zip, requirements.txt and the DAGs."""
    plugins = repository / "plugins"
    members = {path.relative_to(plugins).as_posix(): path for path in tree(plugins)}
    members |= {path.relative_to(repository).as_posix(): path for path in tree(repository / "contracts")}
    # MWAA mounts nothing beside the DAG folder, so what DAGs read lies inside of it there.
    read = [file for folder_ in ("contracts", "dbt_project") for file in tree(repository / folder_)]
    dags = {path.relative_to(repository / "dags").as_posix(): path for path in tree(repository / "dags")}
    dags |= {file.relative_to(repository).as_posix(): file for file in read}
    return [
        _zipped("airflow/plugins.zip", members, folder),
        Artifact.of("airflow/requirements.txt", repository / "requirements.txt"),
        *(Artifact.of(f"airflow/dags/{name}", path) for name, path in dags.items()),
    ]


def _zipped(key: str, members: Mapping[str, Path], folder: Path) -> Artifact:
    stem, suffix = Path(key).stem, Path(key).suffix
    path = folder / f"{stem}-{fingerprint(members)[:16]}{suffix}"
    if not path.exists():
        _replace(folder, f"{stem}-*{suffix}", path, zip_bytes(members))
    return Artifact.of(key, path)


def _replace(folder: Path, pattern: str, path: Path, content: bytes) -> None:
    for old in folder.glob(pattern):
        old.unlink()
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def upload(s3: Any, bucket: str, artifacts: Iterable[Artifact], say: Callable[[str], None] = print) -> int:
    """Upload the artifacts the bucket does not hold in this version, return how many those were."""
    changed = 0
    for artifact in artifacts:
        try:
            live = s3.head_object(Bucket=bucket, Key=artifact.key)["Metadata"].get("sha256")
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NotFound"):
                raise
            live = None
        if live != artifact.sha256:
            with artifact.path.open("rb") as body:
                s3.put_object(Bucket=bucket, Key=artifact.key, Body=body, Metadata={"sha256": artifact.sha256})
            say(f"{'updated' if live else 'created'}  s3://{bucket}/{artifact.key}")
            changed += 1
    return changed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", choices=STAGES, default="laptop")
    parser.add_argument("--upload", action="store_true", help="upload what changed to the stage's artifacts bucket")
    options = parser.parse_args()
    stage = STAGES[options.stage]
    try:
        artifacts = build(stage)
    except BuildError as error:
        sys.exit(str(error))
    if options.upload:
        import boto3

        account = boto3.client("sts").get_caller_identity()["Account"]
        upload(boto3.client("s3"), stage.bucket("artifacts", account), artifacts)
    print(json.dumps(parameters(artifacts)))


if __name__ == "__main__":
    main()
