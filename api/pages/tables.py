"""A table of a page: shown as HTML, and taken along as CSV or XLSX."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from api.pages.language import Language

Kind = Literal["words", "share", "points", "number", "days", "money", "day", "instant"]


@dataclass(frozen=True)
class Column:
    """A column: its head, and how its values are written. ``money`` is a pair of amount and currency."""

    head: str
    kind: Kind = "words"

    @property
    def is_figure(self) -> bool:
        """Whether values are compared from the right."""
        return self.kind in ("share", "points", "number", "days", "money")


@dataclass(frozen=True)
class DataTable:
    """Rows under heads, in one language; the first column names the row.

    ``key`` names it in the address of its download.
    """

    key: str
    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]


def shown(value: Any, kind: Kind, language: Language) -> str:
    """Write a value for people.

    Examples
    --------
    >>> from api.pages.language import language
    >>> shown(0.4567, "share", language("en")), shown((1200.0, "EUR"), "money", language("zh-CN"))
    ('45.7%', '€1,200')
    >>> shown(-7, "days", language("en")), shown(None, "days", language("en"))
    ('−7.0', '–')
    """
    formats = language.formats
    if kind == "share":
        return formats.percent(value, 1)
    if kind == "points":
        return formats.points(value)
    if kind == "number":
        return formats.number(value, 3)
    if kind == "days":
        return formats.tenths(value)
    if kind == "money":
        return formats.money(*value)
    if kind == "day":
        return formats.day(value)
    if kind == "instant":
        return formats.instant(value)
    return formats.money(None, None) if value is None or value == "" else str(value)
