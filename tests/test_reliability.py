"""Expected and actual shares by hand, with intervals that know how few there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.outcomes import CENSORED, LOST, WON, Labels
from models.incidence import Incidence
from training.draws import draw_opportunities, widen_certain
from training.evaluate import calibration_error
from training.fairness import largest_gap, owner_spread, segment_records
from training.groupings import most_frequent, shares_of
from training.reliability import END, calibration_by_chance, calibration_records, judged_at, reliability_records

LABELS = Labels(
    days=np.array([5.0, 20.0, 50.0, 3.0]),
    outcome=np.array([WON, LOST, CENSORED, WON]),
    watched=np.array([40.0, 40.0, 50.0, 5.0]),
)
ANSWER = Incidence(np.array([10.0]), np.array([0.8, 0.36, 0.32, 0.6]), np.full((4, 1), 0.5), np.full((4, 1), 0.5))
IDS = np.array(["a", "b", "c", "c"], dtype=object)
SOURCE = np.array(["web", "web", "fair", None], dtype=object)


def records(horizon: Any) -> dict[tuple[str, Any], dict[str, Any]]:
    draws = draw_opportunities(IDS, 0)
    found = reliability_records({"learned": ANSWER}, LABELS, {"source": SOURCE}, draws, [horizon])
    return {(record["by"], record["group"]): record for record in found}


def test_a_grouping_that_puts_nobody_into_a_group_has_no_records() -> None:
    nobody = {"stage": np.full(4, None, dtype=object)}
    draws = draw_opportunities(IDS, 0)
    found = reliability_records({"learned": ANSWER}, LABELS, nobody, draws)
    assert {record["by"] for record in found} == {"band"}
    assert segment_records(ANSWER, LABELS, nobody, draws) == []


def test_finally_those_that_closed_are_compared() -> None:
    found = records(None)
    assert found["band", 3]["expected"] == pytest.approx(0.36)
    assert found["source", "web"] == found["source", "web"] | {"actual": 0.5, "n": 2, "opportunities": 2}
    assert ("source", "fair") not in found  # still open


def test_at_a_horizon_all_that_were_watched_so_long_are_compared() -> None:
    found = records(10.0)
    assert found["band", 1] == found["band", 1] | {"expected": pytest.approx(0.17), "actual": 0, "n": 2}
    assert found["band", 4]["actual"] == 1
    assert sum(record["n"] for (by, _), record in found.items() if by == "band") == 3


def test_at_the_end_each_is_judged_by_as_long_as_it_was_watched_in_the_band_it_was_given() -> None:
    found = records(END)
    reached = 1 - 0.5 * 0.5**4  # of the clock by day 50: half by 10, then half of the rest every 10 days
    assert found["source", "fair"]["expected"] == pytest.approx(0.32 * reached)
    assert found["band", 6]["expected"] == pytest.approx(0.6 * 0.25)  # watched for 5 of 10 days
    assert sum(record["n"] for (by, _), record in found.items() if by == "band") == 4


def test_without_censoring_the_end_and_a_far_horizon_agree() -> None:
    labels = Labels(LABELS.days, np.array([WON, LOST, LOST, WON]), np.full(4, 500.0))
    end, far = judged_at(labels, END), judged_at(labels, 500.0)
    assert end.won.tolist() == far.won.tolist()
    assert end.win(ANSWER) == pytest.approx(far.win(ANSWER))


def test_few_opportunities_are_not_enough_however_many_snapshots_they_have() -> None:
    ids = np.repeat(np.arange(29), 10).astype(object)
    labels = Labels(np.ones(290), np.full(290, WON), np.ones(290))
    answer = Incidence(np.array([10.0]), np.full(290, 0.5), np.full((290, 1), 0.5), np.full((290, 1), 0.5))
    found = reliability_records({"m": answer}, labels, {}, draw_opportunities(ids, 0), [None])
    assert [(r["n"], r["opportunities"], r["enough"]) for r in found] == [(290, 29, False)]
    more = np.append(ids[10:], np.arange(100, 110)).astype(object)
    assert reliability_records({"m": answer}, labels, {}, draw_opportunities(more, 0), [None])[0]["enough"]


def test_a_share_of_none_or_all_is_not_taken_for_certain() -> None:
    share = np.array([0.0, 1.0, 0.5])
    low, high = widen_certain(share, share, share, np.array([30, 30, 30]))
    # 0.95 ** ... : with a true share of 0.095 none of 30 would be won in 5 of 100 cases.
    assert (1 - high[0]) ** 30 == pytest.approx(0.05)
    assert low.tolist() == pytest.approx([0, 0.05 ** (1 / 30), 0.5])
    assert high[1:].tolist() == [1, 0.5]


def test_intervals_are_those_of_opportunities_not_of_snapshots() -> None:
    draw = np.random.default_rng(0)
    fate, width = draw.random(60) < 0.4, {}
    for copies in (1, 20):
        won = np.repeat(fate, copies)
        size = len(won)
        labels = Labels(np.ones(size), np.where(won, WON, LOST), np.ones(size))
        answer = Incidence(np.array([10.0]), np.full(size, 0.4), np.ones((size, 1)), np.ones((size, 1)))
        draws = draw_opportunities(np.repeat(np.arange(60), copies).astype(object), 0)
        found = reliability_records({"m": answer}, labels, {}, draws, [None])[0]
        width[copies] = found["high"] - found["low"]
    assert width[20] == pytest.approx(width[1])
    # A normal interval of 60: 2 · 1.645 · √(0.4 · 0.6 / 60).
    assert width[1] == pytest.approx(2 * 1.645 * np.sqrt(0.4 * 0.6 / 60), rel=0.25)


def test_sums_of_a_sample_are_those_of_its_repeated_rows() -> None:
    draws = draw_opportunities(IDS, 3, samples=4)
    values, group = np.array([1.0, 2.0, 4.0, 8.0]), np.array([0, 1, 1, -1])
    for sample, sums in enumerate(draws.sums(values, group, 2)):
        weights = draws.weights(sample)
        assert sums.tolist() == [weights[0], 2 * weights[1] + 4 * weights[2]]
        assert weights[2] == weights[3]
    assert not np.array_equal(draws.counts, draw_opportunities(IDS, 4, samples=4).counts)


def test_a_perfectly_calibrated_probability_shows_the_error_that_chance_makes() -> None:
    two = calibration_by_chance(np.full(2, 0.5), np.arange(2), seed=0, worlds=4000)
    # Two coins: both or none in half of the cases, an error of one half; else none.
    assert two.mean() == pytest.approx(0.25, abs=0.02)
    one = calibration_by_chance(np.full(2, 0.5), np.zeros(2, dtype=np.int64), seed=0, worlds=50)
    assert one.tolist() == [0.5] * 50  # two snapshots of one opportunity share its fate


def test_the_error_of_a_true_probability_is_like_chance_and_of_a_wrong_one_above_it() -> None:
    draw = np.random.default_rng(1)
    win = draw.random(800)
    won = draw.random(800) < win
    labels = Labels(np.ones(800), np.where(won, WON, LOST), np.full(800, 9.0))
    clock = np.ones((800, 1))
    edges = np.array([5.0])
    answers = {"learned": Incidence(edges, win, clock, clock), "rule": Incidence(edges, win**2, clock, clock)}
    draws = draw_opportunities(np.arange(800).astype(object), 0)
    found = {r["method"]: r for r in calibration_records(answers, labels, draws, 0, [None])}
    assert found["learned"]["value"] == pytest.approx(calibration_error(win, won.astype(float)))
    assert found["learned"]["value"] < found["learned"]["chance_high"]
    assert found["rule"]["value"] > 3 * found["rule"]["chance_high"]
    assert 0.01 < found["learned"]["chance"] < found["learned"]["chance_high"]


def served(ratio: dict[str, float], size: int = 60) -> list[dict[str, Any]]:
    """Segments of which half are won, given so many times one half."""
    group = np.repeat(list(ratio), size).astype(object)
    win = np.repeat([0.5 * r for r in ratio.values()], size)
    won = np.tile([True, False], len(win) // 2)
    labels = Labels(np.ones(len(win)), np.where(won, WON, LOST), np.full(len(win), 9.0))
    answer = Incidence(np.array([5.0]), win, np.ones((len(win), 1)), np.ones((len(win), 1)))
    return segment_records(answer, labels, {"source": group}, draw_opportunities(np.arange(len(win)).astype(object), 0))


def test_segments_are_judged_by_expected_over_actual_and_log_loss() -> None:
    found = {record["group"]: record for record in served({"web": 1.0, "fair": 0.5})}
    assert found["web"]["ratio"] == pytest.approx(1)
    assert found["web"]["low"] < 1 < found["web"]["high"]
    assert found["fair"]["ratio"] == pytest.approx(0.5)
    assert found["fair"]["high"] < 1
    assert found["web"]["log_loss"] == pytest.approx(np.log(2))
    assert found["fair"]["log_loss"] == pytest.approx(-(np.log(0.25) + np.log(0.75)) / 2)
    assert largest_gap(list(found.values())) == found["fair"]


def test_a_small_segment_is_never_the_largest_gap() -> None:
    assert not any(record["enough"] for record in served({"web": 0.1}, size=20))
    assert largest_gap(served({"web": 0.1}, size=20)) is None


def owners(names: list[str], size: int = 60) -> dict[str, Any] | None:
    rows = len(names) * size
    labels = Labels(np.ones(rows), np.where(np.arange(rows) % 2, WON, LOST), np.full(rows, 9.0))
    answer = Incidence(np.array([5.0]), np.full(rows, 0.5), np.ones((rows, 1)), np.ones((rows, 1)))
    draws = draw_opportunities(np.arange(rows).astype(object), 0)
    return owner_spread(answer, labels, np.repeat(names, size).astype(object), draws)


def test_owners_are_told_of_in_all_and_never_by_name() -> None:
    names = [f"Person {i}" for i in range(6)]
    found = owners(names)
    assert found is not None
    assert found == {
        "owners": 6, "too_few": 0, "lowest": 1, "median": 1, "highest": 1, "apart": 0, "apart_by_chance": 0.1 * 6,
    }  # fmt: skip
    assert not any(name in str(found) for name in names)
    assert owners(names[:4]) is None


def test_the_most_frequent_values_are_by_opportunities_not_by_snapshots() -> None:
    values = np.array(["often", "often", "often", "wide", "wide"], dtype=object)
    ids = np.array(["a", "a", "a", "b", "c"], dtype=object)
    assert most_frequent(values, ids, most=1).tolist() == [None, None, None, "wide", "wide"]
    assert shares_of({"x": values}, ids)["x"] == [
        {"group": "wide", "share": pytest.approx(2 / 3)},
        {"group": "often", "share": pytest.approx(1 / 3)},
    ]
