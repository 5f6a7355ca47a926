"""How well needs of accounts without an open opportunity are told in the simulated CRM: forward in time.

Run: ``python benchmarks/simulated_accounts.py --opportunities 8000 --seeds 1 --cutoffs 2025-04-01,2025-08-01``
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from features.account_results import idle_accounts
from features.account_snapshots import build_account_snapshots
from features.as_of import known_as_of
from features.history.history import History
from features.history.simulated import simulate
from features.instants import micros
from models.constant import Constant
from models.periods import choose_edges
from scoring.account_classification import AccountCriteria, is_hidden
from scoring.classification import NEED_HORIZON
from scoring.score import need_probability
from training.account_labels import account_labels
from training.account_need import account_dataset, confirmed_in_time, learn_account_need
from training.evaluate import auc, brier, calibration_error, log_loss

RECENT_DAYS = 30.0


def measure(history: History, cutoff: pd.Timestamp, name: str) -> None:
    known = known_as_of(history, cutoff)
    learned = learn_account_need(known, (), cutoff, RECENT_DAYS, 0, lambda line: None)
    keys = idle_accounts(history, micros(pd.Index([cutoff])))
    snapshots = build_account_snapshots(history, keys)
    happened = confirmed_in_time(account_labels(history, keys, history.observed_until)).astype(float)
    answer = need_probability(learned.model, snapshots)
    past = account_dataset(known, (), cutoff)
    labels = past.labels()
    constant = Constant().fit(past.snapshots, labels, choose_edges(labels)).predict(snapshots)
    usual = constant.win_by([NEED_HORIZON])[:, 0]
    _say(f"{name} {cutoff:%Y-%m-%d} learned", answer, happened)
    _say(f"{name} {cutoff:%Y-%m-%d} constant", usual, happened)
    threshold = learned.criteria["threshold"]
    hidden = is_hidden(snapshots, answer, AccountCriteria(threshold, RECENT_DAYS))
    above = answer > threshold if threshold is not None else np.zeros(len(answer), bool)
    for label, rows in (("above", above), ("below", ~above), ("hidden", hidden)):
        share = happened[rows].mean() if rows.any() else float("nan")
        print(f"  {label} {threshold}: {rows.sum()} accounts, {share:.3f} confirmed in 90 days")
    weights = learned.model.to_dict() if learned.model else {}
    print(f"  report {learned.criteria['report']}")
    print(f"  clock weights {weights.get('clock_weights')}", flush=True)


def _say(name: str, answer: np.ndarray, happened: np.ndarray) -> None:
    print(
        f"{name}: {len(answer)} accounts, mean {answer.mean():.4f}, confirmed {happened.mean():.4f}, "
        f"AUC {auc(answer, happened):.3f}, log loss {log_loss(answer, happened):.4f}, "
        f"Brier {brier(answer, happened):.4f}, calibration error {calibration_error(answer, happened):.4f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--opportunities", type=int, default=8_000)
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--cutoffs", default="2025-04-01,2025-08-01")
    asked = parser.parse_args()
    for seed in asked.seeds.split(","):
        history = simulate(asked.opportunities, int(seed))
        for cutoff in asked.cutoffs.split(","):
            measure(history, pd.Timestamp(cutoff, tz="UTC"), f"seed {seed}")


if __name__ == "__main__":
    main()
