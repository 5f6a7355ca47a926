"""The API as it describes itself: requests that routes read themselves, and the problems of each route."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from pydantic.json_schema import models_json_schema

from api.account_schemas import AccountScoreRequest
from api.change_schemas import ScoreChangeRequest, WhatIfRequest
from api.event_schemas import AccountBody, ContactBody, EventsRequest, OpportunityBody
from api.input_schemas import BODIES
from api.judgement_schemas import JudgementBody
from api.problems import Problem, document
from api.routes.collection import CollectionBody
from api.schemas import ScoreRequest
from api.webhook_messages import MESSAGES
from api.webhook_schemas import WebhookBody, WebhookChange

_READ_BY_ROUTES = (
    ScoreRequest,
    ScoreChangeRequest,
    WhatIfRequest,
    AccountScoreRequest,
    OpportunityBody,
    AccountBody,
    ContactBody,
    EventsRequest,
    CollectionBody,
    *BODIES.values(),
    WebhookBody,
    WebhookChange,
    JudgementBody,
)
_WITH_KEY = (401, 403, 429, 503)
_WITH_BODY = (400, 408, 413, 415, 422)
_OF_FRAMEWORK = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> dict[str, Any]:
    """Describe the API; made once.

    A route says only the problems that are its own, in its ``responses``: those of keys
    and of bodies follow from what it needs.
    """
    if app.openapi_schema is None:
        described = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            webhooks=app.webhooks.routes,
        )
        schemas = described.setdefault("components", {}).setdefault("schemas", {})
        told = (Problem, *MESSAGES.values())
        kinds = [*((kind, "validation") for kind in _READ_BY_ROUTES), *((kind, "serialization") for kind in told)]
        _, extra = models_json_schema(kinds, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
        schemas |= extra["$defs"]
        for name in _OF_FRAMEWORK:
            schemas.pop(name, None)
        for path, method, scope in routes_with_scopes(app):
            operation = described["paths"].get(path, {}).get(method.lower())
            if operation is not None:
                _add_problems(operation, scope)
        app.openapi_schema = described
    return app.openapi_schema


def _add_problems(operation: dict[str, Any], scope: str | None) -> None:
    statuses: list[int] = []
    if scope is not None:
        operation["x-required-scope"] = scope
        statuses += _WITH_KEY
    if "requestBody" in operation:
        statuses += _WITH_BODY
    if operation.get("parameters"):
        statuses.append(422)
    responses = operation["responses"]
    for status in statuses:
        if status == 422 or str(status) not in responses:  # the framework's own 422 is not what is answered
            responses[str(status)] = document(status)


def routes_with_scopes(app: FastAPI) -> Iterator[tuple[str, str, str | None]]:
    """List path, method and needed scope of every route; None: open to everybody."""
    for context in iter_route_contexts(app.routes):
        dependant = getattr(context, "dependant", None)
        for method in sorted((context.methods or set()) - {"HEAD"}):
            yield str(context.path), method, None if dependant is None else _scope(dependant)


def _scope(dependant: Dependant) -> str | None:
    scopes = {s for part in _parts(dependant) if (s := getattr(part.call, "scope", None)) is not None}
    assert len(scopes) <= 1, "a route that needs several scopes"
    return next(iter(scopes), None)


def _parts(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for part in dependant.dependencies:
        yield from _parts(part)
