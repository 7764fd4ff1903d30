"""Great Expectations over one interval of a lake table, on Spark, with its Data Docs page."""

from __future__ import annotations

import json
import mimetypes
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluice.quality.gx_masking import mask_gx

# Read when great_expectations is imported: no usage statistics leave the platform.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")

if TYPE_CHECKING:
    import great_expectations as gx
    from pyspark.sql import DataFrame

DOCS_PREFIX = "data-docs"


@dataclass(frozen=True)
class Validated:
    """The answer of Great Expectations.

    Attributes
    ----------
    result : dict
        ``ExpectationSuiteValidationResult.to_json_dict()`` without values of PII columns; an expectation that was met
        has no details.
    page : str
        Path of the run's Data Docs page below the site's directory; None when it could not be rendered.
    """

    result: dict[str, Any]
    page: str | None


def validate(
    frame: DataFrame,
    suite: gx.ExpectationSuite,
    run_name: str,
    site: Path,
    identifiers: Sequence[str],
    pii: Collection[str] = (),
    columns: Collection[str] | None = None,
) -> Validated:
    """Run a suite and render its Data Docs page.

    Parameters
    ----------
    frame : DataFrame
        The rows to judge.
    suite : ExpectationSuite
        What they must satisfy.
    run_name : str
        Names the run in Data Docs.
    site : Path
        Empty local directory that receives the Data Docs page and what it needs.
    identifiers : sequence of str
        Columns that name an offending row in the result (the key; never personal data).
    pii, columns : collections of str
        Columns with a PII class, and all columns; see `sluice.quality.gx_masking.mask_gx`.
    """
    import great_expectations as gx
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResultSchema

    context = _context(site)
    batch = (
        context.data_sources.add_or_update_spark("lake", persist=False)
        .add_dataframe_asset(suite.name)
        .add_batch_definition_whole_dataframe("interval")
    )
    definition = context.validation_definitions.add_or_update(
        gx.ValidationDefinition(name=suite.name, data=batch, suite=context.suites.add_or_update(suite))
    )
    # Yes or no first: all of a suite's counts then come from one aggregation. Samples cost a Spark job for each
    # expectation, so only those that failed are asked again, for details.
    checkpoint = context.checkpoints.add_or_update(
        gx.Checkpoint(name=suite.name, validation_definitions=[definition], result_format="BOOLEAN_ONLY")
    )
    # The name becomes a folder of the page's address; Airflow's run ids hold characters that do not belong there.
    run = gx.RunIdentifier(run_name=re.sub(r"[^A-Za-z0-9_.-]+", "-", run_name))
    answer = checkpoint.run(batch_parameters={"dataframe": frame}, run_id=run)
    identifier, verdict = next(iter(answer.run_results.items()))
    result = verdict.to_json_dict()
    asked_again = [one.expectation_config for one in verdict.results if _needs_details(one)]
    if asked_again:
        _explain(result, _details(context, batch, asked_again, frame, identifiers))
    masked = mask_gx(result, pii, columns)
    context.validation_results_store.set(identifier, ExpectationSuiteValidationResultSchema().load(masked))
    context.build_data_docs(resource_identifiers=[identifier])
    # Great Expectations logs what it cannot render and goes on; data is not held back for want of its page.
    page = next((site / "validations").rglob("*.html"), None)
    return Validated(masked, page.relative_to(site).as_posix() if page else None)


def _needs_details(one: Any) -> bool:
    """Whether the page and a reader need more than yes: of a failure, and of facts about the whole table (cheap)."""
    return not one.success or one.expectation_config.type.startswith("expect_table_")


def _details(
    context: Any, batch: Any, configs: list[Any], frame: DataFrame, identifiers: Sequence[str]
) -> list[dict[str, Any]]:
    """Run some expectations again, with counts and samples."""
    import great_expectations as gx

    expectations = [
        {"type": config.type, "kwargs": {k: v for k, v in config.kwargs.items() if k != "batch_id"},
         "meta": config.meta, "severity": config.severity}
        for config in configs
    ]
    suite = gx.ExpectationSuite(name="details", expectations=expectations)
    definition = context.validation_definitions.add_or_update(
        gx.ValidationDefinition(name="details", data=batch, suite=context.suites.add_or_update(suite))
    )
    answer = definition.run(
        batch_parameters={"dataframe": frame},
        result_format={"result_format": "SUMMARY", "partial_unexpected_count": 10,
                       "unexpected_index_column_names": list(identifiers)},
    )
    return answer.to_json_dict()["results"]


def _explain(result: dict[str, Any], details: list[dict[str, Any]]) -> None:
    """Put the details into the verdict."""
    by_rule = {_rule(one): one for one in details}
    result["results"] = [by_rule.get(_rule(one), one) for one in result["results"]]


def _rule(one: dict[str, Any]) -> str:
    config = one["expectation_config"]
    kwargs = {name: value for name, value in config["kwargs"].items() if name != "batch_id"}
    return json.dumps([config["type"], kwargs], sort_keys=True, default=str)


def upload_docs(s3: Any, bucket: str, site: Path) -> None:
    """Publish a rendered page below ``data-docs/``, with the styles and scripts it needs.

    The site's index is left out: it would list this one run. The history of all runs is the quality page of the UI.
    """
    for file in sorted(path for path in site.rglob("*") if path.is_file() and path.name != "index.html"):
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        key = f"{DOCS_PREFIX}/{file.relative_to(site).as_posix()}"
        s3.put_object(Bucket=bucket, Key=key, Body=file.read_bytes(), ContentType=kind)


def _context(site: Path) -> Any:
    """A context that renders pages into a directory and keeps everything else in memory."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    return gx.get_context(mode="ephemeral", project_config=DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        data_docs_sites={"pages": {
            "class_name": "SiteBuilder",
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(site)},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        }},
        # Bars are for terminals; in a job's log they are hundreds of lines.
        progress_bars={"globally": False},
        analytics_enabled=False,
    ))
