from __future__ import annotations

import subprocess
import sys

from fastapi.testclient import TestClient

from sluice.ui import LazyApp
from tests.support.aws_endpoint import REPO


def test_the_plugin_imports_nothing_heavy():
    code = (
        "import airflow.plugins_manager, sys; before = set(sys.modules); import sluice_plugin;"
        "heavy = {'boto3', 'botocore', 'pyspark', 'great_expectations', 'jinja2', 'fastapi', 'sluice.ui.app'};"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=REPO / "plugins", capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines()[-1] == "[]"


def test_the_application_is_built_on_the_first_request_and_serves_its_files():
    lazy = LazyApp()
    assert lazy._app is None
    client = TestClient(lazy)
    css = client.get("/static/sluice.css")
    assert (css.status_code, css.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert lazy._app is not None
