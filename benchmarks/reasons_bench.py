"""What reasons cost, and how near they are to exact Shapley values of the win probability.

The exact values are those of the groups of features: every coalition of groups is asked for
the blend's probability when the features of the other groups are not known. A tree then
answers with its mean over the training rows in each branch; a term of the ridge is at its
typical value unless every feature that it is of is known; stage rates and fixed weights say
their typical log-odds.

Run: ``python benchmarks/reasons_bench.py --opportunities 1500 --seed 5``
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from math import factorial
from pathlib import Path
from typing import Any

import click
import numba
import numpy as np
import pandas as pd
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from features.feature import GROUPS
from features.history.simulated import simulate
from features.instants import micros
from features.snapshot_table import as_snapshots
from features.snapshots import build_snapshots
from models.additions import OddsAdditions
from models.artifact import Artifact
from models.incidence import from_hazards, log_odds
from models.lightgbm_hazards import LightGBMHazards
from models.periods import log_ahead
from models.ridge_hazards import RidgeHazards
from models.tree_terms import TreeTerms, _answer
from models.trees import goes_left
from scoring.reasons import Explainer
from training.grid import open_at
from training.pipeline import train

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CUTOFF = pd.Timestamp("2025-07-01", tz="UTC")
_PLAYERS = tuple(GROUPS)
_COALITIONS = 1 << len(_PLAYERS)


def main_snapshots(artifact: Artifact, history: Any, count: int) -> pd.DataFrame:
    """Snapshots of opportunities open at the cutoff or later, each once."""
    weeks = pd.DatetimeIndex([CUTOFF + pd.Timedelta(days=7 * week) for week in range(26)])
    keys = open_at(history, micros(weeks)).drop_duplicates("opportunity_id").head(count)
    return build_snapshots(history, keys, artifact.catalogue, artifact.past)


def group_of(artifact: Artifact) -> dict[str, int]:
    """Place of the group of each feature among the players."""
    return {f.name: _PLAYERS.index(f.group) for f in artifact.catalogue.features}


def coalition_log_odds(artifact: Artifact, snapshots: pd.DataFrame) -> Floats:
    """Log-odds of the blend for every coalition of groups, shape (n, coalitions)."""
    blend, group = artifact.win.blend.of_members(artifact.win.in_use), group_of(artifact)
    total = np.full((len(snapshots), _COALITIONS), blend.level)
    for weight, place in zip(blend.weights, artifact.win.in_use, strict=True):
        member: Any = artifact.win.members[place]
        if isinstance(member, LightGBMHazards):
            total += weight * _of_trees(member, snapshots, group)
        elif isinstance(member, RidgeHazards):
            total += weight * _of_ridge(member, snapshots, group)
        else:
            total += weight * _of_odds(member.additions(snapshots), group)
    return total


def _has(coalition: int, player: int) -> bool:
    return bool(coalition >> player & 1)


def _of_odds(additions: OddsAdditions, group: dict[str, int]) -> Floats:
    players = {group[name] for name in additions.features}
    assert len(players) == 1, "additions to the log-odds are of one group"
    known = np.array([_has(c, next(iter(players))) for c in range(_COALITIONS)])
    return additions.start + additions.parts.sum(axis=1)[:, None] * known


def _of_ridge(member: RidgeHazards, snapshots: pd.DataFrame, group: dict[str, int]) -> Floats:
    names, of_column = member.encoding.features
    owners = np.array([group[name] for name in names])[of_column[member.terms.owners]]
    terms = member.terms.of(member.encoding.matrix(snapshots))
    found, timed = np.empty((len(snapshots), _COALITIONS)), member.terms.timed
    late, columns = terms.shape[1], terms.shape[1] + len(timed)
    ahead = log_ahead(member.edges)
    for coalition in range(_COALITIONS):
        known = (coalition >> owners & 1).all(axis=1)
        asked = np.where(known, terms, member.typical)
        odds = [
            (asked @ c[:late])[:, None] + np.outer(asked[:, timed] @ c[late:columns], ahead) + c[columns:]
            for c in (member.win, member.loss)
        ]
        found[:, coalition] = _win_odds(member.edges, *odds)
    return found


def _win_odds(edges: Floats, win: Floats, loss: Floats) -> Floats:
    return log_odds(from_hazards(edges, 1 / (1 + np.exp(-win)), 1 / (1 + np.exp(-loss))).win)


def _of_trees(member: LightGBMHazards, snapshots: pd.DataFrame, group: dict[str, int]) -> Floats:
    names, of_column = member.encoding.features
    player = np.array([group[name] for name in names])[of_column]
    matrix = np.ascontiguousarray(member.encoding.matrix(snapshots))
    pairs = zip(member.start, member._terms, strict=True)
    hazards = [start + _conditional(terms, player, matrix) for start, terms in pairs]
    found = np.empty((len(snapshots), _COALITIONS))
    for coalition in range(_COALITIONS):
        found[:, coalition] = _win_odds(member.edges, *(h[:, coalition] for h in hazards))
    return found


def _conditional(terms: TreeTerms, player: Ints, matrix: Floats) -> Floats:
    """Mean log-odds of a booster for every coalition and interval, shape (n, coalitions, J)."""
    columns = terms.columns
    known = np.zeros((len(columns), _COALITIONS), np.int64)
    for coalition in range(_COALITIONS):
        inside = (columns >= 0) & (coalition >> player[columns] & 1 == 1)
        known[:, coalition] = (inside << np.arange(columns.shape[1])).sum(axis=1)
    count, intervals, patterns, width = terms.table.shape
    t, slot = terms.trees, _slots(terms)
    answers = np.empty((count, intervals, patterns, 1 << width))
    arrays = (t.feature, t.threshold, t.left, t.right, t.value, t.weight)
    _tabulate_answers(matrix.shape[1], slot, *arrays, answers)
    found = np.zeros((len(matrix), _COALITIONS, intervals))
    _sum_answers(matrix, t.feature, t.threshold, t.decision, known, answers, found)
    return found


def _slots(terms: TreeTerms) -> Ints:
    """Place of each question's column among the tree's own columns."""
    place = terms.trees.feature[:, :, None] == terms.columns[:, None, :]
    place &= (terms.trees.feature >= 0)[:, :, None]
    return np.where(place.any(axis=2), place.argmax(axis=2), -1).astype(np.int64)


@numba.njit
def _tabulate_answers(
    interval: int, slot: Ints, feature: Ints, threshold: Floats, left: Ints, right: Ints,
    value: Floats, weight: Floats, answers: Floats,
) -> None:  # fmt: skip
    count, intervals, patterns, sets = answers.shape
    for t in range(count):
        players = slot[t].max() + 1
        for j in range(intervals):
            for pattern in range(patterns):
                for known in range(min(sets, 1 << players)):
                    answers[t, j, pattern, known] = _answer(
                        t, known, pattern, j, interval, slot, feature, threshold, left, right, value, weight
                    )


@numba.njit
def _sum_answers(
    matrix: Floats, feature: Ints, threshold: Floats, decision: Ints, known: Ints, answers: Floats, found: Floats
) -> None:
    count, intervals = answers.shape[0], answers.shape[1]
    for row in range(len(matrix)):
        for t in range(count):
            pattern = 0
            for node in range(feature.shape[1]):
                column = feature[t, node]
                if column < 0 or column >= matrix.shape[1]:
                    continue
                if goes_left(matrix[row, column], threshold[t, node], decision[t, node]):
                    pattern |= 1 << node
            for coalition in range(known.shape[1]):
                for j in range(intervals):
                    found[row, coalition, j] += answers[t, j, pattern, known[t, coalition]]


def shapley(values: Floats) -> Floats:
    """Shapley values of each player from the values of all coalitions, shape (n, players)."""
    players = len(_PLAYERS)
    found = np.zeros((len(values), players))
    for player in range(players):
        for coalition in range(_COALITIONS):
            if not _has(coalition, player):
                size = coalition.bit_count()
                share = factorial(size) * factorial(players - size - 1) / factorial(players)
                found[:, player] += share * (values[:, coalition | 1 << player] - values[:, coalition])
    return found


def agreement(artifact: Artifact, snapshots: pd.DataFrame) -> dict[str, float]:
    """How near the reasons of the groups are to the exact values."""
    win = artifact.win.predict(snapshots).win
    chance = 1 / (1 + np.exp(-coalition_log_odds(artifact, snapshots)))
    assert np.abs(chance[:, -1] - win).max() < 1e-6, "all groups known is the probability itself"
    exact, group = shapley(chance), group_of(artifact)
    found = artifact.win.attribute(snapshots, win)
    ours = np.zeros_like(exact)
    np.add.at(ours.T, [group[name] for name in found.features], found.parts.T)
    large = np.abs(exact) > 0.01
    top = np.abs(ours).argmax(axis=1) == np.abs(exact).argmax(axis=1)
    return {
        "same sign above 1 point": float((np.sign(ours) == np.sign(exact))[large].mean()),
        "effects above 1 point": float(large.sum()),
        "same top reason": float(top.mean()),
        "mean distance, points": float(100 * np.abs(ours - exact).mean()),
        "base, points": 100 * found.base,
        "exact base, points": float(100 * chance[:, 0].mean()),
    }


def cost(artifact: Artifact, snapshots: pd.DataFrame) -> dict[str, float]:
    """Median milliseconds of each piece of work for one opportunity alone."""
    model: Any = next(m for m in artifact.win.members if hasattr(m, "encoding"))
    # As the service has them: arrays, without a table.
    whole = as_snapshots(snapshots)
    rows = [whole.take(slice(row, row + 1)) for row in range(len(snapshots))]
    wins = [artifact.win.predict(row).win for row in rows]
    found = [artifact.win.attribute(row, win) for row, win in zip(rows, wins, strict=True)]
    values = [row.row(0) for row in rows]
    explainer = Explainer(artifact)
    # What is encoded is kept: the prediction pays for it, and reasons come after it.
    new = [whole.take(slice(row, row + 1)) for row in range(len(snapshots))]
    return {
        "encoding, paid by the prediction": _median(lambda i: model.encoding.matrix(new[i]), len(rows)),
        "attribution after the prediction": _median(lambda i: artifact.win.attribute(rows[i], wins[i]), len(rows)),
        "wording": _median(lambda i: explainer.reasons(found[i], 0, float(wins[i][0]), values[i]), len(rows)),
        "prediction, encoded already": _median(lambda i: artifact.win.predict(rows[i]), len(rows)),
    }


def _median(work: Callable[[int], object], count: int) -> float:
    taken = []
    for place in range(count):
        start = time.perf_counter()
        work(place)
        taken.append(time.perf_counter() - start)
    return 1000 * float(np.median(taken))


@click.command()
@click.option("--opportunities", default=1500, help="Opportunities of the simulated history.")
@click.option("--count", default=500, help="Open opportunities to explain.")
@click.option("--seed", default=5)
def main(opportunities: int, count: int, seed: int) -> None:
    """Print cost and agreement."""
    history = simulate(opportunities, seed)
    artifact = train(history, CUTOFF, seed=0).artifact
    snapshots = main_snapshots(artifact, history, count)
    click.echo(f"simulated, {len(snapshots)} open opportunities, weights {artifact.win.to_dict()['weights']}")
    for name, value in agreement(artifact, snapshots).items():
        click.echo(f"  {name}: {value:.3f}")
    for name, value in cost(artifact, snapshots).items():
        click.echo(f"  {name}: {value:.2f} ms")


if __name__ == "__main__":
    main()
