"""The rule this product replaces: the fixed weight of the stage is the win probability."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.outcomes import CENSORED, WON, Labels
from features.snapshot_table import Table, as_snapshots
from models.additions import OddsAdditions
from models.clock import Clock, learn_clock
from models.incidence import Incidence, log_odds, mean_log_odds

Floats = NDArray[np.float64]

_WITHOUT_A_RULE = 0.25
_PRIOR_CLOSED = 10


class FixedWeights:
    """The fixed weights, with the pooled clock added by us, since the rule has none.

    A snapshot whose stage has no weight, or which has no stage, gets the win share of the
    closed ones, shrunk as if 10 more had closed at the lowest usual weight, 25 %.
    """

    name = "fixed_weights"

    def fit(self, snapshots: pd.DataFrame, labels: Labels, edges: Floats) -> Self:
        """Learn the pooled clock and the win share; the weights themselves are not learned."""
        closed = labels.outcome[labels.outcome != CENSORED]
        self.clock = learn_clock(labels, edges)
        won = int((closed == WON).sum())
        self.win_share = (won + _PRIOR_CLOSED * _WITHOUT_A_RULE) / (len(closed) + _PRIOR_CLOSED)
        self.typical = mean_log_odds(self._weight(snapshots))
        return self

    def predict(self, snapshots: Table) -> Incidence:
        """Give the fixed weight of each snapshot's stage as its win probability."""
        return self.clock.with_win(self._weight(snapshots))

    def additions(self, snapshots: Table) -> OddsAdditions:
        """Say what the stage adds to the log-odds of the typical open opportunity."""
        parts = log_odds(self._weight(snapshots)) - self.typical
        return OddsAdditions(("stage",), self.typical, parts[:, None])

    def _weight(self, snapshots: Table) -> Floats:
        weight = as_snapshots(snapshots).numbers("fixed_weight")
        return np.where(np.isnan(weight), self.win_share, weight)

    def to_dict(self) -> dict[str, Any]:
        """Describe the model in JSON; ``from_dict`` reads it back."""
        return {"clock": self.clock.to_dict(), "win_share": self.win_share, "typical": self.typical}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> FixedWeights:
        """Read what ``to_dict`` wrote."""
        model = cls()
        model.clock, model.win_share = Clock.from_dict(raw["clock"]), float(raw["win_share"])
        model.typical = float(raw["typical"])
        return model
