from __future__ import annotations

import pytest

from sluice.warehouse.bundle import find_beside_dag


@pytest.fixture
def dag_file(tmp_path):
    file = tmp_path / "bundle" / "dags" / "clickstream" / "daily.py"
    file.parent.mkdir(parents=True)
    file.touch()
    return file


def test_a_folder_beside_the_dag_folder_is_found_as_in_a_checkout(dag_file, tmp_path):
    (tmp_path / "bundle" / "dbt_project").mkdir()
    assert find_beside_dag(dag_file, "dbt_project") == tmp_path / "bundle" / "dbt_project"


def test_a_folder_inside_the_dag_folder_wins_as_on_mwaa(dag_file, tmp_path):
    (tmp_path / "bundle" / "dbt_project").mkdir()
    (tmp_path / "bundle" / "dags" / "dbt_project").mkdir()
    assert find_beside_dag(dag_file, "dbt_project") == tmp_path / "bundle" / "dags" / "dbt_project"


def test_a_missing_folder_is_reported_with_where_it_was_looked_for(dag_file, tmp_path):
    with pytest.raises(FileNotFoundError) as failure:
        find_beside_dag(dag_file, "no_such_project_anywhere")
    assert str(tmp_path / "bundle" / "dags") in str(failure.value)
    assert "deploy it with the DAGs" in str(failure.value)


def test_a_missing_absolute_path_is_not_searched_for(dag_file, tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        find_beside_dag(dag_file, tmp_path / "elsewhere")
