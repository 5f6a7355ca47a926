"""A segment: the opportunities that have one of some values in one column."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import SchemaError
from features.history.history import History
from features.history.schema import CORRECTABLE
from features.rows import Words
from features.view import View

Bools = NDArray[np.bool_]

COLUMNS = ("process", "product", "source", "channel", "team")
OF_ACCOUNT = ("region", "industry", "size")


@dataclass(frozen=True)
class Segment:
    """A column and the values that are in the segment, in order.

    Examples
    --------
    >>> segment = segment_of("product=suite,basic")
    >>> segment.name, segment.has({"product": "suite"}), segment.has({})
    ('product=basic,suite', True, False)
    """

    column: str
    values: tuple[str, ...]

    @property
    def name(self) -> str:
        """How it is written."""
        return f"{self.column}={','.join(self.values)}"

    @property
    def slug(self) -> str:
        """Name of its folder: readable, of plain letters, and no other's."""
        plain = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:40]
        return f"{plain}-{hashlib.sha256(self.name.encode()).hexdigest()[:8]}"

    def value_of(self, opportunity: Mapping[str, Any]) -> Any:
        """Value of the segment's column, None when unknown.

        Parameters
        ----------
        opportunity
            Its columns by name, its ``attributes`` by name, and its ``account`` with what is known of that.

        Examples
        --------
        >>> segment_of("region=north").value_of({"account": {"region": "south"}})
        'south'
        """
        parts = [opportunity, opportunity.get("attributes") or {}]
        if self.column in OF_ACCOUNT:
            parts.append(opportunity.get("account") or {})
        return next((part[self.column] for part in parts if self.column in part), None)

    def has(self, opportunity: Mapping[str, Any]) -> bool:
        """Tell whether an opportunity, as ``value_of`` takes it, is in the segment."""
        value = self.value_of(opportunity)
        return value is not None and str(value) in self.values

    def rows(self, history: History) -> Bools:
        """Tell of each opportunity of a history whether it is in the segment, shape (n,)."""
        found = segment_column(history, self.column)
        known = found.notna().to_numpy()
        return np.asarray(known & found.astype("str").isin(self.values).to_numpy())

    def snapshots(self, view: View) -> Bools:
        """Tell of each snapshot whether its opportunity was then known to be in the segment, shape (n,)."""
        if self.column in OF_ACCOUNT:
            return self._has_each(_facts_as_known(view, self.column))
        if self.column in CORRECTABLE:
            return self._has_each(view.as_known(self.column))
        return self.rows(view.history)[view.opportunity]

    def _has_each(self, values: Words) -> Bools:
        return np.array([not pd.isna(value) and str(value) in self.values for value in values], dtype=bool)


def segment_column(history: History, column: str) -> pd.Series:
    """Take the value by which segments are told apart, of each opportunity of a history, shape (n,).

    One of the account counts as first told: what was filled in later, perhaps when it was won,
    must not choose who is in.
    """
    rows = history.opportunities
    if column in rows:
        return rows[column]
    if column in OF_ACCOUNT:
        return rows["account_id"].map(accounts_as_first_told(history)[column])
    return pd.Series([None] * len(rows), index=rows.index, dtype=object)


def _facts_as_known(view: View, column: str) -> Words:
    """Value of a column of the account that each snapshot's opportunity was then known to be of."""
    facts = accounts_as_first_told(view.history)[column]
    account = pd.Series(view.as_known("account_id"), dtype=object)
    # Accounts that were merged since have their facts under the name kept.
    account = account.where(account.isin(facts.index), pd.Series(view.stated("account_id"), dtype=object))
    found: Words = account.map(facts).to_numpy(dtype=object)
    return found


def accounts_as_first_told(history: History) -> pd.DataFrame:
    """List what was told first of each account: ``region``, ``industry`` and ``size`` by id."""
    told = history.accounts.sort_values("recorded_at", kind="stable").drop_duplicates("account_id")
    return told.set_index("account_id")[list(OF_ACCOUNT)]


def segment_of(text: str, history: History | None = None) -> Segment:
    """Read a segment as it is written: ``column=value`` or ``column=value,value``.

    Parameters
    ----------
    history
        When given, the column must be one of it: one of ours, or a category of the customer's own
        that is measured at creation. A value that comes to be known later would tell the future.

    Raises
    ------
    SchemaError
        It is not written so, or there is no such column or value.
    """
    column, sign, listed = text.partition("=")
    values = tuple(sorted({value.strip() for value in listed.split(",")} - {""}))
    if not sign or not values:
        raise SchemaError(f"the segment {text!r}", "column=value, or column=value,value", "write it so")
    segment = Segment(column.strip(), values)
    if history is not None:
        _check(segment, history)
    return segment


def _check(segment: Segment, history: History) -> None:
    own = [a.name for a in history.attributes.values() if a.type == "category" and a.measured == "creation"]
    columns = [*COLUMNS, *OF_ACCOUNT, *own]
    if segment.column not in columns:
        raise SchemaError(
            f"the segment column {segment.column!r}", f"one of {', '.join(columns)}", _advice(segment.column, columns)
        )
    for value in segment.values:
        if not Segment(segment.column, (value,)).rows(history).any():
            known = _values(segment.column, history)
            raise SchemaError(
                f"no opportunity with {segment.column}={value}",
                f"one of {', '.join(known[:20])}" if known else f"a history that records {segment.column}",
                _advice(value, known),
            )


def _values(column: str, history: History) -> list[str]:
    frame = history.accounts if column in OF_ACCOUNT else history.opportunities
    counts: pd.Series = frame[column].dropna().astype("str").value_counts()
    return [str(value) for value in counts.index]


def _advice(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else "correct the name"
