"""The command line of `./sluice`: what each verb is called and takes; the work is done in `verbs`."""

from __future__ import annotations

import argparse
import contextlib
import sys
from datetime import date

from local.launcher import verbs
from local.launcher.errors import Exit, SluiceError
from local.launcher.home import Home

EPILOG = """\
first steps:
  ./sluice demo            the whole platform at work, from clicks to marts (starts what it needs)
  ./sluice status          what runs, and at which address
  ./sluice down            stop everything

Everything lies in .sluice/ of this clone: environments, data, logs, generated passwords.
SLUICE_PYTHON names the Python (3.11 or newer) the environments are built on.

exit codes: 0 fine, 1 failed, 2 wrong usage, 3 the stack does not run, 130 interrupted
"""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day; write YYYY-MM-DD") from None


def parser() -> argparse.ArgumentParser:
    """The parser of all verbs."""
    top = argparse.ArgumentParser(
        prog="./sluice",
        description="Sluice: a data platform for AWS, declared once, that also runs whole on a laptop.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs_of = top.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, text: str, description: str = "", passes_on: bool = False) -> argparse.ArgumentParser:
        added = verbs_of.add_parser(name, help=text, description=description or text, add_help=not passes_on)
        added.set_defaults(run=getattr(verbs, name.replace("-", "_")))
        return added

    verb("demo", "show the platform at work; options go to the demo (`./sluice demo --help`)", passes_on=True)

    test = verb(
        "test",
        "run the tests, each directory in its environment",
        "Builds the environments, runs pytest per tier, prints a summary. Reports: .sluice/artifacts/*.xml",
    )
    test.add_argument("paths", nargs="*", metavar="PATH", help="only these tests, e.g. tests/launcher or a file::test")
    test.add_argument("--fast", action="store_true", help="leave out tests marked slow (under two minutes)")
    test.add_argument("-k", metavar="EXPRESSION", help="only tests whose names match, as pytest's -k")
    test.add_argument("-x", action="store_true", dest="stop_early", help="stop a tier at its first failure")

    verb("up", "start what does not run yet", "Builds the environments if need be and starts every component that is "
         "not healthy. Run it again after a crash: it goes on from there.")  # fmt: skip
    verb("down", "stop everything this clone started", "Stops every process of this clone; data stays.")

    status = verb("status", "what runs, and at which address", "Exits with 3 unless every component is healthy.")
    status.add_argument("--json", action="store_true", help="for programs")

    logs = verb("logs", "show the log of a component", "Without NAME: which logs there are.")
    logs.add_argument("name", nargs="?", metavar="NAME", help="a component, as `./sluice status` names it")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as the log grows, until Ctrl-C")
    logs.add_argument("-n", "--lines", type=int, default=50, metavar="N", help="how many lines (default 50)")

    reset = verb("reset", "stop everything and delete its data", "Environments, ports and passwords stay.")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    reset.add_argument("--envs", action="store_true", help="delete the environments as well")

    doctor = verb("doctor", "check this machine and say what to do")
    doctor.add_argument("--fix", action="store_true", help="also fetch uv and build the environments")

    backfill = verb("backfill", "run a DAG for past days", "Asks the running Airflow to run DAG once per day.")
    backfill.add_argument("dag", metavar="DAG", help="id of the DAG, as Airflow shows it")
    backfill.add_argument("--from", required=True, type=_day, dest="first", metavar="DAY", help="first day, YYYY-MM-DD")
    backfill.add_argument("--to", required=True, type=_day, dest="last", metavar="DAY", help="last day, inclusive")
    backfill.add_argument("--again", action="store_true", help="also days that were run with success before")
    backfill.add_argument("--parallel", type=int, default=2, metavar="N", help="days at a time (default 2)")
    backfill.add_argument("--no-wait", action="store_true", help="do not wait for the end")

    bench = verb("bench", "measure; options go to the benchmark", passes_on=True)
    bench.add_argument("name", metavar="NAME", nargs="?", help="which benchmark")

    verb("build", "make what is deployed to AWS; options go to the builder", passes_on=True)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one verb and return the exit code; a user never sees a traceback."""
    with contextlib.suppress(ValueError, AttributeError):
        sys.stdout.reconfigure(line_buffering=True)
    options, rest = parser().parse_known_args(arguments)
    passes_on = options.verb in {"demo", "bench", "build"}
    if rest and not passes_on:
        parser().error(f"{options.verb} does not know {' '.join(rest)}; see `./sluice {options.verb} --help`")
    options.rest = rest
    try:
        return int(options.run(Home(), options))
    except SluiceError as error:
        print(error.render(), file=sys.stderr)
        return int(error.code)
    except KeyboardInterrupt:
        print("\nsluice: interrupted; `./sluice status` shows what runs, `./sluice down` stops it", file=sys.stderr)
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:  # `./sluice logs aws | head`
        sys.stderr.close()
        return int(Exit.OK)
