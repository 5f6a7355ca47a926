"""The best possible win probability in the simulated CRM: P(won | what was recorded), as stored figures.

A reference model is fitted once on 500,000 simulated opportunities, ten histories of
50,000, each opportunity seen at eight instants and labelled by how it truly ended. It is
given every feature of the product, and what only so many opportunities can tell: who
sells, from where and what (codes instead of past win rates), and the time of creation.
It answers for the opportunities open at the cutoffs of ten fresh histories of 8,000.
Only the figures are stored, in ``results/simulated_reference.json``:

    python benchmarks/simulated_reference.py

No fitted model is better than the best possible: its true log loss is at most the stored
one, and its true AUC at least.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from simulated_reference_model import Reference, all_words

from features.context_features import FEATURES as CONTEXT_FEATURES
from features.history.history import History
from features.history.simulated import simulate, simulate_outcomes
from features.history.simulated_world import START
from features.instants import micros
from features.past_results import entity_values
from features.snapshots import build_snapshots, view_of
from training.evaluate import auc, log_loss
from training.grid import open_at

Floats = NDArray[np.float64]

RESULTS = Path(__file__).parent / "results" / "simulated_reference.json"

CHUNK = 50_000
TRAINING_SEEDS = tuple(range(1000, 1009))
CHECKING_SEED = 1009
"""The tenth history of the 500,000: it says when to stop."""
TRAINING_CUTOFFS = pd.date_range("2024-07-01", periods=8, freq="62D", tz="UTC")
SHIFT = pd.Timedelta(days=6)
"""Each history is cut this much later than the one before, so that all times of the year are seen."""

TEST_OPPORTUNITIES = 8_000
TEST_SEEDS = tuple(range(1, 11))
TEST_CUTOFFS = ("2025-01-01", "2025-05-01", "2025-09-01", "2026-01-01")

FIXED_WEIGHTS_AUC = (0.60, 0.68)
BEST_POSSIBLE_AUC = (0.76, 0.84)
"""How hard the simulated CRM must be: limits of the two means."""

CODES = ("owner", "source", "product", "channel", "team")
_KEPT = ("account_wins", "existing_customer")
_DROPPED = [feature.name for feature in CONTEXT_FEATURES if feature.name not in _KEPT]


def main() -> None:
    records = records_of(fitted_reference())
    found = means(records)
    document = {"settings": settings(), "means": found, "records": records}
    RESULTS.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    for name, value in found.items():
        print(f"{name}: {value}")


def fitted_reference() -> Reference:
    """Fit the reference on all training histories; the checking history says when to stop."""
    cut = [list(TRAINING_CUTOFFS + place * SHIFT) for place in range(len(TRAINING_SEEDS) + 1)]
    first, won = labelled(CHUNK, TRAINING_SEEDS[0], cut[0])
    encoding = all_words(first)
    parts = [(encoding.matrix(first).astype(np.float32), won)]
    for seed, cutoffs in zip((*TRAINING_SEEDS[1:], CHECKING_SEED), cut[1:], strict=True):
        frame, won = labelled(CHUNK, seed, cutoffs)
        parts.append((encoding.matrix(frame).astype(np.float32), won))
        print(f"history {seed}: {len(won):,} snapshots, won {won.mean():.3f}", flush=True)
    *training, checking = parts
    rows = np.concatenate([rows for rows, _ in training]), np.concatenate([won for _, won in training])
    reference = Reference(encoding).fit(rows, checking)
    print(f"log loss of the checking history: {log_loss(reference.win(checking[0]), checking[1]):.4f}", flush=True)
    return reference


def labelled(opportunities: int, seed: int, cutoffs: Sequence[pd.Timestamp]) -> tuple[pd.DataFrame, Floats]:
    """Snapshots of a fresh history at the cutoffs, and which were won in the end."""
    history = simulate(opportunities, seed)
    # Snapshots are blind to what was recorded later, so the whole history may be asked.
    keys = open_at(history, micros(pd.Index(cutoffs)))
    won = final_wins(simulate_outcomes(opportunities, seed), keys)
    ended = ~np.isnan(won)
    return recorded(history, keys[ended].reset_index(drop=True)), won[ended]


def recorded(history: History, keys: pd.DataFrame) -> pd.DataFrame:
    """What the reference is told of each snapshot."""
    frame = build_snapshots(history, keys).drop(columns=_DROPPED)
    view = view_of(history, keys)
    values = entity_values(view)
    codes = {f"code_{name}": pd.Series(values[name], index=frame.index, dtype="str") for name in CODES}
    begun = (view.created - micros(pd.Index([START]))[0]) / 86_400_000_000
    return frame.assign(**codes, created_day=begun.astype(np.float64))


def final_wins(outcomes: pd.DataFrame, keys: pd.DataFrame) -> Floats:
    """Whether each opportunity open at an instant was won in the end, shape (n,); NaN when it never closed.

    The first close after the instant counts; without one, the close before it, which was
    told after it.
    """
    rows = keys[["opportunity_id", "as_of"]].assign(row=np.arange(len(keys)))
    closes = rows.merge(outcomes[["opportunity_id", "outcome", "closed_at"]], on="opportunity_id")
    before = closes["closed_at"] <= closes["as_of"]
    closes = closes.assign(before=before, distance=(closes["closed_at"] - closes["as_of"]).abs())
    nearest = closes.sort_values(["row", "before", "distance"]).drop_duplicates("row")
    won = np.full(len(keys), np.nan)
    won[nearest["row"].to_numpy()] = nearest["outcome"].to_numpy() == "won"
    return won


def records_of(reference: Reference) -> list[dict[str, Any]]:
    """Figures of the reference and of the fixed weights, one record a seed and cutoff."""
    records = []
    for seed in TEST_SEEDS:
        for cutoff in TEST_CUTOFFS:
            frame, won = labelled(TEST_OPPORTUNITIES, seed, [pd.Timestamp(cutoff, tz="UTC")])
            learned = reference.win(reference.encoding.matrix(frame).astype(np.float32))
            answers = {"reference": learned, "fixed_weights": frame["fixed_weight"].to_numpy(np.float64)}
            records.append({"seed": seed, "cutoff": cutoff, "open": len(won), "won": int(won.sum())})
            for name, win in answers.items():
                records[-1] |= {
                    f"{name}_log_loss": round(log_loss(win, won), 5),
                    f"{name}_auc": round(auc(win, won), 5),
                }
    return records


def means(records: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Mean of each figure over all seeds and cutoffs."""
    figures = [name for name in records[0] if name not in ("seed", "cutoff")]
    return {name: round(float(np.mean([record[name] for record in records])), 5) for name in figures}


def settings() -> dict[str, Any]:
    """What the stored figures come from."""
    return {
        "training_opportunities": CHUNK * (len(TRAINING_SEEDS) + 1),
        "training_seeds": [*TRAINING_SEEDS, CHECKING_SEED],
        "test_opportunities": TEST_OPPORTUNITIES,
        "test_seeds": list(TEST_SEEDS),
        "test_cutoffs": list(TEST_CUTOFFS),
    }


if __name__ == "__main__":
    main()
