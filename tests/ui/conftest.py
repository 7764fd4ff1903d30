"""A real Airflow API server with our plugin, a real endpoint behind it, and Debian's Chromium in front."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from sluice.quality.results import ValidationResult
from tests.support.aws_endpoint import REPO, SETTINGS, free_port, running_endpoint, wait_for
from tests.support.quality_world import create_stores, fill

SCREENSHOTS = REPO / ".sluice/artifacts/screenshots"
PASSWORD = "for-this-test-only"
CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
DAG = '''
"""A pipeline to find in the list."""
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
with DAG("clickstream_promote", schedule=None, tags=["clickstream"]):
    EmptyOperator(task_id="promote")
'''


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    with running_endpoint() as url:
        yield url


@pytest.fixture(scope="session")
def aws_clients(aws_endpoint: str) -> dict[str, Any]:
    return {
        name: boto3.client(
            name,
            endpoint_url=aws_endpoint,
            region_name="us-east-1",
            aws_access_key_id=SETTINGS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=SETTINGS["AWS_SECRET_ACCESS_KEY"],
        )
        for name in ("s3", "dynamodb")
    }


@pytest.fixture(scope="session")
def failing_validation(aws_clients: dict[str, Any]) -> ValidationResult:
    """A month of results in the stores; the failing one of today."""
    stores = create_stores(aws_clients["s3"], aws_clients["dynamodb"], "sluice-quality", "sluice-outcomes")
    return fill(*stores)


@dataclass(frozen=True)
class Airflow:
    url: str
    user: str = "admin"
    password: str = PASSWORD


def _environment(home: Path, aws_endpoint: str, port: int) -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "PYTHONPATH": f"{REPO}:{REPO / 'plugins'}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPO / "plugins"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}/",
        "AIRFLOW__API__SECRET_KEY": "a-key-of-this-test",
        "AIRFLOW__API_AUTH__JWT_SECRET": "another-key-of-this-test-long-enough-for-hs512-signatures-0123456789ab",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AWS_ENDPOINT_URL": aws_endpoint,
        **SETTINGS,
    }


@pytest.fixture(scope="session")
def airflow(
    tmp_path_factory: pytest.TempPathFactory, aws_endpoint: str, failing_validation: ValidationResult
) -> Iterator[Airflow]:
    home = tmp_path_factory.mktemp("airflow")
    (home / "dags").mkdir()
    (home / "dags" / "clickstream.py").write_text(DAG)
    (home / "passwords.json").write_text(json.dumps({"admin": PASSWORD}))
    port = free_port()
    environment = _environment(home, aws_endpoint, port)
    command = [sys.executable, "-m", "airflow"]
    for preparation in (["db", "migrate"], ["dags", "reserialize"]):
        done = subprocess.run([*command, *preparation], env=environment, cwd=home, capture_output=True, text=True)
        assert done.returncode == 0, f"airflow {' '.join(preparation)} failed:\n{done.stdout}\n{done.stderr}"
    with (home / "api-server.log").open("w+b") as log:
        process = subprocess.Popen(
            [*command, "api-server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
            env=environment, cwd=home, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            wait_for(f"http://127.0.0.1:{port}/api/v2/monitor/health", process, log, seconds=180)
            yield Airflow(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait(timeout=10)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is missing; this test drives it. Install it: apt-get install chromium")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 860}, color_scheme="light")
    context.set_default_timeout(30_000)
    yield context
    context.close()


def log_in(page: Page, airflow: Airflow) -> None:
    """Through Airflow's own login page."""
    page.goto(airflow.url)
    page.get_by_label("Username").fill(airflow.user)
    page.locator("input[type=password]").fill(airflow.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Dags").first.wait_for()


@pytest.fixture(scope="session")
def session_cookies(browser: Browser, airflow: Airflow) -> Any:
    """The session of a user who logged in once."""
    context = browser.new_context()
    log_in(context.new_page(), airflow)
    cookies = context.cookies()
    context.close()
    return cookies


@pytest.fixture
def page(context: BrowserContext, airflow: Airflow, session_cookies: Any) -> Page:
    """A page of a logged-in user, showing Airflow's home."""
    context.add_cookies(session_cookies)
    page = context.new_page()
    page.goto(airflow.url)
    return page


def keep(page: Page, name: str) -> Path:
    """Keep a screenshot for people to look at."""
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path)
    return path
