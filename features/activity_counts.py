"""Counts of every class of activity in every window, computed once for all families that use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.activity_events import CLASSES, ClassedEvents, classed_events, kind_of, own_class
from features.history.schema import ACTIVITY_KINDS
from features.instants import DAY, micros
from features.view import Bools, Floats, Ints, View
from features.windows import (
    EVER,
    NEVER,
    GroupedEvents,
    WindowAggregates,
    decayed_intensity,
    distinct_codes,
    distinct_days,
    group_events,
    window_aggregates,
)

WINDOWS = {"7d": 7 * DAY, "30d": 30 * DAY, "90d": 90 * DAY, "ever": EVER}
HALF_LIFE = 14 * DAY

_COLLECTED_AS = {
    "email_opened_human": ("email_opened",),
    "email_clicked_human": ("email_clicked",),
    "two_way": ("meeting", "demo", "call", "email_replied"),
    "buyer_initiated": ("meeting", "call", "email_replied"),
}


@dataclass(frozen=True)
class ActivityCounts:
    """Aggregates of all classes for the snapshots of a view.

    Each method returns an array of shape (n,), NaN where the class was not collected
    throughout the time looked at.
    """

    view: View
    custom_kinds: tuple[str, ...]
    classed: ClassedEvents
    aggregates: WindowAggregates

    def count(self, name: str, window: str) -> Floats:
        """Number of activities of the class in a window of ``WINDOWS``."""
        found = self.aggregates.count[:, self._code(name), list(WINDOWS).index(window)]
        return self._where_observed(name, window, found)

    def seconds(self, name: str, window: str) -> Floats:
        """Total duration of the activities of the class in a window, seconds."""
        found = self.aggregates.total[:, self._code(name), list(WINDOWS).index(window)]
        return self._where_observed(name, window, found)

    def days_since_last(self, name: str) -> Floats:
        """Days since the last activity of the class; NaN when there was none."""
        last = self.aggregates.last[:, self._code(name)]
        return np.where(self._observed(name, "ever") & (last != NEVER), (self.view.as_of - last) / DAY, np.nan)

    def usual_gap(self, name: str) -> Floats:
        """Mean days between activities of the class; NaN with fewer than two."""
        code = self._code(name)
        times = self.aggregates.count[:, code, -1]
        several = self._observed(name, "ever") & (times >= 2)
        span = np.where(several, self.aggregates.last[:, code] - self.aggregates.first[:, code], 0)
        return np.where(several, span / DAY / np.maximum(times - 1, 1), np.nan)

    def days_seen(self, name: str, window: str) -> Floats:
        """Different UTC days with an activity of the class in a window."""
        found = distinct_days(
            self._only(name), self.view.opportunity, self.view.as_of, n_kinds=1, windows=[WINDOWS[window]]
        )
        return self._where_observed(name, window, found[:, 0, 0])

    def topics_seen(self, name: str, window: str) -> Floats:
        """Different topics of the activities of the class in a window."""
        found = distinct_codes(
            self._only(name), self.view.opportunity, self.view.as_of, n_kinds=1, windows=[WINDOWS[window]]
        )
        return self._where_observed(name, window, found[:, 0, 0])

    def intensity(self, name: str) -> Floats:
        """Activities of the class, each counted half for every ``HALF_LIFE`` of its age."""
        found = decayed_intensity(
            self._only(name), self.view.opportunity, self.view.as_of, n_kinds=1, half_life=HALF_LIFE
        )
        return self._where_observed(name, "ever", found[:, 0])

    def trend(self, name: str) -> Floats:
        """Share of the last 30 days' activities in those of 90 days, smoothed: 1/3 is steady."""
        return (self.count(name, "30d") + 1) / (self.count(name, "90d") + 3)

    def _code(self, name: str) -> int:
        return (*CLASSES, *map(own_class, self.custom_kinds)).index(name)

    def _only(self, name: str) -> GroupedEvents:
        """Select the events of one class, as a grouping of its own."""
        return _grouped(self.view, ClassedEvents(*_of_class(self.classed, self._code(name))))

    def _observed(self, name: str, window: str) -> Bools:
        kinds: Sequence[str] = _COLLECTED_AS.get(name, (kind_of(name),))
        if name == "any":
            kinds = [*ACTIVITY_KINDS, *self.custom_kinds]
        back = None if window == "ever" else WINDOWS[window]
        return self.view.observed(kinds, back)

    def _where_observed(self, name: str, window: str, found: np.ndarray) -> Floats:
        return np.where(self._observed(name, window), found.astype(np.float64), np.nan)


def count_activities(view: View, custom_kinds: tuple[str, ...]) -> ActivityCounts:
    """Aggregate the activities of every class for each snapshot."""
    classed = classed_events(view.activities, custom_kinds)
    found = window_aggregates(
        _grouped(view, classed),
        view.opportunity,
        view.as_of,
        n_kinds=len(CLASSES) + len(custom_kinds),
        windows=list(WINDOWS.values()),
    )
    return ActivityCounts(view, custom_kinds, classed, found)


def _of_class(classed: ClassedEvents, code: int) -> tuple[Ints, Ints]:
    source = classed.source[classed.kind == code]
    return source, np.zeros(len(source), np.int64)


def _grouped(view: View, classed: ClassedEvents) -> GroupedEvents:
    """Group the classed activities by opportunity; values are whole seconds, codes are topics."""
    activities = view.activities
    duration = np.nan_to_num(activities["duration"].to_numpy(np.float64)).round().astype(np.int64)
    topic = pd.factorize(activities["topic"])[0].astype(np.int64)
    return group_events(
        activities["key"].to_numpy(np.int64)[classed.source],
        micros(activities["occurred_at"])[classed.source],
        micros(activities["recorded_at"])[classed.source],
        n_groups=len(view.history.opportunities),
        kind=classed.kind,
        value=duration[classed.source],
        code=topic[classed.source],
        superseded=activities["superseded"].to_numpy(np.int64)[classed.source],
    )
