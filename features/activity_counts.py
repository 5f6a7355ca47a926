"""Counts of every class of activity in every window, computed once for all families that use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from features.activity_events import PLANNED_CONTACT, classed_events, codes_of_classes, kind_of, names_of_classes
from features.event_delays import mean_delay, next_event
from features.history.schema import ACTIVITY_KINDS
from features.instants import DAY
from features.rows import ROLES
from features.view import NOT_COLLECTED, Bools, Floats, Ints, View
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

_PLACE = {window: place for place, window in enumerate(WINDOWS)}
_BACK = np.array([width for width in WINDOWS.values() if width != EVER], dtype=np.int64)

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
    events: GroupedEvents
    aggregates: WindowAggregates

    def count(self, name: str, window: str) -> Floats:
        """Number of activities of the class in a window of ``WINDOWS``."""
        return self._counts[:, self._codes[name], _PLACE[window]]

    def seconds(self, name: str) -> Floats:
        """Total duration of the activities of the class in each window of ``WINDOWS``, seconds, shape (n, w)."""
        code = self._codes[name]
        return np.where(self._observed[:, code], self.aggregates.total[:, code], np.nan)

    def days_since_last(self, name: str) -> Floats:
        """Days since the last activity of the class; NaN when there was none."""
        return self._days_since_last[:, self._codes[name]]

    def usual_gap(self, name: str) -> Floats:
        """Mean days between activities of the class; NaN with fewer than two."""
        code = self._codes[name]
        times = self.aggregates.count[:, code, -1]
        several = self._observed[:, code, -1] & (times >= 2)
        span = np.where(several, self.aggregates.last[:, code] - self.aggregates.first[:, code], 0)
        return np.where(several, span / DAY / np.maximum(times - 1, 1), np.nan)

    def days_seen(self, name: str) -> Floats:
        """Different UTC days with an activity of the class in 30 days: of visits, or of any."""
        return self._days_seen[name]

    def topics_seen(self, name: str, window: str) -> Floats:
        """Different topics of the activities of the class in a window."""
        codes = [self._codes[name]]
        found = distinct_codes(*self._asked, n_kinds=len(self._codes), windows=[WINDOWS[window]], kinds=codes)
        return self._where_observed(codes, window, found[:, :, 0])[0]

    def intensity(self, name: str) -> Floats:
        """Activities of the class, each counted half for every ``HALF_LIFE`` of its age."""
        return self._intensities[name]

    def trend(self, name: str) -> Floats:
        """Share of the last 30 days' activities in those of 90 days, smoothed: 1/3 is steady."""
        return (self.count(name, "30d") + 1) / (self.count(name, "90d") + 3)

    def reply_delay(self) -> Floats:
        """Mean days from our last e-mail before a reply to the reply; NaN without such a pair."""
        sent, replied = self._codes["email_sent"], self._codes["email_replied"]
        found = mean_delay(*self._asked, n_kinds=len(self._codes), asked=sent, answered=replied) / DAY
        return np.where(self._observed[:, sent, -1] & self._observed[:, replied, -1], found, np.nan)

    def days_to_planned(self) -> Floats:
        """Days to the next planned contact; NaN when none is planned."""
        kind = self._codes[PLANNED_CONTACT]
        ahead = next_event(*self._asked, n_kinds=len(self._codes), kind=kind)
        return np.where(ahead < 0, np.nan, ahead / DAY)

    def roles_met(self) -> Bools:
        """Which of ``ROLES`` took part in two-way contact, as known, shape (n, r)."""
        return self.aggregates.count[:, -len(ROLES) :, -1] > 0

    @property
    def _asked(self) -> tuple[GroupedEvents, Ints, Ints]:
        return self.events, self.view.opportunity, self.view.as_of

    @property
    def _codes(self) -> dict[str, int]:
        """Code of each class."""
        return codes_of_classes(self.custom_kinds)

    @cached_property
    def _observed(self) -> Bools:
        """Where each class was collected all through each window, shape (n, c, w)."""
        since = _since(tuple(self.view.collected.items()), self.custom_kinds)
        created = self.view.created[:, None]
        looked_at = np.concatenate([np.maximum(created, self.view.as_of[:, None] - _BACK), created], axis=1)
        return looked_at[:, None, :] >= since[:, None]

    @cached_property
    def _counts(self) -> Floats:
        """Numbers of activities, shape (n, c, w)."""
        return np.where(self._observed, self.aggregates.count, np.nan)

    @cached_property
    def _days_since_last(self) -> Floats:
        """Days since the last activity of each class, shape (n, c)."""
        last = self.aggregates.last
        days = (self.view.as_of[:, None] - last) / DAY
        return np.where(self._observed[:, :, -1] & (last != NEVER), days, np.nan)

    @cached_property
    def _days_seen(self) -> dict[str, Floats]:
        names = ("site_visit", "any")
        codes = [self._codes[name] for name in names]
        found = distinct_days(*self._asked, n_kinds=len(self._codes), windows=[WINDOWS["30d"]], kinds=codes)
        return dict(zip(names, self._where_observed(codes, "30d", found[:, :, 0]), strict=True))

    @cached_property
    def _intensities(self) -> dict[str, Floats]:
        names = ("site_visit", "two_way")
        codes = [self._codes[name] for name in names]
        found = decayed_intensity(*self._asked, n_kinds=len(self._codes), half_life=HALF_LIFE, kinds=codes)
        return dict(zip(names, self._where_observed(codes, "ever", found), strict=True))

    def _where_observed(self, codes: Sequence[int], window: str, found: np.ndarray) -> list[Floats]:
        return list(np.where(self._observed[:, codes, _PLACE[window]], found, np.nan).T)


@lru_cache(maxsize=256)
def _since(collected: tuple[tuple[str, int], ...], custom_kinds: tuple[str, ...]) -> Ints:
    """From when each class was collected, microseconds, shape (c,); most requests collect alike."""
    everything, instants = (*ACTIVITY_KINDS, *custom_kinds), dict(collected)
    since = []
    for name in names_of_classes(custom_kinds):
        kinds = everything if name == "any" else _COLLECTED_AS.get(name, (kind_of(name),))
        since.append(min(instants.get(kind, NOT_COLLECTED) for kind in kinds))
    return np.array(since, dtype=np.int64)


def count_activities(view: View, custom_kinds: tuple[str, ...]) -> ActivityCounts:
    """Aggregate the activities of every class for each snapshot."""
    classed = classed_events(view.rows.activities, view.rows.people, custom_kinds)
    events = group_events(
        classed.key,
        classed.occurred,
        classed.recorded,
        n_groups=view.size,
        kind=classed.kind,
        value=classed.seconds,
        code=classed.topic,
        superseded=classed.superseded,
    )
    n_kinds = len(codes_of_classes(custom_kinds))
    windows = list(WINDOWS.values())
    found = window_aggregates(events, view.opportunity, view.as_of, n_kinds=n_kinds, windows=windows)
    return ActivityCounts(view, custom_kinds, events, found)
