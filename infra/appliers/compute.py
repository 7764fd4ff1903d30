"""Lambda functions and Glue jobs."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any

from infra.template import Applied

from .base import Context, Properties, found_or_none, matches

_CONFIGURATION = ("Description", "Runtime", "Handler", "Role", "MemorySize", "Timeout", "Environment")


def function(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::Lambda::Function`` whose code lies in S3."""
    client, name = context.client("lambda"), wanted["FunctionName"]
    configuration, code = wanted.pick(*_CONFIGURATION), wanted["Code"]
    architectures = wanted.get("Architectures", ["x86_64"])
    live = found_or_none(client.get_function_configuration, "ResourceNotFoundException", FunctionName=name)
    done = "unchanged"
    if live is None:
        live = client.create_function(
            FunctionName=name, Code=code, Architectures=architectures, Tags=wanted.tag_map(), **configuration
        )
        _settled(client, name)
        done = "created"
    else:
        wanted.tags()
        if live.get("CodeSha256") != _code_digest(context, code) or live.get("Architectures") != architectures:
            client.update_function_code(FunctionName=name, Architectures=architectures, **code)
            _settled(client, name)
            done = "updated"
        if not matches(configuration, live):
            client.update_function_configuration(FunctionName=name, **configuration)
            _settled(client, name)
            done = "updated"
    return Applied(name, {"Arn": context.arn("lambda", f"function:{name}")}, done)


def _code_digest(context: Context, code: dict[str, str]) -> str:
    """Return Lambda's digest of a zip in S3, from its metadata where infra.build wrote it."""
    s3 = context.client("s3")
    place = {"Bucket": code["S3Bucket"], "Key": code["S3Key"]}
    digest = s3.head_object(**place)["Metadata"].get("sha256")
    if digest:
        return base64.b64encode(bytes.fromhex(digest)).decode()
    return base64.b64encode(hashlib.sha256(s3.get_object(**place)["Body"].read()).digest()).decode()


def _settled(client: Any, name: str) -> None:
    while client.get_function_configuration(FunctionName=name).get("LastUpdateStatus") == "InProgress":
        time.sleep(0.2)


def permission(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::Lambda::Permission``."""
    client, name = context.client("lambda"), wanted["FunctionName"]
    grant = wanted.pick("Action", "Principal", "SourceArn", "SourceAccount")
    digest = hashlib.sha256(json.dumps(grant, sort_keys=True).encode()).hexdigest()[:16]
    statement = f"sluice-{digest}"
    live = found_or_none(client.get_policy, "ResourceNotFoundException", FunctionName=name)
    if live and any(one["Sid"] == statement for one in json.loads(live["Policy"])["Statement"]):
        return Applied(statement)
    client.add_permission(FunctionName=name, StatementId=statement, **grant)
    return Applied(statement, done="created")


def job(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::Glue::Job``."""
    glue, name = context.client("glue"), wanted["Name"]
    definition = wanted.pick(
        "Description", "Role", "Command", "GlueVersion", "WorkerType", "NumberOfWorkers", "Timeout", "MaxRetries",
        "ExecutionProperty", "DefaultArguments",
    )  # fmt: skip
    live = found_or_none(glue.get_job, "EntityNotFoundException", JobName=name)
    if live is None:
        glue.create_job(Name=name, Tags=wanted.tag_map(), **definition)
        return Applied(name, done="created")
    wanted.tags()
    # An endpoint that does not tell how many runs may go side by side cannot be compared in that.
    told = {key: value for key, value in definition.items() if key != "ExecutionProperty" or key in live["Job"]}
    if matches(told, live["Job"]):
        return Applied(name)
    glue.update_job(JobName=name, JobUpdate=definition)
    return Applied(name, done="updated")


def database(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::Glue::Database``."""
    glue, definition = context.client("glue"), wanted["DatabaseInput"]
    wanted.pick("CatalogId")  # the account's own catalog
    live = found_or_none(glue.get_database, "EntityNotFoundException", Name=definition["Name"])
    if live is None:
        glue.create_database(DatabaseInput=definition)
        return Applied(definition["Name"], done="created")
    if matches(definition, live["Database"]):
        return Applied(definition["Name"])
    glue.update_database(Name=definition["Name"], DatabaseInput=definition)
    return Applied(definition["Name"], done="updated")
