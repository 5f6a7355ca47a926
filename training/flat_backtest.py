"""Judge a flat table: in order of creation, or in folds. One long table, as the walk over cutoffs gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import known_as_of
from features.errors import DataError, NotEnoughDataError
from features.history.history import History
from features.outcomes import WON, Labels
from features.past_results import FrozenResults, freeze, recorded_results
from features.snapshots import Catalogue, build_snapshots
from models.fixed_weights import FixedWeights
from models.hazard_blend import HazardBlend
from models.incidence import Incidence, certain_clock
from training.currencies import currencies_of
from training.dataset import Dataset
from training.evaluate import evaluate
from training.flat import EDGES, Plan, closed_keys, flat_columns, flat_dataset, learn_flat
from training.folds import groups_of, stratified_folds
from training.learned_features import learned_features

Ints = NDArray[np.int64]
Report = Callable[[str], None]


def backtest_order(
    history: History,
    share: float,
    *,
    seed: int = 0,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    report: Report = lambda line: None,
) -> list[dict[str, Any]]:
    """Train on the first share of the closed rows in order of creation, and judge the rest by their outcome.

    Past results are those of the first share: of the others nothing is known yet.

    Returns
    -------
    Records ``{cutoff, method, metric, horizon, value, low, high, n}``; cutoff and horizon None.

    Raises
    ------
    DataError
        The table has no order of creation, or is not flat.
    """
    if history.timing != "order":
        raise DataError(
            "a history without an order of creation" if history.is_flat else "a history with dates",
            "a flat table whose mapping has created_at, or {order: column} for it",
            "judge it by --folds" if history.is_flat else "judge it at --cutoffs",
        )
    answers, later = later_answers(history, share, seed, report, include, exclude)
    return [{"cutoff": None, **record} for record in _judged(answers, later, seed)]


def later_answers(
    history: History,
    share: float,
    seed: int,
    report: Report,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> tuple[dict[str, Incidence], Dataset]:
    """Answer of each method, trained on the first share of the closed rows, for the others, and the others.

    Columns are doubted by what the first share tells: nobody could have known more.
    """
    keys = closed_keys(history)
    count = round(len(keys) * share)
    if not 0 < count < len(keys):
        raise NotEnoughDataError(f"{len(keys)} closed rows", "rows on both sides of the share", "change it")
    known = known_as_of(history, keys["as_of"].iloc[count])
    catalogue, _ = learned_features(known, include, exclude, report)
    dataset = flat_dataset(history, catalogue)
    past, later = (dataset.take(rows) for rows in np.split(np.arange(len(keys)), [count]))
    snapshots = build_snapshots(history, later.keys, catalogue, known_before(later))
    columns = flat_columns(catalogue, True, len(currencies_of(known)))
    win = learn_flat(past.snapshots[columns], past.labels(), Plan(True, seed), report)
    return flat_methods(win, past, snapshots), later


def known_before(later: Dataset) -> FrozenResults:
    """Past results as known before the first of some rows in order: whoever answers for them is given these."""
    return freeze(recorded_results(later.history), later.keys["as_of"].iloc[0])


def backtest_folds(
    history: History,
    folds: int,
    repeats: int,
    *,
    groups: Sequence[str] = (),
    seed: int = 0,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    report: Report = lambda line: None,
) -> list[dict[str, Any]]:
    """Judge by repeated stratified folds, each trained without and judged on its own part.

    Parameters
    ----------
    folds, repeats
        Parts of the rows, and how many times they are parted anew.
    groups
        Columns of the table of opportunities: rows alike in all of them stay in one fold.

    Returns
    -------
    Records as ``backtest_order``; the cutoff is ``fold r/k``, the k-th fold of repetition r. A
    member that had too little to learn from in some fold is left out: its mean would be of others.
    """
    if not history.is_flat:
        raise DataError("a history with dates", "a flat table", "judge it at --cutoffs")
    catalogue, _ = learned_features(history, include, exclude, report)
    dataset = flat_dataset(history, catalogue)
    plan = Plan(False, seed, row_groups(history, dataset, groups))
    records = []
    for repetition in range(repeats):
        answered = held_out_answers(dataset, catalogue, plan, folds, seed + repetition, report)
        for place, (answers, held) in enumerate(answered):
            cutoff = f"fold {repetition + 1}/{place + 1}"
            records += [{"cutoff": cutoff, **record} for record in _judged(answers, held, seed)]
    told = Counter(record["method"] for record in records)
    return [record for record in records if told[record["method"]] == max(told.values())]


def row_groups(history: History, dataset: Dataset, columns: Sequence[str]) -> Ints | None:
    """Number the groups of the dataset's opportunities; None without columns."""
    table = history.opportunities.set_index("opportunity_id").loc[dataset.keys["opportunity_id"]]
    return groups_of(table.reset_index(), columns)


def held_out_answers(
    dataset: Dataset, catalogue: Catalogue, plan: Plan, folds: int, seed: int, report: Report
) -> list[tuple[dict[str, Incidence], Dataset]]:
    """Answer of each method for each fold, trained on the other folds, and the fold."""
    columns = flat_columns(catalogue, ordered=False)
    won = dataset.labels().outcome == WON
    found = []
    for place, (past, held) in enumerate(stratified_folds(won, folds, seed, plan.groups)):
        report(f"fold {place + 1} of {folds}: {len(held):,} rows")
        learned = dataset.take(past)
        win = learn_flat(learned.snapshots[columns], learned.labels(), plan.take(past))
        judged = dataset.take(held)
        found.append((flat_methods(win, learned, judged.snapshots), judged))
    return found


def flat_methods(win: HazardBlend, past: Dataset, snapshots: pd.DataFrame) -> dict[str, Incidence]:
    """Answer of the learned probability and of each member; of the fixed weights where the first stage has one."""
    fixed: Mapping[str, Incidence] = {}
    if snapshots["fixed_weight"].notna().any():
        fixed = {"fixed_weights": FixedWeights().fit(past.snapshots, past.labels(), EDGES).predict(snapshots)}
    answers = {"learned": win.predict(snapshots), **fixed, **win.predict_members(snapshots)}
    return {name: certain_clock(EDGES, answer.win) for name, answer in answers.items()}


def _judged(answers: Mapping[str, Incidence], judged: Dataset, seed: int) -> list[dict[str, Any]]:
    labels: Labels = judged.labels()
    ids = judged.keys["opportunity_id"].to_numpy(dtype=object)
    return evaluate(answers, labels, ids, (), seed)
