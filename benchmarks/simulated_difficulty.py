"""How hard the simulated CRM is, beside what it must be.

Run ``python benchmarks/simulated_difficulty.py``. Win share and medians are over all
opportunities followed to their end, beyond the two years: those closed within the two
years are biased to the quick ones, and are printed beside. The best possible AUC is
that of a LightGBM on hand-made features, fitted on one simulated CRM with every final
outcome known and measured on another; it is a lower bound of the true one.
"""

from __future__ import annotations

import argparse

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score

from features.as_of import known_as_of
from features.history.history import History
from features.history.process import DEFAULT_PROCESS
from features.history.schema import ASSESSMENTS
from features.history.simulated import simulate, simulate_outcomes

TEST_CUTOFFS = ("2025-01-01", "2025-05-01", "2025-09-01")
TRAIN_CUTOFFS = tuple(pd.date_range("2024-06-15", "2025-12-15", periods=12).strftime("%Y-%m-%d"))
ASSESSED = ("money", "authority", "need", "sponsor", "competitor", "solution_fit")
TWO_WAY = ("call", "meeting", "demo", "email_replied")
CLOSED = ("won", "lost")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=int, default=100_000, help="opportunities the reference learns from")
    parser.add_argument("--test", type=int, default=40_000, help="opportunities everything is measured on")
    arguments = parser.parse_args()
    history, outcomes = simulate(arguments.test, seed=1), simulate_outcomes(arguments.test, seed=1)
    _print_facts(history, outcomes)
    test = {cutoff: _rows(history, outcomes, cutoff) for cutoff in TEST_CUTOFFS}
    del history
    models = _reference(arguments.train)
    for cutoff, rows in test.items():
        _print_cutoff(cutoff, rows, models)


def _print_facts(history: History, outcomes: pd.DataFrame) -> None:
    within = outcomes[outcomes["closed_at"] <= history.observed_until]
    for name, closes in (("followed to the end", outcomes), ("closed within two years", within)):
        days = (closes["closed_at"] - closes["created_at"]) / pd.Timedelta(days=1)
        median = days.groupby(closes["outcome"]).median()
        share = (closes["outcome"] == "won").mean()
        print(f"{name}: won {share:.3f} of closed; median days won {median['won']:.0f}, lost {median['lost']:.0f}")
    first_close = outcomes.sort_values("closed_at").drop_duplicates("opportunity_id")
    tenth = pd.qcut(first_close["created_at"].astype("int64"), 10, labels=False)
    by_tenth = (first_close["outcome"] == "won").groupby(tenth).mean()
    slope, level = np.polyfit(np.arange(0.05, 1, 0.1), by_tenth, 1)
    print(f"win share at the start {level:.3f}, at the end {level + slope:.3f}, ratio {1 + slope / level:.3f}")
    events = [history.stage_history, history.field_history, history.activities[~history.activities["planned"]]]
    late = pd.concat([frame["recorded_at"] - frame["occurred_at"] for frame in events]) / pd.Timedelta(days=1)
    print(f"late {(late > 0).mean():.3f}, median {late[late > 0].median():.2f} days; rows ", end="")
    print({name: len(frame) for name, frame in history.tables.items()})
    last = history.field_history.sort_values("occurred_at").drop_duplicates(["opportunity_id", "field"], keep="last")
    letters = last[last["field"].isin(("money", "authority", "need")) & (last["value"] != "unknown")]
    print(f"MAN letters unknown at the end {1 - len(letters) / (3 * len(history.opportunities)):.3f}")


def _rows(history: History, outcomes: pd.DataFrame, cutoff: str) -> pd.DataFrame:
    """One row an opportunity recorded as open at the cutoff: hand-made features and the final outcome."""
    as_of = pd.Timestamp(cutoff, tz="UTC")
    known = known_as_of(history, as_of)
    opportunities = known.opportunities.set_index("opportunity_id")
    last_stage = _latest(known.stage_history, ["opportunity_id"]).set_index("opportunity_id")
    rows = pd.DataFrame(index=last_stage.index[~last_stage["stage"].isin(CLOSED)])
    rows["stage"] = last_stage["stage"].map(DEFAULT_PROCESS.position)
    rows["weight"] = last_stage["stage"].map(lambda key: DEFAULT_PROCESS.stage(key).weight)
    rows["stage_age"] = _days(as_of, last_stage["occurred_at"])
    rows["age"] = _days(as_of, opportunities["created_at"])
    rows["created"] = _days(opportunities["created_at"], pd.Timestamp("2024-01-01", tz="UTC"))
    rows["fit_score"] = opportunities["fit_score"]
    for name in ("segment", "source", "product"):
        rows[name] = opportunities[name].astype("category").cat.codes
    _add_fields(rows, known, as_of)
    _add_activities(rows, known, as_of)
    _add_account(rows, known)
    later = outcomes[outcomes["closed_at"] > as_of].sort_values("closed_at").drop_duplicates("opportunity_id")
    already = outcomes.sort_values("closed_at").drop_duplicates("opportunity_id", keep="last")
    final = pd.concat([later, already]).drop_duplicates("opportunity_id").set_index("opportunity_id")["outcome"]
    rows["won"] = (final == "won").astype(float)
    return rows[rows["won"].notna()]


def _latest(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return frame.sort_values("occurred_at", kind="stable").drop_duplicates(keys, keep="last")


def _days(later: pd.Series | pd.Timestamp, earlier: pd.Series | pd.Timestamp) -> pd.Series:
    return (later - earlier) / pd.Timedelta(days=1)


def _add_fields(rows: pd.DataFrame, known: History, as_of: pd.Timestamp) -> None:
    fields = known.field_history
    latest = _latest(fields, ["opportunity_id", "field"])
    for name in ASSESSED:
        values = latest[latest["field"] == name].set_index("opportunity_id")
        rows[name] = values["value"].map(ASSESSMENTS.index).where(values["value"] != "unknown")
        rows[f"{name}_age"] = _days(as_of, values["occurred_at"])
    by_field = fields.groupby(["field", "opportunity_id"])["value"]
    count, first, last = by_field.size(), by_field.first(), latest.set_index(["field", "opportunity_id"])["value"]
    rows["pushes"] = count["expected_close_date"]
    rows["due"] = _days(pd.to_datetime(last["expected_close_date"], utc=True), as_of)
    rows["amount"] = last["amount"].astype(float)
    rows["shrunk"] = rows["amount"] / first["amount"].astype(float)
    owner = known.opportunities.set_index("opportunity_id")["owner_id"]
    current = last["owner"].reindex(owner.index).fillna(owner) if "owner" in last.index.levels[0] else owner
    rows["owner"] = current.str[-2:].astype(int)


def _add_activities(rows: pd.DataFrame, known: History, as_of: pd.Timestamp) -> None:
    activities = known.activities[known.activities["opportunity_id"].isin(rows.index)]
    planned = activities[activities["planned"]]
    rows["planned"] = _days(planned.groupby("opportunity_id")["occurred_at"].max(), as_of)
    done = activities[~activities["planned"]].copy()
    done["ago"] = _days(as_of, done["occurred_at"])
    done["kind"] = done["kind"].where(~done["automated"], "automated")
    two_way = done[done["kind"].isin(TWO_WAY)]
    roles = two_way.merge(known.contacts[["contact_id", "role"]], on="contact_id")
    rows["decision_maker"] = (roles["role"] == "decision_maker").groupby(roles["opportunity_id"]).mean()
    rows["silence"] = two_way.groupby("opportunity_id")["ago"].min()
    rows["contact"] = (0.96 ** two_way["ago"]).groupby(two_way["opportunity_id"]).sum()
    rows["visit_recency"] = done[done["kind"] == "site_visit"].groupby("opportunity_id")["ago"].min()
    rows["dwell"] = done.groupby("opportunity_id")["duration"].sum()
    for window in (30, 90, 1000):
        recent = done[done["ago"] <= window]
        counts = recent.groupby(["kind", "opportunity_id"]).size()
        for kind in ("site_visit", "email_opened", "email_sent", "email_clicked", "email_replied", "call", "meeting"):
            rows[f"{kind}_{window}"] = counts[kind].reindex(rows.index).fillna(0)
    quotes = done[done["kind"] == "quote"].groupby("opportunity_id")["ago"].min()
    rows["quoted"] = quotes


def _add_account(rows: pd.DataFrame, known: History) -> None:
    account = known.opportunities.set_index("opportunity_id")["account_id"]
    won = known.stage_history[known.stage_history["stage"] == "won"]
    wins = won["opportunity_id"].map(account).value_counts()
    rows["account_wins"] = account.reindex(rows.index).map(wins).fillna(0)
    visits = known.activities[known.activities["opportunity_id"].isna()]["account_id"].value_counts()
    rows["account_visits"] = account.reindex(rows.index).map(visits).fillna(0)


def _reference(opportunities: int) -> tuple[lgb.LGBMClassifier, lgb.LGBMClassifier]:
    """Fit on the features, and on stage and age alone (about what stage rates know)."""
    history, outcomes = simulate(opportunities, seed=2), simulate_outcomes(opportunities, seed=2)
    rows = pd.concat([_rows(history, outcomes, cutoff) for cutoff in TRAIN_CUTOFFS], ignore_index=True)
    settings = {"learning_rate": 0.04, "num_leaves": 15, "min_child_samples": 200, "verbose": -1, "n_jobs": 2}
    settings |= {"subsample": 0.7, "subsample_freq": 1, "colsample_bytree": 0.4, "reg_lambda": 10}
    features = rows.drop(columns=["won", "weight"])
    best = lgb.LGBMClassifier(n_estimators=500, **settings).fit(features, rows["won"], categorical_feature=["owner"])
    rates = lgb.LGBMClassifier(n_estimators=60, **settings).fit(features[["stage", "age"]], rows["won"])
    return best, rates


def _print_cutoff(cutoff: str, rows: pd.DataFrame, models: tuple[lgb.LGBMClassifier, lgb.LGBMClassifier]) -> None:
    best, rates = models
    p_best = best.predict_proba(rows.drop(columns=["won", "weight"]))[:, 1]
    p_rates = rates.predict_proba(rows[["stage", "age"]])[:, 1]
    unknown = rows[["money", "authority", "need"]].isna().to_numpy().mean()
    print(f"{cutoff}: open {len(rows)}, later won {rows['won'].mean():.3f}, MAN letters unknown {unknown:.3f}")
    for name, p in (
        ("fixed weights", rows["weight"].to_numpy()),
        ("stage and age", p_rates),
        ("best possible", p_best),
    ):
        print(f"  {name:14} AUC {roc_auc_score(rows['won'], p):.3f}  log loss {log_loss(rows['won'], p):.4f}")


if __name__ == "__main__":
    main()
