"""What an opportunity went through up to an instant: its stages, and the values of one field.

Compiled passes over events in the order in which they happened. An event counts for a
snapshot when it happened and was recorded by ``as_of``. Instants are int64 microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.compiled import column, compiled

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Timeline:
    """Events of every key in the order they happened.

    Events ``starts[k]`` to ``starts[k + 1]`` belong to key k. Ties in ``occurred`` are
    ordered by ``recorded``, then as the input rows are: tables have them as they were told.
    """

    starts: Ints
    occurred: Ints
    recorded: Ints
    value: Floats


def timeline(key: Ints, occurred: Ints, recorded: Ints, value: Floats, *, n_keys: int) -> Timeline:
    """Put events into a timeline; events with a negative key are left out.

    Of one instant the row that comes last in the table counts last.

    Examples
    --------
    >>> at = np.array([5, 3])
    >>> timeline(np.array([0, 0]), at, at, np.array([1.0, 2.0]), n_keys=1).value
    array([2., 1.])
    """
    order = np.lexsort((recorded, occurred, key))
    order = order[np.searchsorted(key[order], 0) :]
    starts = np.searchsorted(key[order], np.arange(n_keys + 1)).astype(np.int64)
    ordered = np.ascontiguousarray(value[order], dtype=np.float64)
    ordered.flags.writeable = False
    return Timeline(column(starts), column(occurred[order]), column(recorded[order]), ordered)


@dataclass(frozen=True)
class StagePath:
    """What is known of the stages of each snapshot; arrays of shape (n,).

    ``stage`` is the current stage's code, -1 when none is known. ``entered`` is when it
    was entered, ``spell_start`` when the present spell began (creation, or the last
    reopening). Counts of moves are over open stages of the whole path.
    """

    stage: Ints
    entered: Ints
    spell_start: Ints
    forward: Ints
    backward: Ints
    skipped: Ints
    furthest: Ints
    reopened: Ints


@compiled
def _walk_stages(
    starts: Ints,
    occurred: Ints,
    recorded: Ints,
    value: Floats,
    position: Ints,
    outcome: Ints,
    key: Ints,
    as_of: Ints,
    out: Ints,
) -> None:  # pragma: no cover - compiled
    for i in range(len(key)):
        stage, entered, spell, best = np.int64(-1), np.int64(-1), np.int64(-1), np.int64(-1)
        forward, backward, skipped, reopened = 0, 0, 0, 0
        for e in range(starts[key[i]], starts[key[i] + 1]):
            if occurred[e] > as_of[i]:
                break
            if recorded[e] > as_of[i]:
                continue
            new = np.int64(value[e])
            if new == stage:
                continue
            if stage < 0:
                spell = occurred[e]
            elif outcome[stage] != 0 and outcome[new] == 0:
                reopened += 1
                spell = occurred[e]
            elif outcome[stage] == 0 and outcome[new] == 0:
                step = position[new] - position[stage]
                forward += step > 0
                backward += step < 0
                skipped += max(step - 1, 0)
            if outcome[new] == 0:
                best = max(best, position[new])
            stage, entered = new, occurred[e]
        out[0, i], out[1, i], out[2, i], out[3, i] = stage, entered, spell, forward
        out[4, i], out[5, i], out[6, i], out[7, i] = backward, skipped, best, reopened


def walk_stages(path: Timeline, position: Ints, outcome: Ints, key: Ints, as_of: Ints) -> StagePath:
    """Follow the stages of each snapshot up to its instant.

    Parameters
    ----------
    path
        Stage events; ``value`` is the stage's code.
    position, outcome
        By stage code: place in its process, and 0 open, 1 won, 2 lost.
    key, as_of
        The snapshots: opportunity and instant, shape (n,).

    Examples
    --------
    >>> at = np.array([1, 5, 9])
    >>> stages = timeline(np.zeros(3, int), at, at, np.array([0.0, 2.0, 1.0]), n_keys=1)
    >>> seen = walk_stages(stages, np.arange(4), np.array([0, 0, 0, 1]), np.zeros(2, int), np.array([6, 9]))
    >>> seen.stage, seen.skipped, seen.backward
    (array([2, 1]), array([1, 1]), array([0, 1]))
    """
    out = np.empty((8, len(key)), np.int64)
    events = (path.starts, path.occurred, path.recorded, path.value)
    _walk_stages(*events, column(position), column(outcome), column(key), column(as_of), out)
    return StagePath(*out)


class ValuePath(NamedTuple):
    """What is known of one field of each snapshot; arrays of shape (n,).

    ``first`` and ``last`` are NaN when nothing is known; ``set_at`` is when ``last``
    came to be, ``said_at`` when it was last said, perhaps again (-1 if never). ``ups`` and
    ``downs`` count changes of each direction; a repeated value is no change.
    """

    first: Floats
    last: Floats
    set_at: Ints
    ups: Ints
    downs: Ints
    said_at: Ints

    def parts(self, count: int) -> list[ValuePath]:
        """Cut what was found of several fields, one after the other, into what was found of each."""
        cut = (found.reshape(count, -1) for found in self)
        return [ValuePath(*found) for found in zip(*cut, strict=True)]


@compiled
def _walk_values(
    starts: Ints,
    occurred: Ints,
    recorded: Ints,
    value: Floats,
    key: Ints,
    as_of: Ints,
    ends: Floats,
    counts: Ints,
) -> None:  # pragma: no cover - compiled
    for i in range(len(key)):
        first, last, set_at, said_at, ups, downs = np.nan, np.nan, np.int64(-1), np.int64(-1), 0, 0
        for e in range(starts[key[i]], starts[key[i] + 1]):
            if occurred[e] > as_of[i]:
                break
            if recorded[e] > as_of[i]:
                continue
            new = value[e]
            said_at = occurred[e]
            if new == last:
                continue
            if np.isnan(first):
                first = new
            ups += new > last
            downs += new < last
            last, set_at = new, occurred[e]
        ends[0, i], ends[1, i] = first, last
        counts[0, i], counts[1, i], counts[2, i], counts[3, i] = set_at, ups, downs, said_at


def walk_values(path: Timeline, key: Ints, as_of: Ints) -> ValuePath:
    """Follow the values of one field of each snapshot up to its instant.

    Examples
    --------
    >>> at = np.array([1, 5])
    >>> amounts = timeline(np.zeros(2, int), at, at, np.array([100.0, 80.0]), n_keys=1)
    >>> seen = walk_values(amounts, np.array([0]), np.array([7]))
    >>> seen.first, seen.last, seen.downs
    (array([100.]), array([80.]), array([1]))
    """
    ends, counts = np.empty((2, len(key))), np.empty((4, len(key)), np.int64)
    events = (path.starts, path.occurred, path.recorded, path.value)
    _walk_values(*events, column(key), column(as_of), ends, counts)
    return ValuePath(*ends, *counts)
