"""The FastAPI application under ``/sluice``: pages, the JSON behind them, Data Docs and static files.

Routes are plain functions, which FastAPI runs in threads: boto3 blocks.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint

from sluice.quality.results import ValidationResult
from sluice.ui import charts, data_docs, wording
from sluice.ui.auth import answer_refusal, logged_in
from sluice.ui.filters import FilterError, Filters
from sluice.ui.problems import Problem, Unavailable
from sluice.ui.reader import QualityReader

_HERE = Path(__file__).parent
PAGE_SIZE = 25
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)


def create_app(reader: QualityReader | None = None) -> FastAPI:
    """Build the application.

    Parameters
    ----------
    reader
        Where the pages get their data; from the standard AWS settings if not given.
    """
    app = FastAPI(title="Sluice", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.reader = reader or QualityReader()
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    app.include_router(_api, dependencies=[logged_in])
    app.include_router(_pages, dependencies=[logged_in])
    app.add_exception_handler(HTTPException, answer_refusal)
    app.add_exception_handler(Unavailable, _answer_unavailable)
    app.add_middleware(BaseHTTPMiddleware, dispatch=_with_safe_headers)
    return app


_api = APIRouter(prefix="/api/quality")
_pages = APIRouter()


async def _with_safe_headers(request: Request, call_next: RequestResponseEndpoint) -> Response:
    response = await call_next(request)
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers.setdefault(
        "Cache-Control", "no-cache" if request.url.path.rpartition("/static/")[1] else "no-store"
    )
    return response


# --- pages ---------------------------------------------------------------------------------------------------------


@_pages.get("/", include_in_schema=False)
def home(request: Request) -> Response:
    return RedirectResponse(f"{_root(request)}/quality")


@_pages.get("/quality", response_class=HTMLResponse)
def quality_page(request: Request) -> Response:
    """Suite results over time, and where the records went."""
    notice = None
    try:
        filters = Filters.parse(request.query_params)
    except FilterError as wrong:
        filters, notice = Filters.default(), str(wrong)
    overview = _reader(request).overview(filters)
    results = overview.results
    rows = charts.grid(results, filters.days)
    start = (filters.page - 1) * PAGE_SIZE
    return _page(
        request,
        "quality.html",
        filters=filters,
        notice=notice,
        overview=overview,
        rows=rows,
        broken=[row for row in rows if row.latest.status == "failed"],
        listed=results[start : start + PAGE_SIZE],
        pages=-(-len(results) // PAGE_SIZE),
        flows=charts.flows(overview.outcomes),
        reasons=charts.reasons(overview.outcomes),
        totals=_totals(results),
    )


@_pages.get("/quality/validation", response_class=HTMLResponse)
def validation_page(request: Request, dataset: str = "", interval: str = "", run_id: str = "") -> Response:
    """One validation, failing expectations first."""
    detail = _reader(request).detail(dataset, interval, run_id) if dataset and interval and run_id else None
    if detail is None:
        problem = Problem(
            "There is no such validation",
            "It may have been removed by the retention of the bucket, or the address is incomplete.",
            "Go back to the overview and choose another one.",
        )
        return _page(request, "problem.html", status_code=404, problem=problem)
    result = detail.result
    docs = data_docs.relative_path(result.data_docs_url, _reader(request).validations.bucket)
    days = _days_around(detail.history)
    return _page(
        request,
        "validation.html",
        detail=detail,
        result=result,
        days=days,
        history=charts.grid(detail.history, days),
        failing=sorted((e for e in result.expectations if not e.success), key=lambda e: (e.severity, e.rule)),
        passing=[e for e in result.expectations if e.success],
        docs=docs,
        flows=charts.flows(detail.outcomes),
        reasons=charts.reasons(detail.outcomes),
    )


def _days_around(history: tuple[ValidationResult, ...]) -> list[date]:
    """Every day from the first to the last interval, so that gaps stay visible; none if intervals are no days."""
    try:
        days = sorted(date.fromisoformat(result.interval[:10]) for result in history)
    except ValueError:
        return []
    return [days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days + 1)]


@_pages.get("/data-docs/{path:path}")
def data_docs_page(request: Request, path: str) -> Response:
    """Great Expectations' own pages, out of S3."""
    reader = _reader(request)
    document = reader.guarded(
        lambda: data_docs.load(reader.validations, path or "index.html", _root(request)), "the Data Docs"
    )
    if document is None:
        problem = Problem(
            "There is no such page in the Data Docs",
            "They are written when a suite has run; old pages are removed by the retention of the bucket.",
            "Go back to the overview and open the Data Docs of another validation.",
        )
        return _page(request, "problem.html", status_code=404, problem=problem)
    return Response(
        document.body, media_type=document.media_type, headers={"Content-Security-Policy": data_docs.POLICY}
    )


# --- JSON ----------------------------------------------------------------------------------------------------------


@_api.get("")
def quality_json(request: Request) -> dict[str, Any]:
    """Summaries of validations, and the newest outcome of each dataset, interval and step."""
    filters = _strict_filters(request)
    overview = _reader(request).overview(filters)
    return {
        "from": filters.first.isoformat(),
        "to": filters.last.isoformat(),
        "datasets": overview.datasets,
        "zones": overview.zones,
        "truncated": overview.truncated,
        "totals": _totals(overview.results),
        "validations": [_summary(result) for result in overview.results],
        "outcomes": [outcome.to_dict() for outcome in overview.outcomes],
        "outcomes_error": overview.outcomes_problem and asdict(overview.outcomes_problem),
    }


@_api.get("/validation")
def validation_json(request: Request, dataset: str, interval: str, run_id: str) -> dict[str, Any]:
    """One validation as stored, with the outcomes of its interval."""
    detail = _reader(request).detail(dataset, interval, run_id)
    if detail is None:
        raise HTTPException(404, f"There is no validation of {dataset} for {interval} by run {run_id}.")
    return {
        **asdict(detail.result),
        "status": detail.result.status,
        "outcomes": [outcome.to_dict() for outcome in detail.outcomes],
    }


def _strict_filters(request: Request) -> Filters:
    try:
        return Filters.parse(request.query_params)
    except FilterError as wrong:
        raise HTTPException(422, str(wrong)) from None


def _summary(result: ValidationResult) -> dict[str, Any]:
    plain = asdict(result)
    del plain["expectations"]
    return {**plain, "status": result.status}


def _totals(results: tuple[ValidationResult, ...]) -> dict[str, int]:
    by_status = [result.status for result in results]
    return {
        "validations": len(results),
        **{status: by_status.count(status) for status in ("passed", "warned", "failed")},
        "expectations": sum(result.evaluated for result in results),
        "expectations_met": sum(result.successful for result in results),
    }


# --- shared --------------------------------------------------------------------------------------------------------


def _reader(request: Request) -> QualityReader:
    reader: QualityReader = request.app.state.reader
    return reader


def _root(request: Request) -> str:
    """The path this application is mounted at, e.g. ``/sluice``."""
    return str(request.scope.get("root_path", ""))


def _answer_unavailable(request: Request, error: Exception) -> Response:
    if not isinstance(error, Unavailable):
        raise error
    if request.scope["path"].removeprefix(_root(request)).startswith("/api/"):
        return JSONResponse({"error": asdict(error.problem)}, status_code=503)
    return _page(request, "problem.html", status_code=503, problem=error.problem, retry=True)


_templates = Jinja2Templates(directory=_HERE / "templates")
_templates.env.trim_blocks = _templates.env.lstrip_blocks = True
_templates.env.filters.update(
    phrase=wording.phrase,
    value=wording.value_text,
    figure=wording.figure,
    number=wording.number,
    moment=wording.moment,
    duration=wording.duration,
)
_templates.env.globals.update(percent=wording.percent)


def _page(request: Request, template: str, *, status_code: int = 200, **context: Any) -> Response:
    root = _root(request)

    def link(result: ValidationResult) -> str:
        query = urlencode({"dataset": result.dataset, "interval": result.interval, "run_id": result.run_id})
        return f"{root}/quality/validation?{query}"

    return _templates.TemplateResponse(
        request, template, {"root": root, "link": link, **context}, status_code=status_code
    )
