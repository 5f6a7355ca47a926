"""Figures by hand, judged forward in time on snapshots that were watched long enough."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import pytest

from features.outcomes import CENSORED, LOST, WON, Labels
from models.incidence import Incidence
from training.evaluate import auc, brier, calibration_error, evaluate, expected_over_actual, log_loss, resamples

WIN, HAPPENED = np.array([0.2, 0.8, 0.5]), np.array([0.0, 1.0, 1.0])


def test_figures_by_hand() -> None:
    assert log_loss(WIN, HAPPENED) == pytest.approx(-(log(0.8) + log(0.8) + log(0.5)) / 3)
    assert brier(WIN, HAPPENED) == pytest.approx((0.04 + 0.04 + 0.25) / 3)
    assert auc(WIN, HAPPENED) == 1
    assert calibration_error(WIN, HAPPENED) == pytest.approx((0.2 + 0.2 + 0.5) / 3)
    assert expected_over_actual(WIN, HAPPENED) == pytest.approx(1.5 / 2)


def test_a_certain_and_wrong_answer_is_bad_but_not_infinite() -> None:
    assert log_loss(np.array([1.0]), np.array([0.0])) == pytest.approx(-log(1e-6))


def test_ties_count_half_and_without_pairs_there_is_no_figure() -> None:
    assert auc(np.array([0.5, 0.5]), np.array([0.0, 1.0])) == 0.5
    assert np.isnan(auc(WIN, np.ones(3)))
    assert np.isnan(expected_over_actual(WIN, np.zeros(3)))


def test_the_answer_one_is_in_the_last_bin() -> None:
    assert calibration_error(np.array([1.0, 0.95]), np.array([1.0, 1.0])) == pytest.approx(0.025)


LABELS = Labels(
    days=np.array([5.0, 20.0, 50.0, 3.0]),
    outcome=np.array([WON, LOST, CENSORED, WON]),
    watched=np.array([40.0, 40.0, 50.0, 8.0]),
)
ANSWER = Incidence(np.array([10.0]), np.array([0.8, 0.4, 0.2, 0.6]), np.full((4, 1), 0.5), np.full((4, 1), 0.5))
IDS = np.array(["a", "b", "c", "c"], dtype=object)


def records(**more: Any) -> dict[tuple[Any, Any], dict[str, Any]]:
    found = evaluate({"learned": ANSWER}, LABELS, IDS, [10, 30, 60], **more)
    return {(record["metric"], record["horizon"]): record for record in found}


def test_the_final_outcome_is_judged_on_those_that_closed() -> None:
    found = records()["brier", None]
    assert (found["method"], found["n"]) == ("learned", 3)
    assert found["value"] == pytest.approx((0.2**2 + 0.4**2 + 0.4**2) / 3)


def test_a_horizon_is_judged_on_all_that_were_watched_so_long_open_ones_included() -> None:
    found = records()["brier", 10]
    assert found["n"] == 3
    assert found["value"] == pytest.approx((0.6**2 + 0.2**2 + 0.1**2) / 3)


def test_a_horizon_that_nobody_was_watched_for_has_no_record() -> None:
    assert {horizon for _, horizon in records()} == {None, 10, 30}


def test_intervals_hold_the_value_are_drawn_with_the_seed_and_missing_figures_are_null() -> None:
    one, same, other = records(), records(seed=0), records(seed=1)
    found = one["log_loss", None]
    assert found["low"] < found["value"] < found["high"]
    assert one == same
    assert one != other
    nobody = evaluate({"m": ANSWER}, Labels(LABELS.days, np.full(4, LOST), LABELS.watched), IDS, [])
    assert [r["value"] for r in nobody if r["metric"] in ("auc", "expected_over_actual")] == [None, None]


def test_opportunities_are_drawn_with_all_their_snapshots() -> None:
    for rows in resamples(IDS, 0):
        assert (rows == 2).sum() == (rows == 3).sum()
    assert {len(set(rows)) for rows in resamples(np.array(["a", "b"], dtype=object), 0)} == {1, 2}
