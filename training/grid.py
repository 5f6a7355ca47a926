"""The snapshots a model is trained on: open opportunities at regular instants."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.forgotten import Limits, is_forgotten
from features.history.history import History
from features.instants import DAY, micros
from features.view import View

PER_OPPORTUNITY = 3
"""Snapshots to train on for each opportunity: more of one opportunity repeat each other."""
PER_OPPORTUNITY_OF_FEW, ENOUGH_SNAPSHOTS = 8, 24_000
"""With few opportunities more of each are worth their time, up to so many in all."""

_STEPS = (1, 2, 3, 5, 7, 10, 14, 21, 28)


def open_at(history: History, as_of: NDArray[np.int64], limits: Limits | None = None) -> pd.DataFrame:
    """List the opportunities open, as then known, at each of some instants.

    Parameters
    ----------
    as_of
        Instants in microseconds.
    limits
        From when an opportunity is forgotten; the forgotten are then left out.

    Returns
    -------
    DataFrame with ``opportunity_id`` and ``as_of``, ordered by instant, then as in the table.
    """
    opportunities = history.opportunities
    known_from = micros(opportunities["recorded_at"])
    when, which = np.nonzero(known_from[None, :] <= as_of[:, None])
    view = View(history, which.astype(np.int64), as_of[when])
    stage = view.stage_path.stage
    is_open = (np.where(stage >= 0, view.stage_outcome[stage], 0) == 0) & ~is_forgotten(view, limits)
    ids = opportunities["opportunity_id"].to_numpy(dtype=object)[which[is_open]]
    instants = pd.to_datetime(as_of[when][is_open], unit="us", utc=True).as_unit("us")
    return pd.DataFrame({"opportunity_id": pd.Series(ids, dtype="str"), "as_of": instants})


def training_grid(
    history: History, until: pd.Timestamp, most: int | None = None, limits: Limits | None = None
) -> pd.DataFrame:
    """List the snapshots to train on: all that are open and not forgotten, every so many days before ``until``.

    The step is the shortest of 1, 2, 3, 5, 7, 10, 14, 21 or 28 days that gives at most
    ``most`` snapshots: when None, 3 for each opportunity, or 8 as long as these are at most
    24,000.
    """
    if most is None:
        count = len(history.opportunities)
        most = max(PER_OPPORTUNITY * count, min(PER_OPPORTUNITY_OF_FEW * count, ENOUGH_SNAPSHOTS))
    if not len(history.opportunities):
        return pd.DataFrame({"opportunity_id": pd.Series(dtype="str"), "as_of": pd.Series(dtype="datetime64[us, UTC]")})
    end = int(micros(pd.Index([until]))[0])
    first = int(micros(history.opportunities["recorded_at"]).min())
    for step in _STEPS:
        grid = np.arange(end, first, -step * DAY, dtype=np.int64)[1:][::-1]
        if _rough_size(history, step) <= most or step == _STEPS[-1]:
            found = open_at(history, grid, limits)
            if len(found) <= most or step == _STEPS[-1]:
                return found
    raise AssertionError("the last step always returns")


def _rough_size(history: History, step: int) -> float:
    """Lower bound of the grid's size from the lives that ended, so that huge grids are not tried."""
    last = history.stage_history.groupby("opportunity_id")["recorded_at"].max()
    created = history.opportunities.set_index("opportunity_id")["recorded_at"]
    lives = (last - created.reindex(last.index)).dt.total_seconds().clip(lower=0).sum() / 86_400
    return float(lives) / step
