"""Where a win probability has been going, on scores written out."""

from __future__ import annotations

import pytest

from features.instants import DAY
from scoring.trend import TRENDS, trend_of


def _trend(*scores: tuple[float, float], width: float | None = 0.2) -> str:
    days, values = zip(*scores, strict=True)
    return trend_of([int(day * DAY) for day in days], values, [width] * len(days))


def test_a_rise_beyond_a_quarter_of_the_interval_is_improving_and_a_fall_declining() -> None:
    assert _trend((0, 0.30), (5, 0.34), (10, 0.36)) == "improving"
    assert _trend((0, 0.36), (5, 0.34), (10, 0.30)) == "declining"


def test_the_same_rise_within_a_wider_interval_is_noise() -> None:
    assert _trend((0, 0.30), (5, 0.34), (10, 0.36), width=0.4) == "steady"


def test_a_rise_of_less_than_two_points_is_steady_however_narrow_the_interval() -> None:
    assert _trend((0, 0.300), (5, 0.310), (10, 0.315), width=0.01) == "steady"
    assert _trend((0, 0.30), (5, 0.31), (10, 0.33), width=0.01) == "improving"


@pytest.mark.parametrize("scores", [((0, 0.1), (20, 0.9)), ((0, 0.1), (3, 0.5), (6, 0.9)), ((0, 0.3),)])
def test_two_days_or_less_than_a_week_are_not_enough(scores: tuple[tuple[float, float], ...]) -> None:
    assert _trend(*scores) == "not_enough_information"


def test_nothing_is_not_enough() -> None:
    assert trend_of([], [], []) == "not_enough_information"


def test_what_was_before_the_last_thirty_days_does_not_count() -> None:
    lately = ((60, 0.40), (65, 0.40), (70, 0.40))
    assert _trend((0, 0.9), (20, 0.8), *lately) == "steady"
    assert _trend((41, 0.9), *lately) == "declining"


def test_a_busy_day_counts_as_one_day() -> None:
    busy = tuple((9 + place / 100, 0.90) for place in range(50))
    assert _trend(*busy, (10, 0.30)) == "not_enough_information"
    many, one = _trend((0, 0.3), (5, 0.3), *busy, (10.5, 0.3)), _trend((0, 0.3), (5, 0.3), busy[-1], (10.5, 0.3))
    assert many == one


def test_without_intervals_two_points_are_enough() -> None:
    assert _trend((0, 0.30), (5, 0.32), (10, 0.33), width=None) == "improving"


def test_every_trend_has_both_names() -> None:
    assert {name: set(names) for name, names in TRENDS.items()} == dict.fromkeys(TRENDS, {"en", "zh-CN"})
