"""Scores by the model of each opportunity's segment, and by the model of all for every other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.history.history import History
from features.past_results import PastResults
from features.segment import Segment, segment_of
from models.artifact import Artifact
from scoring.score import HORIZONS, Score, score_opportunities


def segment_of_model(artifact: Artifact) -> Segment | None:
    """Segment that a model was trained for; None when for all."""
    name = artifact.training.get("segment")
    return segment_of(str(name)) if name else None


def score_by_segment(
    history: History,
    keys: pd.DataFrame,
    whole: Artifact,
    segments: Sequence[Artifact],
    *,
    horizons: Sequence[float] = HORIZONS,
    past: PastResults | None = None,
    reasons: bool = False,
) -> list[Score]:
    """Score opportunities as ``score_opportunities`` does, each by the model of its segment.

    Parameters
    ----------
    whole
        The model of all; it answers for those in no segment.
    segments
        Models of segments. Of two segments with the same opportunity the first answers.

    Returns
    -------
    One score a row of ``keys``, in order.
    """
    at = pd.Index(history.opportunities["opportunity_id"]).get_indexer(pd.Index(keys["opportunity_id"]))
    left = np.ones(len(keys), dtype=bool)
    scores: dict[int, Score] = {}
    for artifact in (*segments, whole):
        segment = segment_of_model(artifact)
        inside = left if segment is None else left & segment.rows(history)[at]
        places = np.flatnonzero(inside)
        found = score_opportunities(history, keys.iloc[places], artifact, horizons=horizons, past=past, reasons=reasons)
        scores |= dict(zip(places.tolist(), found, strict=True))
        left = left & ~inside
    return [scores[place] for place in range(len(keys))]
