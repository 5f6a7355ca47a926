"""Whether the pipeline learns anything where there is nothing to learn: outcomes shuffled among opportunities.

How each closing ended is dealt anew among all closings; everything else stays, when they
closed included. Then a model is trained at a cutoff as always, and answers for opportunities
open at that instant and up to 120 days later; each counts once, by its last answer. What
the features know of the future would show as an area under the curve other than 0.50:

    python benchmarks/shuffled_outcomes.py [--opportunities 6000] [--seeds 1,2,3,4,5,6]

The standard error is that of the mean over histories.

Measured, 6 histories of 6,000: mean AUC 0.497, standard error 0.006 (0.478 to 0.516, each on about
1,800 opportunities with 430 wins, which alone scatters it by 0.016).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from features.history.simulated import simulate
from tests.planted import learned_auc, with_shuffled_outcomes

CUTOFF = pd.Timestamp("2025-01-01", tz="UTC")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opportunities", type=int, default=6_000)
    parser.add_argument("--seeds", default="1,2,3,4,5,6")
    arguments = parser.parse_args()
    found = []
    for seed in (int(seed) for seed in arguments.seeds.split(",")):
        history = with_shuffled_outcomes(simulate(arguments.opportunities, seed), seed)
        learned, judged, won = learned_auc(history, CUTOFF)
        print(f"seed {seed}: AUC {learned:.4f} of {judged:,} opportunities, {won:,} won", flush=True)
        found.append(learned)
    error = np.std(found, ddof=1) / np.sqrt(len(found)) if len(found) > 1 else float("nan")
    print(f"mean AUC {np.mean(found):.4f}, standard error {error:.4f}")


if __name__ == "__main__":
    main()
