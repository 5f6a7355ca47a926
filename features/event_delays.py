"""Times from one event to another, and to the next one, as known at each snapshot; by the window engine's loops."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features import window_kernels as kernels
from features.compiled import Ints, spread
from features.event_groups import GroupedEvents
from features.windows import parts_read, snapshots_in_order


def mean_delay(
    events: GroupedEvents, key: npt.ArrayLike, as_of: npt.ArrayLike, *, n_kinds: int, asked: int, answered: int
) -> npt.NDArray[np.float64]:
    """Mean time from the last event of one kind before one of another to that one, microseconds, shape (n,).

    Each event of the first kind is answered at most once, and never by one of its own instant.
    NaN without a pair. Sums are of whole microseconds, so that they are exact in any order.
    Other parameters and errors are those of :func:`features.windows.window_aggregates`.

    Examples
    --------
    >>> from features.event_groups import group_events
    >>> events = group_events([0] * 3, [10, 14, 30], [10, 14, 30], n_groups=1, kind=[0, 1, 1])
    >>> mean_delay(events, [0, 0], [12, 50], n_kinds=2, asked=0, answered=1)
    array([nan,  4.])
    """
    order, keys, instants = snapshots_in_order(events, key, as_of, n_kinds)
    delay, pairs = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
    spread(kernels.sum_delays, len(keys), *parts_read(events), order, keys, instants, asked, answered, delay, pairs)
    return np.where(pairs > 0, delay / np.maximum(pairs, 1), np.nan)


def next_event(events: GroupedEvents, key: npt.ArrayLike, as_of: npt.ArrayLike, *, n_kinds: int, kind: int) -> Ints:
    """Time to the next event of a kind, known and not yet happened, microseconds, shape (n,); -1 if there is none.

    Other parameters and errors are those of :func:`features.windows.window_aggregates`.

    Examples
    --------
    >>> from features.event_groups import group_events
    >>> plan = group_events([0], [50], [10], n_groups=1, superseded=[40])
    >>> next_event(plan, [0, 0, 0], [5, 20, 45], n_kinds=1, kind=0)
    array([-1, 30, -1])
    """
    order, keys, instants = snapshots_in_order(events, key, as_of, n_kinds)
    ahead = np.full(len(keys), -1, np.int64)
    spread(kernels.find_next, len(keys), *parts_read(events), order, keys, instants, kind, ahead)
    return ahead
