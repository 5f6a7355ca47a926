"""Reasons add up to the probability, and are what they say they are."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import lightgbm
import numpy as np
import pandas as pd
import pytest

from models.additions import HazardAdditions, OddsAdditions
from models.attribution import attribute
from models.blend import Blend
from models.hazard_blend import HazardBlend
from models.incidence import from_hazards, log_odds
from models.tree_terms import Trees, read_trees, tree_terms
from tests.model_checks import MAKERS, Sample, constant_hazards, fitted, through_json

EVERY = [*MAKERS, "blend"]


@pytest.fixture(scope="module")
def given() -> Sample:
    return constant_hazards()


def boosted(missing: float, seed: int = 0) -> tuple[lightgbm.Booster, np.ndarray]:
    """A booster on three numbers and the interval ahead, and rows to ask it."""
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(4000, 3))
    rows[draw.random(rows.shape) < missing] = np.nan
    ahead = draw.integers(0, 3, 4000)
    odds = np.nan_to_num(rows[:, 0] + rows[:, 1] * rows[:, 2]) - 0.5 * ahead * (rows[:, 0] > 0)
    happened = draw.random(4000) < 1 / (1 + np.exp(-odds))
    data = lightgbm.Dataset(np.column_stack([rows, ahead]), happened.astype(float))
    parameters = {"objective": "binary", "num_leaves": 7, "verbosity": -1, "num_threads": 1}
    return lightgbm.train(parameters, data, 40), rows[:60]


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_what_trees_add_sums_to_the_boosters_answer_in_every_interval(missing: float) -> None:
    booster, rows = boosted(missing)
    terms = tree_terms(read_trees(booster.model_to_string()), 3, 3)
    for ahead in range(3):
        asked = np.column_stack([rows, np.full(len(rows), ahead)])
        answer = booster.predict(asked, raw_score=True)
        assert terms.base[ahead] + terms.of(rows)[:, ahead].sum(axis=1) == pytest.approx(answer, abs=1e-12)


def test_without_intervals_what_trees_add_is_lightgbms_own_contribution() -> None:
    draw = np.random.default_rng(1)
    rows = draw.normal(size=(3000, 5))
    rows[draw.random(rows.shape) < 0.2] = np.nan
    happened = (np.nan_to_num(rows[:, 0] * rows[:, 1]) + draw.normal(size=3000) > 0.3).astype(float)
    parameters = {"objective": "binary", "num_leaves": 7, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(rows, happened), 60)
    terms = tree_terms(read_trees(booster.model_to_string()), 5, 1)
    theirs = np.asarray(booster.predict(rows[:100], pred_contrib=True))
    assert terms.of(rows[:100])[:, 0] == pytest.approx(theirs[:, :-1], abs=1e-12)
    assert terms.base[0] == pytest.approx(theirs[0, -1], abs=1e-12)


def test_within_an_interval_the_interval_is_known_and_no_feature() -> None:
    # Right at once in interval 1; in interval 0 the number decides, half of the rows each way.
    tree = Trees(
        feature=np.array([[1, 0]]),
        threshold=np.array([[0.5, 0.0]]),
        decision=np.array([[8, 8]]),
        left=np.array([[1, ~1]]),
        right=np.array([[~0, ~2]]),
        value=np.array([[7.0, 1.0, 3.0]]),
        weight=np.array([[50.0, 10.0, 10.0]]),
    )
    terms = tree_terms(tree, 1, 2)
    assert terms.base.tolist() == [2, 7]
    assert terms.of(np.array([[-1.0], [1.0]]))[:, :, 0].tolist() == [[-1, 0], [1, 0]]


def test_a_tree_too_large_for_a_table_is_refused() -> None:
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(2000, 4))
    data = lightgbm.Dataset(rows, (rows.prod(axis=1) > 0).astype(float))
    booster = lightgbm.train({"objective": "binary", "num_leaves": 9, "verbosity": -1}, data, 3)
    with pytest.raises(ValueError, match="a tree of 9 leaves; at most 7"):
        read_trees(booster.model_to_string())


@pytest.mark.parametrize("name", EVERY)
def test_base_and_parts_add_up_to_the_win_probability(name: str, given: Sample) -> None:
    model = fitted(name, given)
    blend = model if isinstance(model, HazardBlend) else HazardBlend((model,), Blend((1.0,)))
    found = blend.attribute(given.snapshots)
    assert found.base + found.parts.sum(axis=1) == pytest.approx(blend.predict(given.snapshots).win, abs=1e-12)
    assert np.isfinite(found.parts).all()


@pytest.mark.parametrize("name", ["stage_rates", "ridge_hazards", "lightgbm_hazards"])
def test_the_steps_miss_little_before_the_sum_is_made_exact(name: str, given: Sample) -> None:
    model = fitted(name, given)
    additions = model.additions(given.snapshots)
    win = model.predict(given.snapshots).win
    off = attribute(Blend((1.0,)), [additions], win).parts - attribute(Blend((1.0,)), [additions], win + 0.01).parts
    assert np.abs(off.sum(axis=1)).max() == pytest.approx(0.01, abs=1e-12)
    whole = log_odds(win)
    reached = additions.log_odds()
    # The path ends where the member's own answer is.
    assert np.abs(reached[:, -1] - whole).max() < 0.05 * (1 + np.abs(whole).max())


@pytest.mark.parametrize("name", EVERY)
def test_a_model_read_back_gives_the_same_reasons(name: str, given: Sample) -> None:
    model, again = fitted(name, given), through_json(fitted(name, given))
    if not isinstance(model, HazardBlend):
        model, again = (HazardBlend((m,), Blend((1.0,))) for m in (model, again))
    assert again.attribute(given.snapshots).parts == pytest.approx(model.attribute(given.snapshots).parts, abs=1e-12)


def test_a_feature_that_adds_nothing_to_any_hazard_gets_nothing() -> None:
    win, loss = np.array([[[1.0, 0.0], [0.5, 0.0]]]), np.array([[[-0.5, 0.0], [0.0, 0.0]]])
    start = np.log(np.array([0.1, 0.2]) / np.array([0.9, 0.8]))
    additions = HazardAdditions(("a", "b"), start, start, win, loss)
    answer = from_hazards(
        np.array([30.0, 60.0]), *(1 / (1 + np.exp(-(start + part.sum(axis=2)))) for part in (win, loss))
    )
    found = attribute(Blend((1.0,)), [additions], answer.win)
    assert found.parts[0] == pytest.approx([answer.win[0] - found.base, 0], abs=1e-9)
    assert found.base == pytest.approx(0.5)


def test_equal_opposites_leave_the_base_and_cancel() -> None:
    parts = np.array([[0.8, -0.8]])
    found = attribute(Blend((1.0,)), [OddsAdditions(("a", "b"), -1.0, parts)], 1 / (1 + np.exp(np.array([1.0]))))
    assert found.parts[0] == pytest.approx([0.8 * 0.19661, -0.8 * 0.19661], abs=1e-4)


def test_credits_are_close_to_shapley_values_of_the_probability() -> None:
    draw = np.random.default_rng(4)
    features = tuple("abcd")
    win, loss = draw.normal(0, 0.7, (40, 3, 4)), draw.normal(0, 0.4, (40, 3, 4))
    start_win, start_loss = np.full(3, -2.5), np.full(3, -1.5)
    edges = np.array([10.0, 30.0, 60.0])

    def answer(known: tuple[int, ...]) -> np.ndarray:
        hazards = (
            1 / (1 + np.exp(-(start + part[:, :, list(known)].sum(axis=2))))
            for start, part in ((start_win, win), (start_loss, loss))
        )
        return from_hazards(edges, *hazards).win

    exact = np.zeros((40, 4))
    for player in range(4):
        others = [p for p in range(4) if p != player]
        for size in range(4):
            share = factorial(size) * factorial(3 - size) / factorial(4)
            for known in combinations(others, size):
                exact[:, player] += share * (answer((*known, player)) - answer(known))
    found = attribute(
        Blend((1.0,)), [HazardAdditions(features, start_win, start_loss, win, loss)], answer((0, 1, 2, 3))
    )
    large = np.abs(exact) > 0.01
    assert (np.sign(found.parts) == np.sign(exact))[large].mean() >= 0.95
    assert (np.abs(found.parts).argmax(axis=1) == np.abs(exact).argmax(axis=1)).mean() >= 0.85
    assert np.abs(found.parts - exact).mean() < 0.01


def test_words_and_levels_of_one_feature_are_one_reason(given: Sample) -> None:
    snapshots = given.snapshots.assign(authority=pd.Series([0.0, 1.0, 2.0] * 500, index=given.snapshots.index))
    blend = HazardBlend((MAKERS["ridge_hazards"]().fit(snapshots, given.labels, given.edges),), Blend((1.0,)))
    found = blend.attribute(snapshots)
    assert len(set(found.features)) == len(found.features)
    assert {"stage", "authority", "two_way_30d"} <= set(found.features)
