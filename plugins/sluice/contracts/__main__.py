"""Command line: ``python -m sluice.contracts``."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from sluice.contracts import catalog, redshift, spark_schema
from sluice.contracts.dbt import dbt_sources_yaml
from sluice.contracts.errors import ContractError, UnknownDatasetError
from sluice.contracts.loader import Contracts, find_contract_files, load_all, load_contracts
from sluice.contracts.raw_sql import raw_select_sql


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0 fine, 1 faulty contracts or drift, 2 wrong use."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except ContractError as error:
        print(error, file=sys.stderr)
        return 1
    except (FileNotFoundError, UnknownDatasetError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sluice.contracts", description="Check and use data contracts.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    validate = commands.add_parser("validate", help="check contracts; list every fault")
    validate.add_argument("paths", nargs="*", default=["contracts"], help="files or folders (default: contracts)")
    validate.set_defaults(run=_validate)

    show = commands.add_parser("show", help="print one dataset")
    show.add_argument("name", help="database.table, contract id or table")
    show.add_argument("--json", action="store_true", help="everything, as JSON")
    show.set_defaults(run=_show)

    ddl = commands.add_parser("ddl", help="print what is derived for one engine")
    ddl.add_argument("name", nargs="?", help="database.table, contract id or table (default: all)")
    ddl.add_argument("--engine", choices=("iceberg", "redshift", "glue", "duckdb"), default="iceberg")
    ddl.add_argument("--catalog", default="glue", help="Spark catalog of Iceberg tables (default: glue)")
    ddl.set_defaults(run=_ddl)

    sources = commands.add_parser("dbt-sources", help="write dbt's sources file")
    sources.add_argument("--out", required=True, help="e.g. dbt_project/models/staging/_sources.yml")
    sources.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file differs")
    sources.set_defaults(run=_dbt_sources)

    for command in (show, ddl, sources):
        command.add_argument("--contracts", default="contracts", help="folder of the contracts (default: contracts)")
    return parser


def _validate(options: argparse.Namespace) -> int:
    files = find_contract_files(options.paths)
    datasets, problems = load_all(files)
    if problems:
        print(ContractError(problems), file=sys.stderr)
        return 1
    if not datasets:
        raise FileNotFoundError(f"no data contract (*.yaml) below {', '.join(map(str, options.paths))}")
    print(f"{len(datasets)} contract{'s are' if len(datasets) != 1 else ' is'} valid")
    return 0


def _show(options: argparse.Namespace) -> int:
    dataset = load_contracts(options.contracts)[options.name]
    if options.json:
        print(json.dumps(asdict(dataset), indent=2, default=str))
        return 0
    print(f"{dataset.name}  {dataset.id} {dataset.version} ({dataset.status})\n{dataset.description}\n"
          f"owner: {dataset.owner} <{dataset.owner_email}>\nkey: {', '.join(dataset.key) or '-'}\n"
          f"partitioned by: {', '.join(map(str, dataset.partitioning)) or '-'}\n")
    width = max(len(column.name) for column in dataset.columns)
    for column in dataset.columns:
        need = "required" if column.required else ""
        print(f"  {column.name:{width}}  {column.type!s:14}  {need:8}  {column.description}")
    for rule in dataset.row_rules:
        print(f"  {rule.severity} {rule.name}: {rule.check}")
    return 0


def _ddl(options: argparse.Namespace) -> int:
    contracts: Contracts = load_contracts(options.contracts)
    for dataset in [contracts[options.name]] if options.name else contracts.values():
        if options.engine == "iceberg":
            print(spark_schema.create_table_sql(dataset, options.catalog) + ";")
        elif options.engine == "redshift" and (dataset.warehouse or options.name):
            print(redshift.create_table_sql(dataset) + ";")
        elif options.engine == "glue":
            print(json.dumps(catalog.glue_columns(dataset), indent=2))
        elif options.engine == "duckdb" and (dataset.raw or options.name):
            print(raw_select_sql(dataset, "raw_lines") + ";")
    return 0


def _dbt_sources(options: argparse.Namespace) -> int:
    text = dbt_sources_yaml(load_contracts(options.contracts).values(), options.out)
    path = Path(options.out)
    if not options.check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return 0
    found = path.read_text(encoding="utf-8") if path.exists() else ""
    if found == text:
        return 0
    sys.stderr.writelines(difflib.unified_diff(found.splitlines(True), text.splitlines(True), str(path),
                                               "derived from the contracts"))
    print(f"error: {path} is not what the contracts say; run: python -m sluice.contracts dbt-sources --out {path}",
          file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
