"""The demo as a user runs it, with components killed under it: the numbers are the same as if nothing had happened.

The tests of this module build on each other: one clone, one day of traffic.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from playwright.sync_api import expect, sync_playwright

from local.demo.traffic import Traffic
from tests.e2e.conftest import Clone, kill, wait_until
from tests.ui.conftest import CHROMIUM, QUIET, SCREENSHOTS

pytestmark = pytest.mark.slow

EVENTS, SEED = 5_000, 11
OPTIONS = ("--events", str(EVENTS), "--seed", str(SEED), "--json", "numbers.json")
DAY = datetime.now(UTC).date() - timedelta(days=1)


@pytest.fixture(scope="module")
def truth(clone: Clone) -> dict:
    """What the traffic really holds, counted by its generator and not by the platform."""
    traffic = Traffic(EVENTS, DAY, clone.secrets["write_keys"], SEED)
    for _ in traffic.batches():
        pass
    return traffic.expected.as_dict()


def _glue_runs(clone: Clone, job: str) -> list[dict]:
    try:
        return clone.client("glue").get_job_runs(JobName=job)["JobRuns"]
    except (BotoCoreError, ClientError, OSError, ValueError, KeyError):
        return []


def test_a_day_flows_to_the_marts_though_spark_and_the_scheduler_are_killed(clone: Clone):
    demo = clone.demo(*OPTIONS, "--day", str(DAY))
    try:
        wait_until(
            "the promotion", lambda: any(r["JobRunState"] == "RUNNING" for r in _glue_runs(clone, "sluice-promote"))
        )
        for jvm in clone.spark_jvms():
            kill(jvm)
        wait_until("the second attempt", lambda: len(_glue_runs(clone, "sluice-promote")) > 1)
        assert _glue_runs(clone, "sluice-promote")[-1]["JobRunState"] == "FAILED"

        wait_until("the quality gate", lambda: _glue_runs(clone, "sluice-gate"))
        kill(clone.components()["airflow-scheduler"]["pid"])
        up = clone.sluice("up")
        assert up.returncode == 0, up.stderr
        numbers = clone.finish(demo)
    finally:
        demo.kill()
    assert numbers["sent"] == numbers["landed"] == EVENTS
    assert numbers["sent"] == numbers["curated"] + numbers["duplicates"] + numbers["quarantined"]
    assert numbers["suites"] == {"passed": 3, "failed": 0}
    assert numbers["marts"]["agg_shop_daily"] == 3


def test_the_platform_counts_what_the_generator_knows(clone: Clone, truth: dict):
    numbers = json.loads((clone.root / "numbers.json").read_text())
    for name in ("sent", "curated", "duplicates", "quarantined", "quarantine_reasons"):
        assert numbers[name] == truth[name], name


def test_sending_the_day_again_changes_nothing_though_the_endpoint_is_killed(clone: Clone):
    before = json.loads((clone.root / "numbers.json").read_text())
    demo = clone.demo(*OPTIONS, "--day", str(DAY))
    try:
        wait_until("sending", lambda: "sending 5,000 events" in (clone.root / "demo.log").read_text())
        kill(clone.components()["aws"]["pid"])
        up = clone.sluice("up")
        assert up.returncode == 0, up.stderr
        after = clone.finish(demo)
    finally:
        demo.kill()
    same = ("sent", "landed", "curated", "duplicates", "quarantined", "quarantine_reasons", "marts")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert after["redelivered"] >= EVENTS


def test_every_component_is_healthy_and_has_an_address(clone: Clone):
    components = clone.components()
    assert len(components) == 8
    assert all(one["healthy"] and one["address"] for one in components.values())


def test_a_user_triggers_a_run_in_the_browser_and_reads_the_quality_page(clone: Clone):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    dag = "clickstream_curated_to_enriched"
    earlier = {run["dag_run_id"] for run in clone.airflow.runs(dag)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.set_default_timeout(60_000)
        page.goto(clone.airflow.url)
        page.get_by_label("Username").fill("admin")
        page.locator("input[type=password]").fill(clone.secrets["airflow_admin_password"])
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Dags").first.click()
        expect(page.get_by_role("link", name="clickstream_raw_to_curated").first).to_be_visible()
        page.screenshot(path=SCREENSHOTS / "stack-dags.png")

        page.goto(f"{clone.airflow.url}/dags/{dag}")
        page.get_by_role("button", name=re.compile("trigger", re.IGNORECASE)).first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Advanced Options").click()
        dialog.locator("input[name=partitionKey]").fill(str(DAY))
        page.screenshot(path=SCREENSHOTS / "stack-trigger.png")
        dialog.get_by_role("button", name="Trigger", exact=True).click()
        started = wait_until("the run", lambda: [r for r in clone.airflow.runs(dag) if r["dag_run_id"] not in earlier])
        ended = clone.airflow.wait_for_run(dag, started[0]["dag_run_id"], seconds=300)
        assert (ended["state"], ended["partition_key"]) == ("success", str(DAY))

        page.goto(f"{clone.airflow.url}/dags/{dag}")
        page.screenshot(path=SCREENSHOTS / "stack-dag.png")
        page.get_by_role("link", name="Quality", exact=True).click()
        frame = page.frame_locator("iframe[title=Quality]")
        expect(frame.get_by_role("heading", name="Data quality")).to_be_visible()
        expect(frame.locator(".verdict")).to_contain_text("3 of 3 datasets")
        page.screenshot(path=SCREENSHOTS / "stack-quality.png")
        browser.close()


def test_a_day_can_be_backfilled_and_stays_the_same(clone: Clone):
    glue_runs = len(_glue_runs(clone, "sluice-promote"))
    days = ("--from", str(DAY), "--to", str(DAY))
    backfill = clone.sluice("backfill", "clickstream_raw_to_curated", *days, "--again")
    assert backfill.returncode == 0, backfill.stderr
    assert len(_glue_runs(clone, "sluice-promote")) > glue_runs
    table = clone.client("dynamodb").query(
        TableName="sluice-outcomes", KeyConditionExpression="#d = :d and begins_with(outcome, :o)",
        ExpressionAttributeNames={"#d": "dataset"},
        ExpressionAttributeValues={":d": {"S": "curated.clickstream_events"}, ":o": {"S": f"{DAY}#promote"}},
    )["Items"]  # fmt: skip
    assert len({item["records_out"]["N"] for item in table}) == 1
