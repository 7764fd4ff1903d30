"""The dbt process, its results and its cache. What needs a warehouse is in tests/dbt."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from sluice.warehouse.dbt_run import DbtFailed, DbtProcess, default_cache, parse_log_line, read_results

PROJECT = """
name: tiny
version: "1.0.0"
profile: tiny
flags: {send_anonymous_usage_stats: false}
"""
# Nothing listens on port 1: parsing needs no warehouse, building does.
PROFILE = """
tiny:
  target: t
  outputs:
    t: {type: redshift, host: 127.0.0.1, port: 1, user: u, password: "{{ env_var('REDSHIFT_PASSWORD') }}",
        dbname: d, schema: s, sslmode: disable, threads: 1, connect_timeout: 2, retries: 0}
"""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "profiles.yml").write_text(PROFILE)
    (folder / "models" / "one.sql").write_text("select 1 as one")
    return folder


@pytest.fixture
def run(project, tmp_path):
    lines: list[tuple[int, str]] = []

    def start(command, **options):
        environment = {"PATH": os.environ["PATH"], "REDSHIFT_PASSWORD": "do-not-tell"}
        options.setdefault("environment", environment)
        return DbtProcess(project, command, log=lambda level, line: lines.append((level, line)), **options)

    start.lines = lines
    return start


def test_every_option_reaches_dbts_command_line(run, tmp_path):
    line = run("build", select="staging marts", exclude="tag:slow", threads=2,
               variables={"interval_start": "2026-11-22"}).arguments(tmp_path)
    text = " ".join(line)
    assert line[0] == sys.executable
    assert "--no-send-anonymous-usage-stats" in line
    assert "build --project-dir" in text
    assert "--select staging marts --exclude tag:slow --threads 2" in text
    assert "unit_test" not in line
    assert "--exclude-resource-type unit_test" in " ".join(run("build", unit_tests=False).arguments(tmp_path))
    assert "--exclude-resource-type" not in run("run", unit_tests=False).arguments(tmp_path)
    assert line[-2:] == ["--vars", '{"interval_start": "2026-11-22"}']
    assert str(tmp_path / "target") in line and str(tmp_path / "logs") in line


@pytest.mark.slow
def test_a_run_leaves_nothing_in_the_project_and_keeps_the_parse_cache(run, project, tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    before = sorted(project.rglob("*"))
    assert run("parse", cache=cache).run().nodes == ()
    assert sorted(project.rglob("*")) == before
    assert [file.name for file in cache.iterdir()] == ["partial_parse.msgpack"]


@pytest.mark.slow
def test_a_faulty_model_is_reported_in_words_and_without_the_password(run, project):
    (project / "models" / "broken.sql").write_text("select * from {{ ref('nowhere') }}")
    with pytest.raises(DbtFailed, match="nowhere") as failure:
        run("build").run()
    assert "exit code 2" in str(failure.value)
    assert "do-not-tell" not in str(failure.value) + str(run.lines)
    assert any(level == logging.ERROR for level, _ in run.lines)


@pytest.mark.slow
def test_a_warehouse_that_does_not_answer_is_reported_in_words(run):
    with pytest.raises(DbtFailed, match=r"(?i)refused|failed to connect|communication") as failure:
        run("build").run()
    assert "do-not-tell" not in str(failure.value) + str(run.lines)


@pytest.mark.slow
def test_stopping_ends_dbt_and_its_children(run, project):
    (project / "models" / "one.sql").write_text("{% for i in range(100000000) %}{% endfor %} select 1 as one")
    process = run("parse")
    failures: list[BaseException] = []

    def target():
        try:
            process.run()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    while not run.lines:
        thread.join(0.05)
    process.stop()
    thread.join(15)
    assert not thread.is_alive()
    assert isinstance(failures[0], DbtFailed)
    with pytest.raises(ProcessLookupError):
        os.killpg(process._process.pid, signal.SIGKILL)


def test_log_lines_keep_their_level():
    line = json.dumps({"info": {"level": "warn", "msg": "  1 of 2 WARN 3 not_null  "}, "data": {}})
    assert parse_log_line(line) == (logging.WARNING, "1 of 2 WARN 3 not_null")
    assert parse_log_line("Traceback (most recent call):\n") == (logging.INFO, "Traceback (most recent call):")


def entry(unique_id, status, rows=None, message=None):
    return {"unique_id": unique_id, "status": status, "message": message,
            "adapter_response": {} if rows is None else {"rows_affected": rows}}


def test_results_are_counted_and_models_listed_with_their_rows(tmp_path):
    file = tmp_path / "run_results.json"
    file.write_text(json.dumps({"results": [
        entry("model.sluice.dim_pages", "success", rows=12),
        entry("model.sluice.stg_events", "success", rows=-1),
        entry("unit_test.sluice.dim_pages.adds_up", "pass", rows=-1),
        entry("test.sluice.not_null_dim_pages_page_id.0123456789", "warn", message="Got 2 results"),
        entry("test.sluice.unique_x.0123456789", "fail", message="Got 1 result"),
        entry("model.sluice.later", "skipped"),
    ]}))
    result = read_results(file)
    assert result.summary() == {"pass": 3, "warn": 1, "error": 1, "skip": 1,
                                "models": {"dim_pages": 12, "stg_events": None, "later": None}}
    assert [node.name for node in result.failed] == ["unique_x"]


def test_a_cache_folder_of_somebody_else_is_not_trusted(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    folder = default_cache(tmp_path / "project")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert default_cache(tmp_path / "project") == folder
    assert default_cache(tmp_path / "other") != folder
    folder.rmdir()
    folder.symlink_to(Path("/"))
    with pytest.raises(PermissionError, match="belongs to another user"):
        default_cache(tmp_path / "project")
