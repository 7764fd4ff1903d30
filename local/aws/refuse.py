"""What is refused: operations the libraries below answer as done without doing them.

A platform that believes such an answer fails later and elsewhere. Each refusal names the operation and why; an entry
goes when the operation is real.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ministack import app

from local.aws.gateway import Handler, Response
from local.aws.moto_bridge import operation

USES = {"ministack.app": ("SERVICE_HANDLERS",)}

EVERYTHING = "*"
_NOTHING_RUNS = "nothing on this endpoint would run it"
_NO_SERVER = "no server would start behind it"

REFUSED: dict[str, dict[str, str]] = {
    "glue": {
        "StartCrawler": "crawlers read no data here; create the table, or let the job that writes it do so",
        "StartTrigger": "triggers start no jobs here; let Airflow start them",
        "StartWorkflowRun": "workflows start no jobs here; let Airflow start them",
        "StartBlueprintRun": _NOTHING_RUNS,
        "StartDataQualityRulesetEvaluationRun": _NOTHING_RUNS,
    },
    "dynamodb": {
        "ExportTableToPointInTime": "no export is written to S3; scan the table",
        "ImportTable": "no import is read from S3; write the items with BatchWriteItem",
        "RestoreTableToPointInTime": "earlier states of a table are not kept",
    },
    "athena": {
        "StartQueryExecution": "Iceberg tables cannot be read by it yet, and reading them as CSV would spill rows "
        "into errors; query the lake with Spark (docs/examples/lake_sql.py) or the marts in the warehouse",
    },
    "rds": {EVERYTHING: _NO_SERVER + "; use the operational PostgreSQL cluster directly"},
    "rds-data": {EVERYTHING: _NO_SERVER},
    "documentdb": {EVERYTHING: _NO_SERVER},
    "dsql": {EVERYTHING: _NO_SERVER},
    "elasticache": {EVERYTHING: _NO_SERVER},
    "opensearch": {EVERYTHING: _NO_SERVER},
    "opensearchserverless": {EVERYTHING: _NO_SERVER},
    "kafka": {EVERYTHING: _NO_SERVER},
    "mq": {EVERYTHING: _NO_SERVER},
    "transfer": {EVERYTHING: _NO_SERVER},
    "elasticfilesystem": {EVERYTHING: "no file system is mounted anywhere"},
    "airflow": {EVERYTHING: "MWAA environments are not started here; Airflow runs beside the endpoint"},
    "backup": {EVERYTHING: "nothing is copied to a vault"},
    "elasticmapreduce": {EVERYTHING: _NOTHING_RUNS},
    "batch": {EVERYTHING: _NOTHING_RUNS},
    "ecs": {EVERYTHING: _NOTHING_RUNS},
    "eks": {EVERYTHING: _NOTHING_RUNS},
    "codebuild": {EVERYTHING: _NOTHING_RUNS},
    "kinesisanalyticsv2": {EVERYTHING: _NOTHING_RUNS},
    "inspector2": {EVERYTHING: "nothing is scanned"},
    "transcribe": {EVERYTHING: "nothing is transcribed"},
    "translate": {EVERYTHING: "nothing is translated"},
    "bedrock-runtime": {EVERYTHING: "no model answers here"},
    "bedrock-agent-runtime": {EVERYTHING: "no agent answers here"},
    "iot": {EVERYTHING: "no broker listens here"},
    "iot-data": {EVERYTHING: "no broker listens here"},
    "ec2": {"RunInstances": _NOTHING_RUNS},
    "dms": {
        "StartReplicationTask": "no change data capture runs behind a replication task yet",
        "StartReplication": "no change data capture runs behind a serverless replication yet",
        "StartReplicationTaskAssessment": "nothing is assessed",
    },
    "redshift": {
        "CreateClusterSnapshot": "no snapshot is taken of the warehouse",
        "RestoreFromClusterSnapshot": "no snapshot could be restored",
        "ResizeCluster": "the warehouse has one size",
    },
    "redshift-serverless": {
        EVERYTHING: "there are no workgroups; the warehouse answers the Data API and its wire gate"
    },
    "sagemaker": dict.fromkeys(
        (
            "CreateTrainingJob",
            "CreateProcessingJob",
            "CreateTransformJob",
            "CreateHyperParameterTuningJob",
            "CreateAutoMLJob",
            "CreateAutoMLJobV2",
            "CreateEndpoint",
            "StartPipelineExecution",
            "CreateNotebookInstance",
        ),
        _NOTHING_RUNS,
    ),
}

# SageMaker Runtime is signed as "sagemaker" too and has no target header.
_INVOCATION = re.compile(r"^/endpoints/[^/]+/(invocations|async-invocations)")


def refusal(service: str, name: str, reason: str) -> Response:
    """The answer to a refused operation, in the service's error shape."""
    message = f"{service}:{name or 'this service'} is not available on this endpoint: {reason}"
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": "UnsupportedOperationException"}
    if service in ("ec2", "rds", "redshift", "documentdb", "elasticache"):
        text = message.replace("&", "&amp;").replace("<", "&lt;")
        error = f"<Error><Type>Sender</Type><Code>UnsupportedOperation</Code><Message>{text}</Message></Error>"
        body = f"<ErrorResponse>{error}</ErrorResponse>"
        if service == "ec2":
            body = f"<Response><Errors>{error}</Errors></Response>"
        return 400, {"Content-Type": "text/xml"}, body.encode()
    return 400, headers, json.dumps({"__type": "UnsupportedOperationException", "message": message}).encode()


def _guard(service: str, refused: dict[str, str], handler: Handler | None) -> Handler:
    async def guarded(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        name = operation(headers, body) or (query.get("Action") or [""])[0]
        if service == "sagemaker" and _INVOCATION.match(path):
            return refusal(service, "InvokeEndpoint", "no endpoint is deployed here")
        if EVERYTHING in refused or handler is None:
            return refusal(service, name or f"{method} {path}", refused[EVERYTHING])
        if name in refused:
            return refusal(service, name, refused[name])
        return await handler(method, path, headers, body, query)

    return guarded


def install() -> None:
    """Put a guard in front of every service of the list."""
    for service, refused in REFUSED.items():
        app.SERVICE_HANDLERS[service] = _guard(service, refused, app.SERVICE_HANDLERS.get(service))
