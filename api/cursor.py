"""The cursor of a list: where a page ended, bound to the list and to what was asked. It says nothing of customers."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.problems import HttpError, Part
from api.store.pages import Place

_LONGEST = 2000


@dataclass(frozen=True)
class Cursor:
    """Where a page ended.

    ``rows`` counts the rows up to there, for ranks. ``asked`` is a digest of the filters and
    the order.
    """

    list_id: int
    asked: str
    place: Place
    rows: int = 0


def digest_of_asked(asked: Mapping[str, Any]) -> str:
    """Digest of what was asked, the page aside.

    Examples
    --------
    >>> digest_of_asked({"owner": None, "sort": "-amount"}) == digest_of_asked({"sort": "-amount"})
    True
    """
    said = {name: value for name, value in asked.items() if value is not None and name not in ("cursor", "limit")}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def written(cursor: Cursor) -> str:
    """Write a cursor as text for a URL.

    Examples
    --------
    >>> cursor = Cursor(7, "digest", Place(0.5, "o-1"), 50)
    >>> read(written(cursor)) == cursor
    True
    """
    parts = [cursor.list_id, cursor.asked, cursor.place.value, cursor.place.id, cursor.rows]
    text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(text: str) -> Cursor:
    """Read a cursor.

    Raises
    ------
    HttpError
        It is none of ours.
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        list_id, asked, value, name, rows = parts
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise _refused(422, "a cursor that is none of this service", "one as next_cursor gave it") from None
    whole = [isinstance(number, int) and 0 <= number < 2**62 for number in (list_id, rows)]
    named = isinstance(asked, str) and isinstance(name, str) and "\x00" not in name and _is_text(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    number = value is None or (is_number and math.isfinite(value) and abs(value) < 2**62)
    if len(text) > _LONGEST or not all(whole) or not named or not number:
        raise _refused(422, "a cursor that is none of this service", "one as next_cursor gave it")
    return Cursor(list_id, asked, Place(value, name), rows)


def _is_text(name: str) -> bool:
    """Half a pair of surrogates is no text that a database could hold."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def checked(text: str | None, list_id: int, asked: str) -> Cursor | None:
    """Read a cursor that must be of a list and of what was asked; None without one.

    Raises
    ------
    HttpError
        It is of an earlier list, 410; or of another question, or none of ours, 422.
    """
    if text is None:
        return None
    cursor = read(text)
    if cursor.asked != asked:
        raise _refused(422, "a cursor of another question", "the filters and the sort that it came from")
    if cursor.list_id != list_id:
        raise _refused(410, "a cursor of an earlier list", "one of the list that is current")
    return cursor


def _refused(status: int, found: str, expected: str) -> HttpError:
    return HttpError(status, Part(pointer="/cursor", found=found, expected=expected, do="start again without cursor"))
