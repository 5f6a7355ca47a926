"""What the source delivers: what is not collected is unknown, not zero."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, Field

from api.answers import Answer
from api.body import read_body
from api.field_types import Instant, PathId, Strict
from api.problems import documented
from api.reading import answered, described, read_as
from api.security import needs
from api.store.service import actor_of, database_of
from features.errors import RequestError
from features.history.database.description import Description, Sort, read_description, say_collected, say_not_collected
from features.history.database.reads import moment
from features.history.live_rules import check_name
from features.instants import micros_of

router = APIRouter(tags=["collection"])


class CollectionBody(Strict):
    """Whether a kind of activity, a field, ``contacts`` or ``accounts`` is delivered, and since when."""

    is_collected: bool = Field(True, description="false: not delivered from now on.", examples=[True])
    since: Instant | None = Field(
        None,
        description="From when all of it is delivered; null: since before the oldest opportunity.",
        examples=["2025-07-01T00:00:00Z"],
    )


class CollectedAnswer(Answer):
    """A name that is collected."""

    name: str = Field(description="A kind of activity, a field, contacts or accounts.", examples=["email_opened"])
    sort: Sort = Field(description="What it names.", examples=["kind"])
    since: AwareDatetime | None = Field(
        description="From when all of it is known; null: always.", examples=["2025-07-01T00:00:00Z"]
    )


class CollectionAnswer(Answer):
    """Everything that is collected."""

    collected: list[CollectedAnswer] = Field(
        description="In the order of their names; a name that is not here is unknown, not zero.",
        examples=[[{"name": "meeting", "sort": "kind", "since": None}]],
    )


@router.get(
    "/v1/collection",
    response_model=CollectionAnswer,
    dependencies=[Depends(needs("read"))],
    summary="Say what is collected",
)
def get_collection(request: Request) -> Response:
    """List what the source delivers, and since when."""
    with database_of(request).reading() as connection:
        description = read_description(connection)
    return _answer(description)


@router.put(
    "/v1/collection/{name}",
    response_model=CollectionAnswer,
    dependencies=[Depends(needs("admin"))],
    responses=documented(507),
    summary="Tell what is collected",
    openapi_extra=described("CollectionBody"),
)
def put_collection(
    request: Request,
    name: PathId,
    body: Annotated[bytes, Depends(read_body)],
) -> Response:
    """Say whether a name is delivered, and since when. What is first told of is collected from then on, unasked.

    A kind of activity of your own is made known here before its first event: a name that is no field and no table
    is such a kind, and events may name it from then on, also when it is not collected any more.
    """
    told = read_as(body, CollectionBody)
    _check_sense(told)
    with database_of(request).writing(actor_of(request), "put collection", request.app.state.clock) as writing:
        writing.subject, writing.rows = name, 1
        if told.is_collected:
            say_collected(writing, {name: None if told.since is None else micros_of(told.since)})
        else:
            check_name(name, read_description(writing.connection).names, "name", "/name")
            say_not_collected(writing, name)
        description = read_description(writing.connection)
    return _answer(description)


def _check_sense(told: CollectionBody) -> None:
    if not told.is_collected and told.since is not None:
        raise RequestError("since with is_collected false", "one of the two", "leave since out", "/since")


def _answer(description: Description) -> Response:
    rows = [
        CollectedAnswer(name=name, sort=description.sort_of(name), since=None if since is None else moment(since))
        for name, since in sorted(description.collected.items())
    ]
    return answered(CollectionAnswer(collected=rows))
