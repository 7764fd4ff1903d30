"""Runs in the environment ``infra``, the only one with CDK and Node."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.settings import STAGES
from infra.synth import TEMPLATES, stale_files, synthesise


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_committed_templates_are_what_the_stacks_say(stage: str) -> None:
    fresh = synthesise(STAGES[stage])
    assert len(fresh) >= 6
    assert stale_files(STAGES[stage], fresh) == [], "run `python -m infra.synth` and commit infra/templates"


@pytest.mark.slow
def test_a_changed_setting_is_noticed() -> None:
    fresh = synthesise(replace(STAGES["laptop"], shards=11))
    assert stale_files(STAGES["laptop"], fresh) == ["sluice-ingest.template.json"]
    assert (TEMPLATES / "laptop" / "sluice-ingest.template.json").exists()
