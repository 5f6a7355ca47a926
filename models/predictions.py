"""A model's answers as a table, for those who load it from the registry."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.snapshot_table import Table
from models.artifact import Artifact

HORIZONS = (30, 60, 90, 180)

FORGOTTEN = (
    "A snapshot does not tell when anything was last recorded. So a forgotten opportunity, one that has been silent "
    "for longer than `forgotten` says in the parameters of the run, is answered here as if it were worked on; "
    "`dealodds score` and the service lower its probability to what became of its like."
)
"""What whoever loads the model from the registry must know."""


def predict_snapshots(artifact: Artifact, snapshots: Table) -> pd.DataFrame:
    """Predict from snapshots.

    ``FORGOTTEN`` says where serving answers otherwise.

    Returns
    -------
    DataFrame of shape (n, 10): ``win_probability``; ``win_by_30d`` to ``loss_by_180d``,
    probabilities of being won or lost within so many days; ``median_days_to_win``, given a win.
    All but the first are NaN for a model of a flat table, which does not know when.
    """
    answer = artifact.win.predict(snapshots)
    won, lost = answer.win_by(HORIZONS), answer.loss_by(HORIZONS)
    columns = {"win_probability": answer.win}
    for place, days in enumerate(HORIZONS):
        columns |= {f"win_by_{days}d": won[:, place], f"loss_by_{days}d": lost[:, place]}
    table = pd.DataFrame({**columns, "median_days_to_win": answer.median_days_to_win()})
    if not artifact.is_timed:
        table.loc[:, table.columns != "win_probability"] = np.nan
    return table
