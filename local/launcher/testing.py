"""`./sluice test`: the tests in tiers, each directory with the one environment its code runs in."""

from __future__ import annotations

import concurrent.futures
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from local.launcher import browser, console, environments
from local.launcher.errors import Exit, SluiceError
from local.launcher.home import Home


@dataclass(frozen=True)
class Tier:
    """Directories of tests that run together in one environment."""

    name: str
    environment: str
    directories: tuple[str, ...]


#: Cheapest first, so that a broken foundation is seen early.
TIERS = (
    Tier("launcher", "local", ("tests/launcher", "tests/docs")),
    Tier("local", "local", ("tests/local", "tests/functions", "tests/infra")),
    Tier("synth", "infra", ("tests/synth",)),
    Tier("platform", "airflow", ("tests/sluice", "tests/dags", "tests/dbt", "tests/ui")),
    Tier("spark", "spark", ("tests/spark",)),
    Tier("e2e", "airflow", ("tests/e2e",)),
)

#: Tiers whose slow tests open pages in a browser.
BROWSER_TIERS = frozenset({"platform", "e2e"})


@dataclass(frozen=True)
class Result:
    """How a tier went."""

    tier: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    exit_code: int


def select(home: Home, paths: list[str]) -> list[tuple[Tier, list[str]]]:
    """Which tests run in which tier.

    Parameters
    ----------
    paths
        What the user asked for (relative to the current directory or the clone); empty means everything.

    Raises
    ------
    SluiceError
        A path does not exist or belongs to no tier.
    """
    if not paths:
        chosen = [(tier, [d for d in tier.directories if (home.root / d).is_dir()]) for tier in TIERS]
        return [(tier, directories) for tier, directories in chosen if directories]
    selected: dict[str, list[str]] = {}
    for path in paths:
        file, _, test = path.partition("::")
        location = next((p for p in (Path.cwd() / file, home.root / file) if p.exists()), None)
        if location is None:
            raise SluiceError(
                f"there is no {file}", "paths look like tests/launcher or tests/x/test_y.py::test_z", Exit.USAGE
            )
        location = location.resolve()
        relative = location.relative_to(home.root).as_posix() if location.is_relative_to(home.root) else str(location)
        found = False
        for tier in TIERS:
            for directory in tier.directories:
                if relative == directory or relative.startswith(f"{directory}/"):
                    selected.setdefault(tier.name, []).append(f"{relative}::{test}" if test else relative)
                    found = True
                elif directory.startswith(f"{relative}/") and (home.root / directory).is_dir():
                    selected.setdefault(tier.name, []).append(directory)
                    found = True
        if not found:
            known = ", ".join(directory for tier in TIERS for directory in tier.directories)
            raise SluiceError(f"{relative} belongs to no tier of tests", f"tests lie in: {known}", Exit.USAGE)
    return [(tier, selected[tier.name]) for tier in TIERS if tier.name in selected]


def _environment(home: Home) -> dict[str, str]:
    """What tests see: no address and no secret of a running stack; those that need servers start their own."""
    from local.stack import settings

    return {
        **settings.inherited(),
        "PYTHONPATH": f"{home.root}:{home.root / 'plugins'}",
        "TZ": "UTC",
        "SLUICE_HOME": str(home.root),
        "SLUICE_SPARK_PYTHON": str(home.env_python("spark")),
        "SLUICE_LAMBDA_PYTHON": str(home.env_python("functions")),
        "SLUICE_AIRFLOW_PYTHON": str(home.env_python("airflow")),
        "SLUICE_LOCAL_PYTHON": str(home.env_python("local")),
        "JAVA_HOME": str(environments.java_home(home)),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "AIRFLOW_HOME": str(home.data / "airflow-tests"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    }


def _counts(report: Path) -> tuple[int, int, int]:
    """Passed, failed and skipped of a junit report."""
    try:
        suites = ElementTree.parse(report).getroot().iter("testsuite")
    except (OSError, ElementTree.ParseError):
        return 0, 0, 0
    total = failed = skipped = 0
    for suite in suites:
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    return total - failed - skipped, failed, skipped


def _run_tier(home: Home, tier: Tier, targets: list[str], options: list[str], alone: bool) -> Result:
    report = home.artifacts / f"tests-{tier.name}.xml"
    report.unlink(missing_ok=True)
    began = time.monotonic()
    command = [
        str(home.env_python(tier.environment)), "-m", "pytest", *targets, "-q", f"--junitxml={report}",
        "-o", f"cache_dir={home.state / 'pytest' / tier.name}", *options,
    ]  # fmt: skip
    console.say(f"tests {tier.name}", f"{' '.join(targets)} in environment {tier.environment}")
    output = None if alone else subprocess.PIPE
    done = subprocess.run(command, cwd=home.root, env=_environment(home), stdout=output, stderr=subprocess.STDOUT)
    if not alone:
        print(f"\n--- {tier.name}\n{done.stdout.decode(errors='replace')}", end="", flush=True)
    return Result(tier.name, *_counts(report), time.monotonic() - began, done.returncode)


def run(home: Home, paths: list[str], fast: bool, keyword: str | None, stop_early: bool) -> int:
    """Run the selected tests tier by tier and print a summary.

    Returns
    -------
    int
        `Exit.FAILED` when a test failed, a tier could not run, or nothing ran at all.
    """
    selected = select(home, paths)
    environments.ensure(home, {*environments.OF_THE_STACK, *(tier.environment for tier, _ in selected)})
    if not fast and any(tier.name in BROWSER_TIERS for tier, _ in selected):
        browser.ensure()
    home.artifacts.mkdir(parents=True, exist_ok=True)
    options = [
        *(["-m", "not slow"] if fast else []),
        *(["-k", keyword] if keyword else []),
        *(["-x"] if stop_early else []),
    ]
    # the fast tests wait more than they compute; the slow ones would take each other's processors
    at_a_time = 2 if fast and len(selected) > 1 else 1
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(max_workers=at_a_time) as pool:
        jobs = [pool.submit(_run_tier, home, *entry, options, at_a_time == 1) for entry in selected]
        results = [job.result() for job in jobs]
    # pytest's 5 says that no test was left by the options, which is fine for one tier but not for all
    bad = [result for result in results if result.exit_code not in (0, 5)]
    rows = [
        (r.tier, "failed" if r in bad else "passed" if r.passed else "nothing to run",
         str(r.passed), str(r.failed), str(r.skipped), f"{r.seconds:.1f}")
        for r in results
    ]  # fmt: skip
    total = time.monotonic() - began
    passed, failed, skipped = (sum(getattr(r, name) for r in results) for name in ("passed", "failed", "skipped"))
    rows.append(("all", "failed" if bad else "passed", str(passed), str(failed), str(skipped), f"{total:.1f}"))
    print("\n" + console.table(rows, ("tier", "result", "passed", "failed", "skipped", "seconds")))
    if not any(result.passed or result.failed for result in results) and not bad:
        raise SluiceError("no test was selected", "look at -k and the paths", Exit.USAGE)
    return Exit.FAILED if bad else Exit.OK
