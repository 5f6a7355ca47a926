"""Errors of fields that are right by themselves and do not go together."""

from __future__ import annotations

from typing import LiteralString

from pydantic import BaseModel
from pydantic_core import PydanticCustomError


def together(kind: LiteralString, expected: LiteralString, body: BaseModel, *names: str) -> PydanticCustomError:
    """An error of fields that do not go together, or of which none is there: it says which were found."""
    there = [name for name in names if getattr(body, name) is not None]
    return PydanticCustomError(kind, expected, {"found": " and ".join(there) or f"none of {', '.join(names)}"})
