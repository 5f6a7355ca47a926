"""The compiled loops of the window engine, one pass per snapshot.

``place`` is the column of each kind, -1 for a kind that is not looked at.

All read the same way: find the group's last event that has happened by ``as_of``, walk
back in time, and skip what was not known. Ages only grow on the way, so the narrowest
window that holds an event only moves outwards; each event is put into that window alone
and the windows are summed outwards at the end.

They stand in one file because numba does not notice when a loop called from another
file has changed, and would go on using what it kept on disk.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.compiled import Ints, compiled
from features.event_groups import KIND, NEVER, OCCURRED, RECORDED, ROW

_DAY = 86_400_000_000
_FORGOTTEN = 1100.0  # half-lives after which a weight is exactly zero in float64


@compiled
def _last_happened(table: Ints, start: int, stop: int, now: int) -> int:
    while start < stop:
        middle = (start + stop) // 2
        if table[middle, OCCURRED] <= now:
            start = middle + 1
        else:
            stop = middle
    return start - 1


@compiled
def _known(table: Ints, superseded_at: int, i: int, now: int) -> bool:
    return table[i, RECORDED] <= now and (superseded_at < 0 or now < table[i, superseded_at])


@compiled
def extremes(key: Ints, table: Ints) -> tuple[np.int64, np.int64, np.int64]:
    """Least and greatest key, and greatest kind; 0 and -1 where there are none."""
    lowest, highest, kind = np.int64(0), np.int64(-1), np.int64(-1)
    if len(key):
        lowest, highest = key[0], key[0]
    for i in range(len(key)):
        lowest, highest = min(lowest, key[i]), max(highest, key[i])
    for i in range(len(table)):
        kind = max(kind, table[i, KIND])
    return lowest, highest, kind


@compiled
def aggregate(
    low: int,
    high: int,
    starts: Ints,
    table: Ints,
    superseded_at: int,
    value_at: int,
    order: Ints,
    key: Ints,
    as_of: Ints,
    windows: Ints,
    whole_past: bool,
    found: Ints,
) -> None:
    """Count and sum per window, and the first and last instants, each kind one row of ``found``.

    A row holds the counts, the totals, first and last, so that a snapshot is written to one place.
    """
    n_kinds, n_windows = found.shape[1], len(windows)
    first, last = 2 * n_windows, 2 * n_windows + 1
    for s in order[low:high]:
        for k in range(n_kinds):
            for column in range(first):
                found[s, k, column] = 0
            found[s, k, first], found[s, k, last] = NEVER, NEVER
        if key[s] < 0:
            continue
        now, start, stop = as_of[s], starts[key[s]], starts[key[s] + 1]
        window = 0
        for i in range(_last_happened(table, start, stop, now), start - 1, -1):
            occurred, k = table[i, OCCURRED], table[i, KIND]
            while window < n_windows and now - occurred >= windows[window]:
                window += 1
            if window == n_windows and not whole_past:
                break
            if not _known(table, superseded_at, i, now):
                continue
            if found[s, k, last] == NEVER:
                found[s, k, last] = occurred
            found[s, k, first] = occurred
            if window < n_windows:
                found[s, k, window] += 1
                if value_at >= 0:
                    found[s, k, n_windows + window] += table[i, value_at]
        for k in range(n_kinds):
            for w in range(1, n_windows):
                found[s, k, w] += found[s, k, w - 1]
                found[s, k, n_windows + w] += found[s, k, n_windows + w - 1]


@compiled
def count_days(
    low: int,
    high: int,
    starts: Ints,
    table: Ints,
    superseded_at: int,
    order: Ints,
    key: Ints,
    as_of: Ints,
    windows: Ints,
    place: Ints,
    count: npt.NDArray[np.int32],
) -> None:
    """Count distinct days: walking back, a day is new when it differs from the one before."""
    n_windows, n_kinds = len(windows), count.shape[1]
    day_seen = np.empty(n_kinds, np.int64)
    for s in order[low:high]:
        if key[s] < 0:
            continue
        now, start, stop = as_of[s], starts[key[s]], starts[key[s] + 1]
        day_seen[:] = NEVER
        window = 0
        for i in range(_last_happened(table, start, stop, now), start - 1, -1):
            while window < n_windows and now - table[i, OCCURRED] >= windows[window]:
                window += 1
            if window == n_windows:
                break
            k = place[table[i, KIND]]
            if k < 0 or not _known(table, superseded_at, i, now):
                continue
            day = table[i, OCCURRED] // _DAY
            if day != day_seen[k]:
                day_seen[k] = day
                count[s, k, window] += 1
        for k in range(n_kinds):
            for w in range(1, n_windows):
                count[s, k, w] += count[s, k, w - 1]


@compiled
def count_codes(
    low: int,
    high: int,
    starts: Ints,
    table: Ints,
    superseded_at: int,
    code_at: int,
    order: Ints,
    key: Ints,
    as_of: Ints,
    windows: Ints,
    place: Ints,
    n_codes: int,
    count: npt.NDArray[np.int32],
) -> None:
    """Count distinct codes: a code is new when this snapshot has not left its mark on it."""
    n_windows, n_kinds = len(windows), count.shape[1]
    mark = np.full((n_kinds, n_codes), -1, np.int64)
    for s in order[low:high]:
        if key[s] < 0:
            continue
        now, start, stop = as_of[s], starts[key[s]], starts[key[s] + 1]
        window = 0
        for i in range(_last_happened(table, start, stop, now), start - 1, -1):
            while window < n_windows and now - table[i, OCCURRED] >= windows[window]:
                window += 1
            if window == n_windows:
                break
            k = place[table[i, KIND]]
            if k < 0 or table[i, code_at] < 0 or not _known(table, superseded_at, i, now):
                continue
            if mark[k, table[i, code_at]] != s:
                mark[k, table[i, code_at]] = s
                count[s, k, window] += 1
        for k in range(n_kinds):
            for w in range(1, n_windows):
                count[s, k, w] += count[s, k, w - 1]


@compiled
def decay(
    low: int,
    high: int,
    starts: Ints,
    table: Ints,
    superseded_at: int,
    order: Ints,
    key: Ints,
    as_of: Ints,
    place: Ints,
    half_life: float,
    intensity: npt.NDArray[np.float64],
) -> None:
    """Sum weights that halve with each half-life, the youngest event first."""
    for s in order[low:high]:
        if key[s] < 0:
            continue
        now, start, stop = as_of[s], starts[key[s]], starts[key[s] + 1]
        for i in range(_last_happened(table, start, stop, now), start - 1, -1):
            half_lives = (now - table[i, OCCURRED]) / half_life
            if half_lives > _FORGOTTEN:
                break
            k = place[table[i, KIND]]
            if k >= 0 and _known(table, superseded_at, i, now):
                intensity[s, k] += 2.0**-half_lives


@compiled
def find_last(
    low: int,
    high: int,
    starts: Ints,
    table: Ints,
    superseded_at: int,
    order: Ints,
    key: Ints,
    as_of: Ints,
    found: Ints,
) -> None:
    """Find the last event of each kind; stop when all kinds are found."""
    for s in order[low:high]:
        if key[s] < 0:
            continue
        now, start, stop = as_of[s], starts[key[s]], starts[key[s] + 1]
        missing = found.shape[1]
        for i in range(_last_happened(table, start, stop, now), start - 1, -1):
            if not _known(table, superseded_at, i, now):
                continue
            if found[s, table[i, KIND]] < 0:
                found[s, table[i, KIND]] = table[i, ROW]
                missing -= 1
                if missing == 0:
                    break


@compiled
def sum_delays(
    low: int,
    high: int,
    starts: Ints,
    table: Ints,
    superseded_at: int,
    order: Ints,
    key: Ints,
    as_of: Ints,
    asked: int,
    answered: int,
    delay: Ints,
    pairs: Ints,
) -> None:
    """Sum the time from the last question before an answer to the answer; each question is answered once."""
    for s in order[low:high]:
        if key[s] < 0:
            continue
        now, start, stop = as_of[s], starts[key[s]], starts[key[s] + 1]
        behind, last_asked, is_asked = start, np.int64(0), False
        for i in range(start, _last_happened(table, start, stop, now) + 1):
            if table[i, KIND] != answered or not _known(table, superseded_at, i, now):
                continue
            while table[behind, OCCURRED] < table[i, OCCURRED]:
                if table[behind, KIND] == asked and _known(table, superseded_at, behind, now):
                    last_asked, is_asked = table[behind, OCCURRED], True
                behind += 1
            if is_asked:
                delay[s] += table[i, OCCURRED] - last_asked
                pairs[s] += 1
                is_asked = False


@compiled
def find_next(
    low: int,
    high: int,
    starts: Ints,
    table: Ints,
    superseded_at: int,
    order: Ints,
    key: Ints,
    as_of: Ints,
    kind: int,
    ahead: Ints,
) -> None:
    """Time to the next event of a kind that is known and has not happened."""
    for s in order[low:high]:
        if key[s] < 0:
            continue
        now, start, stop = as_of[s], starts[key[s]], starts[key[s] + 1]
        for i in range(_last_happened(table, start, stop, now) + 1, stop):
            if table[i, KIND] == kind and _known(table, superseded_at, i, now):
                ahead[s] = table[i, OCCURRED] - now
                break
