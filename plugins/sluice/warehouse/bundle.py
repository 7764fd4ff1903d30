"""Where a DAG's companions lie: contracts and the dbt project travel with the DAG files."""

from __future__ import annotations

from pathlib import Path


def find_beside_dag(dag_file: str | Path, relative: str | Path) -> Path:
    """Find a file or folder in the DAG's own folder or in the nearest folder above it.

    In a checkout ``contracts/`` and ``dbt_project/`` are neighbours of ``dags/``; on Amazon MWAA, which ships only the
    DAG folder, they lie inside of it. Both are found, and with versioned bundles always those of the DAG's version.

    Parameters
    ----------
    dag_file : str or Path
        File the DAG was parsed from.
    relative : str or Path
        For example ``dbt_project/dbt_project.yml``; an absolute path is taken as it is.

    Raises
    ------
    FileNotFoundError
        It is in none of these folders; the message names them.
    """
    wanted = Path(relative)
    if wanted.is_absolute():
        if wanted.exists():
            return wanted
        raise FileNotFoundError(f"{wanted} does not exist")
    folders = Path(dag_file).resolve().parents
    for folder in folders:
        if (folder / wanted).exists():
            return folder / wanted
    searched = ", ".join(str(folder) for folder in folders)
    raise FileNotFoundError(
        f"{wanted} was not found beside the DAG {dag_file} (looked in {searched}): "
        "deploy it with the DAGs or give an absolute path"
    )
