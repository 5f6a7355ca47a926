"""Forgotten opportunities (zombies): open, and silent for so long that nobody works on them any more.

The one definition: an opportunity is forgotten at an instant when nothing was recorded of it for
three times as long as the longest silence of 99 % of the closed ones. What counts as a record is
what people do: stages, the fields that a salesperson keeps, activities that are neither planned
nor automated. Where only stages are recorded, the silences are about as long as closings take,
and so is the limit.

Such opportunities stay open for years because nobody closes them. Watched on, they would count
as at risk for ever, and pull down the rates of all others. Age alone finds them too late: by then
each has been watched for as long as many of the others together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from features.compiled import column, compiled
from features.history.history import History
from features.history.schema import ACTIVITY_KINDS
from features.instants import DAY, micros, micros_of
from features.newest_record import KEPT, NewestRecords, newest_records
from features.outcomes import CENSORED, WON, Labels
from features.view import Bools, Floats, Ints, View

SHARE = 0.99
TIMES = 3.0
FEWEST_CLOSED = 50
"""Closed opportunities without which nobody can say what is too long."""
WEIGHT = 10.0
"""The rate of forgotten ones is shrunk towards a model's answer as if this many had been seen."""


@dataclass(frozen=True)
class Limits:
    """From when on an opportunity is forgotten, and what became of those that were.

    Parameters
    ----------
    silent_days
        It is forgotten when nothing was recorded of it for longer than this.
    seen, won, closed
        Opportunities that were forgotten at some instant, those of them that were won after all,
        and those that closed at all.
    count
        Opportunities that are open and forgotten at the end of what is known.
    kinds
        Kinds of activity that were collected. Who does not collect them all cannot tell
        silence from what is not collected: there nothing is forgotten.
    """

    silent_days: float
    seen: int = 0
    won: int = 0
    closed: int = 0
    count: int = 0
    kinds: tuple[str, ...] = ()

    @property
    def pace(self) -> float:
        """Share of the forgotten that closed at all, shrunk towards 1."""
        return (self.closed + WEIGHT) / (self.seen + WEIGHT)

    def rate(self, answer: Floats) -> Floats:
        """Win probability of forgotten opportunities: their own rate, shrunk towards a model's answer.

        Examples
        --------
        >>> Limits(90.0, seen=40, won=1).rate(np.array([0.5]))
        array([0.12])
        """
        return np.asarray((self.won + WEIGHT * answer) / (self.seen + WEIGHT), dtype=np.float64)


@dataclass(frozen=True)
class Records:
    """When something was recorded of each opportunity, in order: ``starts[k]`` to ``starts[k + 1]`` are of k.

    Before ``tracked`` not everything was collected, and silence cannot be told.
    """

    starts: Ints
    recorded: Ints
    tracked: int

    @cached_property
    def key(self) -> Ints:
        """Opportunity of each record."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts)).astype(np.int64)


def records_of(history: History) -> Records:
    """Collect when something was recorded of each opportunity, itself first."""
    activities = history.activities
    done = activities[~activities["planned"].to_numpy(bool) & ~activities["automated"].to_numpy(bool)]
    kept = history.field_history[history.field_history["field"].isin(KEPT)]
    parts = [history.opportunities, history.stage_history, kept, done]
    index = pd.Index(history.opportunities["opportunity_id"])
    key = np.concatenate([index.get_indexer(pd.Index(part["opportunity_id"])) for part in parts]).astype(np.int64)
    recorded = np.concatenate([micros(part["recorded_at"]) for part in parts])
    order = np.lexsort((recorded, key))
    order = order[np.searchsorted(key[order], 0) :]
    starts = np.searchsorted(key[order], np.arange(len(index) + 1)).astype(np.int64)
    return Records(starts, recorded[order], _tracked(history, history.activities["kind"].unique()))


def _tracked(history: History, kinds: Iterable[str]) -> int:
    """Since when everything that is collected was, microseconds; ``kinds`` are those that occur."""
    since = [history.collected[kind] for kind in _kinds(history, kinds)]
    return max((micros_of(at) for at in since if at is not None), default=0)


def _kinds(history: History, kinds: Iterable[str]) -> tuple[str, ...]:
    known = {*ACTIVITY_KINDS, *kinds}
    return tuple(sorted(kind for kind in history.collected if kind in known))


@compiled
def _first_silence(
    starts: Ints, recorded: Ints, key: Ints, since: Ints, end: Ints, tracked: int, silent: int, found: Ints
) -> None:  # pragma: no cover - compiled
    for i in range(len(key)):
        last = max(recorded[starts[key[i]]], tracked)
        for e in range(starts[key[i]], starts[key[i] + 1]):
            if recorded[e] >= end[i] and recorded[e] > since[i]:
                break
            if recorded[e] > since[i] and recorded[e] > last + silent:
                break
            last = max(recorded[e], tracked)
        found[i] = last + silent


def forgotten_from(view: View, limits: Limits, end: Ints, records: Records | None = None) -> Ints:
    """Find the instant from which each snapshot is forgotten if nothing is recorded between it and ``end``.

    Parameters
    ----------
    view
        The snapshots, each of an open opportunity.
    end
        When the opportunity closed after the snapshot, or up to when it is known; records from
        then on are not looked at, microseconds, shape (n,).

    Returns
    -------
    ndarray of shape (n,), microseconds; at or before the snapshot where it is forgotten already,
    beyond ``end`` where it is not forgotten by then.
    """
    of = records if records is not None else records_of(view.history)
    found = np.empty(len(view), np.int64)
    events = column(of.starts), column(of.recorded)
    snapshots = column(view.opportunity), column(view.as_of), column(end)
    _first_silence(*events, *snapshots, of.tracked, round(limits.silent_days * DAY), found)
    return found


def is_forgotten(view: View, limits: Limits | None, newest: NewestRecords | None = None) -> Bools:
    """Tell which snapshots are forgotten, by what was recorded up to each, shape (n,).

    ``newest`` are their newest records, if they are known already.
    """
    if limits is None or not set(limits.kinds) <= set(view.history.collected):
        return np.zeros(len(view), dtype=bool)
    newest = newest_records(view) if newest is None else newest
    tracked = _tracked(view.history, view.rows.activities.kinds)
    last = np.where(newest.work < 0, view.as_of, np.maximum(newest.work, tracked))
    return np.asarray((view.as_of - last > round(limits.silent_days * DAY)) & (_outcome(view) == CENSORED))


def stop_watching(labels: Labels, view: View, limits: Limits | None) -> Labels:
    """End the watching of each snapshot at the instant from which it is forgotten.

    What happened before is kept; what happened after is as unknown as if the history ended there.
    """
    if limits is None:
        return labels
    end = view.as_of + np.round(labels.days * DAY).astype(np.int64)
    days = np.maximum(forgotten_from(view, limits, end) - view.as_of, 0) / DAY
    ended = labels.days > days
    # What closed before is watched on: else who is judged would depend on the outcome.
    watched = np.where(ended, np.minimum(labels.watched, days), labels.watched)
    return Labels(np.where(ended, days, labels.days), np.where(ended, CENSORED, labels.outcome), watched)


def limits_of(history: History) -> Limits | None:
    """Learn the limits from what closed by the end of what is known; None when too little did.

    Examples
    --------
    >>> from features.history.simulated import simulate
    >>> 50 < limits_of(simulate(150, seed=1)).silent_days < 200
    True
    """
    count = len(history.opportunities)
    until = int(micros(pd.Index([history.observed_until]))[0])
    view = View(history, np.arange(count, dtype=np.int64), np.full(count, until, dtype=np.int64))
    outcome, records = _outcome(view), records_of(history)
    closed = outcome != CENSORED
    if closed.sum() < FEWEST_CLOSED:
        return None
    begun, ended = _spell(view), np.where(closed, view.stage_path.entered, until)
    silent_days = TIMES * float(np.quantile(_longest_silence(records, begun, ended)[closed] / DAY, SHARE))
    limits = Limits(silent_days, kinds=_kinds(history, history.activities["kind"].unique()))
    start = np.maximum(begun, micros(history.opportunities["recorded_at"]))
    from_start = view.at(view.opportunity, np.minimum(start, ended))
    was = forgotten_from(from_start, limits, ended, records) < ended
    seen, won, ended_after, still_open = (
        int(rows.sum()) for rows in (was, was & (outcome == WON), was & closed, was & ~closed)
    )
    return replace(limits, seen=seen, won=won, closed=ended_after, count=still_open)


def _outcome(view: View) -> Ints:
    stage = view.stage_path.stage
    return np.where(stage >= 0, view.stage_outcome[stage], CENSORED)


def _spell(view: View) -> Ints:
    """When the present spell began: creation, or the last reopening."""
    return np.where(view.stage_path.reopened > 0, view.stage_path.spell_start, view.created)


def _longest_silence(records: Records, begun: Ints, ended: Ints) -> Ints:
    """Longest time without a record from the beginning of the last spell to its end, microseconds, shape (n,)."""
    key, begun = records.key, np.maximum(begun, records.tracked)
    when = np.clip(records.recorded, begun[key], ended[key])
    longest = np.zeros(len(begun), np.int64)
    np.maximum.at(longest, key[1:], np.where(key[1:] == key[:-1], np.diff(when), 0))
    last = when[records.starts[1:] - 1]
    longest_of: Ints = np.maximum(longest, ended - last)
    return longest_of
