"""What became of each class, worked out with the funnels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from api.commands.scoring import model_for, segments_for
from features.instants import micros
from scoring.class_outcomes import class_outcomes
from scoring.pipeline import Pipeline
from scoring.report import plain
from scoring.segments import score_by_segment
from training.grid import open_at

HORIZON_DAYS = 90.0
"""Within which it is counted what became of an opportunity."""
_BACK = (360, 270, 180, 90)
"""Days before the report at which classes are worked out again where none were kept."""


def class_report(pipeline: Pipeline, past: pd.DataFrame | None) -> dict[str, Any]:
    """Say what became of active, potential and hidden opportunities.

    By the scores that were kept, where some are old enough that their horizon is over. Until then by what the
    model of today says of what was known at instants of the past year: nobody saw that then, and ``classes_from``
    says so.
    """
    oldest = pipeline.as_of - pd.Timedelta(days=HORIZON_DAYS)
    is_kept = past is not None and bool((past["as_of"] <= oldest).any())
    scored = past if past is not None and is_kept else _worked_out_again(pipeline)
    found: dict[str, Any] = plain(
        {
            "horizon_days": HORIZON_DAYS,
            "classes_from": "kept" if is_kept else "worked_out_again",
            "since": scored["as_of"].min() if len(scored) else None,
            "classes": class_outcomes(pipeline, scored, HORIZON_DAYS),
        }
    )
    return found


def _worked_out_again(pipeline: Pipeline) -> pd.DataFrame:
    """Classes as the model of today sees the past; without probabilities, for it has learned what came."""
    history = pipeline.history
    instants = pd.DatetimeIndex([pipeline.as_of - pd.Timedelta(days=days) for days in _BACK])
    keys = open_at(history, micros(pd.Series(instants)))
    scores = score_by_segment(history, keys, model_for(None, history), segments_for(None, history))
    classes = pd.Series([score.opportunity_class for score in scores], keys.index, dtype="str")
    return keys.assign(opportunity_class=classes, probability=np.nan)
