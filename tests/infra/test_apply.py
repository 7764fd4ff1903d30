from __future__ import annotations

import copy
import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from infra import apply as infra_apply
from infra.appliers import APPLIERS, Context
from infra.apply import TEMPLATES, ApplyError, apply_stage, apply_template
from infra.build import REPOSITORY
from infra.settings import STAGES

KEYS = {"aurora": "key-of-aurora"}


@pytest.fixture(scope="module")
def applied(context: Context) -> dict[str, str]:
    """Outputs of the laptop stage, applied once."""
    said: list[str] = []
    outputs = apply_stage(STAGES["laptop"], context, said.append, KEYS)
    assert sum(line.startswith("created") for line in said) > 40
    return outputs


def stack(topic: str) -> dict[str, Any]:
    return json.loads((TEMPLATES / "laptop" / f"sluice-{topic}.template.json").read_text())


def test_a_second_run_changes_nothing_and_is_quick(context: Context, applied: dict[str, str]) -> None:
    said: list[str] = []
    started = time.process_time()
    assert apply_stage(STAGES["laptop"], context, said.append, KEYS) == applied
    assert said == []
    assert time.process_time() - started < 2


def test_an_event_sent_to_the_applied_collector_lands_raw(context: Context, applied: dict[str, str]) -> None:
    api = applied["CollectorApiId"]
    base = context.client("s3").meta.endpoint_url
    event = {"event_id": "e1", "user_id": "u1", "event_type": "view"}
    request = urllib.request.Request(
        f"{base}/_aws/execute-api/{api}/$default/v1/events",
        json.dumps(event).encode(),
        {"X-Write-Key": "key-of-aurora", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.load(answer) == {"accepted": 1, "malformed": 0}
    deadline = time.monotonic() + 60
    found: list[dict[str, Any]] = []
    while not found and time.monotonic() < deadline:
        listed = context.client("s3").list_objects_v2(Bucket=applied["LakeBucket"], Prefix="raw/clickstream/events/")
        found = listed.get("Contents", [])
        time.sleep(0.2)
    assert found, "Firehose delivers within its buffer time"
    assert "/year=" in found[0]["Key"] and "/hour=" in found[0]["Key"]
    sqs = context.client("sqs")
    url = sqs.get_queue_url(QueueName="sluice-raw-landed")["QueueUrl"]
    keys: list[str] = []
    while found[0]["Key"] not in keys and time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            landed = json.loads(message["Body"]).get("Records", [])
            keys += [urllib.request.unquote(record["s3"]["object"]["key"]) for record in landed]
    assert found[0]["Key"] in keys, "the bucket tells the queue what landed"


def test_a_changed_template_updates_what_is_there(context: Context, applied: dict[str, str]) -> None:
    ingest = stack("ingest")
    resources = ingest["Resources"]
    original = copy.deepcopy(ingest)
    resources["delivery"]["Properties"]["ExtendedS3DestinationConfiguration"]["BufferingHints"]["IntervalInSeconds"] = 7
    resources["collector"]["Properties"]["MemorySize"] = 512
    resources["collectorlog"]["Properties"]["RetentionInDays"] = 3
    values = _code(context)
    said: list[str] = []
    apply_template(ingest, context, values, said.append)
    assert sorted(line.split()[1] for line in said) == [
        "AWS::KinesisFirehose::DeliveryStream", "AWS::Lambda::Function", "AWS::Logs::LogGroup",
    ]  # fmt: skip
    assert all(line.startswith("updated") for line in said)
    live = context.client("firehose").describe_delivery_stream(DeliveryStreamName="clickstream-raw")
    destination = live["DeliveryStreamDescription"]["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert destination["BufferingHints"]["IntervalInSeconds"] == 7
    assert context.client("lambda").get_function_configuration(FunctionName="sluice-collector")["MemorySize"] == 512
    apply_template(original, context, values, lambda _: None)
    said.clear()
    apply_template(original, context, values, said.append)
    assert said == []


@pytest.mark.parametrize(
    ("topic", "resource", "path", "value"),
    [
        ("lake", "lakebucket", ("LifecycleConfiguration", "Rules", 1, "Transitions", 0, "TransitionInDays"), 45),
        ("lake", "rawlanded", ("VisibilityTimeout",), 60),
        ("jobs", "promotejob", ("NumberOfWorkers",), 3),
        ("ops", "alarmdeliverylate", ("Threshold",), 1234),
        ("ops", "outcomes", ("DeletionProtectionEnabled",), True),
    ],
)
def test_one_changed_property_updates_one_resource(
    context: Context, applied: dict[str, str], topic: str, resource: str, path: tuple[Any, ...], value: object
) -> None:
    template = stack(topic)
    place = template["Resources"][resource]["Properties"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    said: list[str] = []
    apply_template(template, context, say=said.append)
    assert [line.split()[0] for line in said] == ["updated"], said
    said.clear()
    apply_template(template, context, say=said.append)
    assert said == [], "the change arrived"
    apply_template(stack(topic), context, say=lambda _: None)


def test_write_keys_are_added_and_never_taken_away(context: Context, applied: dict[str, str]) -> None:
    secrets = context.client("secretsmanager")
    secrets.put_secret_value(SecretId="sluice/write-keys", SecretString='{"by-hand": "cascade"}')
    apply_stage(STAGES["laptop"], context, lambda _: None, KEYS)
    kept = json.loads(secrets.get_secret_value(SecretId="sluice/write-keys")["SecretString"])
    assert kept == {"by-hand": "cascade", "key-of-aurora": "aurora"}


def test_an_unknown_type_or_property_is_an_error_that_names_it(context: Context) -> None:
    with pytest.raises(ApplyError, match=r"AWS::MWAA::Environment env: no applier knows this type"):
        apply_template({"Resources": {"env": {"Type": "AWS::MWAA::Environment", "Properties": {}}}}, context)
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "g", "Colour": "blue"}}
    with pytest.raises(ApplyError, match=r"AWS::Logs::LogGroup g: property Colour is not supported"):
        apply_template({"Resources": {"g": group}}, context, say=lambda _: None)
    with pytest.raises(ApplyError, match="parameter P has no value"):
        apply_template({"Parameters": {"P": {"Type": "String"}}, "Resources": {}}, context)


def test_every_type_of_the_laptop_stage_has_an_applier() -> None:
    folder = TEMPLATES / "laptop"
    order = json.loads((folder / "order.json").read_text())
    assert len(order) >= 5
    types = {resource["Type"] for topic in order for resource in _resources(folder / f"{topic}.template.json")}
    assert len(types) > 15
    assert types <= APPLIERS.keys()


def test_stages_with_managed_services_are_sent_to_cdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["apply", "--stage", "prod"])
    with pytest.raises(SystemExit, match=r"docs/how-to/deploy\.md"):
        infra_apply.main()
    assert (REPOSITORY / "docs" / "how-to" / "deploy.md").exists()


def _resources(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text())["Resources"].values())


def _code(context: Context) -> dict[str, str]:
    listed = context.client("s3").list_objects_v2(Bucket="sluice-artifacts", Prefix="functions/")["Contents"]
    return {"CollectorCodeKey": listed[0]["Key"], "WriteKeys": "{}"}
