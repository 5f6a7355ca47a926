"""The best possible win probability of the opportunities that the size study judges, as stored figures.

A reference model (``simulated_reference.py``) is fitted on 200,000 simulated opportunities,
five histories of 40,000, and answers for the opportunities open at the end of the study's own
history. Only its answers are stored, in ``results/best_possible.json``; the size study reads
them to see how often the 80 % intervals hold them:

    python benchmarks/best_possible.py

It takes about ten minutes on a free machine.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import simulated_reference
from size_study import TEST_OPPORTUNITIES, TEST_SEED

from features.history.simulated_world import END
from training.evaluate import log_loss

RESULTS = Path(__file__).parent / "results" / "best_possible.json"
CHUNK, TRAINING_SEEDS = 40_000, tuple(range(1000, 1005))


def main() -> None:
    simulated_reference.CHUNK, simulated_reference.TRAINING_SEEDS = CHUNK, TRAINING_SEEDS
    reference = simulated_reference.fitted_reference()
    frame, won = simulated_reference.labelled(TEST_OPPORTUNITIES, TEST_SEED, [END])
    win = reference.win(reference.encoding.matrix(frame).astype(np.float32))
    write([str(one) for one in frame.index.get_level_values("opportunity_id")], win)
    print(f"log loss {log_loss(win, won):.4f} of {len(win):,} opportunities")


def write(ids: list[str], win: np.ndarray) -> None:
    rounded = dict(zip(ids, (round(float(w), 5) for w in win), strict=True))
    RESULTS.write_text(json.dumps(rounded, indent=0, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
