"""IAM roles and their policies, secrets."""

from __future__ import annotations

import json

from infra.template import Applied

from .base import Context, Properties, found_or_none, same_policy


def role(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::IAM::Role``."""
    iam, name, trust = context.client("iam"), wanted["RoleName"], wanted["AssumeRolePolicyDocument"]
    description = wanted.get("Description", "")
    live = found_or_none(iam.get_role, "NoSuchEntity", RoleName=name)
    if live is None:
        created = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Description=description, Tags=wanted.tags()
        )["Role"]
        return Applied(name, {"Arn": created["Arn"], "RoleId": created["RoleId"]}, "created")
    wanted.tags()
    found, done = live["Role"], "unchanged"
    if not same_policy(trust, found["AssumeRolePolicyDocument"]):
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
        done = "updated"
    if found.get("Description", "") != description:
        iam.update_role(RoleName=name, Description=description)
        done = "updated"
    return Applied(name, {"Arn": found["Arn"], "RoleId": found["RoleId"]}, done)


def policy(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::IAM::Policy``: an inline policy of its roles."""
    iam, name, document, done = context.client("iam"), wanted["PolicyName"], wanted["PolicyDocument"], "unchanged"
    for role_name in wanted["Roles"]:
        live = found_or_none(iam.get_role_policy, "NoSuchEntity", RoleName=role_name, PolicyName=name)
        if live is None or not same_policy(document, live["PolicyDocument"]):
            iam.put_role_policy(RoleName=role_name, PolicyName=name, PolicyDocument=json.dumps(document))
            done = "updated" if live else "created"
    return Applied(name, done=done)


def secret(context: Context, wanted: Properties) -> Applied:
    """Apply ``AWS::SecretsManager::Secret``: with a JSON object as value, or with a generated one.

    Entries of the template's value that the secret lacks are added; a generated value is made once. None is changed or
    removed: a secret belongs to its operators once it exists.
    """
    secrets, name = context.client("secretsmanager"), wanted["Name"]
    definition = wanted.pick("Description", "SecretString", "KmsKeyId")
    generate = wanted.get("GenerateSecretString")
    live = found_or_none(secrets.describe_secret, "ResourceNotFoundException", SecretId=name)
    if live is None:
        if generate:
            definition["SecretString"] = secrets.get_random_password(**generate)["RandomPassword"]
        arn = secrets.create_secret(Name=name, Tags=wanted.tags(), **definition)["ARN"]
        return Applied(arn, {"Id": arn}, "created")
    wanted.tags()
    done = "unchanged"
    if live.get("Description", "") != definition.get("Description", ""):
        secrets.update_secret(SecretId=name, Description=definition.get("Description", ""))
        done = "updated"
    if generate:
        return Applied(live["ARN"], {"Id": live["ARN"]}, done)
    value = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    merged = json.loads(definition["SecretString"]) | value
    if merged != value:
        secrets.put_secret_value(SecretId=name, SecretString=json.dumps(merged))
        done = "updated"
    return Applied(live["ARN"], {"Id": live["ARN"]}, done)
