"""Types of the fields that requests have: strict, no text for a number, no naive time, no U+0000."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_CLOCK_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}.*$"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST = 1000
NO_NUL = r"^[^\x00]*$"
NO_SLASH = r"^[^\x00/]*$"


class _WrittenOut:
    """Refuses numbers and bare digits, which would be read as seconds since 1970.

    Said in the schema rather than in Python, because it is asked hundreds of times in a request.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.custom_error_schema(
            core_schema.str_schema(pattern=_CLOCK_TIME, strict=True),
            custom_error_type="instant",
            custom_error_message="an instant with its zone, such as 2026-03-31T09:30:00Z",
        )
        return core_schema.chain_schema([written, handler(source)])

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "format": "date-time"}


def _day_or_instant(value: object) -> object:
    """Take a day as its first instant in UTC."""
    return f"{value}T00:00:00Z" if isinstance(value, str) and _DAY.fullmatch(value) else value


def _scalar(value: object) -> object:
    if not isinstance(value, str | int | float | bool | None):
        raise PydanticCustomError("scalar", "text, a number, true, false or null")
    if isinstance(value, str) and len(value) > _LONGEST:
        raise PydanticCustomError("scalar", "text of at most 1,000 characters")
    if isinstance(value, str) and "\x00" in value:
        raise PydanticCustomError("scalar", "text without U+0000")
    return value


# Lax only so that text is read after the check above; numbers never get that far.
Instant = Annotated[AwareDatetime, Field(strict=False, ge=_FIRST, le=_LAST), _WrittenOut()]
InstantOrDay = Annotated[Instant, BeforeValidator(_day_or_instant)]
Day = Annotated[date, Field(ge=_FIRST.date(), le=_LAST.date())]
Scalar = Annotated[
    Any,
    BeforeValidator(_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"], "maxLength": _LONGEST, "pattern": NO_NUL}),
]
# No database keeps U+0000 in a text.
Id = Annotated[str, Field(min_length=1, max_length=255, pattern=NO_NUL)]
SubjectId = Annotated[str, Field(min_length=1, max_length=255, pattern=NO_SLASH)]
"""An id that is also asked for in a path."""
Word = Annotated[str, Field(min_length=1, max_length=255, pattern=NO_NUL)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""ISO 4217 code."""
PathId = Annotated[
    str, Path(min_length=1, max_length=255, pattern=NO_NUL, description="Its id, the sender's own.", examples=["o-42"])
]
"""An id in a path."""
Days = Annotated[float, Field(gt=0, le=3650)]


class Strict(BaseModel):
    """No unknown field, no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
