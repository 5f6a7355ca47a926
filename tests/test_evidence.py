"""Each term learns its own penalty."""

from __future__ import annotations

import numpy as np
import pytest

from models.evidence import FIRST_PENALTY, regress


def world(size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two of sixty terms matter, and two intercepts."""
    draw = np.random.default_rng(seed)
    terms, group = draw.normal(size=(size, 60)), draw.integers(0, 2, size)
    odds = 1.2 * terms[:, 0] - 0.8 * terms[:, 1] - 2.0 - 1.0 * group
    return terms, group, draw.random(size) < 1 / (1 + np.exp(-odds))


def test_what_matters_is_found_and_what_does_not_shrinks_to_little() -> None:
    found = regress(*world(6000), 1.0).coefficients
    assert found[:2] == pytest.approx([1.2, -0.8], abs=0.12)
    assert found[60:] == pytest.approx([-2, -3], abs=0.2)
    plain = np.abs(found[2:60]).mean()
    assert plain < 0.025


def test_a_penalty_of_its_own_predicts_better_than_one_for_all() -> None:
    from sklearn.linear_model import LogisticRegression

    terms, group, happened = world(1500, 1)
    design = np.concatenate([terms, np.eye(2)[group]], axis=1)
    one_for_all = LogisticRegression(C=1 / FIRST_PENALTY, max_iter=500).fit(design, happened).coef_[0][:60]
    truth = np.zeros(60)
    truth[:2] = 1.2, -0.8
    ours = regress(terms, group, happened, 1.0).coefficients[:60]
    assert ((ours - truth) ** 2).sum() < 0.6 * ((one_for_all - truth) ** 2).sum()


def test_rows_that_repeat_each_other_count_once() -> None:
    terms, group, happened = world(2000)
    once = regress(terms, group, happened, 1.0)
    thrice = regress(*(np.repeat(a, 3, axis=0) for a in (terms, group, happened)), 3.0)
    assert thrice.coefficients == pytest.approx(once.coefficients, abs=0.01)
    assert np.diag(thrice.covariance) == pytest.approx(np.diag(once.covariance), rel=0.02)


def test_the_covariance_is_that_of_the_estimate() -> None:
    found = np.array([regress(*world(3000, seed), 1.0).coefficients[0] for seed in range(20)])
    told = np.sqrt(regress(*world(3000), 1.0).covariance[0, 0])
    assert found.std(ddof=1) == pytest.approx(told, rel=0.5)


def test_what_never_happened_is_rare_and_nothing_breaks() -> None:
    terms, group, _ = world(200)
    found = regress(terms, group, np.zeros(200, bool), 1.0).coefficients
    assert np.isfinite(found).all()
    assert (found[60:] < -2).all()
