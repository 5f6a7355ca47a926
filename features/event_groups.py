"""Events grouped by key and ordered by time: what the window engine reads.

Counting sort by key, then each group is ordered by ``(occurred, recorded, row)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from features.compiled import SMALL, Ints, column, compiled, spread, threads
from features.errors import DataError

NEVER = int(np.iinfo(np.int64).min)
"""The instant that stands for none. It is also what pandas calls NaT."""

OCCURRED, RECORDED, KIND, ROW = range(4)  # columns of the table of events

_NONE = column([])
_INSERTION = 64  # groups up to this size are ordered by insertion, which is faster there


@dataclass(frozen=True)
class GroupedEvents:
    """Events in groups, each ordered by ``(occurred, recorded, row)``. All arrays are read-only.

    An event is one row of ``table``, so that grouping moves it once and a walk through a
    group reads memory in order. The properties are views of its columns.

    Parameters
    ----------
    starts
        Group ``g`` is at positions ``starts[g]`` to ``starts[g + 1]``.
    table
        Whole numbers, ``[event, column]``.
    value_at, superseded_at, code_at
        The columns that hold them; -1 for a column that was not given.
    """

    starts: Ints
    table: Ints
    value_at: int = -1
    superseded_at: int = -1
    code_at: int = -1

    @property
    def occurred(self) -> Ints:
        """When it happened: microseconds since 1970, UTC."""
        return self.table[:, OCCURRED]

    @property
    def recorded(self) -> Ints:
        """When it was recorded: microseconds since 1970, UTC."""
        return self.table[:, RECORDED]

    @property
    def kind(self) -> Ints:
        """Code of the kind, from 0."""
        return self.table[:, KIND]

    @property
    def row(self) -> Ints:
        """Position in the caller's arrays."""
        return self.table[:, ROW]


def group_events(
    key: npt.ArrayLike,
    occurred: npt.ArrayLike,
    recorded: npt.ArrayLike,
    *,
    n_groups: int,
    kind: npt.ArrayLike | None = None,
    value: npt.ArrayLike | None = None,
    code: npt.ArrayLike | None = None,
    superseded: npt.ArrayLike | None = None,
) -> GroupedEvents:
    """Group events by key and order each group by time.

    Parameters
    ----------
    key
        Group of each event, 0 to ``n_groups - 1``; -1 leaves the event out.
    occurred, recorded
        Instants in microseconds since 1970, UTC.
    n_groups
        Number of groups; a group may be empty.
    kind
        Code of the kind, from 0; all 0 when not given.
    value
        Quantity in whole units; all 0 when not given.
    code
        Small category code, -1 for none; all -1 when not given.
    superseded
        Instant from which another record replaces this one, the largest int64 if never.

    Raises
    ------
    DataError
        A key or kind out of range, a missing instant, or columns of unequal length.

    Examples
    --------
    >>> events = group_events([1, 0, 1], [30, 20, 10], [30, 20, 10], n_groups=2)
    >>> events.starts.tolist(), events.occurred.tolist(), events.row.tolist()
    ([0, 1, 3], [20, 10, 30], [1, 2, 0])
    """
    keys, happened, told = column(key), column(occurred), column(recorded)
    kinds = column(np.zeros(len(keys), np.int64) if kind is None else kind)
    further = [_NONE if given is None else column(given) for given in (value, superseded, code)]
    _check_events(keys, happened, told, kinds, further, n_groups)
    at = list(accumulate((len(given) > 0 for given in further), initial=ROW))[1:]
    starts = _count_keys(keys, n_groups)
    table = np.empty((starts[-1], at[-1] + 1), np.int64)
    read = (keys, happened, told, kinds, *further, starts[:-1].copy())
    # Every part reads all keys, so more parts than threads would be waste.
    spread(_place, n_groups, *read, table, parts=min(_parts(len(keys)), threads()))
    spread(_order_by_time, n_groups, starts, table, parts=_parts(len(table)))
    table.flags.writeable = False
    places = (place if len(given) else -1 for place, given in zip(at, further, strict=True))
    return GroupedEvents(column(starts), table, *places)


def rows_by_key(key: Ints, n_groups: int) -> Ints:
    """Return the rows in the order of their keys, -1 first; few rows stay as they are.

    To visit snapshots in this order is to read each group of events once.

    Examples
    --------
    >>> rows_by_key(column([1, 0]), 2).tolist()
    [0, 1]
    """
    if len(key) <= SMALL:
        return column(np.arange(len(key)))
    shifted = column(key + 1)
    order = np.empty_like(shifted)
    free = _count_keys(shifted, n_groups + 1)
    spread(_place_rows, n_groups + 1, shifted, free, order, parts=min(_parts(len(key)), threads()))
    return column(order)


def _count_keys(key: Ints, n_groups: int) -> Ints:
    starts = np.zeros(n_groups + 1, np.int64)
    _count(key, starts)
    np.cumsum(starts, out=starts)
    return starts


def _check_events(key: Ints, occurred: Ints, recorded: Ints, kind: Ints, further: list[Ints], n_groups: int) -> None:
    lengths = {len(given) for given in further} - {0}
    if not {len(key), len(occurred), len(recorded), len(kind)} | lengths == {len(key)}:
        raise DataError("event columns of unequal length", "one entry per event in each", "correct the columns")
    if not len(key):
        return
    lowest, highest, kind_of_least, first = _extremes(key, occurred, recorded, kind)
    if lowest < -1 or highest >= n_groups:
        raise DataError(f"event keys from {lowest} to {highest}", f"-1 to {n_groups - 1}", "correct the keys")
    if kind_of_least < 0:
        raise DataError(f"the event kind {kind_of_least}", "codes from 0", "leave out events of unknown kind")
    if first == NEVER:
        raise DataError("an event without an instant", "occurred and recorded for each", "leave such events out")


@compiled
def _extremes(key: Ints, occurred: Ints, recorded: Ints, kind: Ints) -> tuple[int, int, int, int]:
    """Least and greatest key, least kind, and least instant."""
    lowest, highest, least, first = key[0], key[0], kind[0], occurred[0]
    for i in range(len(key)):
        lowest, highest = min(lowest, key[i]), max(highest, key[i])
        least, first = min(least, kind[i]), min(first, occurred[i], recorded[i])
    return lowest, highest, least, first


def _parts(events: int) -> int:
    return max(1, min(events // SMALL, 8 * threads()))


@compiled
def _count(key: Ints, starts: Ints) -> None:
    for i in range(len(key)):
        if key[i] >= 0:
            starts[key[i] + 1] += 1


@compiled
def _place(
    low: int,
    high: int,
    key: Ints,
    occurred: Ints,
    recorded: Ints,
    kind: Ints,
    value: Ints,
    superseded: Ints,
    code: Ints,
    free: Ints,
    table: Ints,
) -> None:
    for i in range(len(key)):
        group = key[i]
        if low <= group < high:
            place = free[group]
            free[group] += 1
            table[place, 0], table[place, 1], table[place, 2], table[place, 3] = occurred[i], recorded[i], kind[i], i
            at = 4
            if len(value):
                table[place, at] = value[i]
                at += 1
            if len(superseded):
                table[place, at] = superseded[i]
                at += 1
            if len(code):
                table[place, at] = code[i]


@compiled
def _is_in_order(table: Ints, start: int, stop: int) -> bool:
    for i in range(start + 1, stop):
        before, here = table[i - 1, OCCURRED], table[i, OCCURRED]
        if before > here or (before == here and table[i - 1, RECORDED] > table[i, RECORDED]):
            return False
    return True


@compiled
def _order_by_time(low: int, high: int, starts: Ints, table: Ints) -> None:
    small = np.empty((_INSERTION, table.shape[1]), np.int64)
    places = np.empty(_INSERTION, np.int64)
    for group in range(low, high):
        start, size = starts[group], starts[group + 1] - starts[group]
        if _is_in_order(table, start, start + size):
            continue
        if size > _INSERTION:  # two stable sorts, the last by the leading key
            for at in (RECORDED, OCCURRED):
                rows = table[start : start + size].copy()
                order = np.argsort(rows[:, at].copy(), kind="mergesort")
                for i in range(size):
                    table[start + i] = rows[order[i]]
            continue
        for i in range(size):
            for c in range(table.shape[1]):
                small[i, c] = table[start + i, c]
            j = i
            while j > 0 and (
                small[places[j - 1], OCCURRED] > small[i, OCCURRED]
                or (
                    small[places[j - 1], OCCURRED] == small[i, OCCURRED]
                    and small[places[j - 1], RECORDED] > small[i, RECORDED]
                )
            ):
                places[j] = places[j - 1]
                j -= 1
            places[j] = i
        for i in range(size):
            for c in range(table.shape[1]):
                table[start + i, c] = small[places[i], c]


@compiled
def _place_rows(low: int, high: int, key: Ints, free: Ints, order: Ints) -> None:
    for i in range(len(key)):
        if low <= key[i] < high:
            order[free[key[i]]] = i
            free[key[i]] += 1
