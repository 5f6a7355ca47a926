"""As-of window aggregates: one code path for one opportunity and for ten million events.

An event counts for a snapshot if it had been recorded (``recorded <= as_of``), no other
record had replaced it (``as_of < superseded``) and it had happened (``occurred <= as_of``).
It lies in a window of width ``w`` if ``occurred > as_of - w``. All instants and widths are
whole microseconds, UTC.

Results are the same bit for bit for one snapshot and for a batch, for any number of
threads and for any order of the events; only among records of one kind with the same two
instants does :func:`last_known` take the later row. Loops are compiled once
and kept on disk (see ``features/compiled.py``); :func:`compile_kernels` does it ahead of
time, so that the first request does not wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from features import window_kernels as kernels
from features.compiled import Ints, column, spread
from features.errors import DataError
from features.event_groups import NEVER, GroupedEvents, group_events, rows_by_key

__all__ = [
    "EVER",
    "NEVER",
    "GroupedEvents",
    "WindowAggregates",
    "compile_kernels",
    "decayed_intensity",
    "distinct_codes",
    "distinct_days",
    "group_events",
    "last_known",
    "window_aggregates",
]

EVER = int(np.iinfo(np.int64).max)
"""The width of the window without a beginning."""

Counts = npt.NDArray[np.int32]


@dataclass(frozen=True)
class WindowAggregates:
    """What :func:`window_aggregates` found, per snapshot and kind.

    Parameters
    ----------
    count
        Number of events, ``[snapshot, kind, window]``; 0 if none.
    total
        Sum of their values, ``[snapshot, kind, window]``; 0 if none.
    first, last
        Instants of the first and last event, ``[snapshot, kind]``; ``NEVER`` if none.
    """

    count: Ints
    total: Ints
    first: Ints
    last: Ints


def window_aggregates(
    events: GroupedEvents,
    key: npt.ArrayLike,
    as_of: npt.ArrayLike,
    *,
    n_kinds: int,
    windows: Sequence[int],
    whole_past: bool = True,
) -> WindowAggregates:
    """Count and sum the events of each kind in each window, as known at each snapshot.

    Parameters
    ----------
    events
        The grouped events.
    key
        Group of each snapshot; -1 for none: counts 0, instants ``NEVER``.
    as_of
        Instant of each snapshot, microseconds, UTC.
    n_kinds
        Number of kinds.
    windows
        Widths in microseconds, ascending; the last may be ``EVER``.
    whole_past
        Whether ``first`` and ``last`` look beyond the widest window. Without it the walk
        ends at that window, which saves much where groups are large and windows bounded.

    Raises
    ------
    DataError
        A key, a kind or the windows out of range.

    Examples
    --------
    >>> events = group_events([0, 0, 0], [10, 20, 30], [10, 25, 30], n_groups=1, value=[5, 6, 7])
    >>> found = window_aggregates(events, [0, 0, -1], [24, 30, 30], n_kinds=1, windows=[11, EVER])
    >>> found.count[:, 0].tolist(), found.total[:, 0].tolist(), found.last[:2, 0].tolist()
    ([[0, 1], [2, 3], [0, 0]], [[0, 5], [13, 18], [0, 0]], [10, 30])
    """
    order, keys, instants = snapshots_in_order(events, key, as_of, n_kinds)
    widths = _widths(windows)
    width = len(widths)
    found = np.empty((len(keys), n_kinds, 2 * width + 2), np.int64)
    spread(
        kernels.aggregate,
        len(keys),
        *parts_read(events),
        events.value_at,
        order,
        keys,
        instants,
        widths,
        whole_past,
        found,
    )
    return WindowAggregates(found[:, :, :width], found[:, :, width:-2], found[:, :, -2], found[:, :, -1])


def distinct_days(
    events: GroupedEvents,
    key: npt.ArrayLike,
    as_of: npt.ArrayLike,
    *,
    n_kinds: int,
    windows: Sequence[int],
    kinds: Sequence[int] | None = None,
) -> Counts:
    """Count the UTC days with an event of each kind in each window: ``[snapshot, kind, window]``.

    ``kinds`` are those looked at, in the order of the result; all when None. Other parameters
    and errors are those of :func:`window_aggregates`.

    Examples
    --------
    >>> hour = 3_600_000_000
    >>> events = group_events([0] * 3, [1 * hour, 23 * hour, 25 * hour], [0] * 3, n_groups=1)
    >>> distinct_days(events, [0], [30 * hour], n_kinds=1, windows=[6 * hour, EVER]).tolist()
    [[[1, 2]]]
    """
    order, keys, instants = snapshots_in_order(events, key, as_of, n_kinds)
    widths = _widths(windows)
    place, n_places = _places(kinds, n_kinds)
    days = np.zeros((len(keys), n_places, len(widths)), np.int32)
    spread(kernels.count_days, len(keys), *parts_read(events), order, keys, instants, widths, place, days)
    return days


def distinct_codes(
    events: GroupedEvents,
    key: npt.ArrayLike,
    as_of: npt.ArrayLike,
    *,
    n_kinds: int,
    windows: Sequence[int],
    kinds: Sequence[int] | None = None,
) -> Counts:
    """Count the distinct codes, such as topics, of each kind in each window: ``[snapshot, kind, window]``.

    Exact for any number of codes. Events without a code (-1) do not count. Codes should be
    dense: each thread keeps the number of kinds times the largest code in numbers. Parameters and
    errors are those of :func:`distinct_days`.

    Examples
    --------
    >>> events = group_events([0] * 4, [10, 20, 30, 40], [0] * 4, n_groups=1, code=[3, 1, 3, -1])
    >>> distinct_codes(events, [0], [40], n_kinds=1, windows=[15, EVER]).tolist()
    [[[1, 2]]]
    """
    order, keys, instants = snapshots_in_order(events, key, as_of, n_kinds)
    widths = _widths(windows)
    place, n_places = _places(kinds, n_kinds)
    codes = np.zeros((len(keys), n_places, len(widths)), np.int32)
    if events.code_at >= 0 and len(events.table):
        read = (
            *parts_read(events),
            events.code_at,
            order,
            keys,
            instants,
            widths,
            place,
            int(events.table[:, events.code_at].max()) + 1,
        )
        spread(kernels.count_codes, len(keys), *read, codes)
    return codes


def decayed_intensity(
    events: GroupedEvents,
    key: npt.ArrayLike,
    as_of: npt.ArrayLike,
    *,
    n_kinds: int,
    half_life: int,
    kinds: Sequence[int] | None = None,
) -> npt.NDArray[np.float64]:
    """Sum ``2 ** (-age / half_life)`` over the events of each kind: ``[snapshot, kind]``.

    An event of this instant weighs 1, one that is a half-life old 0.5; 0 if there are none.
    ``half_life`` is in microseconds. Other parameters and errors are those of
    :func:`distinct_days`.

    Examples
    --------
    >>> events = group_events([0, 0], [10, 20], [10, 20], n_groups=1)
    >>> decayed_intensity(events, [0], [20], n_kinds=1, half_life=10).tolist()
    [[1.5]]
    """
    if half_life <= 0:
        raise DataError(f"a half-life of {half_life}", "more than 0 microseconds", "correct the half-life")
    order, keys, instants = snapshots_in_order(events, key, as_of, n_kinds)
    place, n_places = _places(kinds, n_kinds)
    intensity = np.zeros((len(keys), n_places))
    spread(kernels.decay, len(keys), *parts_read(events), order, keys, instants, place, float(half_life), intensity)
    return intensity


def last_known(events: GroupedEvents, key: npt.ArrayLike, as_of: npt.ArrayLike, *, n_kinds: int) -> Ints:
    """Find the last event of each kind, as the row in the caller's arrays: ``[snapshot, kind]``.

    Last by ``(occurred, recorded, row)``; -1 if there is none. Parameters and errors are
    those of :func:`window_aggregates`.

    Examples
    --------
    >>> events = group_events([0, 0], [10, 20], [10, 99], n_groups=1)
    >>> last_known(events, [0, 0, -1], [50, 99, 99], n_kinds=1)[:, 0].tolist()
    [0, 1, -1]
    """
    order, keys, instants = snapshots_in_order(events, key, as_of, n_kinds)
    found = np.full((len(keys), n_kinds), -1, np.int64)
    spread(kernels.find_last, len(keys), *parts_read(events), order, keys, instants, found)
    return found


def compile_kernels() -> None:
    """Compile every loop, or load it from disk, by one tiny call of each.

    Examples
    --------
    >>> compile_kernels()
    """
    events = group_events([0], [0], [0], n_groups=1, value=[1], code=[0], superseded=[EVER])
    window_aggregates(events, [0], [0], n_kinds=1, windows=[EVER])
    distinct_days(events, [0], [0], n_kinds=1, windows=[EVER])
    distinct_codes(events, [0], [0], n_kinds=1, windows=[EVER])
    decayed_intensity(events, [0], [0], n_kinds=1, half_life=1)
    last_known(events, [0], [0], n_kinds=1)


def parts_read(events: GroupedEvents) -> tuple[Ints, Ints, int]:
    """Give what every loop reads of grouped events."""
    return events.starts, events.table, events.superseded_at


def snapshots_in_order(
    events: GroupedEvents, key: npt.ArrayLike, as_of: npt.ArrayLike, n_kinds: int
) -> tuple[Ints, Ints, Ints]:
    """Check the snapshots asked for; give the order in which to visit them, their groups and their instants."""
    keys, instants = column(key), column(as_of)
    n_groups = len(events.starts) - 1
    if len(keys) != len(instants):
        raise DataError(f"{len(keys)} keys and {len(instants)} instants", "one of each per snapshot", "correct them")
    lowest, highest, kind = kernels.extremes(keys, events.table)
    if lowest < -1 or highest >= n_groups:
        raise DataError(f"keys from {lowest} to {highest}", f"-1 to {n_groups - 1}", "correct the keys")
    if kind >= n_kinds:
        raise DataError(f"the event kind {kind}", f"codes below {n_kinds}", "raise n_kinds")
    return rows_by_key(keys, n_groups), keys, instants


def _places(kinds: Sequence[int] | None, n_kinds: int) -> tuple[Ints, int]:
    """Column of the result for each kind, -1 for none, and the number of columns."""
    wanted = range(n_kinds) if kinds is None else kinds
    place = np.full(n_kinds, -1, np.int64)
    place[wanted] = range(len(wanted))
    return column(place), len(wanted)


def _widths(windows: Sequence[int]) -> Ints:
    return _checked_widths(tuple(windows))


@lru_cache(maxsize=64)
def _checked_widths(windows: tuple[int, ...]) -> Ints:
    if not windows or windows[0] <= 0 or any(a >= b for a, b in pairwise(windows)):
        raise DataError(f"the windows {list(windows)}", "ascending widths above 0", "sort and correct them")
    return column(windows)
