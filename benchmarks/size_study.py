"""Right at every size of data: the blend beside its members, from no data to 12,800 opportunities.

In two simulated worlds (effects that add up; interactions) models are trained on histories
of several sizes and seeds, each as anybody would train it at the end of the two years. All
answer for the same opportunities, open then in a history of their own, and are judged by how
these truly ended. The fixed weights answer for size 0:

    python benchmarks/size_study.py [--seeds 10] [--seeds-of-large 4] [--sizes 0,30,100,…]

The large ones, from 3,200 on, take most of the time and differ least: they are given fewer
histories, and each row says how many it had. Two promises are checked at every size: the
blend's mean log loss is at most 0.003 above its best member's, and not above the fixed weights'.
A member that entered for some histories only is compared on those, if they are half of them or
more. Where the stored best possible probabilities of the same opportunities are there
(``best_possible.json``, by ``best_possible.py``), a third is checked from 200 opportunities on:
the 80 % intervals hold 75 to 88 % of them.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from simulated_reference import final_wins

from features.history.history import History
from features.history.simulated import simulate, simulate_outcomes
from features.history.simulated_world import END
from features.instants import micros
from features.past_results import freeze, recorded_results
from features.snapshots import build_snapshots
from models.incidence import Incidence
from scoring.version_zero import version_zero
from training.evaluate import log_loss
from training.grid import open_at
from training.learning import learn, win_members
from training.pipeline import prepare

Floats = NDArray[np.float64]

SIZES = (0, 30, 100, 200, 400, 800, 1_600, 3_200, 12_800)
WORLDS = {"additive": True, "interactions": False}
TEST_OPPORTUNITIES, TEST_SEED = 24_000, 900
LARGE = 3_200
NO_WORSE = 0.003
HELD, HELD_FROM = (0.75, 0.88), 200
RESULTS = Path(__file__).parent / "results" / "size_study.json"
BEST = RESULTS.with_name("best_possible.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10, help="how many histories of each size and world")
    parser.add_argument("--seeds-of-large", type=int, default=4, help=f"how many from {LARGE:,} opportunities on")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    sizes = [int(size) for size in asked.sizes.split(",")]
    seeds = {size: min(asked.seeds, asked.seeds_of_large) if size >= LARGE else asked.seeds for size in sizes}
    # The large ones first: then no worker waits at the end.
    jobs = [(w, n, seed) for n in sorted(sizes, reverse=True) for w in WORLDS for seed in range(1, seeds[n] + 1)]
    with ProcessPoolExecutor(asked.workers) as pool:
        records = list(pool.map(_measured, jobs))
    rows = summary(pd.DataFrame(records))
    RESULTS.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")
    print(pd.DataFrame(rows).to_string(index=False, float_format=lambda x: f"{x:.4f}"))


def _measured(job: tuple[str, int, int]) -> dict[str, Any]:
    world, size, seed = job
    history, keys, won = judged(WORLDS[world])
    answers, low, high = answers_of(size, seed, WORLDS[world], history, keys)
    losses = {name: log_loss(answer.win, won) for name, answer in answers.items()}
    return {"world": world, "size": size, "seed": seed, "held": held(world, keys, low, high), **losses}


def held(world: str, keys: pd.DataFrame, low: Floats, high: Floats) -> float:
    """Share of the best possible probabilities within the intervals; NaN where they are not stored."""
    if WORLDS[world] or not BEST.exists():
        return float("nan")
    stored = json.loads(BEST.read_text(encoding="utf-8"))
    best = keys["opportunity_id"].map(stored).to_numpy(np.float64)
    return float(((low <= best) & (best <= high)).mean())


@cache
def judged(additive: bool) -> tuple[History, pd.DataFrame, Floats]:
    """Opportunities open at the end of a history of their own, and which were won in the end."""
    history = simulate(TEST_OPPORTUNITIES, TEST_SEED, additive=additive)
    keys = open_at(history, micros(pd.Index([END])))
    won = final_wins(simulate_outcomes(TEST_OPPORTUNITIES, TEST_SEED, additive=additive), keys)
    ended = ~np.isnan(won)
    return history, keys[ended].reset_index(drop=True), won[ended]


def answers_of(
    size: int, seed: int, additive: bool, history: History, keys: pd.DataFrame
) -> tuple[dict[str, Incidence], Floats, Floats]:
    """Answers of a model trained on so many opportunities, the blend's as ``learned``, and the bounds of that."""
    if size == 0:
        snapshots = build_snapshots(history, keys, version_zero().catalogue)
        zero, low, high = version_zero().win.predict_with_interval(snapshots)
        return {"learned": zero, "fixed_weights": zero}, low, high
    material = prepare(simulate(size, seed, additive=additive), END)
    win = learn(material.dataset, win_members(seed), lambda line: None)
    # What is known of owners and sources is what the training history tells.
    past = freeze(recorded_results(material.known), END)
    snapshots = build_snapshots(history, keys, material.catalogue, past)
    learned, low, high = win.predict_with_interval(snapshots)
    return {"learned": learned, **win.predict_members(snapshots)}, low, high


def summary(records: pd.DataFrame) -> list[dict[str, Any]]:
    """Means over seeds by world and size, with the promises; intervals are 90 %, over seeds."""
    return [_row(str(world), int(size), group) for (world, size), group in records.groupby(["world", "size"])]


def _row(world: str, size: int, group: pd.DataFrame) -> dict[str, Any]:
    losses = group.drop(columns=["world", "size", "seed", "held"])
    members = losses.drop(columns="learned")
    entered = members.loc[:, members.notna().mean() >= 0.5]
    behind = entered.rsub(losses["learned"], axis=0)
    best = str(behind.mean().idxmax())
    share = float(group["held"].mean())
    row: Mapping[str, Any] = {
        "world": world,
        "size": size,
        "seeds": len(group),
        "learned": round(float(losses["learned"].mean()), 5),
        **{name: round(float(value), 5) for name, value in entered.mean().items()},
        "best": best,
        **_with_interval("behind_best", behind[best].dropna()),
        **_with_interval("behind_fixed", behind["fixed_weights"]),
        "kept": bool(behind[best].mean() <= NO_WORSE and behind["fixed_weights"].mean() <= 0),
        "held": None if np.isnan(share) else round(share, 3),
        "held_kept": None if np.isnan(share) or size < HELD_FROM else bool(HELD[0] <= share <= HELD[1]),
    }
    return dict(row)


def _with_interval(name: str, differences: pd.Series) -> dict[str, float]:
    half = 1.645 * float(differences.std()) / np.sqrt(len(differences)) if len(differences) > 1 else 0.0
    mean = float(differences.mean())
    return {name: round(mean, 5), f"{name}_low": round(mean - half, 5), f"{name}_high": round(mean + half, 5)}


if __name__ == "__main__":
    main()
