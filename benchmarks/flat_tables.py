"""Flat tables: ours beside a tuned logistic regression and a tuned LightGBM, given the same columns and folds.

    python benchmarks/flat_tables.py --repeats 2 [--only NAME,NAME]

Prints, for each table, log loss and AUC of the three, and the difference of ours from the better of
the two in standard errors over folds: ``naive`` as if folds were independent, ``corrected`` for what
their training sets have in common (Nadeau and Bengio 2003). ``flat_opportunities`` is read from
DEALODDS_DATA and left out without it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from features.history.import_source import import_source
from features.history.mapping import read_mapping
from features.snapshots import catalogue_of
from training.evaluate import auc, log_loss
from training.flat import Plan, flat_columns, flat_dataset, learn_flat
from training.folds import stratified_folds

Floats = NDArray[np.float64]


def _made(rows: int, seed: int, wins: float = 0.3, noise: float = 1.0, **shape: float) -> pd.DataFrame:
    """A table with numbers, heavy tails, categories of 3, 12 and 300 words, an interaction, and missing values."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({f"number {i}": draw.normal(size=rows) for i in range(4)})
    frame["value, heavy"] = np.exp(draw.normal(8, 2, rows)).round(2)
    frame["days"] = draw.exponential(40, rows).round()
    words = {"few": 3, "some": 12, "many": int(shape.get("many", 300))}
    odds = 0.8 * frame["number 0"] - 0.5 * frame["number 1"] + 0.25 * np.log(frame["value, heavy"])
    for name, count in words.items():
        code = np.minimum(draw.zipf(1.3, rows) - 1, count - 1) if name == "many" else draw.integers(0, count, rows)
        odds += draw.normal(0, 0.7, count)[code]
        frame[name] = pd.Series(code).map(lambda c, name=name: f"{name} {c}")
    odds += (
        shape.get("interaction", 1.0)
        * frame["number 2"]
        * frame["few"].map(dict(zip(sorted(frame["few"].unique()), (-1, 0, 1), strict=False))).astype(float)
    )
    odds += shape.get("curve", 0.5) * (np.abs(frame["number 3"]) - 0.8)
    for name, share in (("number 1", 0.2), ("some", 0.15), ("days", 0.3)):
        gone = draw.random(rows) < share
        odds = odds + 0.6 * gone
        frame.loc[gone, name] = np.nan if name != "some" else None
    odds = odds / noise
    level = np.quantile(odds + draw.logistic(size=rows), 1 - wins)
    frame["won"] = np.where(odds + draw.logistic(size=rows) > level, "yes", "no")
    return frame


def _breast_cancer() -> pd.DataFrame:
    raw = load_breast_cancer(as_frame=True)
    return raw.data.assign(won=np.where(raw.target == 1, "yes", "no"))


def _classification(rows: int, seed: int, **how: float) -> pd.DataFrame:
    values, won = make_classification(rows, 20, n_informative=6, random_state=seed, **how)
    frame = pd.DataFrame(values, columns=[f"x{i}" for i in range(20)])
    return frame.assign(won=np.where(won == 1, "yes", "no"))


def _opportunities() -> pd.DataFrame:
    frame = pd.read_csv(
        Path(os.environ["DEALODDS_DATA"]) / "flat_opportunities" / "opportunities.csv.gz", keep_default_na=False
    )
    leaks = [c for c in frame if "Days" in c or "Change Count" in c]
    frame = frame.drop_duplicates("Opportunity Number").drop(columns=[*leaks, "Opportunity Number"])
    return frame.rename(columns={"Opportunity Result": "won"}).replace({"won": {"Won": "yes", "Loss": "no"}})


TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    "breast_cancer": _breast_cancer,
    "classes_500": lambda: _classification(500, 1, flip_y=0.1),
    "classes_5000": lambda: _classification(5_000, 2, flip_y=0.05, class_sep=0.7),
    "additive_300": lambda: _made(300, 3, interaction=0, curve=0),
    "mixed_300": lambda: _made(300, 4),
    "mixed_1000": lambda: _made(1_000, 5),
    "rare_2000": lambda: _made(2_000, 6, wins=0.05),
    "mixed_8000": lambda: _made(8_000, 7, many=1000),
    "rare_20000": lambda: _made(20_000, 8, wins=0.05, noise=1.5),
    "mixed_50000": lambda: _made(50_000, 9, many=3000),
} | ({"flat_opportunities": _opportunities} if "DEALODDS_DATA" in os.environ else {})


def imported(frame: pd.DataFrame, folder: Path) -> tuple[pd.DataFrame, Floats, Floats]:
    """Write a CSV and a mapping, import them, and give snapshots, outcome (1 won) and the line of each row."""
    frame.to_csv(folder / "table.csv", index=False)
    lines = ["tables:", "  opportunities:", "    columns: {opportunity_id: {line: true}, created_at: {line: true}}"]
    lines += ["    stage: {column: won, dictionary: {won: ['yes'], lost: ['no']}}", "    attributes:"]
    for place, name in enumerate(frame.columns.drop("won")):
        kind = "numeric" if pd.api.types.is_numeric_dtype(frame[name]) else "category"
        lines.append(f"      a{place}: {{column: {name!r}, type: {kind}, measured: creation}}")
    (folder / "mapping.yaml").write_text("\n".join(lines))
    history = import_source(read_mapping(folder / "mapping.yaml"), folder / "table.csv").history
    dataset = flat_dataset(history, catalogue_of(history))
    won = (dataset.labels().outcome == 1).astype(np.float64)
    place = dataset.keys["opportunity_id"].astype(int).to_numpy() - 2
    return dataset, won, place


def tuned_logistic(past: pd.DataFrame, won: Floats, future: pd.DataFrame, seed: int) -> Floats:
    """Impute with indicators, scale, one-hot, and choose C by inner folds."""
    numbers = list(past.select_dtypes("number"))
    words = [c for c in past if c not in numbers]
    model = make_pipeline(
        make_column_transformer(
            (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), numbers),
            (OneHotEncoder(min_frequency=5, handle_unknown="infrequent_if_exist"), words),
        ),
        LogisticRegressionCV(
            Cs=np.logspace(-3.5, 2, 12),
            cv=StratifiedKFold(5, shuffle=True, random_state=seed),
            scoring="neg_log_loss",
            max_iter=500,
            l1_ratios=(0,),
            use_legacy_attributes=False,
        ),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", UserWarning)
        return np.asarray(model.fit(past, won).predict_proba(future)[:, 1])


def tuned_lightgbm(past: pd.DataFrame, won: Floats, future: pd.DataFrame, seed: int) -> Floats:
    """Native categories; leaves, rows of a leaf and rounds by inner folds."""
    words = [c for c in past if not pd.api.types.is_numeric_dtype(past[c])]
    usual = {c: sorted(past[c].dropna().unique()) for c in words}
    past, future = (
        frame.assign(**{c: pd.Categorical(frame[c].where(frame[c].isin(usual[c])), usual[c]) for c in words})
        for frame in (past, future)
    )
    folds = list(StratifiedKFold(5, shuffle=True, random_state=seed).split(past, won))
    folds = folds[: 2 if len(won) > 15_000 else 5]
    best = (np.inf, {}, 0)
    for leaves in (7, 15, 31):
        for rows in (5, 20, 60):
            parameters = {
                "objective": "binary", "metric": "binary_logloss", "learning_rate": 0.05, "num_leaves": leaves,
                "min_data_in_leaf": rows, "num_threads": 1, "verbosity": -1, "seed": seed,
            }  # fmt: skip
            data = lightgbm.Dataset(past, won, params=parameters, free_raw_data=False)
            stop = lightgbm.early_stopping(30, verbose=False)
            losses = lightgbm.cv(parameters, data, 1_000, folds=iter(folds), callbacks=[stop])[
                "valid binary_logloss-mean"
            ]
            if losses[-1] < best[0]:
                best = (losses[-1], parameters, len(losses))
    model = lightgbm.train(best[1], lightgbm.Dataset(past, won, params=best[1]), best[2])
    return np.asarray(model.predict(future))


def run(name: str, repeats: int, folds: int) -> None:
    """Judge the three on one table, and print its lines."""
    frame = TABLES[name]()
    with tempfile.TemporaryDirectory() as folder:
        dataset, won, place = imported(frame, Path(folder))
    raw = frame.drop(columns="won").iloc[place].reset_index(drop=True)
    raw.columns = [f"a{i}" for i in range(raw.shape[1])]  # LightGBM takes no commas
    raw = raw.astype({c: object for c in raw if not pd.api.types.is_numeric_dtype(raw[c])})
    snapshots = dataset.snapshots[flat_columns(catalogue_of(dataset.history), ordered=False)]
    labels, found, seconds = dataset.labels(), [], np.zeros(3)
    for repetition in range(repeats):
        for past, held in stratified_folds(won == 1, folds, repetition):
            start = time.perf_counter()
            win = learn_flat(snapshots.iloc[past], labels.take(past), Plan(False))
            ours = win.predict(snapshots.iloc[held]).win
            at = [start, time.perf_counter()]
            others = []
            for tuned in (tuned_logistic, tuned_lightgbm):
                others.append(tuned(raw.iloc[past], won[past], raw.iloc[held], repetition))
                at.append(time.perf_counter())
            seconds += np.diff(at)
            found.append([[f(p, won[held]) for f in (log_loss, auc)] for p in (ours, *others)])
    _show(name, len(won), won.mean(), np.array(found), seconds / len(found), folds)


def _show(name: str, rows: int, share: float, found: NDArray[np.float64], seconds: Floats, folds: int) -> None:
    mean = found.mean(axis=0)
    print(f"{name}: {rows:,} rows, {share:.0%} won; seconds a fold {' '.join(f'{s:.1f}' for s in seconds)}")
    for place, (metric, sign) in enumerate((("log loss", 1), ("AUC", -1))):
        better = 1 + int(np.argmin(sign * mean[1:, place]))
        apart = sign * (found[:, 0, place] - found[:, better, place])
        naive = apart.std(ddof=1) / np.sqrt(len(apart))
        corrected = apart.std(ddof=1) * np.sqrt(1 / len(apart) + 1 / (folds - 1))
        print(
            f"  {metric:<9} ours {mean[0, place]:.4f}  logistic {mean[1, place]:.4f}  LightGBM {mean[2, place]:.4f}"
            f"   worse by {apart.mean():+.4f} (naive SE {naive:.4f}, corrected {corrected:.4f})"
            f"{'' if apart.mean() <= naive else '  BEHIND' if apart.mean() <= corrected else '  FAR BEHIND'}",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--only", default=",".join(TABLES))
    asked = parser.parse_args()
    for one in asked.only.split(","):
        run(one, asked.repeats, asked.folds)
