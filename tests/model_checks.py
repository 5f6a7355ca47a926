"""Snapshots with known hazards, and the checks that every model passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from features.outcomes import CENSORED, LOST, WON, Labels
from models.blend import Blend
from models.constant import Constant
from models.fixed_weights import FixedWeights
from models.hazard_blend import HazardBlend
from models.incidence import Floats, Incidence
from models.lightgbm_hazards import LightGBMHazards
from models.member import Member, member_from_dict
from models.periods import choose_edges
from models.ridge_hazards import RidgeHazards
from models.stage_rates import StageRates

HORIZONS = [0, 0.5, 7, 30, 61.5, 90, 180, 400, 5000]

MAKERS: dict[str, Callable[[], Member]] = {
    "fixed_weights": FixedWeights,
    "stage_rates": StageRates,
    "ridge_hazards": RidgeHazards,
    "lightgbm_hazards": lambda: LightGBMHazards(rounds=20),
    "constant": Constant,
}


class Sample(NamedTuple):
    """Snapshots, what became of them, and the intervals to learn in."""

    snapshots: pd.DataFrame
    labels: Labels
    edges: Floats


def snapshots_of(confirmed: Floats, seed: int) -> pd.DataFrame:
    """One snapshot an opportunity: two stages, a number that is sometimes missing, and noise."""
    draw, size = np.random.default_rng(seed), len(confirmed)
    ids = pd.Index([f"o{i}" for i in range(size)], name="opportunity_id")
    as_of = pd.Index([pd.Timestamp("2026-01-01", tz="UTC")] * size, name="as_of")
    return pd.DataFrame(
        {
            "stage": np.where(confirmed == 1, "proposal", "identified").astype(object),
            "fixed_weight": np.where(confirmed == 1, 0.5, 0.25),
            "days_in_spell": draw.exponential(30, size),
            "two_way_30d": draw.poisson(2, size).astype(float),
            "visits_7d": np.where(draw.random(size) < 0.3, np.nan, draw.poisson(1, size)),
            # Sums of many numbers depend on their order, so there must be many.
            **{f"noise_{i}": draw.normal(size=size) for i in range(20)},
        },
        index=pd.MultiIndex.from_arrays([ids, as_of]),
    )


def constant_hazards(size: int = 1500, seed: int = 1) -> Sample:
    """Competing exponentials: 40 % are won at last in the first stage, 80 % in the second; a fifth is censored."""
    draw = np.random.default_rng(seed)
    confirmed = draw.integers(0, 2, size).astype(float)
    win_time = draw.exponential(np.where(confirmed == 1, 50, 100))
    loss_time = draw.exponential(np.where(confirmed == 1, 200, 200 / 3))
    return sample(snapshots_of(confirmed, seed), win_time, loss_time, draw.uniform(20, 200, size))


def slow_losses(size: int = 4000, seed: int = 2) -> Sample:
    """Three in ten will be won, after 30 days on average; the others will be lost, after 150."""
    draw = np.random.default_rng(seed)
    wins = draw.random(size) < 0.3
    win_time = np.where(wins, draw.exponential(30, size), np.inf)
    loss_time = np.where(wins, np.inf, draw.exponential(150, size))
    return sample(snapshots_of(np.zeros(size), seed), win_time, loss_time, draw.uniform(1, 300, size))


def sample(snapshots: pd.DataFrame, win_time: Floats, loss_time: Floats, watched: Floats) -> Sample:
    closed = np.minimum(win_time, loss_time)
    outcome = np.where(closed > watched, CENSORED, np.where(win_time < loss_time, WON, LOST))
    labels = Labels(np.minimum(closed, watched), outcome, watched)
    return Sample(snapshots, labels, choose_edges(labels))


def fitted(name: str, given: Sample) -> Member | HazardBlend:
    if name != "blend":
        return MAKERS[name]().fit(*given)
    members = [make().fit(*given) for label, make in MAKERS.items() if label != "constant"]
    return HazardBlend(tuple(members), Blend((0.1, 0.2, 0.3, 0.4), 0.05))


def texts_of(model: Member | HazardBlend) -> dict[str, str]:
    return model.texts() if isinstance(model, (LightGBMHazards, HazardBlend)) else {}


def through_json(model: Member | HazardBlend) -> Member | HazardBlend:
    """Write and read a model; the keys come back in another order, as in an artifact."""
    raw = json.loads(json.dumps(model.to_dict(), sort_keys=True))
    if isinstance(model, HazardBlend):
        return HazardBlend.from_dict(raw, model.texts())
    return member_from_dict(model.name, raw, texts_of(model))


def same(one: Incidence, other: Incidence) -> bool:
    """Tell whether two answers are the same bit for bit."""
    parts = ("edges", "win", "win_clock", "loss_clock")
    return all(np.array_equal(getattr(one, part), getattr(other, part)) for part in parts)


def check_coherent(answer: Incidence) -> None:
    """Probabilities are in [0, 1], rise with the horizon, and sum to at most 1, also beyond the last edge."""
    won, lost = answer.win_by(HORIZONS), answer.loss_by(HORIZONS)
    for chance in (answer.win, won, lost):
        assert ((chance >= 0) & (chance <= 1)).all()
    assert (won + lost <= 1 + 1e-12).all()
    assert (np.diff(won, axis=1) >= 0).all()
    assert (np.diff(lost, axis=1) >= 0).all()
    assert (won <= answer.win[:, None] + 1e-12).all()
    assert (won[:, 0] == 0).all()
    assert (answer.median_days_to_win() > 0).all()


def trees_of(text: str) -> list[dict[str, Any]]:
    """Splits of every tree of a booster, with the names of their features."""
    import lightgbm

    booster = lightgbm.Booster(model_str=text)
    dumped = booster.dump_model()
    splits: list[dict[str, Any]] = []
    left = [tree["tree_structure"] for tree in dumped["tree_info"]]
    while left:
        node = left.pop()
        if "split_feature" in node:
            splits.append({"name": dumped["feature_names"][node["split_feature"]], **node})
            left += [node["left_child"], node["right_child"]]
    return splits
