"""Problem documents (RFC 9457): the one table from domain errors to HTTP, and how they are written."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import BaseModel, Field

from features import errors

MEDIA_TYPE = "application/problem+json"

RETRY_SECONDS = 5
"""After which a database that is away may be there again."""

REQUEST_ID: ContextVar[str] = ContextVar("request_id")
"""Id of the request that is being answered; the log and the problem document both name it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sort:
    """A sort of problem: HTTP status, the last part of its type, title."""

    status: int
    name: str
    title: str


SORTS: dict[type[errors.DealoddsError], Sort] = {
    errors.DealoddsError: Sort(500, "error", "The service cannot do this"),
    errors.DataError: Sort(422, "data", "The data do not allow this"),
    errors.SchemaError: Sort(422, "schema", "A value does not fit its column"),
    errors.ProcessError: Sort(422, "process", "The sales process does not allow this"),
    errors.MappingError: Sort(422, "mapping", "The mapping does not fit"),
    errors.UnreadableSourceError: Sort(422, "unreadable-source", "The source cannot be read"),
    errors.NotEnoughDataError: Sort(422, "not-enough-data", "Too little history"),
    errors.RequestError: Sort(422, "request", "The request is wrong"),
    errors.UnknownStageError: Sort(422, "unknown-stage", "Unknown stage"),
    errors.FutureEventError: Sort(422, "future-event", "An event lies in the future"),
    errors.NotKnownError: Sort(404, "not-known", "This is not recorded"),
    errors.ConflictingEventError: Sort(409, "conflicting-event", "One id with two bodies"),
    errors.DatabaseError: Sort(503, "database", "The database does not allow this"),
    errors.DatabaseUnavailableError: Sort(503, "database-unavailable", "The database does not answer"),
    errors.DatabaseFullError: Sort(507, "database-full", "There is no room for this"),
    errors.DatabaseOutdatedError: Sort(503, "database-outdated", "The database is of another version"),
    errors.ModelError: Sort(503, "model", "The model does not allow this"),
    errors.ArtifactError: Sort(503, "artifact", "The model cannot be loaded"),
    errors.NoChampionError: Sort(503, "no-champion", "No model is in service"),
    errors.RegistryError: Sort(503, "registry", "The model registry refused"),
}
"""Every domain error; a test walks the tree."""

HTTP_SORTS = {
    400: Sort(400, "not-json", "The body is not JSON"),
    401: Sort(401, "unauthorized", "An API key is needed"),
    403: Sort(403, "forbidden", "The API key is not good for this"),
    404: Sort(404, "not-found", "Nothing is here"),
    405: Sort(405, "method-not-allowed", "The method is not allowed here"),
    408: Sort(408, "too-slow", "The body took too long to arrive"),
    410: Sort(410, "earlier-list", "This list has been replaced by a newer one"),
    413: Sort(413, "too-large", "The body is too large"),
    415: Sort(415, "unsupported-media-type", "The body is not of a type that is read here"),
    422: Sort(422, "request", "The request is wrong"),
    429: Sort(429, "too-many-requests", "Too many requests"),
    500: Sort(500, "internal", "Something unexpected happened"),
    503: Sort(503, "not-ready", "The service is not ready for this yet"),
}
"""Problems of HTTP itself, by status."""


class Part(BaseModel):
    """One thing that is wrong."""

    pointer: Annotated[
        str,
        Field(description="Where in the body, a JSON pointer (RFC 6901).", examples=["/opportunities/0/stage"]),
    ]
    found: Annotated[str, Field(description="What was found.", examples=["stage 'propsal'"])]
    expected: Annotated[str, Field(description="What would have been right.", examples=["one of identified, proposal"])]
    do: Annotated[str, Field(description="What to do now.", examples=["did you mean 'proposal'?"])]


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: Annotated[str, Field(description="Sort of problem, a URI.", examples=["urn:dealodds:problem:unknown-stage"])]
    title: Annotated[str, Field(description="The sort of problem in words.", examples=["Unknown stage"])]
    status: Annotated[int, Field(description="HTTP status.", examples=[422])]
    detail: Annotated[
        str,
        Field(
            description="What was found and expected, and what to do.",
            examples=["Found: stage 'propsal'. Expected: one of identified, proposal. Do: did you mean 'proposal'?"],
        ),
    ]
    instance: Annotated[
        str,
        Field(
            description="This one problem, a URI; the log of the service names it too.",
            examples=["urn:uuid:2d5d4bb4-5b4c-4c2e-9c43-8f5f6b3f1a0e"],
        ),
    ]
    errors: Annotated[
        list[Part],
        Field(
            description="Everything found wrong, at most 50; empty when it is not a matter of the body.",
            examples=[[{"pointer": "/as_of", "found": "'x'", "expected": "an instant", "do": "correct it"}]],
        ),
    ]


class HttpError(Exception):
    """A problem of HTTP itself, such as a body that is too large."""

    def __init__(self, status: int, part: Part, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.part, self.headers = status, part, headers
        super().__init__(part.found)


def sort_of(error: errors.DealoddsError) -> Sort:
    """Find the sort of problem that an error is: that of its class, or of the nearest class above."""
    return next(SORTS[kind] for kind in type(error).__mro__ if kind in SORTS)


def part_of(error: errors.DealoddsError) -> Part:
    """Turn an error into the part of a problem document."""
    pointer = error.field if isinstance(error, errors.RequestError) else ""
    return Part(pointer=pointer, found=error.found, expected=error.expected, do=error.do)


def respond(sort: Sort, parts: Sequence[Part], headers: Mapping[str, str] | None = None) -> Response:
    """Write a problem document. The first part is told in ``detail``; those that point into the body are listed."""
    first, more = parts[0], len(parts) - 1
    detail = f"Found: {first.found}. Expected: {first.expected}. Do: {first.do}{'' if first.do.endswith('?') else '.'}"
    problem = Problem(
        type=f"urn:dealodds:problem:{sort.name}",
        title=sort.title,
        status=sort.status,
        detail=f"{detail} And {more} more, see errors." if more else detail,
        instance=f"urn:uuid:{REQUEST_ID.get(str(uuid.uuid4()))}",
        errors=[part for part in parts if part.pointer or more],
    )
    if sort.status == 500:
        _log.error("problem %s, %s", sort.name, problem.instance)  # the detail may hold what was sent
    return Response(problem.model_dump_json(), sort.status, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe problems that a route answers with, for its ``responses``.

    Examples
    --------
    >>> documented(409)[409]["description"]
    'One id with two bodies'
    """
    return {status: document(status) for status in statuses}


def document(status: int) -> dict[str, Any]:
    """Describe the problems of a status in OpenAPI."""
    titles = [sort.title for sort in SORTS.values() if sort.status == status]
    title = _TITLES.get(status) or (HTTP_SORTS[status].title if status in HTTP_SORTS else titles[0])
    return {"description": title, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


_TITLES = {503: "The model cannot be loaded, or the database does not answer"}


def of_domain(_: Request, error: Exception) -> Response:
    """Answer for a domain error."""
    assert isinstance(error, errors.DealoddsError)
    again = isinstance(error, errors.DatabaseUnavailableError)
    return respond(sort_of(error), [part_of(error)], {"Retry-After": str(RETRY_SECONDS)} if again else None)


def of_several(_: Request, group: Exception) -> Response:
    """Answer for several domain errors at once; the first decides the sort."""
    assert isinstance(group, ExceptionGroup)
    found, others = group.split(errors.DealoddsError)
    if found is None or others is not None:
        raise group
    several = [error for error in found.exceptions if isinstance(error, errors.DealoddsError)]
    return respond(sort_of(several[0]), [part_of(error) for error in several])


def of_http(_: Request, error: Exception) -> Response:
    """Answer for a problem of HTTP itself."""
    assert isinstance(error, HttpError)
    return respond(HTTP_SORTS[error.status], [error.part], error.headers)


def of_anything(_: Request, error: Exception) -> Response:
    """Answer for what nobody expected, telling nothing of the inside."""
    part = Part(
        pointer="",
        found="an error in the service",
        expected="an answer",
        do="try again; if it stays, report the instance named here",
    )
    return respond(HTTP_SORTS[500], [part])
