"""What pydantic finds wrong in a body, in our three parts: found, expected, do."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from api.account_schemas import Account, AccountScoreRequest, EarlierOpportunity
from api.change_schemas import ChangeEnd, Changes, ChangeStart
from api.event_schemas import EVENT_MODELS, StageChange
from api.input_schemas import ROWS
from api.problems import Part
from api.schemas import Activity, Assessment, Contact, FieldEvent, Opportunity, StageEvent

MOST_PARTS = 50
_MOST_CHARACTERS = 80

_DO = {
    "missing": "add the field",
    "timezone_aware": "add Z or an offset such as +08:00 to the instant",
    "instant": "write the instant with date, time and zone",
    "datetime_parsing": "write the instant with date, time and zone",
    "finite_number": "send a number, or null where it is unknown",
    "float_type": "send a number without quotes, or null where it is unknown",
    "horizons": "leave one of them out",
    "one_subject": "name one of them, and leave the others out",
    "subject": "name what the event is of",
    "judgement": "add a probability or a class",
    "changes": "suppose something, such as a stage or an activity",
}
_EXPECTED = {
    "too_long": "at most {max_length:,} of them",
    "too_short": "at least {min_length:,} of them",
    "string_too_long": "at most {max_length:,} characters",
    "string_too_short": "at least {min_length:,} characters",
    "extra_forbidden": "only parameters that are described in /docs",
    "missing": "a value",
    "model_attributes_type": "an object",
}
"""What is expected, where pydantic would say it in a programmer's words."""


Asked = TypeVar("Asked", bound=BaseModel)


def request_of(body: bytes, kind: type[Asked]) -> Asked:
    """Read a request of one kind; raises ``ValidationError`` with everything that is wrong."""
    return kind.model_validate_json(body)


def is_syntax(error: ValidationError) -> bool:
    """Tell whether the body is no JSON at all."""
    return any(found["type"] == "json_invalid" for found in _found(error))


def parts_of(error: ValidationError, kind: type[BaseModel]) -> list[Part]:
    """Say in three parts what is wrong with a request of one kind, at most 50 things."""
    return [_part(found, kind) for found in _found(error)[:MOST_PARTS]]


def event_parts_of(error: ValidationError, line: int | None = None) -> list[Part]:
    """Say in three parts what is wrong with one event; pointers are into the event.

    Parameters
    ----------
    line
        The line of the body that it was on, where each is read by itself.
    """
    parts = [_event_part(found) for found in _found(error)[:MOST_PARTS]]
    if line is None or not is_syntax(error):
        return parts
    # What is read by itself has one line, and would always be said to be line 1.
    more = {"found": f"line {line}, which cannot be read", "do": "send one JSON object a line"}
    return [
        part.model_copy(update=more | {"expected": part.expected.replace("at line 1 ", f"at line {line} ")})
        for part in parts
    ]


def parameter_parts_of(errors: Sequence[Any]) -> list[Part]:
    """Say in three parts what is wrong with parameters of the path or the query; pointers name the parameter."""
    parts = []
    for found in errors[:MOST_PARTS]:
        name = str(found["loc"][1]) if len(found["loc"]) > 1 else "the request"
        missing = found["type"] == "missing"
        given = f"no {name}" if missing else f"{_short(found['input'])} ({name})"
        do = _DO.get(found["type"], "correct the parameter")
        parts.append(Part(pointer=f"/{name}", found=given, expected=_expected(found), do=do))
    return parts


def _event_part(found: ErrorDetails) -> Part:
    place = found["loc"]
    kind = EVENT_MODELS.get(str(place[0])) if place else None
    if kind is not None:
        return _part({**found, "loc": place[1:]}, kind)
    types = ", ".join(EVENT_MODELS)
    if found["type"] == "union_tag_invalid":
        given = _short(found["ctx"]["tag"])
        return Part(pointer="/type", found=f"the type {given}", expected=f"one of {types}", do="correct the type")
    if found["type"] == "union_tag_not_found":
        return Part(pointer="/type", found="no type", expected=f"one of {types}", do="add the type")
    return _part(found, StageChange)


def _found(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False)


def _part(found: ErrorDetails, kind: type[BaseModel]) -> Part:
    place = found["loc"]
    name = str(place[-1]) if place else "the body"
    if found["type"] == "extra_forbidden":
        known = sorted(_known_at(place, kind))
        return Part(
            pointer=pointer(place),
            found=f"the field {_short(name)}",
            expected=f"only {', '.join(known)}",
            do=_nearest(name, known),
        )
    if found["type"] == "missing":
        return Part(pointer=pointer(place), found=f"no {name}", expected=f"a value of {name}", do=_DO["missing"])
    given = "a body that cannot be read" if found["type"] == "json_invalid" else _given(found)
    return Part(
        pointer=pointer(place),
        found=f"{given} ({name})" if place else given,
        expected=_expected(found),
        do=_DO.get(found["type"], "correct the value" if place else "send a JSON object as /docs describes it"),
    )


def _expected(found: Any) -> str:
    if found["type"] in _EXPECTED:
        return _EXPECTED[found["type"]].format(**found.get("ctx", {}))
    message: str = found["msg"]
    return message.removeprefix("Input should be ").removeprefix("Invalid JSON: ").strip()


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name.lower()[:_MOST_CHARACTERS], known, n=1)
    return f"did you mean {near[0]!r}?" if near else "leave the field out"


def _known_at(place: tuple[int | str, ...], kind: type[BaseModel]) -> Iterator[str]:
    """Fields of the object that a place with an unknown field is in."""
    model = kind
    for step in place[:-1]:
        model = (_MODELS | _OF_ACCOUNTS if kind is AccountScoreRequest else _MODELS).get(str(step), model)
    return iter(field.alias or name for name, field in model.model_fields.items())


_MODELS: dict[str, type[BaseModel]] = {
    "opportunities": Opportunity,
    "stage_history": StageEvent,
    "field_history": FieldEvent,
    "activities": Activity,
    "contacts": Contact,
    "assessments": Assessment,
    "opportunity": Opportunity,
    "from": ChangeStart,
    "to": ChangeEnd,
    "changes": Changes,
    **ROWS,
}
_OF_ACCOUNTS: dict[str, type[BaseModel]] = {"accounts": Account, "opportunities": EarlierOpportunity}


def pointer(place: tuple[int | str, ...]) -> str:
    """Write a place as a JSON pointer (RFC 6901).

    Examples
    --------
    >>> pointer(("opportunities", 0, "a/b"))
    '/opportunities/0/a~1b'
    """
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)


def _given(found: ErrorDetails) -> str:
    """What was found: the fields that an error names, or the value."""
    named: str | None = found.get("ctx", {}).get("found")
    return _short(found["input"]) if named is None else named


def _short(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"


def _text(value: Any) -> str:
    """A value in short: of an object its fields, of a list how long it is."""
    if isinstance(value, dict):
        return f"an object with {', '.join(map(str, value))}" if value else "an object without fields"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    return repr(value) if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"
