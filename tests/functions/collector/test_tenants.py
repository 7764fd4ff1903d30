from __future__ import annotations

import json
from types import ModuleType

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters import SecretsProvider

from functions.collector.errors import Refusal
from functions.collector.tenants import WriteKeys


@pytest.fixture
def secret(handler: ModuleType, request: pytest.FixtureRequest) -> str:
    name = f"keys/{request.node.name}"
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps({"k": "aurora", "odd": 3}))
    return name


def test_keys_are_read_once_and_remembered(secret: str) -> None:
    provider = SecretsProvider()
    keys = WriteKeys(secret, provider)
    assert keys.tenant_of("k") == "aurora"
    boto3.client("secretsmanager").put_secret_value(SecretId=secret, SecretString="{}")
    assert keys.tenant_of("k") == "aurora", "for a minute"
    provider.clear_cache()
    with pytest.raises(Refusal):
        keys.tenant_of("k")


@pytest.mark.parametrize("key", [None, "", "unknown", "odd"])
def test_a_key_without_tenant_is_401(secret: str, key: str | None) -> None:
    with pytest.raises(Refusal) as refused:
        WriteKeys(secret).tenant_of(key)
    assert refused.value.status == 401


def test_keys_that_cannot_be_read_are_503_and_stay_unnamed(handler: ModuleType) -> None:
    with pytest.raises(Refusal) as refused:
        WriteKeys("no/such/secret").tenant_of("k")
    assert refused.value.status == 503 and refused.value.retry_after
    boto3.client("secretsmanager").create_secret(Name="keys/broken", SecretString="no json")
    with pytest.raises(Refusal, match="cannot be read"):
        WriteKeys("keys/broken").tenant_of("k")
