"""Apply a stage's templates through the AWS APIs: ``python -m infra.apply --stage laptop [--outputs FILE]``.

For endpoints whose CloudFormation does not know every resource type. On AWS itself use ``cdk deploy``
(docs/how-to/deploy.md). A second run finds everything in place and changes nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.appliers import APPLIERS, Context, Properties
from infra.build import BuildError, build, parameters, upload
from infra.settings import STAGES, Stage
from infra.template import Applied, Resolver, TemplateError, resources_in_order

TEMPLATES = Path(__file__).resolve().parent / "templates"
Say = Callable[[str], None]


class ApplyError(Exception):
    """A resource could not be applied; the message names it, the reason, and what to do."""


def apply_stage(
    stage: Stage,
    context: Context,
    say: Say = print,
    write_keys: Mapping[str, str] | None = None,
    templates: Path = TEMPLATES,
) -> dict[str, str]:
    """Apply all templates of a stage and upload its artifacts.

    Parameters
    ----------
    stage
        The stage; only one without managed services can be applied this way.
    context
        Where to apply to.
    say
        Told each change.
    write_keys
        Write key of each tenant, for the collector's secret.

    Returns
    -------
    dict
        Outputs of all templates.

    Raises
    ------
    ApplyError, BuildError
        See there.
    """
    folder = templates / stage.name
    artifacts = build(stage)
    values = parameters(artifacts)
    if write_keys:
        values["WriteKeys"] = json.dumps({key: tenant for tenant, key in sorted(write_keys.items())})
    outputs: dict[str, str] = {}
    for name in json.loads((folder / "order.json").read_text()):
        template = json.loads((folder / f"{name}.template.json").read_text())
        outputs |= apply_template(template, context, values, say)
        if "ArtifactsBucket" in template.get("Outputs", {}):
            # Jobs and functions of the templates that follow name code in this bucket.
            upload(context.client("s3"), outputs["ArtifactsBucket"], artifacts, say)
    return outputs


def apply_template(
    template: Mapping[str, Any], context: Context, values: Mapping[str, str] | None = None, say: Say = print
) -> dict[str, str]:
    """Apply one template, return its outputs.

    Parameters
    ----------
    values
        Values of the template's parameters; others take their default.

    Raises
    ------
    ApplyError
        Names the resource that could not be applied.
    """
    applied: dict[str, Applied] = {}
    resolver = Resolver(_values(template, context, values or {}), applied)
    for name in _order(template):
        resource = template["Resources"][name]
        kind = resource["Type"]
        try:
            applied[name] = _apply_resource(kind, resolver.resolve(resource.get("Properties", {})), context)
        except (TemplateError, ClientError, BotoCoreError, KeyError, TimeoutError) as error:
            raise ApplyError(f"{kind} {name}: {_reason(error)}") from error
        if applied[name].done != "unchanged":
            say(f"{applied[name].done}  {kind}  {applied[name].ref}")
    return {
        output: str(resolver.resolve(definition["Value"])) for output, definition in template.get("Outputs", {}).items()
    }


def _apply_resource(kind: str, properties: Mapping[str, Any], context: Context) -> Applied:
    applier = APPLIERS.get(kind)
    if applier is None:
        raise TemplateError("no applier knows this type; add one to infra/appliers, or keep it out of this stage")
    wanted = Properties(properties)
    applied = applier(context, wanted)
    wanted.reject_unread()
    return applied


def _order(template: Mapping[str, Any]) -> list[str]:
    try:
        return resources_in_order(template)
    except TemplateError as error:
        raise ApplyError(str(error)) from error


def _values(template: Mapping[str, Any], context: Context, given: Mapping[str, str]) -> dict[str, str]:
    values = {
        "AWS::Region": context.region,
        "AWS::AccountId": context.account,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
    }
    for name, parameter in template.get("Parameters", {}).items():
        if name not in given and "Default" not in parameter:
            raise ApplyError(f"parameter {name} has no value and no default; pass one")
        values[name] = given.get(name, parameter.get("Default"))
    return values


def _write_keys(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        keys = json.loads(Path(path).read_text()).get("write_keys", {})
    except (OSError, ValueError) as error:
        # Not the error itself: it can quote the file.
        raise ApplyError(f"{path}: cannot be read as JSON ({type(error).__name__})") from None
    return dict(keys)


def _reason(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", choices=STAGES, default="laptop")
    parser.add_argument("--outputs", type=Path, metavar="FILE", help="write the outputs there as JSON")
    parser.add_argument(
        "--secrets",
        type=Path,
        metavar="FILE",
        default=os.environ.get("SLUICE_SECRETS_FILE"),
        help="JSON file whose `write_keys` maps tenants to write keys (default: $SLUICE_SECRETS_FILE)",
    )
    options = parser.parse_args()
    stage = STAGES[options.stage]
    if stage.managed_services:
        sys.exit(f"Stage {stage.name} is deployed with CDK: see docs/how-to/deploy.md.")
    started, changes = time.monotonic(), 0

    def say(line: str) -> None:
        nonlocal changes
        changes += 1
        print(line, file=sys.stderr, flush=True)

    try:
        outputs = apply_stage(stage, Context(), say, _write_keys(options.secrets))
    except (ApplyError, BuildError, BotoCoreError, ClientError) as error:
        sys.exit(f"infra: {error}")
    verdict = f"{changes} changes" if changes else "unchanged"
    print(f"{stage.name}: {verdict} ({time.monotonic() - started:.1f} s)", file=sys.stderr)
    text = json.dumps(outputs, indent=1)
    if options.outputs:
        options.outputs.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
