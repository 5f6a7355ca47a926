"""The HTTP door: routes, problems and the model put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from fastapi import Depends, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

from api import clock as real_clock
from api.account_schemas import AccountScoreRequest
from api.champion import load_champion
from api.change_schemas import ScoreChangeRequest, WhatIfRequest
from api.problems import (
    HTTP_SORTS,
    MEDIA_TYPE,
    HttpError,
    Part,
    Problem,
    of_anything,
    of_domain,
    of_http,
    of_several,
    respond,
)
from api.routes import accounts, changes, health, models, scores
from api.schemas import ScoreRequest
from api.security import guard
from features.errors import DealoddsError

_ABOUT = """Learned, calibrated win probabilities for a sales pipeline, beside the fixed 25/50/75 % stage weights.

Everything is asked as of an instant. Instants are RFC 3339 with a zone; answers are in UTC."""

_OF_SCORING = (400, 401, 409, 413, 415, 422, 503)
_STATUSES = {
    "/v1/scores": _OF_SCORING,
    "/v1/scores/change": _OF_SCORING,
    "/v1/scores/what-if": _OF_SCORING,
    "/v1/accounts/scores": _OF_SCORING,
    "/v1/models/champion": (401, 503),
    "/readyz": (503,),
}


def create_app(
    model_folder: Path | None,
    *,
    api_keys: Sequence[str],
    authenticate: bool,
    clock: Callable[[], pd.Timestamp] = real_clock.now,
) -> FastAPI:
    """Make the HTTP application.

    Parameters
    ----------
    model_folder
        Folder of the champion, read once at start. None, or one that does not exist:
        version 0, the fixed weights. One that does not load: the service starts and
        answers 503.
    api_keys
        Keys that are accepted.
    authenticate
        Whether a key is asked for.
    clock
        Gives the present instant, UTC.

    Raises
    ------
    DealoddsError
        Keys are asked for and there are none.

    Examples
    --------
    >>> app = create_app(None, api_keys=["secret"], authenticate=True)
    >>> sorted(app.openapi()["paths"])
    ['/healthz', '/readyz', '/v1/accounts/scores', '/v1/models/champion', '/v1/scores', '/v1/scores/change',
     '/v1/scores/what-if']
    """
    guarded = [Depends(guard(api_keys))] if authenticate else []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.champion = load_champion(model_folder)
        yield

    app = FastAPI(title="dealodds", version="1", description=_ABOUT, lifespan=lifespan)
    app.state.clock = clock
    app.include_router(health.router)
    app.include_router(scores.router, dependencies=guarded)
    app.include_router(changes.router, dependencies=guarded)
    app.include_router(accounts.router, dependencies=guarded)
    app.include_router(models.router, dependencies=guarded)
    _add_handlers(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _add_handlers(app: FastAPI) -> None:
    app.add_exception_handler(DealoddsError, of_domain)
    app.add_exception_handler(ExceptionGroup, of_several)
    app.add_exception_handler(HttpError, of_http)
    app.add_exception_handler(HTTPException, _of_routing)
    app.add_exception_handler(Exception, of_anything)


def _of_routing(request: Request, error: Exception) -> Response:
    """Answer for a path or a method that is not there."""
    assert isinstance(error, HTTPException)
    sort = HTTP_SORTS.get(error.status_code, HTTP_SORTS[500 if error.status_code >= 500 else 400])
    part = Part(
        pointer="",
        found=f"{request.method} {request.url.path[:200]}",
        expected="a path and a method named in /openapi.json",
        do="correct the path or the method",
    )
    return respond(sort, [part], error.headers)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Describe the API, with the request that the route reads itself, and the problems of each path."""
    if app.openapi_schema is None:
        described = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        read_by_routes = (ScoreRequest, ScoreChangeRequest, WhatIfRequest, AccountScoreRequest)
        _, extra = models_json_schema(
            [*((request, "validation") for request in read_by_routes), (Problem, "serialization")],
            ref_template="#/components/schemas/{model}",
        )
        described["components"]["schemas"] |= extra["$defs"]
        for path, statuses in _STATUSES.items():
            for operation in described["paths"][path].values():
                operation["responses"] |= {str(status): _problem(status) for status in statuses}
        app.openapi_schema = described
    return app.openapi_schema


def _problem(status: int) -> dict[str, Any]:
    titles = {409: "One event id with two bodies", 503: "The model cannot be loaded"}
    title = titles.get(status) or HTTP_SORTS[status].title
    return {"description": title, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
