"""The committed templates themselves: valid CloudFormation, encrypted, least privilege."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cfnlint import ConfigMixIn
from cfnlint.runner import Runner

from infra.apply import TEMPLATES
from infra.settings import STAGES, Stage

FILES = sorted(TEMPLATES.glob("*/*.template.json"))


def resources(path: Path, kind: str) -> list[tuple[str, dict[str, Any]]]:
    found = json.loads(path.read_text())["Resources"].items()
    return [(name, resource.get("Properties", {})) for name, resource in found if resource["Type"] == kind]


def test_there_are_templates_for_every_stage() -> None:
    assert {path.parent.name for path in FILES} == set(STAGES)
    for stage in STAGES:
        order = json.loads((TEMPLATES / stage / "order.json").read_text())
        assert {f"{name}.template.json" for name in order} == {p.name for p in FILES if p.parent.name == stage}
    assert "sluice-airflow.template.json" not in {p.name for p in FILES if p.parent.name == "laptop"}


#: The largest stage; the others are the same stacks with other values or with less in them.
PROD = [path for path in FILES if path.parent.name == "prod"]


@pytest.mark.slow
@pytest.mark.parametrize("path", PROD, ids=lambda p: p.stem)
def test_cfn_lint_finds_no_error(path: Path) -> None:
    # Errors are what CloudFormation would refuse; warnings are about style.
    config = ConfigMixIn(["--template", str(path), "--regions", "us-east-1"], ignore_checks=["W"])
    assert [str(match) for match in Runner(config).run()] == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_bucket_is_private_and_encrypted(path: Path) -> None:
    for name, bucket in resources(path, "AWS::S3::Bucket"):
        assert all(bucket["PublicAccessBlockConfiguration"].values()), name
        assert bucket["BucketEncryption"], name


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_no_policy_allows_everything(path: Path) -> None:
    #: Actions AWS defines no resources for.
    without_resources = {"cloudwatch:PutMetricData", "s3:GetAccountPublicAccessBlock", "logs:DescribeLogGroups"}
    for name, policy in resources(path, "AWS::IAM::Policy"):
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not [action for action in actions if action in ("*", "s3:*", "glue:*", "iam:*")], name
            if statement["Resource"] == "*":
                assert set(actions) <= without_resources, name


def test_prod_keeps_its_data_and_encrypts_with_its_own_key() -> None:
    lake = json.loads((TEMPLATES / "prod" / "sluice-lake.template.json").read_text())["Resources"]
    for name, resource in lake.items():
        if resource["Type"] in ("AWS::S3::Bucket", "AWS::KMS::Key"):
            assert resource["DeletionPolicy"] == "Retain", name
        if resource["Type"] == "AWS::S3::Bucket":
            assert resource["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}, name
            assert "aws:kms" in json.dumps(resource["Properties"]["BucketEncryption"]), name


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_templates_hold_no_secret_and_no_path_of_a_machine(path: Path) -> None:
    text = path.read_text()
    for trace in ("wk_", "/home/", "/Users/", "/root/", "aws:cdk:path", "cdk.out", str(Path.cwd())):
        assert trace not in text, trace


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"bucket_pattern": "sluice"}, "bucket_pattern"),
        ({"bucket_pattern": "s-{name}", "firehose_megabytes": 5}, "firehose_megabytes"),
        ({"bucket_pattern": "s-{name}", "shards": 0}, "shards"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Stage(name="x", **settings)
