"""What the documents say is there: links, files, verbs, options, runbooks; examples in them are valid."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from local.demo import __main__ as demo
from local.launcher.cli import parser
from local.launcher.home import REPOSITORY

DOCUMENTS = sorted([REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *(REPOSITORY / "docs").rglob("*.md")])
NAMES = [path.relative_to(REPOSITORY).as_posix() for path in DOCUMENTS]
PUBLIC = "https://github.com/sluice-data/sluice/blob/main/"

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CALL = re.compile(r"\./sluice ((?:[a-z]+)(?:[^`\n#|;&<>]*))")
_TICKED = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
#: First parts of paths in the repository; `.sluice/…` is made by a run, `raw/…` lies in a bucket.
_FOLDERS = {
    "contracts", "dags", "dbt_project", "docker", "docs", "functions", "infra", "local", "plugins", "requirements",
    "spark_jobs", "tests",
}  # fmt: skip


def text_of(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


@cache
def anchors(path: Path) -> frozenset[str]:
    """Anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


def test_there_are_documents() -> None:
    assert {"README.md", "CHANGELOG.md", "docs/tour.md", "docs/README.md", "docs/architecture.md"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    here = (REPOSITORY / name).parent
    for link in _LINK.findall(_FENCE.sub("", text_of(name))):
        if link.startswith(("https:", "http:", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (here / path).resolve() if path else REPOSITORY / name
        assert target.exists(), f"{name}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{name}: {link} names no heading of {target.name}"


def test_every_document_is_in_the_index() -> None:
    links = _LINK.findall(text_of("docs/README.md"))
    linked = {(REPOSITORY / "docs" / link.partition("#")[0]).resolve() for link in links}
    missing = [path.name for path in DOCUMENTS if path.is_relative_to(REPOSITORY / "docs") and path not in linked]
    assert missing == ["README.md"]


@pytest.mark.parametrize("name", NAMES)
def test_every_file_that_is_named_exists(name: str) -> None:
    for ticked in _TICKED.findall(_FENCE.sub("", text_of(name))):
        if re.fullmatch(r"[\w.\-]+(/[\w.\-]*)+", ticked) and ticked.split("/")[0] in _FOLDERS:
            assert (REPOSITORY / ticked).exists(), f"{name}: `{ticked}`"


@cache
def options_by_verb() -> dict[str, set[str]]:
    """What each verb understands; the demo's options are the demo's own."""
    verbs = next(action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)).choices
    known = {verb: {"--help", *sub._option_string_actions} for verb, sub in verbs.items()}
    known["demo"] |= set(demo._parser()._option_string_actions)
    known["build"] |= {"--stage", "--upload"}
    return known


def calls(text: str) -> list[str]:
    return [call.strip() for call in _CALL.findall(text)]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_exists_with_its_options(name: str) -> None:
    for call in calls(text_of(name)):
        verb, *rest = call.replace("[", " ").replace("]", " ").split()
        assert verb in options_by_verb(), f"{name}: ./sluice {call}"
        for word in rest:
            option = word.partition("=")[0].rstrip(",.)")
            if option.startswith("-") and len(option) > 1:
                assert option in options_by_verb()[verb], f"{name}: ./sluice {call}"


def test_commands_are_found_in_the_readme() -> None:
    verbs = {call.split()[0] for call in calls(text_of("README.md"))}
    assert {"demo", "status", "down", "doctor", "backfill", "test"} <= verbs


def test_the_reference_lists_every_verb_and_option() -> None:
    reference = text_of("docs/reference/cli.md")
    for verb, options in options_by_verb().items():
        assert f"`./sluice {verb}" in reference, verb
        named = {option for option in options - {"--help"} if option.startswith("--")} if verb != "build" else set()
        short_of = {"--follow": "-f", "--lines": "-n"}
        for option in named:
            assert f"{option}" in reference or f"`{short_of.get(option, option)}" in reference, f"{verb} {option}"


def test_every_dag_links_a_runbook_that_says_something() -> None:
    dags = sorted((REPOSITORY / "dags").glob("*.py"))
    assert dags
    for dag in dags:
        link = re.search(r"\*\*Runbook\*\*: \[\w+\]\(([^)]+)\)", dag.read_text())
        assert link and link.group(1).startswith(PUBLIC), dag.name
        runbook = REPOSITORY / link.group(1).removeprefix(PUBLIC)
        assert dag.stem in runbook.read_text(), f"{runbook.name} does not speak of {dag.stem}"


def test_the_contract_of_the_guide_is_valid(tmp_path: Path) -> None:
    guide = text_of("docs/how-to/add-a-dataset.md")
    example = re.search(r"```yaml\n(# contracts/shop/reviews.yaml\n.*?)```", guide, re.DOTALL)
    assert example
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "reviews.yaml").write_text(example.group(1))
    command = [sys.executable, "-m", "sluice.contracts", "validate", str(tmp_path)]
    answer = subprocess.run(command, cwd=REPOSITORY / "plugins", capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("name", ["README.md", "docs/how-to/own-data.md"])
def test_the_mapping_of_the_guide_sends_valid_events(name: str, tmp_path: Path) -> None:
    """A CSV with the columns of the documented mapping becomes events with every field the contract requires."""
    import json
    import textwrap

    import yaml

    from local.demo.reader import Mapping, batches_of_file

    block = re.search(r"```yaml\n(\s*# mapping.yaml\n.*?)```", text_of(name), re.DOTALL)
    assert block
    (tmp_path / "mapping.yaml").write_text(textwrap.dedent(block.group(1)))
    mapping = Mapping.load(tmp_path / "mapping.yaml")
    columns = list(mapping.columns)
    (tmp_path / "visits.csv").write_text(f"{','.join(columns)}\n{','.join('x' for _ in columns)}\n")
    (batch,) = batches_of_file(tmp_path / "visits.csv", "aurora", "key", mapping)
    contract = yaml.safe_load(text_of("contracts/clickstream/events.yaml"))
    required = {
        custom["value"]
        for column in contract["schema"][0]["properties"]
        if column.get("required")
        for custom in column.get("customProperties", ())
        if custom["property"] == "rawPath"
    }
    by_collector = {"tenant_id", "_received_at"}
    assert required - by_collector <= set(json.loads(batch.body))


@pytest.mark.parametrize("name", ["docs/examples/lake_sql.py", "docs/examples/outcomes.py"])
def test_examples_explain_themselves(name: str) -> None:
    answer = subprocess.run([sys.executable, name], cwd=REPOSITORY, capture_output=True, text=True)
    assert answer.returncode == 1
    assert name in answer.stderr


def test_the_shell_example_loads_a_stack(tmp_path: Path) -> None:
    """`. docs/examples/env.sh` against the files a stack leaves, in plain sh."""
    state = tmp_path / ".sluice"
    (state / "data").mkdir(parents=True)
    (state / "ports.json").write_text('{"aws": 1, "redshift": 2, "airflow": 3}')
    (state / "secrets.json").write_text('{"postgres_password": "p", "write_keys": {"aurora": "wk"}}')
    (state / "data" / "outputs.json").write_text('{"CollectorUrl": "http://abc.execute-api.127.0.0.1:1"}')
    script = REPOSITORY / "docs" / "examples" / "env.sh"
    command = f'. "{script}"; echo "$AWS_ENDPOINT_URL $PGPORT $PGPASSWORD $COLLECTOR_HOST $WRITE_KEY $AIRFLOW_URL"'
    answer = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == [
        "http://127.0.0.1:1", "2", "p", "abc.execute-api.127.0.0.1:1", "wk", "http://127.0.0.1:3",
    ]  # fmt: skip
