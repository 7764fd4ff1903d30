"""The pages Sluice adds to Airflow's UI."""

from __future__ import annotations

from sluice.ui.lazy import LazyApp

URL_PREFIX = "/sluice"

__all__ = ["URL_PREFIX", "LazyApp"]
