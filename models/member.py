"""What every member of the blend can do."""

from __future__ import annotations

from typing import Any, Protocol, Self

import pandas as pd

from features.outcomes import Labels
from features.snapshot_table import Table
from models.additions import Additions
from models.constant import Constant
from models.fixed_weights import FixedWeights
from models.flat_boosting import FlatBoosting
from models.flat_logistic import FlatLogistic
from models.incidence import Floats, Incidence
from models.lightgbm_hazards import LightGBMHazards
from models.ridge_hazards import RidgeHazards
from models.stage_rates import StageRates


class Member(Protocol):
    """An estimator of win probability and clocks.

    ``fit`` takes snapshots as ``build_snapshots`` gives them, what became of each, and the
    ends of the intervals ahead; it returns the estimator. ``predict`` takes snapshots alone.
    """

    name: str

    def fit(self, snapshots: pd.DataFrame, labels: Labels, edges: Floats) -> Self:
        """Learn from snapshots and what became of them."""
        ...

    def predict(self, snapshots: Table) -> Incidence:
        """Answer for snapshots, shape (n,)."""
        ...

    def additions(self, snapshots: Table) -> Additions:
        """Say what each feature adds to the log-odds of the typical open opportunity."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Describe the estimator in JSON."""
        ...


def member_from_dict(name: str, raw: dict[str, Any], texts: dict[str, str]) -> Member:
    """Read a member that ``to_dict`` wrote; ``texts`` are its boosters, if it has any.

    Examples
    --------
    >>> clock = {"edges": [30.0], "win": [0.1], "loss": [0.1]}
    >>> member_from_dict("constant", {"win_share": 0.2, "clock": clock}, {}).name
    'constant'
    """
    if name == LightGBMHazards.name:
        return LightGBMHazards.from_dict(raw, texts)
    if name == FlatBoosting.name:
        return FlatBoosting.from_dict(raw, texts)
    readers = {m.name: m.from_dict for m in (FixedWeights, StageRates, RidgeHazards, FlatLogistic, Constant)}
    return readers[name](raw)
