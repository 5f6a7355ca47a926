"""Version 0: the fixed weights alone, in service until something better is trained."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.history.process import DEFAULT_PROCESS, Process
from features.past_results import FrozenResults
from features.snapshots import Catalogue
from models.artifact import Artifact
from models.blend import Blend
from models.clock import Clock
from models.fixed_weights import FixedWeights
from models.hazard_blend import HazardBlend
from scoring.classification import Criteria


def version_zero(processes: Mapping[str, Process] | None = None) -> Artifact:
    """Make the artifact that answers with the fixed weights, exactly, and has learned nothing.

    Examples
    --------
    >>> version_zero().version, version_zero().training["won"]
    ('0', 0)
    """
    nothing = np.array([0.005])
    clock, typical = Clock(np.array([30.0]), nothing, nothing), float(np.log(0.25 / 0.75))
    fixed = FixedWeights.from_dict({"clock": clock.to_dict(), "win_share": 0.25, "typical": typical})
    catalogue = Catalogue()
    return Artifact(
        win=HazardBlend((fixed,), Blend((1.0,))),
        need=None,
        catalogue=catalogue,
        processes=dict(processes) if processes else {DEFAULT_PROCESS.name: DEFAULT_PROCESS},
        past=FrozenResults(pd.Timestamp(0, tz="UTC"), {}, 0),
        classification=Criteria().to_dict(),
        training={
            "cutoff": None,
            "origin": "untrained",
            "won": 0,
            "lost": 0,
            "open": 0,
            "feature_fingerprint": catalogue.fingerprint,
        },
        version="0",
    )
