"""The declared components: complete, ordered, on loopback, and free of what the user's shell carries."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from local.airflow import settings as airflow
from local.launcher import credentials
from local.launcher.home import REPOSITORY, Home
from local.stack import catalogue, settings
from local.stack.component import Component, in_order

PORTS = {name: 20000 + number for number, name in enumerate(catalogue.PORT_OWNERS)}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """This clone's code and requirements, without its state."""
    for name in ("requirements", "local", "plugins"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    home = Home(tmp_path)
    credentials.load(home)
    return home


def declare(home: Home) -> list[Component]:
    secrets = {name: f"secret-{name}" for name in credentials.load(home)}
    return catalogue.components(home, PORTS, secrets)


@pytest.fixture
def components(home: Home) -> list[Component]:
    return declare(home)


def changed(before: list[Component], after: list[Component]) -> set[str]:
    old = {component.name: component.fingerprint for component in before}
    return {component.name for component in after if old[component.name] != component.fingerprint}


def test_changed_code_makes_those_who_run_it_out_of_date(home: Home, components: list[Component]) -> None:
    assert not changed(components, declare(home))
    (home.root / "local" / "redshift" / "new.py").write_text("")
    assert changed(components, declare(home)) == {"redshift"}
    before = declare(home)
    (home.root / "plugins" / "new.py").write_text("")
    airflow_processes = {c.name for c in components if c.name.startswith("airflow-")} - {"airflow-database"}
    assert changed(before, declare(home)) == airflow_processes


def test_every_port_is_owned_by_a_component(components: list[Component]) -> None:
    assert set(catalogue.PORT_OWNERS.values()) <= {component.name for component in components}


def test_the_order_respects_the_needs(components: list[Component]) -> None:
    names = [component.name for component in in_order(components)]
    assert names.index("postgres-warehouse") < names.index("airflow-database") < names.index("airflow-scheduler")
    assert names.index("postgres-warehouse") < names.index("redshift")


def test_no_secret_stands_on_a_command_line(components: list[Component]) -> None:
    assert not [c.name for c in components if any("secret-" in argument for argument in c.command)]


def test_airflow_listens_on_loopback_and_gets_its_connections(components: list[Component]) -> None:
    env = next(c.env for c in components if c.name == "airflow-scheduler")
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"].startswith("http://127.0.0.1:")
    aws = json.loads(env["AIRFLOW_CONN_AWS_DEFAULT"])
    assert aws["extra"]["endpoint_url"] == env["AWS_ENDPOINT_URL"]
    assert json.loads(env["AIRFLOW_CONN_REDSHIFT_DEFAULT"])["schema"] == "warehouse"
    for component in components:
        if component.name in {"airflow-scheduler", "airflow-triggerer"}:
            assert "--skip-serve-logs" in component.command  # that server would listen on every interface


def test_the_users_shell_cannot_lead_a_component_to_a_real_account() -> None:
    shell = {"AWS_PROFILE": "prod", "AWS_SESSION_TOKEN": "x", "AIRFLOW_HOME": "/x", "PYTHONPATH": "/x", "PGHOST": "x",
             "PATH": "/bin", "AWS_CA_BUNDLE": "/ca.pem", "HTTPS_PROXY": "http://proxy"}  # fmt: skip
    assert settings.inherited(shell) == {"PATH": "/bin", "AWS_CA_BUNDLE": "/ca.pem", "HTTPS_PROXY": "http://proxy"}


def test_the_password_of_the_login_page_is_the_clones(tmp_path: Path) -> None:
    home = Home(tmp_path)
    airflow.write_password_file(home, "one")
    airflow.write_password_file(home, "two")
    assert json.loads(airflow.password_file(home).read_text()) == {"admin": "two"}
    assert airflow.password_file(home).stat().st_mode & 0o077 == 0


def test_the_version_of_airflow_comes_from_the_lock_file() -> None:
    assert airflow.version(Home(REPOSITORY)).count(".") == 2
