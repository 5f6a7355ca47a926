"""The constant: every opportunity has the win share of training."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.outcomes import CENSORED, WON, Labels
from features.snapshot_table import Table
from models.additions import OddsAdditions
from models.clock import Clock, learn_clock
from models.incidence import Incidence, mean_log_odds

Floats = NDArray[np.float64]


class Constant:
    """The win share of the closed ones for all: what knowing nothing is worth. For comparison only."""

    name = "constant"

    def fit(self, snapshots: pd.DataFrame, labels: Labels, edges: Floats) -> Self:
        """Learn the win share of closed snapshots and the pooled clock."""
        closed = labels.outcome[labels.outcome != CENSORED]
        self.clock = learn_clock(labels, edges)
        self.win_share = (int((closed == WON).sum()) + 0.5) / (len(closed) + 1)
        return self

    def predict(self, snapshots: Table) -> Incidence:
        """Give the same win probability to each snapshot."""
        return self.clock.with_win(np.full(len(snapshots), self.win_share))

    def additions(self, snapshots: Table) -> OddsAdditions:
        """Say that nothing adds anything: all are typical."""
        start = mean_log_odds(np.array([self.win_share]))
        return OddsAdditions((), start, np.zeros((len(snapshots), 0)))

    def to_dict(self) -> dict[str, Any]:
        """Describe the model in JSON; ``from_dict`` reads it back."""
        return {"clock": self.clock.to_dict(), "win_share": self.win_share}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Constant:
        """Read what ``to_dict`` wrote."""
        model = cls()
        model.clock, model.win_share = Clock.from_dict(raw["clock"]), float(raw["win_share"])
        return model
