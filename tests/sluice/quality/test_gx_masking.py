"""Data Docs that Great Expectations renders from a masked result."""

from __future__ import annotations

import json
from pathlib import Path

import great_expectations as gx
import pandas as pd
import pytest
from great_expectations import expectations as gxe
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResultSchema
from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

from sluice.quality.gx_masking import mask_gx
from sluice.quality.gx_results import from_gx

SECRETS = ("jo.smith@corp.example", "broken-at", "10.20.30.40", "4111111111111111")
PII = {"email", "ip", "card"}


@pytest.fixture(params=["SUMMARY", "COMPLETE"])
def judged(request: pytest.FixtureRequest, tmp_path: Path):
    """A context with a site, the result's identifier and the result, before any page is built."""
    frame = pd.DataFrame(
        {
            "event_id": ["a", "b", "b"],
            "email": ["jo.smith@corp.example", "broken-at", "jo.smith@corp.example"],
            "ip": ["10.20.30.40", "10.20.30.40", "x"],
            "card": [4111111111111111, 1, 2],
        }
    )
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(tmp_path)}
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            data_docs_sites={"pages": {"class_name": "SiteBuilder", "store_backend": store}},
            analytics_enabled=False,
        ),
    )
    batch = context.data_sources.add_pandas("frames").add_dataframe_asset("events")
    expectations = [
        gxe.ExpectColumnValuesToMatchRegex(column="email", regex="^$"),
        gxe.ExpectColumnDistinctValuesToBeInSet(column="email", value_set=["nobody"]),
        gxe.ExpectColumnPairValuesToBeEqual(column_A="email", column_B="ip"),
        gxe.ExpectColumnMaxToBeBetween(column="card", max_value=10),
        gxe.ExpectColumnMostCommonValueToBeInSet(column="ip", value_set=["none"]),
        gxe.ExpectColumnValuesToBeUnique(column="event_id"),
    ]
    suite = context.suites.add(gx.ExpectationSuite(name="curated.clickstream_events", expectations=expectations))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name="v", data=batch.add_batch_definition_whole_dataframe("all"), suite=suite)
    )
    format_ = {"result_format": request.param, "unexpected_index_column_names": ["event_id", "ip"]}
    checkpoint = gx.Checkpoint(name="c", validation_definitions=[definition], result_format=format_)
    answer = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame})
    ((identifier, result),) = answer.run_results.items()
    return context, identifier, result, tmp_path


def pages(site: Path) -> str:
    return "".join(page.read_text() for page in site.rglob("*.html"))


def test_pages_built_from_a_masked_result_hold_no_personal_value(judged):
    context, identifier, result, site = judged
    context.build_data_docs(resource_identifiers=[identifier])
    assert all(secret in pages(site) for secret in SECRETS[:2]), "unmasked pages must show the secret"

    masked = mask_gx(result.to_json_dict(), PII)
    context.validation_results_store.set(identifier, ExpectationSuiteValidationResultSchema().load(masked))
    context.build_data_docs(resource_identifiers=[identifier])
    text = pages(site) + json.dumps(masked)
    assert [secret for secret in SECRETS if secret in text] == []
    assert "curated.clickstream_events" in text
    assert "x.x@x.x" in text


def test_the_stored_form_is_the_same_from_either(judged):
    _, _, result, _ = judged
    about = {
        "dataset": "d", "interval": "i", "run_id": "r", "zone": "z", "started_at": "", "seconds": 0,
        "contract_version": "1", "owner": "o", "pii": PII,
    }  # fmt: skip
    raw = result.to_json_dict()
    assert from_gx(mask_gx(raw, PII), **about) == from_gx(raw, **about)


def test_the_given_result_is_left_alone(judged):
    _, _, result, _ = judged
    raw = result.to_json_dict()
    before = json.dumps(raw)
    mask_gx(raw, PII, columns={"event_id"})
    assert json.dumps(raw) == before
