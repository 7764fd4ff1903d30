"""What Sluice adds to Airflow. Every Airflow process imports this file, so it imports next to nothing itself."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from sluice.orchestration.timetables import DailyPartitions
from sluice.ui import URL_PREFIX, LazyApp


class SluicePlugin(AirflowPlugin):
    """The timetable of the promotions, the page "Data quality" and the application behind it."""

    name = "sluice"
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [
        {"name": "Sluice", "app": LazyApp(), "url_prefix": URL_PREFIX},
    ]
    # The navigation has room for about nine letters; the page itself is headed "Data quality".
    # Relative addresses: Airflow's page has a <base>, so they hold under any path Airflow is served from.
    external_views: ClassVar[list[dict[str, Any]]] = [
        {
            "name": "Quality",
            "href": f".{URL_PREFIX}/quality",
            "url_route": "data-quality",
            "destination": "nav",
            "nav_top_level": True,
            "icon": f".{URL_PREFIX}/static/icon-light.svg",
            "icon_dark_mode": f".{URL_PREFIX}/static/icon-dark.svg",
        },
    ]
    timetables: ClassVar[list[Any]] = [DailyPartitions]
