"""Only users of this Airflow see the pages; Airflow itself decides who that is."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, HTTPException, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

# The right to open Airflow's own pages at all. A session cookie or bearer token is checked on the way, and the
# anonymous role of the FAB auth manager does not have it.
logged_in: Any = Depends(requires_access_view(AccessView.WEBSITE))


async def answer_refusal(request: Request, refusal: Exception) -> Response:
    """Send a browser without a session to Airflow's login and back; tell programs in JSON."""
    if not isinstance(refusal, HTTPException):
        raise refusal
    prefix = request.scope.get("root_path", "")
    path = request.scope["path"].removeprefix(prefix)
    if refusal.status_code == 401 and request.method == "GET" and not path.startswith("/api/"):
        airflow = prefix.removesuffix("/sluice")
        target = str(request.url)
        return RedirectResponse(f"{airflow}/api/v2/auth/login?next={quote(target, safe='')}", status_code=303)
    return JSONResponse({"detail": refusal.detail}, status_code=refusal.status_code, headers=refusal.headers)
