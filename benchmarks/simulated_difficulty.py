"""How hard the simulated CRM is, beside what it must be.

    python benchmarks/simulated_difficulty.py

Win share and medians are over all opportunities followed to their end, beyond the two
years: those closed within the two years are biased to the quick ones, and are printed
beside. How well fixed weights and the best possible tell the later wins apart is read from
the figures that ``simulated_reference.py`` stored.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
import pandas as pd
from simulated_reference import BEST_POSSIBLE_AUC, FIXED_WEIGHTS_AUC, RESULTS

from features.history.history import History
from features.history.simulated import simulate, simulate_outcomes

LETTERS = ("money", "authority", "need")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opportunities", type=int, default=40_000, help="opportunities the facts are measured on")
    count = parser.parse_args().opportunities
    history, outcomes = simulate(count, seed=1), simulate_outcomes(count, seed=1)
    _print_closes(history, outcomes)
    _print_drift(outcomes)
    _print_records(history)
    _print_stored()


def _print_closes(history: History, outcomes: pd.DataFrame) -> None:
    within = outcomes[outcomes["closed_at"] <= history.observed_until]
    for name, closes in (("followed to the end", outcomes), ("closed within two years", within)):
        days = (closes["closed_at"] - closes["created_at"]).dt.total_seconds() / 86_400
        median = days.groupby(closes["outcome"]).median()
        share = (closes["outcome"] == "won").mean()
        print(f"{name}: won {share:.3f} of closed; median days won {median['won']:.0f}, lost {median['lost']:.0f}")


def _print_drift(outcomes: pd.DataFrame) -> None:
    first_close = outcomes.sort_values("closed_at").drop_duplicates("opportunity_id")
    tenth = pd.qcut(first_close["created_at"].astype("int64"), 10, labels=False)
    by_tenth = (first_close["outcome"] == "won").groupby(tenth).mean()
    slope, level = np.polyfit(np.arange(0.05, 1, 0.1), by_tenth, 1)
    print(f"win share at the start {level:.3f}, at the end {level + slope:.3f}, ratio {1 + slope / level:.3f}")


def _print_records(history: History) -> None:
    events = [history.stage_history, history.field_history, history.activities[~history.activities["planned"]]]
    late = pd.concat([(f["recorded_at"] - f["occurred_at"]).dt.total_seconds() for f in events]) / 86_400
    print(f"late {(late > 0).mean():.3f}, median {late[late > 0].median():.2f} days; rows ", end="")
    print({name: len(frame) for name, frame in history.tables.items()})
    last = history.field_history.sort_values("occurred_at").drop_duplicates(["opportunity_id", "field"], keep="last")
    letters = last[last["field"].isin(LETTERS) & (last["value"] != "unknown")]
    print(f"MAN letters unknown at the end {1 - len(letters) / (len(LETTERS) * len(history.opportunities)):.3f}")


def _print_stored() -> None:
    stored = json.loads(RESULTS.read_text(encoding="utf-8"))
    limits = {"fixed weights": FIXED_WEIGHTS_AUC, "best possible": BEST_POSSIBLE_AUC}
    for (name, (low, high)), key in zip(limits.items(), ("fixed_weights", "reference"), strict=True):
        found, loss = stored["means"][f"{key}_auc"], stored["means"][f"{key}_log_loss"]
        said = "as it must be" if low <= found <= high else "NOT as it must be"
        print(f"{name}: AUC {found:.3f}, {said} ({low:.2f} to {high:.2f}); log loss {loss:.4f}")


if __name__ == "__main__":
    main()
