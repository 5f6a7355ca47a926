"""Past results around an opportunity: how its owner, account, source, product … have done.

A result counts from the instant at which it was recorded, and only strictly after it.
It counts as long as the opportunity stays closed: one that reopens takes its result back.
So an open opportunity never counts in its own rates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.history.history import History
from features.history.schema import CORRECTABLE
from features.instants import DAY, micros, micros_of
from features.outcomes import LOST, WON
from features.view import Ints, View

Words = NDArray[np.object_]

ENTITIES = ("owner", "account", "source", "product", "channel", "team")
EVERYTHING = "everything"
CURRENCY = "currency"

MICRO_LOG = 1_000_000
"""Logarithms of days and amounts are kept in whole millionths, so that their sums are exact."""


class Results(NamedTuple):
    """Closed opportunities and won ones, with sums of logarithms in millionths; shape (n,).

    ``log_days_to_win`` is the sum of log(1 + days to win). ``priced`` counts the closed of
    which an amount is known, ``log_amount`` is the sum of log(1 + amount) over them.
    """

    closed: Ints
    won: Ints
    log_days_to_win: Ints
    priced: Ints
    log_amount: Ints


class PastResults(Protocol):
    """What is known of past results at the instants of snapshots."""

    def of(self, entity: str, values: Words, as_of: Ints) -> Results:
        """Results of each value of an entity recorded strictly before each instant."""
        ...

    def recorded_days(self, as_of: Ints) -> NDArray[np.float64]:
        """Days since the first record, at each instant."""
        ...


def entity_values(view: View) -> dict[str, Words]:
    """Value of each entity for each snapshot, as known; None when unknown."""
    columns = {"account": "account_id", "source": "source", "product": "product", "channel": "channel", "team": "team"}
    values = {name: view.as_known(column) for name, column in columns.items()}
    currency = view.as_known("currency")
    # Amounts without a currency are of one currency, whatever it is.
    of_currency = {CURRENCY: np.where(currency == None, "", currency)}  # noqa: E711 - of each element
    return {EVERYTHING: np.full(len(view), "", dtype=object), "owner": view.owner, **values, **of_currency}


@dataclass(frozen=True)
class _Ledger:
    """Changes of one entity's results: by value, then by time, with running sums.

    ``place`` is value code × number of instants + place of the instant, ascending.
    """

    values: pd.Index
    place: Ints
    sums: Ints


@dataclass(frozen=True)
class RecordedResults:
    """Past results at any instant, from a whole history."""

    instants: Ints
    ledgers: Mapping[str, _Ledger]
    first: int

    def of(self, entity: str, values: Words, as_of: Ints) -> Results:
        """Results of each value recorded strictly before each instant."""
        ledger = self.ledgers[entity]
        code = ledger.values.get_indexer(pd.Index(values)).astype(np.int64)
        width = len(self.instants) + 1
        begin = np.searchsorted(ledger.place, code * width)
        end = np.searchsorted(ledger.place, code * width + np.searchsorted(self.instants, as_of))
        known = (ledger.sums[end] - ledger.sums[begin]) * (code >= 0)[:, None]
        return Results(*known.T)

    def recorded_days(self, as_of: Ints) -> NDArray[np.float64]:
        """Days since the first record, at each instant."""
        return (as_of - self.first) / DAY


def recorded_results(history: History) -> RecordedResults:
    """Collect the past results of a history."""
    changes, view = _changes(history)
    instants = np.unique(view.as_of)
    ledgers = {
        name: _ledger(values, view.as_of, view.opportunity, changes, instants)
        for name, values in entity_values(view).items()
    }
    recorded = micros(history.opportunities["recorded_at"])
    return RecordedResults(instants, ledgers, int(recorded.min()) if len(recorded) else 0)


def _changes(history: History) -> tuple[Ints, View]:
    """State of every opportunity after each record of a stage: closed, won, log days, priced, log amount.

    After each new value of a column too: from then on its result counts with that value.
    """
    told_anew = history.field_history["field"].isin(CORRECTABLE)
    records = [history.stage_history, history.field_history[told_anew]]
    told = pd.concat([frame[["opportunity_id", "recorded_at"]] for frame in records], ignore_index=True)
    index = pd.Index(history.opportunities["opportunity_id"])
    key, at = index.get_indexer(pd.Index(told["opportunity_id"])), micros(told["recorded_at"])
    # Nothing counts before the opportunity itself was told of.
    moments = pd.DataFrame({"key": key, "at": np.maximum(at, micros(history.opportunities["recorded_at"])[key])})
    moments = moments[moments["key"] >= 0].drop_duplicates().sort_values(["key", "at"])
    view = View(history, moments["key"].to_numpy(np.int64), moments["at"].to_numpy(np.int64))
    path = view.stage_path
    outcome = np.where(path.stage >= 0, view.stage_outcome[path.stage], 0)
    days = np.maximum(path.entered - view.created, 0) / DAY
    log_days = np.where(outcome == WON, np.round(np.log1p(days) * MICRO_LOG), 0).astype(np.int64)
    closed = np.isin(outcome, (WON, LOST))
    amount = view.path("amount").last
    priced = closed & (amount >= 0)
    log_amount = np.round(np.log1p(np.where(priced, amount, 0)) * MICRO_LOG).astype(np.int64)
    won = (outcome == WON).astype(np.int64)
    return np.stack([closed.astype(np.int64), won, log_days, priced.astype(np.int64), log_amount], axis=1), view


def _ledger(values: Words, at: Ints, key: Ints, state: Ints, instants: Ints) -> _Ledger:
    """Book each state with its value; take the state before back from the value it was booked with."""
    has_before = np.flatnonzero(key[1:] == key[:-1])
    booked = np.concatenate([values, values[has_before]])
    when = np.concatenate([at, at[has_before + 1]])
    change = np.concatenate([state, -state[has_before]])
    known = np.array([value is not None for value in booked], dtype=bool)
    index = pd.Index(sorted({str(value) for value in booked[known]}), dtype=object)
    code = index.get_indexer(pd.Index(booked[known])).astype(np.int64)
    place = code * (len(instants) + 1) + np.searchsorted(instants, when[known])
    order = np.argsort(place, kind="stable")
    sums = np.concatenate([np.zeros((1, state.shape[1]), np.int64), np.cumsum(change[known][order], axis=0)])
    return _Ledger(index, place[order], sums)


_NONE = (0,) * 5


@dataclass(frozen=True)
class FrozenResults:
    """Past results as known at one instant, for answers that cannot see the others' outcomes.

    ``tables`` has, by entity and value, what ``Results`` has, in the same order.
    """

    as_of: pd.Timestamp
    tables: Mapping[str, Mapping[str, tuple[int, ...]]]
    first: int

    def of(self, entity: str, values: Words, as_of: Ints) -> Results:
        """Results of each value as known at the frozen instant, whatever ``as_of`` is."""
        table = self.tables.get(entity, {})
        found = np.array([table.get(value, _NONE) for value in values], dtype=np.int64)
        return Results(*found.reshape(-1, len(_NONE)).T)

    def recorded_days(self, as_of: Ints) -> NDArray[np.float64]:
        """Days from the first record to the frozen instant."""
        return np.full(len(as_of), (micros_of(self.as_of) - self.first) / DAY)


def freeze(results: RecordedResults, as_of: pd.Timestamp) -> FrozenResults:
    """Keep what was known of past results strictly before an instant."""
    tables = {}
    for name, ledger in results.ledgers.items():
        values = ledger.values.to_numpy(dtype=object)
        found = results.of(name, values, np.full(len(values), micros_of(as_of)))
        rows = np.stack(found, axis=1).tolist()
        tables[name] = {str(v): tuple(row) for v, row in zip(values, rows, strict=True) if row[0]}
    return FrozenResults(as_of, tables, results.first)
