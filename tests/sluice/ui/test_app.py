from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from sluice.outcomes import OutcomeStore
from sluice.quality.results import ValidationStore
from sluice.ui.reader import QualityReader
from tests.sluice.ui.conftest import client_of, visitor
from tests.support.quality_data import outcome, unmet_email, unmet_key, validation

EVENTS = "curated.clickstream_events"
TODAY = datetime.now(UTC).date()
Stores = tuple[ValidationStore, OutcomeStore]


def address(**changes: str) -> dict[str, str]:
    return {"dataset": EVENTS, "interval": "2026-11-22", "run_id": "scheduled__2026-11-22T00:00:00+00:00", **changes}


def test_an_empty_platform_says_what_to_do(stores: Stores):
    page = visitor(QualityReader(*stores)).get("/quality")
    assert page.status_code == 200
    assert "No suite has run yet" in page.text
    assert "./sluice demo" in page.text


def test_old_results_are_offered_when_the_range_holds_none(stores: Stores):
    stores[0].write(validation(interval="2024-02-29"))
    page = visitor(QualityReader(*stores)).get("/quality")
    assert "The newest validation is of 2024-02-29." in page.text
    assert "/quality?to=2024-02-29" in page.text
    assert EVENTS in visitor(QualityReader(*stores)).get("/quality?to=2024-02-29").text


def test_an_unreachable_store_is_told_without_a_traceback(dead_endpoint: str):
    reader = QualityReader(
        ValidationStore("sluice-quality", client_of("s3", dead_endpoint)),
        OutcomeStore("sluice-outcomes", client_of("dynamodb", dead_endpoint)),
    )
    page = visitor(reader).get("/quality")
    assert page.status_code == 503
    assert "The data store cannot be reached" in page.text
    assert "./sluice status" in page.text
    assert "Traceback" not in page.text and "botocore" not in page.text
    answer = visitor(reader).get("/api/quality")
    assert answer.status_code == 503
    assert answer.json()["error"]["title"] == "The data store cannot be reached"
    assert visitor(reader).get("/data-docs/a.html").status_code == 503


def test_a_missing_bucket_means_not_deployed(stores: Stores):
    reader = QualityReader(ValidationStore("no-such-bucket", stores[0].client), stores[1])
    page = visitor(reader).get("/quality")
    assert page.status_code == 503
    assert "Nothing is deployed here yet" in page.text


def test_validations_stay_readable_when_only_outcomes_are_not(stores: Stores, dead_endpoint: str):
    stores[0].write(validation(interval=TODAY.isoformat()))
    reader = QualityReader(stores[0], OutcomeStore("sluice-outcomes", client_of("dynamodb", dead_endpoint)))
    page = visitor(reader).get("/quality")
    assert page.status_code == 200
    assert "passes its latest validation" in page.text
    assert "The data store cannot be reached" in page.text


def test_a_repaired_failure_counts_as_repaired(stores: Stores):
    day = TODAY.isoformat()
    stores[0].write(validation(unmet_key(), interval=day, run_id="first", started_at=f"{day}T01:00:00+00:00"))
    stores[0].write(validation(interval=day, run_id="repair", started_at=f"{day}T02:00:00+00:00"))
    page = visitor(QualityReader(*stores)).get("/quality").text
    assert "1 of 1 dataset</span> passes its latest validation" in page
    assert 'class="cell failed"' not in page
    assert page.count("<tr>") == 3, "head and both runs stay in the list"


def test_only_the_last_outcome_of_a_step_is_counted(stores: Stores):
    later = timedelta(minutes=5)
    first = outcome(TODAY, run_id="first")
    for record in (first, outcome(TODAY, run_id="again", recorded_at=first.recorded_at + later)):
        stores[1].put(record)
    shown = visitor(QualityReader(*stores)).get("/api/quality").json()
    assert [one["run_id"] for one in shown["outcomes"]] == ["again"]
    assert "<b>1\N{NARROW NO-BREAK SPACE}000</b> in" in visitor(QualityReader(*stores)).get("/quality").text


def test_json_and_filters_agree(stores: Stores):
    for back, result in enumerate(
        (
            validation(unmet_key(), interval=TODAY.isoformat()),
            validation(unmet_email(), interval=(TODAY - timedelta(days=1)).isoformat()),
            validation(interval=(TODAY - timedelta(days=2)).isoformat(), dataset="enriched.s", zone="enriched"),
        )
    ):
        assert result.interval == (TODAY - timedelta(days=back)).isoformat()
        stores[0].write(result)
    client = visitor(QualityReader(*stores))

    def statuses(query: str) -> list[str]:
        return [one["status"] for one in client.get(f"/api/quality{query}").json()["validations"]]

    assert statuses("") == ["failed", "warned", "passed"]
    assert statuses("?failed=1") == ["failed"]
    assert statuses("?zone=enriched") == ["passed"]
    assert statuses(f"?dataset={EVENTS}") == ["failed", "warned"]
    assert statuses(f"?to={TODAY - timedelta(days=1)}") == ["warned", "passed"]
    assert "expectations" not in client.get("/api/quality").json()["validations"][0]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?from=yesterday", "is not a day"),
        ("?from=2026-11-02&to=2026-11-01", "ends (2026-11-01) before it starts"),
        ("?from=2020-01-01&to=2026-01-01", "longer than a year"),
    ],
)
def test_a_filter_that_makes_no_sense_is_explained(stores: Stores, query: str, words: str):
    client = visitor(QualityReader(*stores))
    answer = client.get(f"/api/quality{query}")
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    page = client.get(f"/quality{query}")
    assert page.status_code == 200
    assert words in page.text and "Showing the last 30 days instead" in page.text


def test_a_validation_is_answered_whole_and_an_absent_one_kindly(stores: Stores):
    stores[0].write(validation(unmet_key()))
    stores[1].put(outcome(date(2026, 11, 22)))
    client = visitor(QualityReader(*stores))
    answer = client.get("/api/quality/validation", params=address()).json()
    assert answer["status"] == "failed"
    assert answer["expectations"][0]["rule"] == "event_id_unique"
    assert answer["outcomes"][0]["quarantined"] == 10
    assert client.get("/api/quality/validation", params=address(run_id="x")).status_code == 404
    page = client.get("/quality/validation", params=address(run_id="x"))
    assert page.status_code == 404
    assert "There is no such validation" in page.text


def test_names_and_values_from_outside_are_escaped_everywhere(stores: Stores):
    hostile = '"><script>alert(1)</script>'
    stores[0].write(
        validation(
            unmet_key(rule=hostile, column=hostile, sample=({hostile: hostile},), observed=hostile),
            dataset=hostile, owner=hostile, run_id=hostile, zone=hostile, interval=TODAY.isoformat(),
            data_docs_url="javascript:alert(1)",
        )
    )  # fmt: skip
    client = visitor(QualityReader(*stores))
    pages = [
        client.get("/quality").text,
        client.get("/quality", params={"dataset": hostile, "zone": hostile, "from": hostile}).text,
        client.get(
            "/quality/validation", params={"dataset": hostile, "interval": TODAY.isoformat(), "run_id": hostile}
        ).text,
    ]
    assert "event_id_unique" not in pages[2] and "Closes the gate" in pages[2]
    for page in pages:
        assert "<script>alert" not in page
        assert "javascript:" not in page


def test_pages_may_load_only_from_airflow_itself(stores: Stores):
    headers = visitor(QualityReader(*stores)).get("/quality").headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; script-src 'self'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_a_foreign_object_among_the_results_does_not_take_the_page_down(stores: Stores):
    stores[0].write(validation(interval=TODAY.isoformat()))
    for body in (b"not json", json.dumps({"dataset": "x"}).encode()):
        stores[0].client.put_object(Bucket=stores[0].bucket, Key=f"validations/{EVENTS}/{TODAY}/x.json", Body=body)
        page = visitor(QualityReader(*stores)).get("/quality")
        assert page.status_code == 200
        assert "passes its latest validation" in page.text


def test_a_rewritten_result_is_read_again(stores: Stores):
    reader = QualityReader(*stores)
    reader._overviews._seconds = 0.0
    stores[0].write(validation(unmet_key(), interval=TODAY.isoformat()))
    assert "failed the latest validation" in visitor(reader).get("/quality").text
    stores[0].write(validation(interval=TODAY.isoformat()))
    assert "passes its latest validation" in visitor(reader).get("/quality").text
