"""An ASGI application that is built when it is first asked.

Every Airflow process loads the plugins, but only the API server serves pages. Handing Airflow this stand-in spares
the scheduler, the triggerer and each task the import of FastAPI, Jinja2 and the page's code.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Channel = Callable[..., Awaitable[Any]]


class LazyApp:
    """Builds :func:`sluice.ui.app.create_app` on the first request and passes every request on."""

    def __init__(self) -> None:
        self._app: Any = None
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Channel, send: Channel) -> None:
        if self._app is None:
            with self._lock:
                if self._app is None:
                    from sluice.ui.app import create_app

                    self._app = create_app()
        await self._app(scope, receive, send)
