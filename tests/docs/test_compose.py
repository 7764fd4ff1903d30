"""docker-compose.yml runs what `./sluice up` runs: the same components, commands and settings, on loopback only."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.launcher.home import REPOSITORY, Home
from local.stack import catalogue
from local.stack.component import Component

PORTS = {
    "aws": 28000,
    "postgres-operational": 28032,
    "postgres-warehouse": 28033,
    "redshift": 28039,
    "airflow": 28080,
}
SECRETS = {
    "postgres_password": "SLUICE_POSTGRES_PASSWORD",
    "airflow_admin_password": "SLUICE_AIRFLOW_ADMIN_PASSWORD",
    "airflow_fernet_key": "SLUICE_AIRFLOW_FERNET_KEY",
    "airflow_secret_key": "SLUICE_AIRFLOW_SECRET_KEY",
    "airflow_jwt_secret": "SLUICE_AIRFLOW_JWT_SECRET",
}
#: Only in containers: the network they share, and the passwords' way into files.
HELPERS = {"gateway", "prepare"}
#: Where the two differ for a reason: secrets lie in the volume; Java's folder is found, not named, outside.
DIFFERENT = {"SLUICE_SECRETS_FILE", "JAVA_HOME"}
_REQUIRED = re.compile(r"\$\{(\w+):\?[^}]*\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())


@pytest.fixture
def components(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Component]:
    """The catalogue of a clone with these ports, whose secrets are the names of the variables that hold them."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for path in REPOSITORY.iterdir():
        if path.name != ".sluice":
            (tmp_path / path.name).symlink_to(path)
    home = Home(tmp_path)
    home.state.mkdir()
    home.secrets_file.write_text("{}")
    return {each.name: each for each in catalogue.components(home, PORTS, SECRETS)}


def plain(value: object) -> str:
    """A value with `${NAME:?…}` as NAME."""
    return _REQUIRED.sub(r"\1", str(value))


def test_services_are_the_components_of_the_stack(compose: dict[str, Any], components: dict[str, Component]) -> None:
    assert components
    assert set(compose["services"]) - HELPERS == set(components)


def test_each_service_runs_the_command_of_its_component(
    compose: dict[str, Any], components: dict[str, Component], tmp_path: Path
) -> None:
    for name, component in components.items():
        expected = [part.replace(str(tmp_path), "/sluice") for part in component.command]
        assert compose["services"][name]["command"] == expected, name


def test_each_service_has_the_settings_of_its_component(
    compose: dict[str, Any], components: dict[str, Component], tmp_path: Path
) -> None:
    for name, component in components.items():
        expected = {key: value.replace(str(tmp_path), "/sluice") for key, value in component.env.items()}
        found = {key: plain(value) for key, value in compose["services"][name]["environment"].items()}
        assert set(found) == set(expected), name
        differing = {key for key in expected if found[key] != expected[key]}
        assert differing <= DIFFERENT, f"{name}: {differing}"


def test_each_service_starts_after_what_its_component_needs(
    compose: dict[str, Any], components: dict[str, Component]
) -> None:
    for name, component in components.items():
        waits_for = compose["services"][name]["depends_on"]
        for need in component.needs:
            done = "service_completed_successfully" if components[need].once else "service_healthy"
            assert waits_for[need]["condition"] == done, f"{name} needs {need}"


def test_servers_have_health_checks_and_steps_run_once(
    compose: dict[str, Any], components: dict[str, Component]
) -> None:
    for name, component in components.items():
        service = compose["services"][name]
        assert ("healthcheck" in service) is not component.once, name
        assert (service["restart"] == "no") is component.once, name


def test_ports_are_published_on_loopback_by_the_gateway_alone(compose: dict[str, Any]) -> None:
    gateway = compose["services"]["gateway"]
    assert gateway["ports"] == [f"127.0.0.1:{port}:{port}" for port in PORTS.values()]
    assert gateway["command"][2:] == [str(port) for port in PORTS.values()]
    for name, service in compose["services"].items():
        if name != "gateway":
            assert "ports" not in service
            assert service["network_mode"] == "service:gateway", name


def test_images_are_pinned(compose: dict[str, Any]) -> None:
    images = {service["image"] for service in compose["services"].values()}
    bases = set(re.findall(r"^FROM (\S+)", (REPOSITORY / "docker" / "Dockerfile").read_text(), re.MULTILINE))
    assert bases
    for image in images | bases:
        assert re.search(r":\d+\.\d+\.\d+", image), image


def test_no_secret_is_written_down(compose: dict[str, Any]) -> None:
    """Everything that is named like a secret comes from the environment and has no default."""
    names = re.compile("PASSWORD$|SECRET_KEY|FERNET|JWT_SECRET|WRITE_KEYS|SQL_ALCHEMY|REDSHIFT_DEFAULT")
    checked = 0
    for service in compose["services"].values():
        for key, value in service.get("environment", {}).items():
            if names.search(key):
                checked += 1
                assert _REQUIRED.search(str(value)), key
    assert checked


def test_settings_writes_every_variable_compose_asks_for(tmp_path: Path) -> None:
    clone = copy_of_the_launcher(tmp_path)
    subprocess.run([sys.executable, "docker/settings.py"], cwd=clone, check=True, capture_output=True)
    written = clone / ".sluice" / "compose.env"
    assert written.stat().st_mode & 0o777 == 0o600
    values = dict(line.split("=", 1) for line in written.read_text().splitlines())
    asked = {name for name, _ in re.findall(r"\$\{(\w+)(:\?)", (REPOSITORY / "docker-compose.yml").read_text())}
    assert asked == set(values)
    first = written.read_text()
    subprocess.run([sys.executable, "docker/settings.py"], cwd=clone, check=True, capture_output=True)
    assert written.read_text() == first, "passwords must survive a second run: the databases know the first ones"


def test_prepare_puts_keys_and_password_where_they_are_read(tmp_path: Path) -> None:
    clone = copy_of_the_launcher(tmp_path)
    target = clone / ".sluice" / "data" / "secrets.json"
    environ = {"SLUICE_SECRETS_FILE": str(target), "SLUICE_AIRFLOW_ADMIN_PASSWORD": "pass", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "docker/prepare.py"]
    subprocess.run(command, cwd=clone, check=True, env={**environ, "SLUICE_WRITE_KEYS": '{"aurora": "wk_1"}'})
    assert json.loads(target.read_text())["write_keys"] == {"aurora": "wk_1"}
    assert json.loads((clone / ".sluice/data/airflow/passwords.json").read_text()) == {"admin": "pass"}
    environ["SLUICE_WRITE_KEYS"] = "wk_1"
    wrong = subprocess.run(command, cwd=clone, env=environ, capture_output=True, text=True)
    assert wrong.returncode == 1
    assert "SLUICE_WRITE_KEYS" in wrong.stderr and "Traceback" not in wrong.stderr


def copy_of_the_launcher(folder: Path) -> Path:
    """A clone with as much of the repository as the containers' helpers use."""
    for name in ("local", "docker"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder
