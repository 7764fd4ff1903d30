from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

REPOSITORY = Path(__file__).resolve().parents[3]


def listening(pid: int) -> list[str]:
    """Local addresses of the sockets a process listens on (hexadecimal, as the kernel lists them)."""
    inodes = {str(fd.readlink())[8:-1] for fd in Path(f"/proc/{pid}/fd").iterdir() if "socket:" in str(fd.readlink())}
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
    ]
    return [row[1] for row in rows if row[3] == "0A" and row[9] in inodes]


def test_nothing_but_the_one_loopback_port_listens(server, aws) -> None:
    aws("s3").create_bucket(Bucket="any")
    aws("kinesis").create_stream(StreamName="any", ShardCount=1)
    assert listening(server.process.pid) == [f"0100007F:{server.port:04X}"]


def test_health_tells_the_versions(server) -> None:
    health = server.health()
    assert health["status"] == "ready"
    assert health["versions"]["ministack"] == "1.5.33"
    assert health["versions"]["moto"] == "5.2.5"
    assert {"s3", "kinesis", "firehose", "glue", "redshift-data"} <= set(health["services"])


def test_a_taken_port_is_said_so(tmp_path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-m", "local.aws", "--port", str(taken.getsockname()[1]), "--data", str(tmp_path)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "Address already in use" in done.stderr


def test_a_wrong_lambda_interpreter_is_refused_at_start(tmp_path) -> None:
    command = [sys.executable, "-m", "local.aws", "--port", "1", "--data", str(tmp_path)]
    environ = {"SLUICE_LAMBDA_PYTHON": "/no/python", "PATH": ""}
    done = subprocess.run(command, cwd=REPOSITORY, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "SLUICE_LAMBDA_PYTHON=/no/python is not an executable file" in done.stderr


@pytest.mark.parametrize(
    ("service", "call", "arguments"),
    [
        ("glue", "start_crawler", {"Name": "c"}),
        ("dynamodb", "export_table_to_point_in_time", {"TableArn": "arn:t", "S3Bucket": "b"}),
        ("rds", "create_db_instance", {"DBInstanceIdentifier": "d", "DBInstanceClass": "c", "Engine": "postgres"}),
        ("backup", "start_backup_job", {"BackupVaultName": "v", "ResourceArn": "r", "IamRoleArn": "i"}),
        ("sagemaker", "create_training_job", {"TrainingJobName": "t"}),
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "e", "Body": b""}),
        ("redshift-serverless", "list_namespaces", {}),
        ("dms", "start_replication_task", {"ReplicationTaskArn": "a", "StartReplicationTaskType": "start-replication"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_would_only_pretend_to_be_done_is_refused_by_name(aws, service, call, arguments) -> None:
    with pytest.raises(ClientError, match="is not available on this endpoint") as refusal:
        getattr(aws(service), call)(**arguments)
    assert "Unsupported" in refusal.value.response["Error"]["Code"]


@pytest.mark.parametrize("service", ["dms", "redshift", "lakeformation", "sagemaker"])
def test_bridged_control_planes_answer(aws, service) -> None:
    listing = {
        "dms": "describe_replication_instances",
        "redshift": "describe_clusters",
        "lakeformation": "list_permissions",
        "sagemaker": "list_models",
    }[service]
    assert getattr(aws(service), listing)()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_lake_formation_keeps_what_is_granted(aws) -> None:
    grant = {
        "Principal": {"DataLakePrincipalIdentifier": "arn:aws:iam::000000000000:role/analyst"},
        "Resource": {"Table": {"DatabaseName": "curated", "Name": "events"}},
        "Permissions": ["SELECT"],
    }
    aws("lakeformation").grant_permissions(**grant)
    permissions = aws("lakeformation").list_permissions()["PrincipalResourcePermissions"]
    assert [p["Permissions"] for p in permissions if p["Principal"] == grant["Principal"]] == [["SELECT"]]


def test_redshift_data_without_a_warehouse_says_what_is_missing(aws) -> None:
    with pytest.raises(ClientError, match="SLUICE_REDSHIFT"):
        aws("redshift-data").execute_statement(Sql="select 1", Database="warehouse", DbUser="sluice")
