"""The columns of a history: what each says of every opportunity, and when that was recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.history.history import Attribute, History
from features.history.schema import CORRECTABLE, TABLES
from features.history.told_columns import as_first_told
from features.instants import DAY, micros
from training.audit_ends import Ends

Ints = NDArray[np.int64]

Timing = Literal["creation", "close", "unknown", "dated"]

KNOWN_WITH_THE_OUTCOME = ("lost_reason",)
"""Standard fields that by their meaning are told with the outcome; no feature is made of them."""

_IDENTIFIER = "opportunity_id"
_NOT_COLUMNS = (_IDENTIFIER, "process", "created_at", "recorded_at")
_DATES = r"\d{4}-\d{2}-\d{2}(?:[T ].*)?"
_ALMOST_ALL = 0.95


@dataclass(frozen=True)
class Events:
    """Rows of a dated column: opportunity, and the two instants in microseconds; shape (m,)."""

    opportunity: Ints
    occurred: Ints
    recorded: Ints


@dataclass(frozen=True)
class Column:
    """One column to be audited.

    Parameters
    ----------
    name, table
        What it is called, and where it stands.
    names
        Further names by language.
    measured
        When its value is measured: at creation, at the close, unknown; ``dated`` when each
        value has its own instants.
    declared
        Whether the mapping (or the schema) says so.
    kind
        ``numeric``, ``category`` or ``date``.
    before
        Value of each opportunity before its outcome: NaN or None when missing. Dates are in
        days since the opportunity's creation. Shape (n,).
    at_end
        The last value known, whatever it knows: what an export without dates shows. Dates
        are in days since 1970.
    events
        Rows of a dated column; None for a column without dates.
    """

    name: str
    table: str
    names: tuple[str, ...]
    measured: Timing
    declared: bool
    kind: Literal["numeric", "category", "date"]
    before: pd.Series
    at_end: pd.Series
    events: Events | None = None

    @property
    def identifies(self) -> bool:
        """Whether it is the key of the opportunities."""
        return self.table == "opportunities" and self.name == _IDENTIFIER


def columns_of(history: History, ends: Ends) -> list[Column]:
    """List what a history says of opportunities: its columns, dated fields, kinds of activity."""
    return [*static_columns(history), *field_columns(history, ends), *_activities(history, ends)]


def static_columns(history: History) -> list[Column]:
    """List the columns of the table of opportunities: standard ones, attributes, and others."""
    rows = _as_first_told(history)
    standard = [c.name for c in TABLES["opportunities"].columns if c.name not in _NOT_COLUMNS]
    found = [_standard(rows, name) for name in (_IDENTIFIER, *standard) if rows[name].notna().any()]
    found += [_attribute(rows, attribute) for attribute in history.attributes.values() if attribute.name in rows]
    others = [c for c in rows.columns if c not in TABLES["opportunities"].column_names and c not in history.attributes]
    return found + [_undeclared(rows, name) for name in others]


def _as_first_told(history: History) -> pd.DataFrame:
    """Columns that were told anew have their first value; what was told later is dated."""
    told = history.field_history[history.field_history["field"].isin(CORRECTABLE)]
    return as_first_told(history.opportunities, told)


def _standard(rows: pd.DataFrame, name: str) -> Column:
    kind, values = typed(rows[name]) if name == _IDENTIFIER else ("category", _words(rows[name]))
    return Column(name, "opportunities", (name,), "creation", True, kind, _since(rows, kind, values), values)


def _attribute(rows: pd.DataFrame, attribute: Attribute) -> Column:
    kind, values = _typed_as(rows[attribute.name], attribute.type)
    names = (attribute.name, *attribute.names.values())
    before = _since(rows, kind, values)
    return Column(attribute.name, "opportunities", names, attribute.measured, True, kind, before, values)


def _undeclared(rows: pd.DataFrame, name: str) -> Column:
    kind, values = typed(rows[name])
    return Column(name, "opportunities", (name,), "unknown", False, kind, _since(rows, kind, values), values)


def _since(rows: pd.DataFrame, kind: str, values: pd.Series) -> pd.Series:
    return values - micros(rows["created_at"]) / DAY if kind == "date" else values


def field_columns(history: History, ends: Ends, names: Collection[str] | None = None) -> Iterator[Column]:
    """List the dated fields; all of them when no names are given."""
    frame = history.field_history if names is None else history.field_history.query("field in @names")
    frame = frame[~frame["field"].isin(CORRECTABLE)]
    index = pd.Index(history.opportunities["opportunity_id"])
    for name, rows in frame.groupby("field", sort=True):
        events = _events(rows, index)
        known = events.opportunity >= 0
        closed = ends.closed[events.opportunity]
        early = known & (events.recorded < closed) & (events.occurred < closed)
        kind, values = typed(rows["value"].reset_index(drop=True))
        size = len(ends.outcome)
        before, at_end = (_last(values, events, chosen, size) for chosen in (early, known))
        if kind == "date":
            before = before - ends.created / DAY
        measured: Timing = "close" if name in KNOWN_WITH_THE_OUTCOME else "dated"
        kept = Events(events.opportunity[known], events.occurred[known], events.recorded[known])
        yield Column(str(name), "field_history", (str(name),), measured, True, kind, before, at_end, kept)


def _activities(history: History, ends: Ends) -> Iterator[Column]:
    frame = history.activities[~history.activities["planned"] & history.activities["opportunity_id"].notna()]
    index = pd.Index(history.opportunities["opportunity_id"])
    for kind, rows in frame.groupby("kind", sort=True):
        events = _events(rows, index)
        known = events.opportunity >= 0
        events = Events(events.opportunity[known], events.occurred[known], events.recorded[known])
        early = np.maximum(events.recorded, events.occurred) < ends.closed[events.opportunity]
        before, at_end = (
            _counts(events.opportunity[chosen], len(ends.outcome)) for chosen in (early, np.ones(len(early), bool))
        )
        yield Column(str(kind), "activities", (str(kind),), "dated", True, "numeric", before, at_end, events)


def _events(rows: pd.DataFrame, index: pd.Index) -> Events:
    opportunity = index.get_indexer(pd.Index(rows["opportunity_id"])).astype(np.int64)
    return Events(opportunity, micros(rows["occurred_at"]), micros(rows["recorded_at"]))


def _last(values: pd.Series, events: Events, chosen: NDArray[np.bool_], size: int) -> pd.Series:
    """Last of the chosen values of each opportunity, in the order in which they held."""
    rows = np.flatnonzero(chosen)
    rows = rows[np.lexsort((events.recorded[rows], events.occurred[rows]))]
    last = pd.Series(values.to_numpy()[rows], index=events.opportunity[rows], dtype=values.dtype)
    return last[~last.index.duplicated(keep="last")].reindex(range(size)).reset_index(drop=True)


def _counts(opportunity: Ints, size: int) -> pd.Series:
    """How many each opportunity has; none is missing, so that coverage says who has any."""
    count = np.bincount(opportunity, minlength=size).astype(np.float64)
    return pd.Series(np.where(count > 0, count, np.nan))


def typed(values: pd.Series) -> tuple[Literal["numeric", "category", "date"], pd.Series]:
    """Read a column as numbers or dates where almost all of it can be, else as words.

    Examples
    --------
    >>> typed(pd.Series(["3", None, "4.5"]))[1].tolist()
    [3.0, nan, 4.5]
    >>> typed(pd.Series(["2026-01-02", "2026-01-03"]))[0]
    'date'
    """
    filled = values.notna().sum()
    numbers = pd.to_numeric(values, errors="coerce").astype(np.float64)
    if filled and numbers.notna().sum() >= _ALMOST_ALL * filled:
        return "numeric", numbers
    words = _words(values)
    if filled and words.str.fullmatch(_DATES).fillna(False).sum() >= _ALMOST_ALL * filled:
        dates = pd.to_datetime(words, errors="coerce", utc=True, format="ISO8601")
        return "date", pd.Series(np.where(dates.isna(), np.nan, micros(dates) / DAY))
    return "category", words


def _typed_as(values: pd.Series, type_: str) -> tuple[Literal["numeric", "category", "date"], pd.Series]:
    if type_ == "numeric":
        return "numeric", pd.to_numeric(values, errors="coerce").astype(np.float64)
    kind, read = typed(values)
    return ("date", read) if kind == "date" else ("category", _words(values))


def _words(values: pd.Series) -> pd.Series:
    return values.astype(object).where(values.notna(), None).map(str, na_action="ignore").astype("str")
