"""Models of one segment: what they are trained on, and whether there is enough of it."""

from __future__ import annotations

import numpy as np

from features.errors import NotEnoughDataError
from features.outcomes import LOST, WON
from features.segment import Segment
from features.snapshots import view_of
from training.dataset import Dataset

FEWEST = 100
"""Opportunities won, and as many lost, that a segment needs to have a model of its own."""


def segment_dataset(whole: Dataset, segment: Segment) -> Dataset:
    """Select the snapshots of a segment. Past results and limits stay those of all.

    Raises
    ------
    NotEnoughDataError
        Fewer than 100 opportunities of it that were seen open were won, or lost.
    """
    chosen = in_segment(whole, segment)
    outcome, ids = chosen.labels().outcome, chosen.keys["opportunity_id"].to_numpy(dtype=object)
    counts = {name: len(set(ids[outcome == code])) for name, code in (("won", WON), ("lost", LOST))}
    missing = [f"{FEWEST - count} more {name}" for name, count in counts.items() if count < FEWEST]
    if missing:
        raise NotEnoughDataError(
            f"{counts['won']} won and {counts['lost']} lost opportunities in {segment.name}",
            f"at least {FEWEST} of each",
            f"wait for {' and '.join(missing)} opportunities in {segment.name}, or widen the segment; "
            "until then the model of all answers for it",
        )
    return chosen


def in_segment(whole: Dataset, segment: Segment) -> Dataset:
    """Select the snapshots of a segment, however few."""
    return whole.take(np.flatnonzero(segment.snapshots(view_of(whole.history, whole.keys))))
