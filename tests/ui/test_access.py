"""Who gets what from the real API server, without a browser."""

from __future__ import annotations

import httpx
import pytest

from tests.ui.conftest import Airflow

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def token(airflow: Airflow) -> str:
    answer = httpx.post(
        f"{airflow.url}/auth/token", json={"username": airflow.user, "password": airflow.password}, timeout=30
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["access_token"]


@pytest.fixture
def anyone(airflow: Airflow):
    with httpx.Client(base_url=airflow.url, timeout=30) as client:
        yield client


@pytest.mark.parametrize("path", ["/sluice/quality", "/sluice/", "/sluice/data-docs/validations/today.html"])
def test_a_browser_without_a_session_is_sent_to_the_login(anyone: httpx.Client, airflow: Airflow, path: str):
    answer = anyone.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/api/v2/auth/login?next=http%3A%2F%2F127.0.0.1")
    assert b"clickstream" not in answer.content


@pytest.mark.parametrize(
    "path", ["/sluice/api/quality", "/sluice/api/quality/validation?dataset=a&interval=b&run_id=c"]
)
def test_a_program_without_a_token_gets_401(anyone: httpx.Client, path: str):
    answer = anyone.get(path)
    assert (answer.status_code, answer.json()) == (401, {"detail": "Not authenticated"})


@pytest.mark.parametrize("forged", ["nonsense", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsInJvbGUiOiJBRE1JTiJ9."])
def test_a_forged_session_opens_nothing(anyone: httpx.Client, forged: str):
    for path in ("/sluice/quality", "/sluice/api/quality"):
        by_cookie = anyone.get(path, headers={"Cookie": f"_token={forged}"})
        by_header = anyone.get(path, headers={"Authorization": f"Bearer {forged}"})
        assert {by_cookie.status_code, by_header.status_code} <= {303, 401, 403}
        assert b"clickstream" not in by_cookie.content + by_header.content


def test_a_token_of_airflow_opens_the_json(anyone: httpx.Client, token: str):
    answer = anyone.get("/sluice/api/quality?failed=1", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert {one["status"] for one in answer.json()["validations"]} == {"failed"}


@pytest.mark.parametrize(
    "path",
    [
        "../validations/curated.clickstream_events/x.json",
        "..%2fvalidations%2fx.json",
        "%2e%2e/%2e%2e/etc/passwd.html",
        "validations/..%5c..%5csecret.html",
        "/etc/passwd.html",
        "validations/today.html%00.png",
        "validations/today.exe",
        "validations/absent.html",
    ],
)
def test_data_docs_answer_only_for_pages_below_their_prefix(anyone: httpx.Client, token: str, path: str):
    url = httpx.URL(f"{anyone.base_url}/sluice/data-docs/").copy_with(raw_path=f"/sluice/data-docs/{path}".encode())
    answer = anyone.get(url, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (404, 422)
    assert "Traceback" not in answer.text


def test_the_plugin_is_listed_with_its_view_and_application(anyone: httpx.Client, token: str):
    answer = anyone.get("/api/v2/plugins", headers={"Authorization": f"Bearer {token}"})
    (plugin,) = [one for one in answer.json()["plugins"] if one["name"] == "sluice"]
    assert plugin["external_views"][0]["url_route"] == "data-quality"
    assert plugin["fastapi_apps"][0]["url_prefix"] == "/sluice"
    assert anyone.get("/api/v2/plugins/importErrors", headers={"Authorization": f"Bearer {token}"}).json() == {
        "import_errors": [],
        "total_entries": 0,
    }
