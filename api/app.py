"""The HTTP door: routes, problems and the model put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

from api import clock as real_clock
from api.account_schemas import AccountScoreRequest
from api.background.service import Background
from api.background.telling import Tell
from api.change_schemas import ScoreChangeRequest, WhatIfRequest
from api.event_schemas import AccountBody, ContactBody, EventsRequest, OpportunityBody
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
from api.routes import (
    accounts,
    changes,
    collection,
    health,
    hidden_accounts,
    models,
    opportunities,
    pushes,
    score_history,
    scores,
    shadow,
    work_list,
)
from api.routes.collection import CollectionBody
from api.schemas import ScoreRequest
from api.security import guard
from api.validation import parameter_parts_of
from features.errors import DealoddsError
from features.history.database.engine import Database

_ABOUT = """Learned, calibrated win probabilities for a sales pipeline, beside the fixed 25/50/75 % stage weights.

Everything is asked as of an instant. Instants are RFC 3339 with a zone; answers are in UTC."""

_OF_SCORING = (400, 401, 409, 413, 415, 422, 503)
_OF_PUSHING = (400, 401, 408, 409, 413, 415, 422, 503, 507)
_OF_READING = (401, 404, 422, 503)
_OF_LISTS = (401, 410, 422, 503)
_STATUSES = {
    "/v1/opportunities": _OF_LISTS,
    "/v1/accounts": _OF_LISTS,
    "/v1/opportunities/{name}/scores": _OF_READING,
    "/v1/models/shadow": _OF_READING,
    "/v1/opportunities/{name}": _OF_PUSHING,
    "/v1/accounts/{name}": _OF_PUSHING,
    "/v1/contacts/{name}": _OF_PUSHING,
    "/v1/events": _OF_PUSHING,
    "/v1/collection": _OF_READING,
    "/v1/collection/{name}": _OF_PUSHING,
    "/v1/opportunities/{name}/score": _OF_READING,
    "/v1/opportunities/{name}/score/change": _OF_READING,
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
    database: Database | None = None,
    keeps_lists: bool = False,
    shadow_folder: Path | None = None,
    tell: Tell | None = None,
) -> FastAPI:
    """Make the HTTP application.

    Parameters
    ----------
    model_folder
        Folder of the champion, followed while it serves: what is promoted takes over, what
        does not load is refused and the one before serves on. None, or one that does not exist:
        version 0, the fixed weights. One that does not load: the service starts and
        answers 503.
    api_keys
        Keys that are accepted.
    authenticate
        Whether a key is asked for.
    clock
        Gives the present instant, UTC.
    database
        What the service remembers; None when it only answers for what it is handed.
    keeps_lists
        Whether this worker keeps the work list fresh, when no other does.
    shadow_folder
        Folder of a challenger that is scored in the shadow of the champion.
    tell
        Who is told of scores and champions that changed; nobody when None.

    Raises
    ------
    DealoddsError
        Keys are asked for and there are none.

    Examples
    --------
    >>> app = create_app(None, api_keys=["secret"], authenticate=True)
    >>> "/v1/scores" in app.openapi()["paths"]
    True
    """
    guarded = [Depends(guard(api_keys))] if authenticate else []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        background = Background(
            app.state, model_folder, database if keeps_lists else None, clock, tell=tell, shadow_folder=shadow_folder
        )
        app.state.background = background
        background.start()
        yield
        background.stop()

    app = FastAPI(title="dealodds", version="1", description=_ABOUT, lifespan=lifespan)
    app.state.clock = clock
    app.state.database = database
    app.include_router(health.router)
    app.include_router(scores.router, dependencies=guarded)
    app.include_router(changes.router, dependencies=guarded)
    app.include_router(accounts.router, dependencies=guarded)
    app.include_router(models.router, dependencies=guarded)
    app.include_router(pushes.router, dependencies=guarded)
    app.include_router(collection.router, dependencies=guarded)
    app.include_router(opportunities.router, dependencies=guarded)
    app.include_router(work_list.router, dependencies=guarded)
    app.include_router(score_history.router, dependencies=guarded)
    app.include_router(hidden_accounts.router, dependencies=guarded)
    app.include_router(shadow.router, dependencies=guarded)
    _add_handlers(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _add_handlers(app: FastAPI) -> None:
    app.add_exception_handler(DealoddsError, of_domain)
    app.add_exception_handler(ExceptionGroup, of_several)
    app.add_exception_handler(HttpError, of_http)
    app.add_exception_handler(HTTPException, _of_routing)
    app.add_exception_handler(RequestValidationError, _of_parameters)
    app.add_exception_handler(Exception, of_anything)


def _of_parameters(_: Request, error: Exception) -> Response:
    """Answer for a parameter of the path or the query that is wrong."""
    assert isinstance(error, RequestValidationError)
    return respond(HTTP_SORTS[422], parameter_parts_of(error.errors()))


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
        read_by_routes = (
            ScoreRequest,
            ScoreChangeRequest,
            WhatIfRequest,
            AccountScoreRequest,
            OpportunityBody,
            AccountBody,
            ContactBody,
            EventsRequest,
            CollectionBody,
        )
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
    titles = {
        409: "One id with two bodies",
        503: "The model cannot be loaded, or the database does not answer",
        507: "There is no room for this",
    }
    title = titles.get(status) or HTTP_SORTS[status].title
    return {"description": title, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
