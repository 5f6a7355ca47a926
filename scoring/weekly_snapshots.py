"""Past weeks of the pipeline: each opportunity at each week in which it was open, and what became of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.instants import DAY, micros, micros_of
from features.view import View
from scoring.pipeline import Pipeline
from scoring.stage_visits import spells

WEEK = 7 * DAY


def weekly_snapshots(pipeline: Pipeline) -> tuple[pd.DataFrame, View]:
    """List the weeks in which each opportunity was recorded and open, and what became of each by ``as_of``.

    Returns
    -------
    DataFrame of n rows, oldest first in each opportunity: ``opportunity_id``, ``spell``, ``at`` (microseconds),
    ``days`` to the end of the spell or to ``as_of``, ``end`` (its outcome); and a view of the same snapshots,
    which knows what was recorded by each instant only.
    """
    ends = spells(pipeline.visits, pipeline.as_of)
    index = pd.Index(pipeline.history.opportunities["opportunity_id"])
    place = index.get_indexer(pd.Index(ends["opportunity_id"])).astype(np.int64)
    told = micros(pipeline.history.opportunities["recorded_at"])[place]
    until = micros(ends["ended"].fillna(pipeline.as_of))
    last = micros_of(pipeline.as_of)
    # Weeks are counted back from as_of. The instant itself is no past: nothing can have become of it.
    most = (last - np.maximum(micros(ends["begun"]), told)) // WEEK
    least = np.maximum((last - until) // WEEK + 1, 1)
    count = np.maximum(most - least + 1, 0)
    row = np.repeat(np.arange(len(ends)), count)
    back = np.repeat(most, count) - (np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count))
    at = last - back * WEEK
    found = ends[["opportunity_id", "spell", "outcome"]].iloc[row].reset_index(drop=True)
    found = found.rename(columns={"outcome": "end"}).assign(at=at, days=(until[row] - at) / DAY)
    return found, View(pipeline.history, place[row], at)
