"""Bodies that routes read themselves: described in OpenAPI, read strictly, and answered as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ValidationError

from api.problems import HTTP_SORTS, respond
from api.validation import is_syntax, parts_of, request_of

Asked = TypeVar("Asked", bound=BaseModel)


class WrongBodyError(Exception):
    """A body that is not of the kind asked for; ``of_wrong_body`` says what is wrong with it."""

    def __init__(self, error: ValidationError, kind: type[BaseModel]) -> None:
        self.error, self.kind = error, kind
        super().__init__(kind.__name__)


def read_as(body: bytes, kind: type[Asked]) -> Asked:
    """Read a body.

    Raises
    ------
    WrongBodyError
        It is no JSON, or not of this kind.
    """
    with wrong_body(kind):
        return request_of(body, kind)


@contextmanager
def wrong_body(kind: type[BaseModel]) -> Iterator[None]:
    """Turn what does not fit the kind into WrongBodyError."""
    try:
        yield
    except ValidationError as error:
        raise WrongBodyError(error, kind) from error


def of_wrong_body(_: Request, error: Exception) -> Response:
    """Answer for a body that is no JSON, 400, or of another kind, 422."""
    assert isinstance(error, WrongBodyError)
    return respond(HTTP_SORTS[400 if is_syntax(error.error) else 422], parts_of(error.error, error.kind))


def described(*schemas: str, lines: bool = False) -> dict[str, Any]:
    """Describe a body that the route reads itself: of one of the schemas; ``lines``: or one a line."""
    names = [{"$ref": f"#/components/schemas/{schema}"} for schema in schemas]
    content: dict[str, Any] = {"application/json": {"schema": names[0] if len(names) == 1 else {"oneOf": names}}}
    if lines:
        one = {"type": "string", "description": "One event a line, each a JSON object."}
        content["application/x-ndjson"] = {"schema": one}
    return {"requestBody": {"required": True, "content": content}}


def answered(answer: BaseModel, status: int = 200) -> Response:
    """Write an answer."""
    return Response(answer.model_dump_json(by_alias=True), status, media_type="application/json")
