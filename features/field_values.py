"""Values of fields, kept as text, as numbers that a path can follow.

Read one by one in Python, so that a value from a request and one from a table are the same number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.compiled import Floats
from features.history.schema import ASSESSED_FIELDS, ASSESSMENTS
from features.instants import DAY, micros_of

Texts = Sequence[object] | NDArray[np.object_]

_LEVELS = tuple(word for word in ASSESSMENTS if word != "unknown")
"""Without its word, "unknown" is a missing value like one that was cleared."""


def words_of(field: str, texts: Texts) -> tuple[str, ...]:
    """List the words that a field's values are places of; sorted, but for the assessed fields.

    Examples
    --------
    >>> words_of("need", []), words_of("owner", ["b", None, "a", "b"])
    (('no', 'partly', 'yes'), ('a', 'b'))
    """
    if field in ASSESSED_FIELDS:
        return _LEVELS
    if field in _READERS:
        return ()
    return tuple(sorted({text for text in texts if isinstance(text, str)}))


def values_of(field: str, texts: Texts, words: Sequence[str]) -> Floats:
    """Turn the values of a field into numbers, NaN for what is missing or cannot be read, shape (m,).

    An amount is its number, a date is days since 1970, anything else is the place of its word.

    Examples
    --------
    >>> values_of("amount", ["12.5", None, "much"], ())
    array([12.5,  nan,  nan])
    >>> values_of("expected_close_date", ["1970-01-03", "1970-01-01T12:00Z", "soon"], ())
    array([2. , 0.5, nan])
    """
    place = {word: float(i) for i, word in enumerate(words)}
    read: Callable[[object], float] = _READERS.get(field) or partial(_place, place)
    if len(texts) <= 1:
        return np.array([read(text) for text in texts], dtype=np.float64)
    known: dict[object, float] = {}
    # A missing value may be a NaN, which is no key to itself: it is read anew each time.
    for text in texts:
        if text not in known:
            known[text] = read(text)
    return np.array([known[text] for text in texts], dtype=np.float64)


def number_of(text: object) -> float:
    """Read a number, NaN where there is none.

    Examples
    --------
    >>> number_of("1e3"), number_of("1_000"), number_of(None)
    (1000.0, nan, nan)
    """
    # ASCII without "_" only: Python takes more for a number than people who write data do.
    if isinstance(text, str) and ("_" in text or not text.isascii()):
        return math.nan
    try:
        return float(text)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return math.nan


def _day(text: object) -> float:
    if not isinstance(text, str):
        return math.nan
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return _unusual_day(text)
    return micros_of(instant if instant.tzinfo else instant.replace(tzinfo=UTC)) / DAY


def _unusual_day(text: str) -> float:
    """Read what only pandas takes for a date, such as a month."""
    instant = pd.to_datetime(text, errors="coerce", utc=True, format="ISO8601")
    return math.nan if pd.isna(instant) else micros_of(instant) / DAY


def _place(place: dict[str, float], text: object) -> float:
    return place.get(text, math.nan) if isinstance(text, str) else math.nan


def _micros(text: object) -> float:
    """Microseconds since 1970; a float has them exactly until the year 2255."""
    return float(micros_of(datetime.fromisoformat(text))) if isinstance(text, str) else math.nan


_READERS: dict[str, Callable[[object], float]] = {
    "amount": number_of,
    "expected_close_date": _day,
    "created_at": _micros,
}
