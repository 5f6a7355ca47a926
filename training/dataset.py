"""What a model learns from: snapshots on a regular grid, and what became of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.forgotten import Limits, stop_watching
from features.history.history import History
from features.instants import instant, micros
from features.labels import labels_of
from features.outcomes import CENSORED, Labels
from features.snapshots import Catalogue, build_snapshots, view_of

Ints = NDArray[np.int64]

LabelMaker = Callable[[History, pd.DataFrame, pd.Timestamp], Labels]


@dataclass(frozen=True)
class Dataset:
    """Snapshots of a history known up to ``until``, with the means to label them at any instant.

    ``label`` says what is being learned: the outcome, or the confirmation of the need.
    ``excluded`` names the features that nothing is learned from. ``limits`` say from when an
    opportunity is forgotten and no longer watched.
    """

    history: History
    keys: pd.DataFrame
    snapshots: pd.DataFrame
    until: pd.Timestamp
    label: LabelMaker = labels_of
    excluded: tuple[str, ...] = ()
    limits: Limits | None = None

    @property
    def learned(self) -> pd.DataFrame:
        """What members learn from: the snapshots without the excluded features."""
        return self.snapshots.drop(columns=list(self.excluded), errors="ignore")

    @property
    def as_of(self) -> Ints:
        """Instant of each snapshot, microseconds."""
        return micros(self.keys["as_of"])

    def labels(self, until: pd.Timestamp | None = None) -> Labels:
        """What is known by an instant of what became of each snapshot."""
        found = self.label(self.history, self.keys, until if until is not None else self.until)
        return found if self.limits is None else stop_watching(found, view_of(self.history, self.keys), self.limits)

    def take(self, rows: Ints) -> Dataset:
        """Select some of the snapshots."""
        return replace(self, keys=self.keys.iloc[rows], snapshots=self.snapshots.iloc[rows])

    def before(self, at: pd.Timestamp) -> Dataset:
        """Select the snapshots taken before an instant, labelled by what was known then."""
        earlier = self.take(np.flatnonzero(self.as_of < micros(pd.Index([at]))[0]))
        return replace(earlier, until=at)

    def between(self, start: pd.Timestamp, end: pd.Timestamp) -> Dataset:
        """Select the snapshots from an instant up to, and without, another."""
        low, high = micros(pd.Index([start, end]))
        return self.take(np.flatnonzero((self.as_of >= low) & (self.as_of < high)))


def build_dataset(
    history: History, keys: pd.DataFrame, catalogue: Catalogue, until: pd.Timestamp, limits: Limits | None = None
) -> Dataset:
    """Build the snapshots of a grid."""
    snapshots = build_snapshots(history, keys, catalogue)
    return Dataset(history, keys, snapshots, until, excluded=catalogue.excluded, limits=limits)


def closing_instant(dataset: Dataset, share: float) -> pd.Timestamp | None:
    """Instant by which a share of the closings known in the end had happened; None without closings.

    A closing counts once, however many snapshots saw its opportunity open.
    """
    labels = dataset.labels()
    closed = labels.outcome != CENSORED
    if not closed.any():
        return None
    when = dataset.as_of[closed] + np.round(labels.days[closed] * 86_400_000_000).astype(np.int64)
    ids = dataset.keys["opportunity_id"].to_numpy(dtype=object)[closed]
    closings = pd.Series(when).groupby(ids).max()
    return instant(int(np.quantile(closings.to_numpy(), share, method="lower")))
