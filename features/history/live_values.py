"""Values of fields and attributes in a live request, as the text that a history keeps."""

from __future__ import annotations

import math
import re
from datetime import date, datetime

from features.errors import RequestError
from features.history.live_rules import Rules, check_name
from features.history.schema import ASSESSED_FIELDS, ASSESSMENTS

Value = str | float | bool | None

MOST = 1e15
"""Largest number taken, so that no ratio or sum leaves the range of numbers."""
FIRST_YEAR, LAST_YEAR = 1900, 2200

YES_WORDS = ("true", "yes", "1", "1.0", "y", "是")
NO_WORDS = ("false", "no", "0", "0.0", "n", "否")

_MOST_SHOWN = 80

# ASCII only: Python and pandas must read the same number.
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def field_text(name: str, value: Value, rules: Rules, pointer: str) -> str | None:
    """Return a field's new value as text; None when it was cleared.

    Raises
    ------
    RequestError
        The field is unknown, or the value is not one that the field may have.
    """
    check_name(name, rules.fields, "field", f"{pointer}/field")
    if value is None:
        return None
    where = f"{pointer}/value"
    if name == "amount":
        return _amount(value, where)
    if name == "expected_close_date":
        return _date(value, where)
    if name in ASSESSED_FIELDS:
        check_name(_word(value, where), ASSESSMENTS, "assessment", where)
        return str(value)
    if name in rules.attributes:
        known = attribute_value(name, value, rules, where)
        return value if isinstance(value, str) else _text(known)
    return _word(value, where)


def attribute_value(name: str, value: Value, rules: Rules, pointer: str) -> Value:
    """Return an attribute's value in the type that the model knows it in."""
    if value is None:
        return None
    kind = rules.attributes[name].type
    if kind == "numeric":
        return _number(value, pointer)
    if kind == "flag":
        return _flag(value, pointer)
    return _word(value, pointer)


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _amount(value: Value, pointer: str) -> str:
    if _number(value, pointer) < 0:
        raise RequestError(f"amount {value!r}", "0 or more", "send the amount without its sign, or null", pointer)
    return str(value)


def _number(value: Value, pointer: str) -> float:
    written = _NUMBER.fullmatch(value) if isinstance(value, str) else not isinstance(value, bool)
    try:
        number = float(value) if value is not None and written else math.nan
    except OverflowError:
        number = math.inf
    if not abs(number) <= MOST:
        raise RequestError(_shown(value), f"a finite number within ±{MOST:g}", "send a number, or null", pointer)
    return number


def _shown(value: Value) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"


def _flag(value: Value, pointer: str) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower() if isinstance(value, str) else ""
    if word in YES_WORDS + NO_WORDS:
        return word in YES_WORDS
    raise RequestError(_shown(value), "true or false", "send true, false or null", pointer)


def _word(value: Value, pointer: str) -> str:
    if not isinstance(value, str) or not value:
        raise RequestError(_shown(value), "a word", "send text, or null", pointer)
    return value


def _date(value: Value, pointer: str) -> str:
    """A day, or an instant with its zone, as it was written."""
    try:
        day = _day(str(value))
    except ValueError:
        day = date.min
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise RequestError(_shown(value), "a date such as 2026-03-31", "send year-month-day, or null", pointer)
    return str(value)


def instant_told(value: Value, pointer: str) -> datetime:
    """Read an instant with its zone.

    Raises
    ------
    RequestError
        It is none.
    """
    try:
        told = datetime.fromisoformat(str(value))
    except ValueError:
        told = None
    if told is None or told.tzinfo is None:
        expected = "an instant with its zone, such as 2026-03-31T09:30:00Z"
        raise RequestError(_shown(value), expected, "write the instant with date, time and zone", pointer)
    return told


def _day(text: str) -> date:
    if _DAY.fullmatch(text):
        return date.fromisoformat(text)
    instant = datetime.fromisoformat(text)
    if not _DAY.match(text) or instant.tzinfo is None:
        raise ValueError(text)
    return instant.date()
