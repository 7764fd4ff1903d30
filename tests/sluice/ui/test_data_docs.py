from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.outcomes import OutcomeStore
from sluice.quality.results import ValidationStore
from sluice.ui import data_docs
from sluice.ui.reader import QualityReader
from tests.sluice.ui.conftest import visitor


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("s3://sluice-quality/data-docs/validations/a.html", "validations/a.html"),
        ("data-docs/validations/a.html", "validations/a.html"),
        ("validations/a.html", "validations/a.html"),
        ("s3://another-bucket/data-docs/a.html", None),
        ("https://example.com/a.html", None),
        ("javascript:alert(1)", None),
        ("//example.com/a.html", None),
        ("data-docs/../validations/secret.json", None),
        ("", None),
        (None, None),
    ],
)
def test_only_pages_of_our_data_docs_become_links(url: str | None, path: str | None):
    assert data_docs.relative_path(url, "sluice-quality") == path


@given(st.lists(st.sampled_from(["..", ".", "", "a", "b.html", "\\", "c:"]), min_size=1).map("/".join))
def test_a_safe_path_never_leaves_the_prefix(path: str):
    if data_docs.safe_path(path):
        parts = path.split("/")
        assert ".." not in parts and "." not in parts and "" not in parts


def test_a_page_is_dressed_and_may_not_act(stores: tuple[ValidationStore, OutcomeStore]):
    validations, outcomes = stores
    body = b"<html><head><title>x</title></head><body><h1>Suite</h1></body></html>"
    validations.client.put_object(Bucket=validations.bucket, Key="data-docs/validations/a.html", Body=body)
    answer = visitor(QualityReader(validations, outcomes)).get("/data-docs/validations/a.html")
    assert answer.status_code == 200
    assert "/static/data-docs.css" in answer.text and "← Data quality" in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-same-origin;") and "allow-scripts" not in policy
    assert "default-src 'none'" in policy


def test_what_is_not_a_document_is_not_served(stores: tuple[ValidationStore, OutcomeStore]):
    validations, outcomes = stores
    validations.client.put_object(Bucket=validations.bucket, Key="data-docs/a.js", Body=b"alert(1)")
    client = visitor(QualityReader(validations, outcomes))
    assert client.get("/data-docs/a.js").status_code == 404
    assert client.get("/data-docs/absent.html").status_code == 404
